"""Changing an instance in place. A change of type or user data ends with a start, of an instance that was stopped too."""

from __future__ import annotations

import base64
from typing import Any

from lab.providers.aws import tags
from lab.providers.aws.ec2 import AwsWork
from lab.providers.aws.instance_state import METADATA
from lab.providers.aws.session import pick
from lab.providers.aws.volumes import instance_state, modify_volume
from lab.providers.table import Change
from lab.providers.values import Values

_ROOT = {"volumeSize": "size", "volumeType": "type", "iops": "iops", "throughput": "throughput"}


def update_instance(work: AwsWork, change: Change) -> None:
    """Each property that differs, in upstream's order."""
    ec2, id_, new = work.session.ec2, change.id, change.new
    if change.touches("tags"):
        tags.bring_ec2_tags(work.session, change)
    if change.touches("volumeTags"):
        _bring_volume_tags(work, change)
    if change.touches("iamInstanceProfile"):
        _bring_profile(work, id_, new.get("iamInstanceProfile"))
    if change.touches("vpcSecurityGroupIds") and new.get("vpcSecurityGroupIds"):
        ec2.modify_network_interface_attribute(
            NetworkInterfaceId=change.state["primaryNetworkInterfaceId"], Groups=new["vpcSecurityGroupIds"]
        )
    if change.touches("sourceDestCheck"):
        ec2.modify_instance_attribute(InstanceId=id_, SourceDestCheck={"Value": bool(new.get("sourceDestCheck", True))})
    if change.touches("secondaryPrivateIps"):
        _bring_secondary_addresses(work, change)
    _restarting(work, change)
    _protections(work, change)
    if change.touches("metadataOptions"):
        options = {key: new["metadataOptions"][name] for name, key in METADATA.items() if name in new.get("metadataOptions", {})}
        ec2.modify_instance_metadata_options(InstanceId=id_, **options)
    if change.touches("monitoring"):
        (ec2.monitor_instances if new.get("monitoring") else ec2.unmonitor_instances)(InstanceIds=[id_])
    if change.touches("rootBlockDevice"):
        _bring_root(work, change)


def set_termination_protection(work: AwsWork, id_: str, *, enabled: bool) -> None:
    """Protect an instance from TerminateInstances, or no longer."""
    work.session.ec2.modify_instance_attribute(InstanceId=id_, DisableApiTermination={"Value": enabled})


def _restarting(work: AwsWork, change: Change) -> None:
    """What EC2 changes on a stopped instance only: stop, modify, start (upstream: modifyInstanceAttributeWithStopStart)."""
    new = change.new
    if change.touches("instanceType"):
        _stopped_for(work, change.id, {"InstanceType": {"Value": new["instanceType"]}})
    if change.touches("userData") and new.get("userData") is not None:
        _stopped_for(work, change.id, {"UserData": {"Value": str(new["userData"]).encode()}})
    elif change.touches("userDataBase64") and new.get("userDataBase64") is not None:
        _stopped_for(work, change.id, {"UserData": {"Value": base64.b64decode(new["userDataBase64"])}})


def _stopped_for(work: AwsWork, id_: str, attribute: Values) -> None:
    ec2 = work.session.ec2
    ec2.stop_instances(InstanceIds=[id_])
    work.wait.until(f"{id_} to stop", lambda: instance_state(work, id_) == "stopped" or None)
    ec2.modify_instance_attribute(InstanceId=id_, **attribute)
    ec2.start_instances(InstanceIds=[id_])
    work.wait.until(f"{id_} to run", lambda: instance_state(work, id_) == "running" or None)


def _protections(work: AwsWork, change: Change) -> None:
    ec2, id_, new = work.session.ec2, change.id, change.new
    if change.touches("disableApiStop"):
        ec2.modify_instance_attribute(InstanceId=id_, DisableApiStop={"Value": bool(new.get("disableApiStop"))})
    if change.touches("disableApiTermination"):
        set_termination_protection(work, id_, enabled=bool(new.get("disableApiTermination")))
    if change.touches("instanceInitiatedShutdownBehavior"):
        ec2.modify_instance_attribute(InstanceId=id_, InstanceInitiatedShutdownBehavior={"Value": new["instanceInitiatedShutdownBehavior"]})


def _bring_profile(work: AwsWork, id_: str, profile: Any) -> None:
    ec2 = work.session.ec2
    filters = [{"Name": "instance-id", "Values": [id_]}]
    ties = ec2.describe_iam_instance_profile_associations(Filters=filters)["IamInstanceProfileAssociations"]
    ties = [tie for tie in ties if tie.get("State") not in ("disassociating", "disassociated")]
    if not profile:
        for tie in ties:
            ec2.disassociate_iam_instance_profile(AssociationId=tie["AssociationId"])
    elif ties:
        ec2.replace_iam_instance_profile_association(AssociationId=ties[0]["AssociationId"], IamInstanceProfile={"Name": profile})
    else:
        ec2.associate_iam_instance_profile(InstanceId=id_, IamInstanceProfile={"Name": profile})


def _bring_secondary_addresses(work: AwsWork, change: Change) -> None:
    ec2, interface = work.session.ec2, change.state["primaryNetworkInterfaceId"]
    old, new = change.state.get("secondaryPrivateIps") or [], change.new.get("secondaryPrivateIps") or []
    gone, come = [ip for ip in old if ip not in new], [ip for ip in new if ip not in old]
    if gone:
        ec2.unassign_private_ip_addresses(NetworkInterfaceId=interface, PrivateIpAddresses=gone)
    if come:
        ec2.assign_private_ip_addresses(NetworkInterfaceId=interface, PrivateIpAddresses=come)


def _bring_volume_tags(work: AwsWork, change: Change) -> None:
    devices = [change.state.get("rootBlockDevice") or {}, *(change.state.get("ebsBlockDevices") or ())]
    for device in devices:
        if device.get("volumeId"):
            tags.bring_ec2(work.session, device["volumeId"], device.get("tags") or {}, change.new.get("volumeTags") or {})


def _bring_root(work: AwsWork, change: Change) -> None:
    """Size, type, IOPS and throughput by ModifyVolume; tags and deletion at termination by calls of their own."""
    old, new = change.state.get("rootBlockDevice") or {}, change.new.get("rootBlockDevice") or {}
    wanted = {plain: new[name] for name, plain in _ROOT.items() if name in new and new[name] != old.get(name)}
    modify_volume(work, old["volumeId"], wanted)
    if "deleteOnTermination" in new and new["deleteOnTermination"] != old.get("deleteOnTermination"):
        item = work.session.ec2.describe_instances(InstanceIds=[change.id])
        device = pick(item, "Reservations.0.Instances.0.RootDeviceName")
        mapping = {"DeviceName": device, "Ebs": {"DeleteOnTermination": bool(new["deleteOnTermination"])}}
        work.session.ec2.modify_instance_attribute(InstanceId=change.id, BlockDeviceMappings=[mapping])
    if "tags" in new:
        tags.bring_ec2(work.session, old["volumeId"], old.get("tags") or {}, new["tags"] or {})
