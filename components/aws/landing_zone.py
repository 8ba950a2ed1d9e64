"""A region of an AWS account, as far as the city's servers need it: network, key, endpoints, roles, backup vault.

It deliberately opens no way to the internet: there is no gateway and no public address. Servers reach the city over the link, and AWS's
own services through the VPC's endpoints. Subnets are the site's networks, one zone each. The key and the vault are protected, because
without them the data is lost though every disk is there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pulumi
from pulumi_aws import backup, ec2, iam, kms

from components.base import ChildOptions, Component
from infra.estate.model import AwsSite
from infra.outputs import AwsFoundation

# What a server without a way to the internet talks to: block reads and writes of the mover, keys, and the management agent.
INTERFACE_SERVICES = ("ebs", "ec2messages", "kms", "ssm", "ssmmessages")
HTTPS_PORT = 443
# The shortest and the longest wait that KMS allows are 7 and 30 days: a key is deleted as late as possible.
KEY_DELETION_DAYS = 30
SSM_POLICY = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


@dataclass(frozen=True, kw_only=True)
class AwsLandingZoneArgs:
    """What a landing zone is declared from; `tags` go to everything that can carry them."""

    site: AwsSite
    tags: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class _Network:
    """The network's children that others refer to."""

    vpc: ec2.Vpc
    subnets: dict[str, ec2.Subnet]
    routes: ec2.RouteTable


class AwsLandingZone(Component):
    """The foundation of an AWS site; `ids` is what its servers need."""

    urn_type: ClassVar[str] = "incline:aws:AwsLandingZone"

    ids: AwsFoundation

    def __init__(self, name: str, *, args: AwsLandingZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        site = args.site
        intent = {"site": site.name, "title": site.title, "account": site.account, "region": site.region, "zones": list(site.zones)}
        super().__init__(name, intent=intent, opts=opts)
        children = self.children()
        network = _network(args, children)
        quarantine = _quarantine(args, network.vpc, children)
        _endpoints(args, network, children)
        key = _key(args, children)
        self.ids = AwsFoundation(
            vpc_id=network.vpc.id,
            subnets={each: subnet.id for each, subnet in network.subnets.items()},
            kms_key_arn=key.arn,
            instance_profile=_instance_profile(args, children).name,
            quarantine_security_group_id=quarantine.id,
            backup_vault=_vault(args, key, children).name,
        )
        self.register_outputs(self.ids.export())


def _named(args: AwsLandingZoneArgs, name: str) -> dict[str, str]:
    return args.tags | {"Name": name}


def _network(args: AwsLandingZoneArgs, children: ChildOptions) -> _Network:
    site = args.site
    vpc = ec2.Vpc(
        f"{site.name}-vpc",
        cidr_block=str(site.vpc_cidr),
        enable_dns_support=True,
        enable_dns_hostnames=True,
        tags=_named(args, site.name),
        opts=children.plain(),
    )
    routes = ec2.RouteTable(f"{site.name}-routes", vpc_id=vpc.id, tags=_named(args, f"{site.name}-routes"), opts=children.plain())
    subnets = {}
    for network in site.networks:
        subnet = ec2.Subnet(
            f"{site.name}-subnet-{network.name}",
            vpc_id=vpc.id,
            cidr_block=str(network.cidr),
            availability_zone=network.zone,
            map_public_ip_on_launch=False,
            tags=_named(args, network.name),
            opts=children.plain(),
        )
        ec2.RouteTableAssociation(
            f"{site.name}-routes-{network.name}", subnet_id=subnet.id, route_table_id=routes.id, opts=children.plain()
        )
        subnets[network.name] = subnet
    return _Network(vpc=vpc, subnets=subnets, routes=routes)


def _quarantine(args: AwsLandingZoneArgs, vpc: ec2.Vpc, children: ChildOptions) -> ec2.SecurityGroup:
    """The group without any rule, in and out: what a held instance is cut off with."""
    name = f"{args.site.name}-quarantine"
    return ec2.SecurityGroup(
        name,
        name=name,
        description="No rule at all: the sources of moves on trial are held in it",
        vpc_id=vpc.id,
        ingress=[],
        egress=[],
        tags=_named(args, name),
        opts=children.plain(),
    )


def _endpoints(args: AwsLandingZoneArgs, network: _Network, children: ChildOptions) -> None:
    site, name = args.site, f"{args.site.name}-endpoints"
    group = ec2.SecurityGroup(
        name,
        name=name,
        description="AWS services inside the network, over HTTPS",
        vpc_id=network.vpc.id,
        ingress=[{"protocol": "tcp", "from_port": HTTPS_PORT, "to_port": HTTPS_PORT, "cidr_blocks": [str(site.vpc_cidr)]}],
        egress=[],
        tags=_named(args, name),
        opts=children.plain(),
    )
    ec2.VpcEndpoint(
        f"{site.name}-endpoint-s3",
        vpc_id=network.vpc.id,
        service_name=f"com.amazonaws.{site.region}.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=[network.routes.id],
        tags=_named(args, f"{site.name}-s3"),
        opts=children.plain(),
    )
    subnets = _one_subnet_per_zone(site, network)
    for service in INTERFACE_SERVICES:
        ec2.VpcEndpoint(
            f"{site.name}-endpoint-{service}",
            vpc_id=network.vpc.id,
            service_name=f"com.amazonaws.{site.region}.{service}",
            vpc_endpoint_type="Interface",
            subnet_ids=[subnet.id for subnet in subnets],
            security_group_ids=[group.id],
            private_dns_enabled=True,
            tags=_named(args, f"{site.name}-{service}"),
            opts=children.plain(),
        )


def _one_subnet_per_zone(site: AwsSite, network: _Network) -> Sequence[ec2.Subnet]:
    """An interface endpoint takes at most one subnet of a zone: the last one listed, which is the innermost."""
    by_zone = {each.zone: each.name for each in site.networks}
    return [network.subnets[by_zone[zone]] for zone in sorted(by_zone)]


def _key(args: AwsLandingZoneArgs, children: ChildOptions) -> kms.Key:
    site = args.site
    key = kms.Key(
        f"{site.name}-key",
        description=f"Disks, snapshots and backups of {site.name}",
        enable_key_rotation=True,
        deletion_window_in_days=KEY_DELETION_DAYS,
        tags=_named(args, f"{site.name}-key"),
        opts=children.protected(),
    )
    kms.Alias(f"{site.name}-key-alias", name=site.kms_alias, target_key_id=key.key_id, opts=children.plain())
    return key


def _instance_profile(args: AwsLandingZoneArgs, children: ChildOptions) -> iam.InstanceProfile:
    name = f"{args.site.name}-server"
    role = iam.Role(
        f"{name}-role",
        name=name,
        description="What every server may do: be managed",
        assume_role_policy=_trust("ec2.amazonaws.com"),
        tags=args.tags,
        opts=children.plain(),
    )
    iam.RolePolicyAttachment(f"{name}-ssm", role=role.name, policy_arn=SSM_POLICY, opts=children.plain())
    return iam.InstanceProfile(f"{name}-profile", name=name, role=role.name, tags=args.tags, opts=children.plain())


def _vault(args: AwsLandingZoneArgs, key: kms.Key, children: ChildOptions) -> backup.Vault:
    name = f"{args.site.name}-vault"
    return backup.Vault(name, name=name, kms_key_arn=key.arn, tags=args.tags, opts=children.protected())


def _trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
