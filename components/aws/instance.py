"""The AWS part of a server: an instance with an address and a security group of its own, and its data volumes as resources of their own.

The address and the group belong to the network interface, which outlives the instance. The instance declares no inline data devices,
because every field of those forces a replacement: a server that came by a move starts from an image that carries all its disks, and the
volumes of that launch are then adopted; a server born here gets its data volumes attached. Either way growing a disk, changing the type
or a tag is an update in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import ebs, ec2

from components.base import ChildOptions
from components.machine import DiskPlan, MachinePlan
from infra.catalogue import type_for
from infra.errors import InclineError
from infra.estate.model import AwsSite, OpenPort
from infra.estate.settle import device_name
from infra.outputs import AwsFoundation, foundation_id
from infra.tags import aws_server_tags

VOLUME_TYPE = "aws:ebs/volume:Volume"
ATTACHMENT_TYPE = "aws:ec2/volumeAttachment:VolumeAttachment"
# General purpose; baseline 3,000 IOPS and 125 MiB/s whatever the size.
DISK_TYPE = "gp3"
EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class InstanceResources:
    """What was declared, for outputs."""

    instance: ec2.Instance
    interface: ec2.NetworkInterface
    volumes: Mapping[str, ebs.Volume]


def declare_instance(plan: MachinePlan, site: AwsSite, foundation: AwsFoundation, children: ChildOptions) -> InstanceResources:
    """The children `<server>-sg`, `-eni`, `-instance`; for data disks `-disk-<disk>`, `-attach-<disk>`."""
    group = _security_group(plan, foundation, children)
    interface = _interface(plan, foundation, group, children)
    instance = _instance(plan, site, foundation, interface, children)
    zone = next(network.zone for network in site.networks if network.name == plan.attachment.nics[0].network)
    volumes = {
        disk.name: _volume(plan, disk, zone, foundation, instance, children)
        for disk in plan.disks
        if not disk.is_boot and _is_known(plan, disk)
    }
    return InstanceResources(instance=instance, interface=interface, volumes=volumes)


def _is_known(plan: MachinePlan, disk: DiskPlan) -> bool:
    """A disk that the image brings is declared once the launch has given it a volume; before that it would be made a second time."""
    arrives_with_image = bool(plan.machine.image_id) and disk.record in plan.machine.disks
    return bool(disk.record.volume_id) or not arrives_with_image


def _security_group(plan: MachinePlan, foundation: AwsFoundation, children: ChildOptions) -> ec2.SecurityGroup:
    server = plan.server
    return ec2.SecurityGroup(
        f"{server.name}-sg",
        name=server.name,
        description=f"What {server.name} offers, as its entry in the estate says",
        vpc_id=foundation.vpc_id,
        ingress=[_ingress(port) for port in server.ports],
        egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": [EVERYWHERE]}],
        tags=aws_server_tags(server, plan.service),
        opts=children.plain(),
    )


def _ingress(port: OpenPort) -> ec2.SecurityGroupIngressArgs:
    return ec2.SecurityGroupIngressArgs(
        protocol=port.protocol,
        from_port=port.port,
        to_port=port.port,
        cidr_blocks=[str(port.source)],
        description=port.purpose,
    )


def _interface(plan: MachinePlan, foundation: AwsFoundation, group: ec2.SecurityGroup, children: ChildOptions) -> ec2.NetworkInterface:
    server, nic = plan.server, plan.attachment.nics[0]
    return ec2.NetworkInterface(
        f"{server.name}-eni",
        subnet_id=foundation_id(foundation.subnets, "subnet", nic.network, plan.machine.site),
        private_ips=[str(nic.address)],
        security_groups=[group.id],
        description=f"The address of {server.name}",
        tags=aws_server_tags(server, plan.service),
        opts=children.plain(),
    )


def _instance(
    plan: MachinePlan, site: AwsSite, foundation: AwsFoundation, interface: ec2.NetworkInterface, children: ChildOptions
) -> ec2.Instance:
    server = plan.server
    return ec2.Instance(
        f"{server.name}-instance",
        ami=plan.machine.image_id or _base_image(plan, site),
        instance_type=type_for(server, site.name).name,
        network_interfaces=[{"device_index": 0, "network_interface_id": interface.id}],
        iam_instance_profile=foundation.instance_profile,
        root_block_device={
            "volume_size": plan.disks[0].size_gib,
            "volume_type": DISK_TYPE,
            "encrypted": True,
            "kms_key_id": foundation.kms_key_arn,
            "tags": _disk_tags(plan, plan.disks[0]),
        },
        metadata_options={"http_endpoint": "enabled", "http_tokens": "required"},
        tags=aws_server_tags(server, plan.service),
        opts=children.protected(),
    )


def _base_image(plan: MachinePlan, site: AwsSite) -> str:
    image = site.base_images.get(plan.server.os.id)
    if image is None:
        raise InclineError(
            f"{plan.server.name}: site {site.name} has no base image for {plan.server.os.id}",
            code="INC-7020",
            details=(f"it has one for {', '.join(site.base_images) or 'nothing'}",),
            next_step=f"name the AMI under base_images.{plan.server.os.id} of the site",
        )
    return image


def _volume(
    plan: MachinePlan, disk: DiskPlan, zone: str, foundation: AwsFoundation, instance: ec2.Instance, children: ChildOptions
) -> ebs.Volume:
    server = plan.server.name
    volume_name, attachment_name = f"{server}-disk-{disk.name}", f"{server}-attach-{disk.name}"
    device, known = disk.record.device or device_name(disk.position), disk.record.volume_id
    volume = ebs.Volume(
        volume_name,
        availability_zone=zone,
        size=disk.size_gib,
        type=DISK_TYPE,
        encrypted=True,
        kms_key_id=foundation.kms_key_arn,
        tags=_disk_tags(plan, disk),
        opts=children.protected(plan.stack.import_id(VOLUME_TYPE, volume_name, known)),
    )
    attached = f"{device}:{known}:{plan.machine.instance_id}" if known and plan.machine.instance_id else ""
    ec2.VolumeAttachment(
        attachment_name,
        device_name=device,
        volume_id=volume.id,
        instance_id=instance.id,
        opts=pulumi.ResourceOptions.merge(
            children.plain(plan.stack.import_id(ATTACHMENT_TYPE, attachment_name, attached)),
            # A volume in use cannot be moved to another instance while the old attachment stands.
            pulumi.ResourceOptions(delete_before_replace=True),
        ),
    )
    return volume


def _disk_tags(plan: MachinePlan, disk: DiskPlan) -> dict[str, str]:
    return aws_server_tags(plan.server, plan.service) | {"Name": f"{plan.server.name}-{disk.name}"}
