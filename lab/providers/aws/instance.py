"""EC2 instances: making, removing, and what each property means. Reading and changing stand in the two files beside."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from lab.providers.aws import tags
from lab.providers.aws.ec2 import REGION, TAGS, AwsWork, remove
from lab.providers.aws.instance_state import METADATA, instance_values
from lab.providers.aws.instance_update import set_termination_protection, update_instance
from lab.providers.aws.session import AwsSession, is_gone, pick
from lab.providers.aws.volumes import instance_state
from lab.providers.failures import ProviderError
from lab.providers.table import Change, Field, Fields, Problem, Resource
from lab.providers.values import Values, is_empty

_ADDRESSING = ("associatePublicIpAddress", "subnetId", "privateIp", "secondaryPrivateIps", "vpcSecurityGroupIds", "securityGroups")
_DEVICE = {
    "volumeSize": "VolumeSize",
    "volumeType": "VolumeType",
    "iops": "Iops",
    "throughput": "Throughput",
    "encrypted": "Encrypted",
    "kmsKeyId": "KmsKeyId",
    "snapshotId": "SnapshotId",
    "deleteOnTermination": "DeleteOnTermination",
}


class Instance(Resource[AwsSession]):
    """One instance."""

    name = "aws:ec2/instance:Instance"
    upstream = "internal/service/ec2/ec2_instance.go"
    fields = Fields(
        {
            "ami": Field(computed=True, replace=True),
            "instanceType": Field(computed=True),
            "subnetId": Field(computed=True, replace=True),
            "availabilityZone": Field(computed=True, replace=True),
            "associatePublicIpAddress": Field(computed=True, replace=True),
            "privateIp": Field(computed=True, replace=True),
            "secondaryPrivateIps": Field(computed=True, unordered=True),
            "securityGroups": Field(computed=True, replace=True, unordered=True),
            "vpcSecurityGroupIds": Field(computed=True, unordered=True),
            "keyName": Field(computed=True, replace=True),
            "iamInstanceProfile": Field(computed=True),
            "placementGroup": Field(computed=True, replace=True),
            "placementPartitionNumber": Field(computed=True, replace=True),
            "tenancy": Field(computed=True, replace=True),
            "hostId": Field(computed=True, replace=True),
            "ebsOptimized": Field(computed=True, replace=True),
            "hibernation": Field(replace=True),
            "monitoring": Field(computed=True),
            "sourceDestCheck": Field(default=True),
            "disableApiTermination": Field(computed=True),
            "disableApiStop": Field(computed=True),
            "instanceInitiatedShutdownBehavior": Field(computed=True),
            "userData": Field(computed=True),
            "userDataBase64": Field(computed=True),
            "userDataReplaceOnChange": Field(default=False, local=True),
            "getPasswordData": Field(default=False, local=True),
            "forceDestroy": Field(default=False, local=True),
            "metadataOptions": Field(computed=True),
            "networkInterfaces": Field(computed=True, key="deviceIndex"),
            "networkInterfaces[]": Field(replace=True),
            "networkInterfaces[].deleteOnTermination": Field(default=False),
            "networkInterfaces[].networkCardIndex": Field(default=0),
            "primaryNetworkInterface": Field(computed=True, replace=True),
            "rootBlockDevice": Field(computed=True),
            "rootBlockDevice.deleteOnTermination": Field(default=True),
            "rootBlockDevice.encrypted": Field(computed=True, replace=True),
            "rootBlockDevice.kmsKeyId": Field(computed=True, replace=True),
            "ebsBlockDevices": Field(computed=True, key="deviceName"),
            "ebsBlockDevices[]": Field(replace=True),
            "ebsBlockDevices[].deleteOnTermination": Field(default=True),
            "volumeTags": Field(),
            "region": REGION,
            "tags": TAGS,
        }
    )

    def check(self, inputs: Values) -> Iterable[Problem]:
        """What upstream's ConflictsWith and AtLeastOneOf refuse."""
        for name in ("ami", "instanceType"):
            if name not in inputs:
                yield Problem(property=name, reason=f"one of {name}, launchTemplate must be specified")
        if "networkInterfaces" in inputs or "primaryNetworkInterface" in inputs:
            for name in _ADDRESSING:
                if name in inputs:
                    yield Problem(property=name, reason=f"conflicts with networkInterfaces: '{name}' belongs to the network interface")
        if "userData" in inputs and "userDataBase64" in inputs:
            yield Problem(property="userData", reason="conflicts with userDataBase64")

    def replaces(self, pattern: str, old: Values, new: Values) -> bool:
        """New user data replace the instance only when the program says so."""
        if pattern in ("userData", "userDataBase64"):
            return bool(new.get("userDataReplaceOnChange"))
        return super().replaces(pattern, old, new)

    def suppresses(self, pattern: str, old: Values, new: Values) -> bool:
        """The source check belongs to the interface where the program gives one (upstream: DiffSuppressFunc)."""
        _ = old
        return pattern == "sourceDestCheck" and ("networkInterfaces" in new or "primaryNetworkInterface" in new)

    def imported(self, inputs: Values) -> Values:
        """The address as the instance's own, not as an interface's."""
        return {name: value for name, value in inputs.items() if name not in ("networkInterfaces", "primaryNetworkInterface")}

    def create(self, work: AwsWork, inputs: Values) -> str:
        """RunInstances with a client token of its own."""
        image = _image(work, inputs["ami"])
        sent: Values = {"MinCount": 1, "MaxCount": 1, "ClientToken": uuid.uuid4().hex, "ImageId": inputs["ami"]}
        sent |= {"InstanceType": inputs["instanceType"], **_placement(inputs), **_network(inputs), **_options(inputs)}
        devices = _devices(inputs, str(image.get("RootDeviceName") or "/dev/sda1"))
        if devices:
            sent["BlockDeviceMappings"] = devices
        specification = tags.specification("instance", inputs.get("tags")) + tags.specification("volume", inputs.get("volumeTags"))
        if specification:
            sent["TagSpecifications"] = specification
        return str(work.session.ec2.run_instances(**sent)["Instances"][0]["InstanceId"])

    def complete(self, work: AwsWork, id_: str, inputs: Values) -> None:
        """It is made when it runs."""
        work.wait.until(f"{id_} to run", lambda: _running(work, id_))
        _tag_devices(work, id_, inputs)
        if inputs.get("sourceDestCheck") is False and "networkInterfaces" not in inputs:
            work.session.ec2.modify_instance_attribute(InstanceId=id_, SourceDestCheck={"Value": False})

    def read(self, work: AwsWork, id_: str, prior: Values) -> Values | None:
        """Describe it with its volumes and attributes."""
        return instance_values(work, id_, prior)

    def update(self, work: AwsWork, change: Change) -> None:
        """In place, as far as EC2 goes."""
        update_instance(work, change)

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """Terminate it and wait until it is terminated."""
        if instance_state(work, id_) == "terminated":
            return
        if state.get("forceDestroy"):
            set_termination_protection(work, id_, enabled=False)
        remove(work, f"terminating {id_}", lambda: work.session.ec2.terminate_instances(InstanceIds=[id_]))
        work.wait.until(f"{id_} to be terminated", lambda: instance_state(work, id_) == "terminated" or None)


