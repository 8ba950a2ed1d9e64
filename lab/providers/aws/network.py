"""Networks: VPC, subnet, internet gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.providers.aws.ec2 import REGION, TAGS, Api, AwsWork, Calls, Ec2Type, modify_attribute, remove
from lab.providers.aws.session import pick
from lab.providers.values import Values


def _vpc_attribute(parameter: str) -> Any:
    return modify_attribute("modify_vpc_attribute", "VpcId", parameter)


def _subnet_attribute(parameter: str) -> Any:
    return modify_attribute("modify_subnet_attribute", "SubnetId", parameter)


@dataclass(frozen=True, kw_only=True)
class Vpc(Ec2Type):
    """A VPC: its DNS settings are attributes with calls of their own."""

    def more(self, work: AwsWork, id_: str, item: Values) -> Values:
        """DNS attributes and the three things that come with every VPC."""
        _ = item
        ec2 = work.session.ec2

        def attribute(name: str, key: str) -> Any:
            return ec2.describe_vpc_attribute(VpcId=id_, Attribute=name)[key]["Value"]

        mine = [{"Name": "vpc-id", "Values": [id_]}]
        main = ec2.describe_route_tables(Filters=[*mine, {"Name": "association.main", "Values": ["true"]}])
        groups = ec2.describe_security_groups(Filters=[*mine, {"Name": "group-name", "Values": ["default"]}])
        acls = ec2.describe_network_acls(Filters=[*mine, {"Name": "default", "Values": ["true"]}])
        table = pick(main, "RouteTables.0.RouteTableId")
        return {
            "enableDnsHostnames": attribute("enableDnsHostnames", "EnableDnsHostnames"),
            "enableDnsSupport": attribute("enableDnsSupport", "EnableDnsSupport"),
            "enableNetworkAddressUsageMetrics": attribute("enableNetworkAddressUsageMetrics", "EnableNetworkAddressUsageMetrics"),
            "mainRouteTableId": table,
            "defaultRouteTableId": table,
            "defaultSecurityGroupId": pick(groups, "SecurityGroups.0.GroupId"),
            "defaultNetworkAclId": pick(acls, "NetworkAcls.0.NetworkAclId"),
        }

    def replaces(self, pattern: str, old: Values, new: Values) -> bool:
        """Tenancy may go from dedicated to default in place, as upstream's resourceVPCCustomizeDiff has it."""
        if pattern == "instanceTenancy":
            return (old.get("instanceTenancy"), new.get("instanceTenancy")) != ("dedicated", "default")
        return super().replaces(pattern, old, new)


VPC = Vpc(
    name="aws:ec2/vpc:Vpc",
    upstream="internal/service/ec2/vpc_.go",
    calls=Calls(
        create="create_vpc",
        result="Vpc.VpcId",
        describe="describe_vpcs",
        ids="VpcIds",
        items="Vpcs",
        delete="delete_vpc",
        key="VpcId",
        tagged="vpc",
    ),
    arn="vpc/{id}",
    computed={"ownerId": "OwnerId", "dhcpOptionsId": "DhcpOptionsId"},
    fields={
        "cidrBlock": Api(send="CidrBlock", path="CidrBlock", computed=True, replace=True),
        "instanceTenancy": Api(
            send="InstanceTenancy",
            path="InstanceTenancy",
            default="default",
            replace=True,
            modify=lambda work, id_, value: work.session.ec2.modify_vpc_tenancy(VpcId=id_, InstanceTenancy=value),
        ),
        "enableDnsSupport": Api(default=True, after=True, modify=_vpc_attribute("EnableDnsSupport")),
        "enableDnsHostnames": Api(computed=True, after=True, modify=_vpc_attribute("EnableDnsHostnames")),
        "enableNetworkAddressUsageMetrics": Api(computed=True, after=True, modify=_vpc_attribute("EnableNetworkAddressUsageMetrics")),
        "region": REGION,
        "tags": TAGS,
    },
)

SUBNET = Ec2Type(
    name="aws:ec2/subnet:Subnet",
    upstream="internal/service/ec2/vpc_subnet.go",
    calls=Calls(
        create="create_subnet",
        result="Subnet.SubnetId",
        describe="describe_subnets",
        ids="SubnetIds",
        items="Subnets",
        delete="delete_subnet",
        key="SubnetId",
        tagged="subnet",
    ),
    arn="subnet/{id}",
    computed={"ownerId": "OwnerId"},
    fields={
        "vpcId": Api(send="VpcId", path="VpcId", replace=True),
        "cidrBlock": Api(send="CidrBlock", path="CidrBlock", computed=True, replace=True),
        "availabilityZone": Api(send="AvailabilityZone", path="AvailabilityZone", computed=True, replace=True),
        "availabilityZoneId": Api(send="AvailabilityZoneId", path="AvailabilityZoneId", computed=True, replace=True),
        "mapPublicIpOnLaunch": Api(path="MapPublicIpOnLaunch", default=False, after=True, modify=_subnet_attribute("MapPublicIpOnLaunch")),
        "assignIpv6AddressOnCreation": Api(
            path="AssignIpv6AddressOnCreation", default=False, after=True, modify=_subnet_attribute("AssignIpv6AddressOnCreation")
        ),
        "privateDnsHostnameTypeOnLaunch": Api(
            path="PrivateDnsNameOptionsOnLaunch.HostnameType",
            computed=True,
            after=True,
            modify=modify_attribute("modify_subnet_attribute", "SubnetId", "PrivateDnsHostnameTypeOnLaunch", wrapped=False),
        ),
        "region": REGION,
        "tags": TAGS,
    },
)


def _move_gateway(work: AwsWork, id_: str, vpc: Any) -> None:
    """Detach the gateway from where it is, and attach it to `vpc` if there is one."""
    item = INTERNET_GATEWAY.item(work, id_) or {}
    there = pick(item, "Attachments.0.VpcId")
    if there:
        remove(
            work,
            f"detaching {id_}",
            lambda: work.session.ec2.detach_internet_gateway(InternetGatewayId=id_, VpcId=there),
            ("DependencyViolation",),
        )
    if vpc:
        work.session.ec2.attach_internet_gateway(InternetGatewayId=id_, VpcId=vpc)


@dataclass(frozen=True, kw_only=True)
class InternetGateway(Ec2Type):
    """An internet gateway goes only when it is detached."""

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """Detach, then delete."""
        _move_gateway(work, id_, None)
        super().delete(work, id_, state)


INTERNET_GATEWAY = InternetGateway(
    name="aws:ec2/internetGateway:InternetGateway",
    upstream="internal/service/ec2/vpc_internet_gateway.go",
    calls=Calls(
        create="create_internet_gateway",
        result="InternetGateway.InternetGatewayId",
        describe="describe_internet_gateways",
        ids="InternetGatewayIds",
        items="InternetGateways",
        delete="delete_internet_gateway",
        key="InternetGatewayId",
        tagged="internet-gateway",
    ),
    arn="internet-gateway/{id}",
    computed={"ownerId": "OwnerId"},
    fields={
        "vpcId": Api(path="Attachments.0.VpcId", computed=True, after=True, modify=_move_gateway),
        "region": REGION,
        "tags": TAGS,
    },
)
