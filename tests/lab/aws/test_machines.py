"""A machine's way through EC2: images, launches, states, disks with content, and back into snapshots."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from lab.guest import pattern

from .conftest import BLOCK, Aws, Direct, Machine, Net, describe, identity_blocks, reason, refused, register, status


def test_an_image_keeps_what_it_was_registered_with(ec2: Any, machine: Machine) -> None:
    image = ec2.describe_images(ImageIds=[machine.image])["Images"][0]
    fields = ("Architecture", "BootMode", "EnaSupport", "ImdsSupport", "RootDeviceName", "RootDeviceType", "VirtualizationType", "State")

    assert [image[f] for f in fields] == ["x86_64", "legacy-bios", True, "v2.0", "/dev/sda1", "ebs", "hvm", "available"]
    assert image["Tags"] == [{"Key": "move", "Value": "m-1"}]
    assert image["BlockDeviceMappings"][1] == {
        "DeviceName": "/dev/sdf",
        "Ebs": {
            "SnapshotId": machine.snapshots[1],
            "VolumeSize": 41,
            "VolumeType": "gp3",
            "Iops": 4000,
            "Throughput": 250,
            "DeleteOnTermination": False,
            "Encrypted": False,
        },
    }


def test_an_image_needs_its_snapshots_and_a_name_of_its_own(ec2: Any, direct: Direct, machine: Machine) -> None:
    name = ec2.describe_images(ImageIds=[machine.image])["Images"][0]["Name"]
    pending = direct.ebs.start_snapshot(VolumeSize=8)["SnapshotId"]

    assert refused(register, ec2=ec2, name=name, system=machine.snapshots[0], data=machine.snapshots[1]) == "InvalidAMIName.Duplicate"
    unknown = "snap-0123456789abcdef0"
    assert refused(register, ec2=ec2, name="n-1", system=unknown, data=machine.snapshots[1]) == "InvalidSnapshot.NotFound"
    assert refused(register, ec2=ec2, name="n-1", system=pending, data=machine.snapshots[1]) == "IncorrectState"
    assert refused(ec2.delete_snapshot, SnapshotId=machine.snapshots[1]) == "InvalidSnapshot.InUse"
    ec2.deregister_image(ImageId=machine.image)
    ec2.delete_snapshot(SnapshotId=machine.snapshots[1])


def test_a_launch_has_all_disks_the_interface_and_the_images_settings(ec2: Any, machine: Machine, net: Net) -> None:
    found = describe(ec2, machine.instance)
    volumes = {v["VolumeId"]: v for v in ec2.describe_volumes(VolumeIds=list(machine.volumes.values()))["Volumes"]}
    data = volumes[machine.volumes["/dev/sdf"]]

    assert sorted(machine.volumes) == ["/dev/sda1", "/dev/sdf"]
    assert (data["Size"], data["VolumeType"], data["Iops"], data["Throughput"]) == (41, "gp3", 4000, 250)
    assert data["SnapshotId"] == machine.snapshots[1]
    assert data["Attachments"][0]["DeleteOnTermination"] is False
    assert found["Placement"]["AvailabilityZone"] == "us-east-1b" == data["AvailabilityZone"]
    assert found["SecurityGroups"] == [{"GroupId": net.group, "GroupName": "machines"}]
    assert (found["PrivateIpAddress"], found["SubnetId"], found["VpcId"]) == (f"{net.prefix}.20", net.subnet, net.vpc)
    assert (found["MetadataOptions"]["HttpTokens"], found["EnaSupport"], found["BootMode"]) == ("required", True, "legacy-bios")
    assert status(ec2, machine.instance) == "ok"


def test_a_launch_may_change_the_images_disks(ec2: Any, machine: Machine, net: Net) -> None:
    changed = [
        {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 20, "VolumeType": "io2", "Iops": 500}},
        {"DeviceName": "/dev/sdf", "NoDevice": ""},
        {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 5, "VolumeType": "gp3", "Encrypted": True}},
    ]
    launched = ec2.run_instances(
        ImageId=machine.image, InstanceType="m5.large", MinCount=1, MaxCount=1, SubnetId=net.subnet, BlockDeviceMappings=changed
    )["Instances"][0]["InstanceId"]
    volumes = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [launched]}])["Volumes"]
    shown = {v["Attachments"][0]["Device"]: (v["Size"], v["VolumeType"], v["Iops"], v["Encrypted"]) for v in volumes}

    assert shown == {"/dev/sda1": (20, "io2", 500, False), "/dev/sdg": (5, "gp3", 3000, True)}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 4}}]}, "InvalidBlockDeviceMapping"),
        ({"ImageId": "ami-00000000000000bad"}, "InvalidAMIID.NotFound"),
        ({"InstanceType": "m5.impossible"}, "InvalidInstanceType.NotFound"),
        ({"InstanceType": "m7g.large"}, "InvalidParameterValue"),
        ({"PrivateIpAddress": "192.0.2.1"}, "InvalidParameterValue"),
        ({"Placement": {"GroupName": "nowhere"}}, "InvalidPlacementGroup.Unknown"),
        ({"KeyName": "nobodys"}, "InvalidKeyPair.NotFound"),
    ],
)
def test_launches_that_cannot_be_are_refused_and_leave_nothing(
    ec2: Any, machine: Machine, net: Net, changes: dict[str, Any], code: str
) -> None:
    asked = {"ImageId": machine.image, "InstanceType": "m5.large", "MinCount": 1, "MaxCount": 1, "SubnetId": net.subnet, **changes}
    vpc = [{"Name": "vpc-id", "Values": [net.vpc]}]

    assert refused(ec2.run_instances, **asked) == code
    assert [len(r["Instances"]) for r in ec2.describe_instances(Filters=vpc)["Reservations"]] == [1]
    assert len(ec2.describe_network_interfaces(Filters=vpc)["NetworkInterfaces"]) == 1


def test_addresses_and_interfaces_are_given_once(ec2: Any, machine: Machine, net: Net) -> None:
    asked = {"ImageId": machine.image, "InstanceType": "m5.large", "MinCount": 1, "MaxCount": 1}
    nic = [{"DeviceIndex": 0, "NetworkInterfaceId": machine.eni}]

    assert refused(ec2.run_instances, SubnetId=net.subnet, PrivateIpAddress=f"{net.prefix}.20", **asked) == "InvalidIPAddress.InUse"
    taken = refused(ec2.create_network_interface, SubnetId=net.subnet, PrivateIpAddress=f"{net.prefix}.20")
    assert taken == "InvalidIPAddress.InUse"
    assert refused(ec2.create_network_interface, SubnetId=net.subnet, PrivateIpAddress=f"{net.prefix}.3") == "InvalidParameterValue"
    assert refused(ec2.run_instances, NetworkInterfaces=nic, **asked) == "InvalidNetworkInterface.InUse"
    assert refused(ec2.delete_network_interface, NetworkInterfaceId=machine.eni) == "InvalidNetworkInterface.InUse"


def test_a_launch_token_launches_once(ec2: Any, machine: Machine, net: Net) -> None:
    asked = {"ImageId": machine.image, "MinCount": 1, "MaxCount": 1, "SubnetId": net.subnet, "ClientToken": uuid4().hex}
    answer = ec2.run_instances(InstanceType="m5.large", **asked)["Instances"][0]
    first = answer["InstanceId"]

    assert (answer["State"]["Name"], answer["BlockDeviceMappings"]) == ("pending", [])

    assert ec2.run_instances(InstanceType="m5.large", **asked)["Instances"][0]["InstanceId"] == first
    assert refused(ec2.run_instances, InstanceType="m5.xlarge", **asked) == "IdempotentParameterMismatch"


def test_termination_takes_and_leaves_as_told(ec2: Any, machine: Machine) -> None:
    ec2.terminate_instances(InstanceIds=[machine.instance])
    interface = ec2.describe_network_interfaces(NetworkInterfaceIds=[machine.eni])["NetworkInterfaces"][0]

    assert describe(ec2, machine.instance)["State"]["Name"] == "terminated"
    assert interface["Status"] == "available"
    assert ec2.describe_volumes(VolumeIds=[machine.volumes["/dev/sdf"]])["Volumes"][0]["State"] == "available"
    assert refused(ec2.describe_volumes, VolumeIds=[machine.volumes["/dev/sda1"]]) == "InvalidVolume.NotFound"
    assert refused(ec2.start_instances, InstanceIds=[machine.instance]) == "IncorrectInstanceState"
    ec2.terminate_instances(InstanceIds=[machine.instance])
    ec2.delete_network_interface(NetworkInterfaceId=machine.eni)


def test_protection_is_given_at_launch_and_lifted(ec2: Any, machine: Machine, net: Net) -> None:
    launched = ec2.run_instances(
        ImageId=machine.image, InstanceType="m5.large", MinCount=1, MaxCount=1, SubnetId=net.subnet, DisableApiTermination=True
    )["Instances"][0]["InstanceId"]

    assert refused(ec2.terminate_instances, InstanceIds=[launched]) == "OperationNotPermitted"
    ec2.modify_instance_attribute(InstanceId=launched, DisableApiTermination={"Value": False})
    ec2.terminate_instances(InstanceIds=[launched])


def test_some_attributes_change_on_a_stopped_instance_only(ec2: Any, machine: Machine, net: Net) -> None:
    size = {"InstanceId": machine.instance, "InstanceType": {"Value": "m5.xlarge"}}
    assert refused(ec2.modify_instance_attribute, **size) == "IncorrectInstanceState"
    other = ec2.create_security_group(GroupName="held", Description="nothing in, nothing out", VpcId=net.vpc)["GroupId"]
    ec2.modify_instance_attribute(InstanceId=machine.instance, Groups=[other])
    ec2.stop_instances(InstanceIds=[machine.instance])
    ec2.modify_instance_attribute(**size)
    ec2.start_instances(InstanceIds=[machine.instance])
    found = describe(ec2, machine.instance)

    assert (found["InstanceType"], found["PrivateIpAddress"]) == ("m5.xlarge", f"{net.prefix}.20")
    assert found["SecurityGroups"] == [{"GroupId": other, "GroupName": "held"}]
    interface = ec2.describe_network_interfaces(NetworkInterfaceIds=[machine.eni])["NetworkInterfaces"][0]
    assert [g["GroupId"] for g in interface["Groups"]] == [other]


def test_states_take_time_when_told_to(aws: Aws, ec2: Any, machine: Machine) -> None:
    aws.control.settings(instance_delay_s=60.0, status_delay_s=30.0)
    ec2.stop_instances(InstanceIds=[machine.instance])
    assert describe(ec2, machine.instance)["State"]["Name"] == "stopping"
    assert refused(ec2.start_instances, InstanceIds=[machine.instance]) == "IncorrectInstanceState"
    aws.control.settings(clock_offset_s=61.0)
    assert describe(ec2, machine.instance)["State"]["Name"] == "stopped"
    ec2.start_instances(InstanceIds=[machine.instance])
    assert describe(ec2, machine.instance)["State"]["Name"] == "pending"
    aws.control.settings(clock_offset_s=122.0)
    assert (describe(ec2, machine.instance)["State"]["Name"], status(ec2, machine.instance)) == ("running", "initializing")
    aws.control.settings(clock_offset_s=160.0)
    assert status(ec2, machine.instance) == "ok"


@pytest.mark.parametrize("wrong", ["a stranger's disk", "an empty disk", "a torn copy", "disks in the wrong order"])
def test_a_machine_whose_disks_are_wrong_is_impaired(ec2: Any, direct: Direct, net: Net, wrong: str) -> None:
    name = f"w-{uuid4().hex[:8]}"
    system, data = identity_blocks(name, 0, 2), identity_blocks(name, 1, 2)
    if wrong == "a stranger's disk":
        data = identity_blocks("somebody-else", 1, 2)
    elif wrong == "an empty disk":
        data = {}
    elif wrong == "a torn copy":
        data.pop(max(data))
    else:
        system, data = data, system
    image = register(ec2, name, direct.snapshot(system, size=8), direct.snapshot(data, size=8))
    launched = ec2.run_instances(ImageId=image, InstanceType="m5.large", MinCount=1, MaxCount=1, SubnetId=net.subnet)
    instance = launched["Instances"][0]["InstanceId"]

    assert status(ec2, instance) == "impaired"
    ec2.stop_instances(InstanceIds=[instance])
    assert status(ec2, instance) == "not-applicable"


def test_base_images_of_the_estate_launch_healthy_machines(ec2: Any, net: Net) -> None:
    launched = ec2.run_instances(ImageId="ami-0deb12000000000a1", InstanceType="m5.large", MinCount=1, MaxCount=1, SubnetId=net.subnet)[
        "Instances"
    ][0]["InstanceId"]
    extra = ec2.create_volume(AvailabilityZone="us-east-1b", Size=4, VolumeType="gp3")["VolumeId"]
    ec2.attach_volume(VolumeId=extra, InstanceId=launched, Device="/dev/sdf")

    assert status(ec2, launched) == "ok"
    assert "ami-0deb12000000000a1" in [i["ImageId"] for i in ec2.describe_images(Owners=["amazon"])["Images"]]
    assert "ami-0deb12000000000a1" not in [i["ImageId"] for i in ec2.describe_images(Owners=["self"])["Images"]]
    own = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert [s for s in own if s["Description"].startswith(("Auto-created", "Base image"))] == []


def test_what_a_guest_writes_goes_into_the_next_snapshot_and_no_further(aws: Aws, ec2: Any, direct: Direct, machine: Machine) -> None:
    volume = machine.volumes["/dev/sdf"]
    aws.control.guest_write(volume, 20 * BLOCK + 77, b"first")
    snapshots = ec2.create_snapshots(
        InstanceSpecification={"InstanceId": machine.instance},
        Description="down",
        CopyTagsFromSource="volume",
        TagSpecifications=[{"ResourceType": "snapshot", "Tags": [{"Key": "move", "Value": "m-2"}]}],
    )["Snapshots"]
    aws.control.guest_write(volume, 20 * BLOCK + 77, b"later")
    aws.control.guest_write_seeded(volume, 40 * BLOCK, seed=7, length=BLOCK + 10)
    by_volume = {s["VolumeId"]: s["SnapshotId"] for s in snapshots}
    second = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]

    assert [s["State"] for s in snapshots] == ["pending", "pending"]
    assert [s["VolumeId"] for s in snapshots] == [machine.volumes["/dev/sda1"], volume]
    assert direct.read(by_volume[volume], 20)[77:82] == b"first"
    assert direct.read(second, 20)[77:82] == b"later"
    assert direct.changed(machine.snapshots[1], by_volume[volume]) == {20: (False, True)}
    assert direct.changed(by_volume[volume], second) == {20: (True, True), 40: (False, True), 41: (False, True)}
    assert aws.control.guest_read(volume, 40 * BLOCK, BLOCK + 10) == pattern(7, BLOCK + 10)
    assert direct.changed(machine.snapshots[0], by_volume[machine.volumes["/dev/sda1"]]) == {}
    assert aws.control.guest_read(volume, 20 * BLOCK + 77, 5) == b"later"
    stranger = {"FirstSnapshotId": machine.snapshots[0], "SecondSnapshotId": second}
    assert reason(direct.ebs.list_changed_blocks, **stranger) == "ValidationException UNRELATED_SNAPSHOTS"


def test_only_a_running_guest_writes(aws: Aws, ec2: Any, machine: Machine) -> None:
    ec2.stop_instances(InstanceIds=[machine.instance])

    with pytest.raises(Exception, match="only a running guest writes"):
        aws.control.guest_write(machine.volumes["/dev/sdf"], 0, b"x")
    with pytest.raises(Exception, match="nothing is stored"):
        aws.control.guest_read("vol-0123", 0, 1)


def test_an_image_made_of_an_instance_has_its_content(ec2: Any, machine: Machine, net: Net) -> None:
    image = ec2.create_image(InstanceId=machine.instance, Name=f"copy-{uuid4().hex}")["ImageId"]
    disks = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
    launched = ec2.run_instances(ImageId=image, InstanceType="m5.large", MinCount=1, MaxCount=1, SubnetId=net.subnet)
    instance = launched["Instances"][0]["InstanceId"]

    assert [(d["DeviceName"], d["Ebs"]["VolumeSize"]) for d in disks] == [("/dev/sda1", 8), ("/dev/sdf", 41)]
    assert status(ec2, instance) == "ok"


def test_instances_page_and_filter(ec2: Any, machine: Machine) -> None:
    filters = [{"Name": "instance-id", "Values": [machine.instance]}, {"Name": "instance-state-name", "Values": ["running"]}]

    assert len(ec2.describe_instances(Filters=filters)["Reservations"]) == 1
    assert refused(ec2.describe_instances, InstanceIds=["i-0123456789abcdef0"]) == "InvalidInstanceID.NotFound"


def test_instances_are_found_by_what_belongs_to_them(ec2: Any, machine: Machine) -> None:
    for name, value in (
        ("network-interface.network-interface-id", machine.eni),
        ("block-device-mapping.volume-id", machine.volumes["/dev/sdf"]),
        ("image-id", machine.image),
    ):
        found = ec2.describe_instances(Filters=[{"Name": name, "Values": [value]}])["Reservations"]
        assert [i["InstanceId"] for r in found for i in r["Instances"]] == [machine.instance]


def test_metadata_options_change_one_by_one(ec2: Any, machine: Machine) -> None:
    ec2.modify_instance_metadata_options(InstanceId=machine.instance, HttpPutResponseHopLimit=3)
    options = describe(ec2, machine.instance)["MetadataOptions"]

    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"], options["HttpEndpoint"]) == ("required", 3, "enabled")


def test_the_console_says_why_a_machine_is_impaired(ec2: Any, machine: Machine) -> None:
    assert "up" in ec2.get_console_output(InstanceId=machine.instance)["Output"]
    ec2.detach_volume(VolumeId=machine.volumes["/dev/sdf"])

    assert status(ec2, machine.instance) == "impaired"
    assert "disk 0 of 2" in ec2.get_console_output(InstanceId=machine.instance)["Output"]
