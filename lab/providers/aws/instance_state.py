"""What an instance really is, in Pulumi's names."""

from __future__ import annotations

import base64
from typing import Any

from botocore.exceptions import ClientError

from lab.providers.aws import tags
from lab.providers.aws.ec2 import AwsWork
from lab.providers.aws.session import is_gone, pick
from lab.providers.values import Values

_PLAIN = {
    "ami": "ImageId",
    "instanceType": "InstanceType",
    "instanceState": "State.Name",
    "subnetId": "SubnetId",
    "availabilityZone": "Placement.AvailabilityZone",
    "tenancy": "Placement.Tenancy",
    "hostId": "Placement.HostId",
    "placementGroup": "Placement.GroupName",
    "placementPartitionNumber": "Placement.PartitionNumber",
    "keyName": "KeyName",
    "privateIp": "PrivateIpAddress",
    "privateDns": "PrivateDnsName",
    "publicIp": "PublicIpAddress",
    "publicDns": "PublicDnsName",
    "ebsOptimized": "EbsOptimized",
    "sourceDestCheck": "SourceDestCheck",
    "hibernation": "HibernationOptions.Configured",
    "instanceLifecycle": "InstanceLifecycle",
    "outpostArn": "OutpostArn",
}
METADATA = {
    "httpEndpoint": "HttpEndpoint",
    "httpTokens": "HttpTokens",
    "httpPutResponseHopLimit": "HttpPutResponseHopLimit",
    "httpProtocolIpv6": "HttpProtocolIpv6",
    "instanceMetadataTags": "InstanceMetadataTags",
}
_ATTRIBUTES = {
    "disableApiTermination": "DisableApiTermination",
    "disableApiStop": "DisableApiStop",
    "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
}


def describe(work: AwsWork, id_: str) -> Values | None:
    """The describe answer's entry; a terminated instance is gone."""
    try:
        answer = work.session.ec2.describe_instances(InstanceIds=[id_])
    except ClientError as error:
        if is_gone(error):
            return None
        raise
    item = pick(answer, "Reservations.0.Instances.0")
    if item is None or item["State"]["Name"] in ("terminated", "shutting-down"):
        return None
    return dict(item)


def instance_values(work: AwsWork, id_: str, prior: Values) -> Values | None:
    """The whole state, or nothing when it is gone."""
    item = describe(work, id_)
    if item is None:
        return None
    owner = str(item.get("OwnerId") or "")
    state: Values = {"id": id_, "region": work.session.region, "arn": work.session.arn("ec2", f"instance/{id_}", owner=owner)}
    state |= {name: pick(item, path) for name, path in _PLAIN.items()}
    state["monitoring"] = pick(item, "Monitoring.State") in ("enabled", "pending")
    profile = pick(item, "IamInstanceProfile.Arn")
    state["iamInstanceProfile"] = profile.rpartition("/")[2] if profile else None
    if item.get("MetadataOptions"):
        state["metadataOptions"] = {
            name: item["MetadataOptions"].get(key) for name, key in METADATA.items() if key in item["MetadataOptions"]
        }
    state |= _attributes(work, id_, prior)
    state |= _network(item, prior)
    state |= _devices(work, item, prior)
    state |= tags.told(work.session, item.get("Tags"))
    return state


def _attributes(work: AwsWork, id_: str, prior: Values) -> Values:
    ec2 = work.session.ec2
    found: Values = {}
    for name, key in _ATTRIBUTES.items():
        found[name] = pick(ec2.describe_instance_attribute(InstanceId=id_, Attribute=name), f"{key}.Value")
    data = pick(ec2.describe_instance_attribute(InstanceId=id_, Attribute="userData"), "UserData.Value")
    if data is None:
        return {**found, "userData": None, "userDataBase64": None}
    if prior.get("userDataBase64"):
        return {**found, "userDataBase64": data, "userData": None}
    return {**found, "userData": base64.b64decode(data).decode("utf-8", "replace"), "userDataBase64": None}