def _tag_devices(work: AwsWork, id_: str, inputs: Values) -> None:
    """The tags of single volumes, which RunInstances cannot give (upstream: blockDeviceTagsToCreate)."""
    item = work.session.ec2.describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0]
    wanted = {device["deviceName"]: device.get("tags") for device in inputs.get("ebsBlockDevices") or ()}
    wanted[item.get("RootDeviceName")] = (inputs.get("rootBlockDevice") or {}).get("tags")
    for mapping in item.get("BlockDeviceMappings") or ():
        tags.bring_ec2(work.session, mapping["Ebs"]["VolumeId"], {}, wanted.get(mapping["DeviceName"]) or {})


def _running(work: AwsWork, id_: str) -> bool | None:
    state = instance_state(work, id_)
    if state in ("terminated", "shutting-down"):
        raise ProviderError(f"{id_} went to the state '{state}' instead of running{_reason(work, id_)}")
    return True if state == "running" else None


def _reason(work: AwsWork, id_: str) -> str:
    try:
        found = work.session.ec2.describe_instances(InstanceIds=[id_])
    except ClientError:
        return ""
    message = pick(found, "Reservations.0.Instances.0.StateReason.Message")
    return f": {message}" if message else ""


def _image(work: AwsWork, ami: str) -> Values:
    try:
        images = work.session.ec2.describe_images(ImageIds=[ami])["Images"]
    except ClientError as error:
        if is_gone(error):
            raise ProviderError(f"the image {ami} does not exist in {work.session.region}") from error
        raise
    if not images:
        raise ProviderError(f"the image {ami} does not exist in {work.session.region}")
    return dict(images[0])


