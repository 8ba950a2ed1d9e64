"""EC2's calls around interfaces, security groups and placement groups, where moto drops parameters or has nothing."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from lab.aws.ec2.endpoints import MODIFIED
from lab.aws.ec2.refusals import refuse


class NetworkAnswers:
    """Mixed into the response class in front of moto's."""

    ec2_backend: Any
    params: Any
    _get_param: Any
    _parse_tag_specification: Any
    _filters_from_querystring: Any
    _process_rules_from_querystring: Any
    error_on_dryrun: Any
    once: Any

    def create_network_interface(self) -> ActionResult:
        """CreateNetworkInterface with its client token; an address that was asked for is given or refused."""

        def make() -> ActionResult:
            eni = self.ec2_backend.create_network_interface(
                self.ec2_backend.get_subnet(self._get_param("SubnetId")),
                self._get_param("PrivateIpAddress"),
                self._get_param("PrivateIpAddresses", []),
                self._get_param("Groups", []),
                self._get_param("Description"),
                self._parse_tag_specification().get("network-interface", {}),
                strict=True,
                secondary_ips_count=self._get_param("SecondaryPrivateIpAddressCount"),
            )
            return ActionResult({"NetworkInterface": eni, "ClientToken": self._get_param("ClientToken")})

        result: ActionResult = self.once(make)
        return result

    def create_nat_gateway(self) -> ActionResult:
        """CreateNatGateway with its client token."""
        result: ActionResult = self.once(super().create_nat_gateway)  # type: ignore[misc]
        return result

    def create_vpc_endpoint(self) -> ActionResult:
        """CreateVpcEndpoint with its client token."""

        def make() -> ActionResult:
            names = ("VpcId", "ServiceName", "VpcEndpointType", "PolicyDocument", "RouteTableIds", "SubnetIds", "SecurityGroupIds")
            asked = {name: self._get_param(name) for name in (*names, "PrivateDnsEnabled", "ClientToken")}
            endpoint = self.ec2_backend.add_endpoint(asked, self._parse_tag_specification().get("vpc-endpoint", {}))
            return ActionResult({"VpcEndpoint": endpoint})

        result: ActionResult = self.once(make)
        return result

    def modify_vpc_endpoint(self) -> ActionResult:
        """ModifyVpcEndpoint."""
        self.error_on_dryrun()
        asked = {name: self._get_param(name) for name in (*MODIFIED, "PolicyDocument", "ResetPolicy", "PrivateDnsEnabled")}
        self.ec2_backend.change_endpoint(self._get_param("VpcEndpointId"), asked)
        return ActionResult({"Return": True})

    def delete_vpc_endpoints(self) -> ActionResult:
        """DeleteVpcEndpoints."""
        self.error_on_dryrun()
        return ActionResult({"Unsuccessful": self.ec2_backend.delete_vpc_endpoints(self._get_param("VpcEndpointIds", []))})

    def modify_network_interface_attribute(self) -> ActionResult:
        """ModifyNetworkInterfaceAttribute with the attachment's flag and empty descriptions."""
        self.error_on_dryrun()
        asked = {name: self._get_param(name, {}) for name in ("Groups", "SourceDestCheck", "Description", "Attachment")}
        self.ec2_backend.modify_interface(self._get_param("NetworkInterfaceId"), asked)
        return EmptyResult()

    def authorize_security_group_ingress(self) -> ActionResult:
        """AuthorizeSecurityGroupIngress; answers the rules of all permissions."""
        return self._authorize(self.ec2_backend.authorize_security_group_ingress)

    def authorize_security_group_egress(self) -> ActionResult:
        """AuthorizeSecurityGroupEgress; answers the rules of all permissions."""
        return self._authorize(self.ec2_backend.authorize_security_group_egress)

    def _authorize(self, authorize: Any) -> ActionResult:
        self.error_on_dryrun()
        rules: list[Any] = []
        for permission in self._process_rules_from_querystring():
            rules += authorize(**permission)[0]
        return ActionResult({"Return": True, "SecurityGroupRules": rules})

    def delete_security_group(self) -> ActionResult:
        """DeleteSecurityGroup; a VPC's own default group goes with the VPC only."""
        self.error_on_dryrun()
        name, group_id = self._get_param("GroupName"), self._get_param("GroupId")
        group = self.ec2_backend.get_security_group_by_name_or_id(group_id or name)
        if group is not None and group.name == "default":
            raise refuse("CannotDelete", f"the specified group: '{group.id}' name: 'default' cannot be deleted by a user")
        self.ec2_backend.delete_security_group(name, group_id)
        return ActionResult({"Return": True, "GroupId": group_id})

    def create_placement_group(self) -> ActionResult:
        """CreatePlacementGroup."""
        self.error_on_dryrun()
        asked = {name: self._get_param(name) for name in ("GroupName", "Strategy", "PartitionCount", "SpreadLevel")}
        group = self.ec2_backend.create_placement_group(asked, self._parse_tag_specification().get("placement-group", {}))
        return ActionResult({"PlacementGroup": group})

    def describe_placement_groups(self) -> ActionResult:
        """DescribePlacementGroups."""
        names, ids = self._get_param("GroupNames", []), self._get_param("GroupIds", [])
        groups = self.ec2_backend.describe_placement_groups(names, ids, self._filters_from_querystring())
        return ActionResult({"PlacementGroups": groups})

    def delete_placement_group(self) -> ActionResult:
        """DeletePlacementGroup."""
        self.error_on_dryrun()
        self.ec2_backend.delete_placement_group(self._get_param("GroupName"))
        return EmptyResult()
