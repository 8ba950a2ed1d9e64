"""A server on the AWS side: instance, address, group and volumes that are declared for it."""

from __future__ import annotations

from typing import Any

import pytest

from components.base import State
from components.hybrid.server import Server, ServerArgs
from infra.errors import InclineError
from infra.estate.model import GIB, Disk, Machine, Size
from infra.stack_state import StackState
from tests.fakes import estates
from tests.fakes.foundations import aws_foundation
from tests.fakes.pulumi_mocks import Recording, run_program

INSTANCE = "aws:ec2/instance:Instance"
ENI = "aws:ec2/networkInterface:NetworkInterface"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
VOLUME = "aws:ebs/volume:Volume"
ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"
NEW = Machine(site="aws-east")


def declare(machine: Machine, stack: StackState | None = None, state: State = State.ACTIVE, **server: Any) -> Recording:
    estate = estates.estate(servers=(estates.server(**server),))
    args = ServerArgs(
        server=estate.servers["permits-db-01"],
        service=estate.services["permits"],
        machine=machine,
        state=state,
        site=estate.sites["aws-east"],
        foundation=aws_foundation(estate),
        stack=stack or StackState(),
    )
    return run_program(lambda: Server("permits-db-01", args=args))


def test_its_children_have_derived_names() -> None:
    assert declare(NEW).children("permits-db-01") == [
        (VOLUME, "permits-db-01-disk-data"),
        (INSTANCE, "permits-db-01-instance"),
        (ENI, "permits-db-01-eni"),
        (GROUP, "permits-db-01-sg"),
        (ATTACHMENT, "permits-db-01-attach-data"),
    ]


def test_the_interface_owns_address_and_group_and_the_instance_only_uses_it() -> None:
    recording = declare(NEW)

    interface = recording.one(ENI, "permits-db-01-eni").inputs
    instance = recording.one(INSTANCE, "permits-db-01-instance").inputs
    assert interface["privateIps"] == ["10.60.32.15"]
    assert interface["subnetId"] == "subnet-data-a"
    assert interface["securityGroups"] == ["SecurityGroup/permits-db-01-sg"]
    assert instance["networkInterfaces"] == [{"deviceIndex": 0, "networkInterfaceId": "NetworkInterface/permits-db-01-eni"}]
    assert not {"privateIp", "vpcSecurityGroupIds", "subnetId", "ebsBlockDevices", "volumeTags"} & instance.keys()


def test_the_instance_asks_for_metadata_tokens_and_encrypts_its_boot_disk() -> None:
    instance = declare(NEW).one(INSTANCE, "permits-db-01-instance").inputs

    assert instance["metadataOptions"] == {"httpEndpoint": "enabled", "httpTokens": "required"}
    boot = instance["rootBlockDevice"]
    assert (boot["volumeSize"], boot["volumeType"], boot["encrypted"]) == (8, "gp3", True)


def test_a_server_born_here_starts_from_the_sites_image_with_its_disks_attached() -> None:
    recording = declare(NEW)

    assert recording.one(INSTANCE, "permits-db-01-instance").inputs["ami"] == "ami-0deb12000000000a1"
    volume = recording.one(VOLUME, "permits-db-01-disk-data")
    assert (volume.inputs["size"], volume.inputs["availabilityZone"], volume.import_id) == (41, "us-east-1a", "")
    assert recording.one(ATTACHMENT, "permits-db-01-attach-data").inputs["deviceName"] == "/dev/sdf"


def test_a_moved_server_starts_from_its_own_image_and_its_launched_volumes_are_adopted() -> None:
    recording = declare(estates.on_aws())

    assert recording.one(INSTANCE, "permits-db-01-instance").inputs["ami"] == "ami-0123456789abcdef0"
    assert recording.one(VOLUME, "permits-db-01-disk-data").import_id == "vol-0123456789abcdef0"
    attachment = recording.one(ATTACHMENT, "permits-db-01-attach-data")
    assert attachment.import_id == "/dev/sdf:vol-0123456789abcdef0:i-0123456789abcdef0"


def test_before_the_launch_a_disk_of_the_image_is_not_declared_a_second_time() -> None:
    disks = tuple(each.model_copy(update={"volume_id": ""}) for each in estates.on_aws().disks)

    recording = declare(estates.on_aws(disks=disks, instance_id=""))

    assert recording.of_type(VOLUME) == []
    assert recording.of_type(ATTACHMENT) == []


def test_a_disk_added_after_a_move_is_a_new_volume() -> None:
    three = (*estates.server().disks, Disk(name="archive", size=100 * GIB))

    archive = declare(estates.on_aws(), disks=three).one(VOLUME, "permits-db-01-disk-archive")

    assert (archive.import_id, archive.inputs["size"]) == ("", 100)


def test_volumes_that_the_stack_owns_are_not_imported_again() -> None:
    owned = StackState(resources={(VOLUME, "permits-db-01-disk-data"): {}, (ATTACHMENT, "permits-db-01-attach-data"): {}})

    recording = declare(estates.on_aws(), stack=owned)

    assert [each.import_id for each in (*recording.of_type(VOLUME), *recording.of_type(ATTACHMENT))] == ["", ""]


def test_what_holds_data_is_protected_and_nothing_else() -> None:
    protected = {each.name for each in declare(NEW).resources if each.protect}

    assert protected == {"permits-db-01-instance", "permits-db-01-disk-data"}


def test_held_machines_ignore_every_change_of_every_child() -> None:
    children = [each for each in declare(estates.on_aws(), state=State.HELD).resources if each.custom]

    assert len(children) == 5
    assert all(each.protect and each.ignore_changes == ("*",) for each in children)


def test_the_type_comes_from_the_catalogue_or_from_the_estate() -> None:
    named = estates.server().at | {"aws-east": estates.server().at["aws-east"].model_copy(update={"instance_type": "r6a.xlarge"})}
    chosen = declare(NEW, size=Size(cpus=2, memory=8 * GIB)).one(INSTANCE, "permits-db-01-instance").inputs["instanceType"]

    assert chosen.endswith(".large")
    assert declare(NEW, at=named).one(INSTANCE, "permits-db-01-instance").inputs["instanceType"] == "r6a.xlarge"


@pytest.mark.parametrize("child", ["sg", "eni", "instance", "disk-data"])
def test_every_child_carries_the_required_tags(child: str) -> None:
    tags = next(each for each in declare(NEW).resources if each.name == f"permits-db-01-{child}").inputs["tags"]

    assert tags["incline:owner"] == "Permits and Licences"
    assert tags["incline:rto"] == "240m"
    assert tags["Name"] == ("permits-db-01-data" if child == "disk-data" else "permits-db-01")


def test_open_ports_become_the_groups_rules() -> None:
    assert declare(NEW).one(GROUP, "permits-db-01-sg").inputs["ingress"] == [
        {"protocol": "tcp", "fromPort": 5432, "toPort": 5432, "cidrBlocks": ["10.20.2.0/24"], "description": "database"}
    ]


def test_an_operating_system_without_an_image_is_refused() -> None:
    windows = {"id": "windows-2022", "family": "windows", "guest_id": "windows2019srvNext_64Guest"}

    with pytest.raises(InclineError, match="no base image for windows-2022"):
        declare(NEW, os=windows)
