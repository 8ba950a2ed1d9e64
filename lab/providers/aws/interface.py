"""Network interfaces: the address of a server lives here, and outlives the instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lab.providers.aws.ec2 import REGION, TAGS, Api, AwsWork, Calls, Ec2Type, modify_attribute
from lab.providers.aws.session import is_gone
from lab.providers.table import Change, Field
from lab.providers.values import Values


@dataclass(frozen=True, kw_only=True)
class NetworkInterface(Ec2Type):
    """An interface: the first private address is the primary one and stays for life, the others come and go."""

    def parameters(self, work: AwsWork, inputs: Values) -> Values:
        """The addresses, primary first."""
        _ = work
        sent: Values = {}
        addresses = inputs.get("privateIps") or ([inputs["privateIp"]] if inputs.get("privateIp") else [])
        if addresses:
            sent["PrivateIpAddresses"] = [{"PrivateIpAddress": address, "Primary": index == 0} for index, address in enumerate(addresses)]
        elif inputs.get("privateIpsCount"):
            sent["SecondaryPrivateIpAddressCount"] = inputs["privateIpsCount"]
        return sent

    def complete(self, work: AwsWork, id_: str, inputs: Values) -> None:
        """The source check, and the attachment that is asked for inline."""
        super().complete(work, id_, inputs)
        for attachment in inputs.get("attachments") or ():
            work.session.ec2.attach_network_interface(
                NetworkInterfaceId=id_, InstanceId=attachment["instance"], DeviceIndex=attachment["deviceIndex"]
            )

    def more(self, work: AwsWork, id_: str, item: Values) -> Values:
        """Addresses, groups and the attachment."""
        _ = work, id_
        addresses = sorted(item.get("PrivateIpAddresses") or (), key=lambda entry: not entry.get("Primary"))
        plain = [entry["PrivateIpAddress"] for entry in addresses]
        attachment = item.get("Attachment") or {}
        attached = bool(attachment.get("InstanceId"))
        return {
            "privateIps": plain,
            "privateIpLists": plain,
            "privateIpsCount": max(len(plain) - 1, 0),
            "securityGroups": [group["GroupId"] for group in item.get("Groups") or ()],
            "attachments": [
                {
                    "attachmentId": attachment.get("AttachmentId"),
                    "deviceIndex": attachment.get("DeviceIndex"),
                    "instance": attachment["InstanceId"],
                }
            ]
            if attached
            else [],
        }

    def replaces(self, pattern: str, old: Values, new: Values) -> bool:
        """Another primary address is another interface (upstream: ForceNewIf on private_ips)."""
        if pattern.startswith("privateIps") and not pattern.startswith("privateIpsCount"):
            primary, wanted = (old.get("privateIps") or [None])[0], new.get("privateIps")
            return not isinstance(wanted, list) or primary not in wanted
        return super().replaces(pattern, old, new)

    def update(self, work: AwsWork, change: Change) -> None:
        """Secondary addresses come and go; the rest has a call each."""
        if change.touches("privateIps"):
            old, new = change.state.get("privateIps") or [], change.new.get("privateIps") or []
            gone = [address for address in old if address not in new]
            come = [address for address in new if address not in old]
            if gone:
                work.session.ec2.unassign_private_ip_addresses(NetworkInterfaceId=change.id, PrivateIpAddresses=gone)
            if come:
                work.session.ec2.assign_private_ip_addresses(NetworkInterfaceId=change.id, PrivateIpAddresses=come)
        super().update(work, change)

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """Detach it where it is attached as a further interface; a primary one goes with its instance."""
        attachment = (self.item(work, id_) or {}).get("Attachment") or {}
        if attachment.get("AttachmentId") and attachment.get("DeviceIndex"):
            _detach(work, attachment["AttachmentId"])
        super().delete(work, id_, state)


def _detach(work: AwsWork, attachment: str) -> None:
    try:
        work.session.ec2.detach_network_interface(AttachmentId=attachment, Force=True)
    except ClientError as error:
        if not is_gone(error):
            raise


def _set_groups(work: AwsWork, id_: str, groups: Any) -> None:
    if groups:
        work.session.ec2.modify_network_interface_attribute(NetworkInterfaceId=id_, Groups=groups)


def _attribute(parameter: str) -> Any:
    return modify_attribute("modify_network_interface_attribute", "NetworkInterfaceId", parameter)


def _describe(work: AwsWork, id_: str, text: Any) -> None:
    work.session.ec2.modify_network_interface_attribute(NetworkInterfaceId=id_, Description={"Value": text or ""})


NETWORK_INTERFACE = NetworkInterface(
    name="aws:ec2/networkInterface:NetworkInterface",
    upstream="internal/service/ec2/vpc_network_interface.go",
    calls=Calls(
        create="create_network_interface",
        result="NetworkInterface.NetworkInterfaceId",
        describe="describe_network_interfaces",
        ids="NetworkInterfaceIds",
        items="NetworkInterfaces",
        delete="delete_network_interface",
        key="NetworkInterfaceId",
        tagged="network-interface",
        delete_retries=("InvalidNetworkInterface.InUse", "InvalidParameterValue"),
    ),
    arn="network-interface/{id}",
    computed={"ownerId": "OwnerId", "macAddress": "MacAddress", "privateDnsName": "PrivateDnsName", "outpostArn": "OutpostArn"},
    fields={
        "subnetId": Api(send="SubnetId", path="SubnetId", replace=True),
        "description": Api(send="Description", path="Description", modify=_describe),
        "interfaceType": Api(send="InterfaceType", path="InterfaceType", computed=True, replace=True),
        "privateIp": Api(path="PrivateIpAddress", computed=True, replace=True),
        "privateIps": Field(computed=True, unordered=True),
        "privateIpsCount": Field(computed=True),
        "privateIpLists": Field(computed=True),
        "securityGroups": Api(send="Groups", computed=True, unordered=True, modify=_set_groups),
        "sourceDestCheck": Api(path="SourceDestCheck", default=True, after=True, modify=_attribute("SourceDestCheck")),
        "attachments": Field(computed=True, key="deviceIndex"),
        "region": REGION,
        "tags": TAGS,
    },
)