def _network(item: Values, prior: Values) -> Values:
    """Only the interfaces that the program configures are in its list: others belong to other resources (upstream's Read)."""
    groups = [group["GroupId"] for group in item.get("SecurityGroups") or ()]
    configured = {entry.get("deviceIndex") for entry in prior.get("networkInterfaces") or ()}
    shown: list[Values] = []
    found: Values = {"vpcSecurityGroupIds": groups, "secondaryPrivateIps": []}
    for interface in item.get("NetworkInterfaces") or ():
        attachment = interface.get("Attachment") or {}
        index = attachment.get("DeviceIndex", 0)
        if index == 0:
            found |= _primary(interface, attachment)
            found["vpcSecurityGroupIds"] = [group["GroupId"] for group in interface.get("Groups") or ()] or groups
        if index in configured:
            shown.append(
                {
                    "deviceIndex": index,
                    "networkInterfaceId": interface["NetworkInterfaceId"],
                    "deleteOnTermination": bool(attachment.get("DeleteOnTermination")),
                    "networkCardIndex": attachment.get("NetworkCardIndex", 0),
                }
            )
    found["networkInterfaces"] = shown
    return found


def _primary(interface: Values, attachment: Values) -> Values:
    addresses = interface.get("PrivateIpAddresses") or ()
    return {
        "primaryNetworkInterfaceId": interface["NetworkInterfaceId"],
        "primaryNetworkInterface": {
            "networkInterfaceId": interface["NetworkInterfaceId"],
            "deleteOnTermination": bool(attachment.get("DeleteOnTermination")),
        },
        "secondaryPrivateIps": [entry["PrivateIpAddress"] for entry in addresses if not entry.get("Primary")],
        "associatePublicIpAddress": "Association" in interface,
    }


def _devices(work: AwsWork, item: Values, prior: Values) -> Values:
    mappings = {entry["DeviceName"]: entry["Ebs"] for entry in item.get("BlockDeviceMappings") or () if "Ebs" in entry}
    ids = [entry["VolumeId"] for entry in mappings.values()]
    volumes = work.session.ec2.describe_volumes(VolumeIds=ids)["Volumes"] if ids else []
    known = {volume["VolumeId"]: volume for volume in volumes}
    root: Values | None = None
    others: list[Values] = []
    for name, entry in mappings.items():
        shown = _device(work, name, entry, known.get(entry["VolumeId"], {}))
        if name == item.get("RootDeviceName"):
            root = {key: value for key, value in shown.items() if key != "snapshotId"}
        else:
            others.append(shown)
    found: Values = {"rootBlockDevice": root, "ebsBlockDevices": _launched(others, prior)}
    if prior.get("volumeTags"):
        found["volumeTags"] = _volume_tags(work, volumes, prior["volumeTags"])
    return found


def _launched(devices: list[Values], prior: Values) -> list[Values]:
    """The data volumes that are known already. Upstream shows those that other resources attach, too, from the next refresh on.

    That is nothing a program can act on, and it would make a refresh after the first `up` name every instance with a volume.
    """
    known = {entry.get("volumeId") for entry in prior.get("ebsBlockDevices") or ()}
    every = sorted(devices, key=lambda entry: str(entry["deviceName"]))
    return (
        [entry for entry in every if entry["volumeId"] in known]
        if "rootBlockDevice" in prior and "volumeId" in prior["rootBlockDevice"]
        else every
    )


def _volume_tags(work: AwsWork, volumes: list[Any], wanted: Values) -> Values:
    """The tags of the volumes, taken from the first that does not have what the program wants."""
    every = [tags.as_map(work.session, volume.get("Tags")) for volume in volumes]
    return next((found for found in every if found != wanted), every[0] if every else {})


def _device(work: AwsWork, name: str, mapping: Values, volume: Values) -> Values:
    plain = tags.as_map(work.session, volume.get("Tags"))
    return {
        "deviceName": name,
        "volumeId": mapping["VolumeId"],
        "deleteOnTermination": bool(mapping.get("DeleteOnTermination")),
        "volumeSize": volume.get("Size"),
        "volumeType": volume.get("VolumeType"),
        "iops": volume.get("Iops"),
        "throughput": volume.get("Throughput"),
        "encrypted": bool(volume.get("Encrypted")),
        "kmsKeyId": volume.get("KmsKeyId"),
        "snapshotId": volume.get("SnapshotId"),
        "tags": plain,
        "tagsAll": dict(plain),
    }
