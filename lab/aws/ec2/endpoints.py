"""VPC endpoints: interfaces with real addresses and groups, routes that follow the route tables, nothing left after a delete."""

from __future__ import annotations

import json
from typing import Any

from moto.ec2.models.vpcs import VPCEndPoint, create_dns_entries
from moto.ec2.utils import random_vpc_ep_id

from lab.aws.ec2.refusals import bad_value, refuse
from lab.aws.ec2.world import World

MODIFIED = (
    "AddRouteTableIds",
    "RemoveRouteTableIds",
    "AddSubnetIds",
    "RemoveSubnetIds",
    "AddSecurityGroupIds",
    "RemoveSecurityGroupIds",
)
"""ModifyVpcEndpoint's lists."""


class LabEndpoint(VPCEndPoint):
    """An endpoint that knows its interface of each subnet."""

    def __init__(self, backend: Any, asked: dict[str, Any], prefix_list: str | None) -> None:
        kind = asked.get("VpcEndpointType") or "Gateway"
        endpoint_id = random_vpc_ep_id()
        interface = kind == "Interface"
        private_dns = asked.get("PrivateDnsEnabled")
        super().__init__(
            backend,
            endpoint_id,
            asked["VpcId"],
            asked["ServiceName"],
            kind,
            asked.get("PolicyDocument"),
            [],
            [],
            [],
            dns_entries=[create_dns_entries(asked["ServiceName"], endpoint_id)] if interface else [],
            client_token=asked.get("ClientToken"),
            security_group_ids=[],
            private_dns_enabled=interface and (private_dns is None or bool(private_dns)),
            destination_prefix_list_id=prefix_list,
        )
        self.ip_address_type = "ipv4"
        self.dns_options = {"DnsRecordIpType": "ipv4"} if interface else {"DnsRecordIpType": "service-defined"}
        self.requester_managed = False

    @property
    def policy(self) -> Any:
        """The policy as data."""
        return json.loads(self.policy_document)


