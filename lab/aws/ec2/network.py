"""Refusals of the network's objects, and placement groups, which moto does not have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.ec2.models.core import TaggedEC2Resource
from moto.moto_api._internal import mock_random

from lab.aws.ec2.refusals import bad_value, dependency, refuse
from lab.aws.ec2.world import World


@dataclass
class PlacementGroup(TaggedEC2Resource):
    """Where instances may stand relative to each other."""

    ec2_backend: Any
    group_name: str
    strategy: str
    partition_count: int | None
    spread_level: str | None
    state: str = "available"
    id: str = ""

    def __post_init__(self) -> None:
        self.id = f"pg-{mock_random.get_random_hex(17)}"

    @property
    def group_id(self) -> str:
        """Its id."""
        return self.id

    @property
    def group_arn(self) -> str:
        """Its ARN, which is made of its name."""
        backend = self.ec2_backend
        return f"arn:aws:ec2:{backend.region_name}:{backend.account_id}:placement-group/{self.group_name}"


class Network:
    """The part of the EC2 backend that refuses to take away what is in use."""

    world: World
    enis: dict[str, Any]
    placement_groups: dict[str, PlacementGroup]

    def create_security_group(self, name: str, description: str, vpc_id: str | None = None, **kwargs: Any) -> Any:
        """CreateSecurityGroup; a VPC's own default group lets its members talk to each other, as AWS's does."""
        group = super().create_security_group(name, description, vpc_id, **kwargs)  # type: ignore[misc]
        if name == "default" and kwargs.get("is_default"):
            pair = {"GroupId": group.id}
            self.authorize_security_group_ingress(group.id, "-1", None, None, [], source_groups=[pair], vpc_id=vpc_id)  # type: ignore[attr-defined]
        return group

    def delete_security_group(self, name: str | None = None, group_id: str | None = None) -> None:
        """DeleteSecurityGroup; refused while an interface is in it or another group's rule names it."""
        group = self.get_security_group_by_name_or_id(group_id or name)  # type: ignore[attr-defined]
        if group is not None:
            used = {member.id for eni in self.enis.values() for member in eni.group_set}
            if group.id in used | self._named_by_others(group.id):
                raise dependency(f"resource {group.id} has a dependent object")
        super().delete_security_group(name, group_id)  # type: ignore[misc]

    def _named_by_others(self, group_id: str) -> set[str]:
        groups = [group for of_vpc in self.groups.values() for group in of_vpc.values() if group.id != group_id]  # type: ignore[attr-defined]
        rules = [rule for group in groups for rule in (*group.ingress_rules, *group.egress_rules)]
        return {rule.source_group.get("GroupId", "") for rule in rules}

    def delete_subnet(self, subnet_id: str) -> Any:
        """DeleteSubnet; refused while an interface stands in it."""
        subnet = self.get_subnet(subnet_id)  # type: ignore[attr-defined]
        if any(eni.subnet.id == subnet.id for eni in self.enis.values()):
            raise dependency(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        return super().delete_subnet(subnet_id)  # type: ignore[misc]

    def create_placement_group(self, asked: dict[str, Any], tags: dict[str, str]) -> PlacementGroup:
        """CreatePlacementGroup."""
        name, strategy = asked.get("GroupName") or "", asked.get("Strategy") or "cluster"
        if name in self.placement_groups:
            raise refuse("InvalidPlacementGroup.Duplicate", f"Placement group '{name}' already exists.")
        if strategy not in {"cluster", "spread", "partition"}:
            raise bad_value(f"Value ({strategy}) for parameter strategy is invalid.")
        partitions = asked.get("PartitionCount") or (2 if strategy == "partition" else None)
        spread = asked.get("SpreadLevel") or ("rack" if strategy == "spread" else None)
        group = PlacementGroup(self, name, strategy, partitions, spread)
        self.placement_groups[name] = group
        group.add_tags(tags)
        return group

    def placement_group(self, name: str) -> PlacementGroup:
        """The group, or InvalidPlacementGroup.Unknown."""
        group = self.placement_groups.get(name)
        if group is None:
            raise refuse("InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown.")
        return group

    def describe_placement_groups(self, names: list[str], ids: list[str], filters: dict[str, Any]) -> list[PlacementGroup]:
        """DescribePlacementGroups."""
        groups = [self.placement_group(name) for name in names] or list(self.placement_groups.values())
        groups = [group for group in groups if not ids or group.id in ids]
        if ids and not groups:
            raise refuse("InvalidPlacementGroup.Unknown", f"The Placement Group '{ids[0]}' is unknown.")
        return [g for g in groups if all(str(g.get_filter_value(name, "DescribePlacementGroups")) in v for name, v in filters.items())]

    def delete_placement_group(self, name: str) -> None:
        """DeletePlacementGroup; refused while an instance stands in it."""
        self.placement_group(name)
        instances = self.all_instances()  # type: ignore[attr-defined]
        if any(i.placement.group_name == name and i.state != "terminated" for i in instances):
            raise refuse("InvalidPlacementGroup.InUse", f"The placement group '{name}' is in use and may not be deleted.")
        self.placement_groups.pop(name)