def _placement(inputs: Values) -> Values:
    names = {
        "availabilityZone": "AvailabilityZone",
        "placementGroup": "GroupName",
        "placementPartitionNumber": "PartitionNumber",
        "tenancy": "Tenancy",
        "hostId": "HostId",
    }
    placement = {names[name]: inputs[name] for name in names if not is_empty(inputs.get(name))}
    return {"Placement": placement} if placement else {}


def _network(inputs: Values) -> Values:
    """Either interfaces that exist already, or what EC2 makes one from."""
    given = inputs.get("networkInterfaces") or []
    primary = inputs.get("primaryNetworkInterface")
    if primary:
        given = [{"deviceIndex": 0, "networkInterfaceId": primary["networkInterfaceId"]}, *given]
    if given:
        return {
            "NetworkInterfaces": [
                {
                    "DeviceIndex": item["deviceIndex"],
                    "NetworkInterfaceId": item["networkInterfaceId"],
                    "DeleteOnTermination": bool(item.get("deleteOnTermination")),
                }
                for item in given
            ]
        }
    names = {"subnetId": "SubnetId", "privateIp": "PrivateIpAddress"}
    sent: Values = {names[name]: inputs[name] for name in names if not is_empty(inputs.get(name))}
    groups = inputs.get("vpcSecurityGroupIds")
    if "associatePublicIpAddress" in inputs and "subnetId" in inputs:
        interface = {"DeviceIndex": 0, "AssociatePublicIpAddress": inputs["associatePublicIpAddress"], **sent}
        return {"NetworkInterfaces": [{**interface, **({"Groups": groups} if groups else {})}]}
    return {**sent, **({"SecurityGroupIds": groups} if groups else {})}


def _options(inputs: Values) -> Values:
    sent: Values = {}
    names = {
        "keyName": "KeyName",
        "ebsOptimized": "EbsOptimized",
        "disableApiTermination": "DisableApiTermination",
        "disableApiStop": "DisableApiStop",
        "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
        "securityGroups": "SecurityGroups",
    }
    sent |= {key: inputs[name] for name, key in names.items() if not is_empty(inputs.get(name))}
    if "monitoring" in inputs:
        sent["Monitoring"] = {"Enabled": inputs["monitoring"]}
    if inputs.get("iamInstanceProfile"):
        sent["IamInstanceProfile"] = {"Name": inputs["iamInstanceProfile"]}
    if inputs.get("hibernation"):
        sent["HibernationOptions"] = {"Configured": True}
    if inputs.get("metadataOptions"):
        sent["MetadataOptions"] = {
            key: inputs["metadataOptions"][name] for name, key in METADATA.items() if name in inputs["metadataOptions"]
        }
    if inputs.get("userDataBase64"):
        sent["UserData"] = base64.b64decode(inputs["userDataBase64"]).decode("utf-8", "surrogateescape")
    elif inputs.get("userData"):
        sent["UserData"] = inputs["userData"]
    return sent


def _devices(inputs: Values, root: str) -> list[Any]:
    devices = [{"DeviceName": item["deviceName"], "Ebs": _device(item)} for item in inputs.get("ebsBlockDevices") or ()]
    if inputs.get("rootBlockDevice"):
        devices.insert(0, {"DeviceName": root, "Ebs": _device(inputs["rootBlockDevice"])})
    return devices


def _device(item: Values) -> Values:
    return {key: item[name] for name, key in _DEVICE.items() if name == "deleteOnTermination" or not is_empty(item.get(name))}
