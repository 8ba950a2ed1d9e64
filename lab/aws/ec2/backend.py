"""The EC2 backend: moto's, with the lab's parts in front."""

from __future__ import annotations

from typing import Any

from moto.ec2 import urls
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.instances import MetadataOptions

from lab.aws.ec2.endpoints import Endpoints
from lab.aws.ec2.images import Images
from lab.aws.ec2.interfaces import Interfaces
from lab.aws.ec2.launch import Launches
from lab.aws.ec2.network import Network, PlacementGroup
from lab.aws.ec2.refusals import refuse
from lab.aws.ec2.reservations import CapacityReservation, Reservations
from lab.aws.ec2.snapshots import Snapshots
from lab.aws.ec2.volumes import Volumes
from lab.aws.ec2.world import World
from lab.aws.keys import find_key


class LabEc2(Images, Launches, Endpoints, Interfaces, Network, Reservations, Snapshots, Volumes, EC2Backend):
    """One account's EC2 in one region. The world of blocks and settings is shared by all of them."""

    def __init__(self, world: World, region_name: str, account_id: str) -> None:
        self.world = world
        self.placement_groups: dict[str, PlacementGroup] = {}
        self.capacity_reservations: dict[str, CapacityReservation] = {}
        super().__init__(region_name, account_id)

    @property
    def _url_module(self) -> Any:
        return urls

    def reset(self) -> None:
        """Nothing: moto forgets all backends right after it has reset each, and makes them anew when they are asked for."""

    def settle(self) -> None:
        """Brings everything to the state that is due."""
        self.world.settle()
        self.settle_snapshots()

    def peer(self, region: str) -> LabEc2:
        """The same account in another region."""
        backend: LabEc2 = ec2_backends[self.account_id][region or self.region_name]
        return backend

    def do_resources_exist(self, resource_ids: list[str]) -> bool:
        """What CreateTags asks: moto lets unknown instances and interfaces pass, and knows no placement groups."""
        others = []
        for resource_id in resource_ids:
            match resource_id.partition("-")[0]:
                case "i":
                    self.get_instance(resource_id)
                case "eni":
                    self.get_network_interface(resource_id)
                case "pg":
                    self.describe_placement_groups([], [resource_id], {})
                case _:
                    others.append(resource_id)
        return bool(super().do_resources_exist(others))

    def modify_instance_metadata_options(self, instance_id: str, **options: Any) -> MetadataOptions:
        """ModifyInstanceMetadataOptions changes what it names; moto forgets the rest."""
        found: MetadataOptions = self.get_instance(instance_id).metadata_options
        for name, attribute in METADATA.items():
            if options.get(name) is not None:
                setattr(found, attribute, options[name])
        return found

    def type_info(self, instance_type: str) -> dict[str, Any]:
        """What DescribeInstanceTypes says of a type; empty for one that it does not have."""
        return next((dict(info) for info in self.instance_types if info["InstanceType"] == instance_type), {})

    def describe_tags(self, filters: dict[str, list[str]] | None = None) -> list[dict[str, str]]:
        """Moto walks all tags of the region for each object it shows; one object's tags are at hand."""
        ids = (filters or {}).get("resource-id", [])
        if filters is None or set(filters) != {"resource-id"} or len(ids) != 1 or "*" in ids[0]:
            found: list[dict[str, str]] = super().describe_tags(filters)
            return found
        kind = ids[0].rpartition("-")[0]
        return [
            {"resource_id": ids[0], "key": key, "value": value, "resource_type": TAGGED.get(kind, kind)}
            for key, value in self.tags.get(ids[0], {}).items()
        ]

    def key_arn(self, key: str) -> str:
        """The ARN of a key given by id, alias or ARN; without one, of the key that EBS uses in this account."""
        if not key:
            return self.default_kms_key_id or str(self._create_default_encryption_key())
        found = find_key(self.account_id, self.region_name, key)
        if found is None:
            raise refuse("InvalidKmsKey.NotFound", f"The KMS key '{key}' does not exist.")
        if found.key_state != "Enabled":
            raise refuse("InvalidKmsKey.InvalidState", f"The KMS key '{found.arn}' is {found.key_state}.")
        return str(found.arn)


METADATA = {
    "http_tokens": "http_tokens",
    "hop_limit": "http_put_response_hop_limit",
    "http_endpoint": "http_endpoint",
    "http_protocol": "http_protocol_ipv6",
    "metadata_tags": "instance_metadata_tags",
}
"""Names of moto's arguments and of the attributes that keep them."""

TAGGED = {
    "ami": "image",
    "cr": "capacity-reservation",
    "eni": "network-interface",
    "i": "instance",
    "igw": "internet-gateway",
    "pg": "placement-group",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
"""Resource types by the prefix of their ids, as DescribeTags shows them."""