class Endpoints:
    """The part of the EC2 backend that answers for VPC endpoints."""

    world: World
    vpc_end_points: dict[str, LabEndpoint]
    enis: dict[str, Any]

    def add_endpoint(self, asked: dict[str, Any], tags: dict[str, str]) -> LabEndpoint:
        """CreateVpcEndpoint."""
        self.get_vpc(asked["VpcId"])  # type: ignore[attr-defined]
        kind = asked.get("VpcEndpointType") or "Gateway"
        if kind == "Gateway" and (asked.get("SubnetIds") or asked.get("SecurityGroupIds")):
            raise bad_value("Gateway endpoints have route tables, not subnets and security groups.")
        lists = self.managed_prefix_lists.values()  # type: ignore[attr-defined]
        prefix = next((p.id for p in lists if p.prefix_list_name == asked["ServiceName"]), None) if kind == "Gateway" else None
        if kind == "Gateway" and prefix is None:
            raise refuse("InvalidServiceName", f"The Vpc Endpoint Service '{asked['ServiceName']}' does not exist")
        endpoint = LabEndpoint(self, asked, prefix)
        default = self.get_default_security_group(asked["VpcId"])  # type: ignore[attr-defined]
        groups = asked.get("SecurityGroupIds") or ([default.id] if kind == "Interface" and default else [])
        self.groups_by_id(groups)  # type: ignore[attr-defined]
        self.vpc_end_points[endpoint.id] = endpoint
        endpoint.security_group_ids = list(groups)
        for subnet_id in asked.get("SubnetIds") or []:
            self._enter(endpoint, subnet_id)
        for table_id in asked.get("RouteTableIds") or []:
            self._route(endpoint, table_id)
        endpoint.add_tags(tags)
        return endpoint

    def change_endpoint(self, endpoint_id: str, asked: dict[str, Any]) -> None:
        """ModifyVpcEndpoint: interfaces and routes follow."""
        endpoint = self.endpoint(endpoint_id)
        lists = {name: asked.get(name) or [] for name in MODIFIED}
        self.groups_by_id(lists["AddSecurityGroupIds"])  # type: ignore[attr-defined]
        for table_id in lists["RemoveRouteTableIds"]:
            self._unroute(endpoint, table_id)
        for table_id in lists["AddRouteTableIds"]:
            self._route(endpoint, table_id)
        kept = [g for g in endpoint.security_group_ids if g not in lists["RemoveSecurityGroupIds"]]
        endpoint.security_group_ids = kept + [g for g in lists["AddSecurityGroupIds"] if g not in kept]
        for subnet_id in lists["RemoveSubnetIds"]:
            self._leave_subnet(endpoint, subnet_id)
        for subnet_id in lists["AddSubnetIds"]:
            self._enter(endpoint, subnet_id)
        for eni_id in endpoint.network_interface_ids:
            self.modify_interface(eni_id, {"Groups": endpoint.security_group_ids})  # type: ignore[attr-defined]
        if asked.get("PolicyDocument") or asked.get("ResetPolicy"):
            endpoint.policy_document = asked.get("PolicyDocument") or json.dumps(VPCEndPoint.DEFAULT_POLICY)
        if asked.get("PrivateDnsEnabled") is not None:
            endpoint.private_dns_enabled = bool(asked["PrivateDnsEnabled"])

    def endpoint(self, endpoint_id: str) -> LabEndpoint:
        """The endpoint, or InvalidVpcEndpointId.NotFound."""
        endpoint = self.vpc_end_points.get(endpoint_id)
        if endpoint is None:
            raise refuse("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{endpoint_id}' does not exist")
        return endpoint

    def describe_vpc_endpoints(self, vpc_end_point_ids: list[str] | None, filters: Any = None) -> list[LabEndpoint]:
        """DescribeVpcEndpoints."""
        for endpoint_id in vpc_end_point_ids or []:
            self.endpoint(endpoint_id)
        found: list[LabEndpoint] = super().describe_vpc_endpoints(vpc_end_point_ids, filters)  # type: ignore[misc]
        return found

    def delete_vpc_endpoints(self, vpce_ids: list[str] | None = None) -> list[dict[str, Any]]:
        """DeleteVpcEndpoints; answers those that are not there."""
        missing = []
        for endpoint_id in vpce_ids or []:
            endpoint = self.vpc_end_points.pop(endpoint_id, None)
            if endpoint is None:
                error = {"Code": "InvalidVpcEndpoint.NotFound", "Message": f"The Vpc Endpoint Id '{endpoint_id}' does not exist"}
                missing.append({"ResourceId": endpoint_id, "Error": error})
                continue
            for table_id in list(endpoint.route_table_ids):
                self._unroute(endpoint, table_id)
            for eni_id in endpoint.network_interface_ids:
                self.enis.pop(eni_id, None)
        return missing

    def _enter(self, endpoint: LabEndpoint, subnet_id: str) -> None:
        if subnet_id in endpoint.subnet_ids:
            return
        note = f"VPC Endpoint Interface {endpoint.id}"
        eni = self.create_network_interface(  # type: ignore[attr-defined]
            self.get_subnet(subnet_id),  # type: ignore[attr-defined]
            None,
            group_ids=endpoint.security_group_ids,
            description=note,
        )
        eni.status, eni.interface_type, eni.requester_managed = "in-use", "vpc_endpoint", True
        endpoint.subnet_ids.append(subnet_id)
        endpoint.network_interface_ids.append(eni.id)

    def _leave_subnet(self, endpoint: LabEndpoint, subnet_id: str) -> None:
        for eni_id in list(endpoint.network_interface_ids):
            if self.enis[eni_id].subnet.id == subnet_id:
                endpoint.network_interface_ids.remove(eni_id)
                self.enis.pop(eni_id)
        endpoint.subnet_ids = [s for s in endpoint.subnet_ids if s != subnet_id]

    def _route(self, endpoint: LabEndpoint, table_id: str) -> None:
        if table_id in endpoint.route_table_ids:
            return
        prefix = endpoint.destination_prefix_list_id
        self.create_route(table_id, None, gateway_id=endpoint.id, destination_prefix_list_id=prefix)  # type: ignore[attr-defined]
        endpoint.route_table_ids.append(table_id)

    def _unroute(self, endpoint: LabEndpoint, table_id: str) -> None:
        if table_id in endpoint.route_table_ids:
            endpoint.route_table_ids.remove(table_id)
            table = self.route_tables.get(table_id)  # type: ignore[attr-defined]
            if table is not None:
                self.delete_route(table_id, endpoint.destination_prefix_list_id)  # type: ignore[attr-defined]
