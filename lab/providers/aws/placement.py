"""Placement groups."""

from __future__ import annotations

from botocore.exceptions import ClientError

from lab.providers.aws import tags
from lab.providers.aws.ec2 import REGION, TAGS, AwsWork, remove
from lab.providers.aws.session import AwsSession, is_gone
from lab.providers.table import Change, Field, Fields, GeneratedName, Resource
from lab.providers.values import Values, is_empty


class PlacementGroup(Resource[AwsSession]):
    """A placement group; its id is its name."""

    name = "aws:ec2/placementGroup:PlacementGroup"
    upstream = "internal/service/ec2/ec2_placement_group.go"
    generated_name = GeneratedName(max_length=255)
    fields = Fields(
        {
            "name": Field(replace=True),
            "strategy": Field(replace=True),
            "partitionCount": Field(computed=True, replace=True),
            "spreadLevel": Field(computed=True, replace=True),
            "region": REGION,
            "tags": TAGS,
        }
    )

    def create(self, work: AwsWork, inputs: Values) -> str:
        """Make it."""
        keys = {"name": "GroupName", "strategy": "Strategy", "partitionCount": "PartitionCount", "spreadLevel": "SpreadLevel"}
        sent = {keys[name]: inputs[name] for name in keys if not is_empty(inputs.get(name))}
        specification = tags.specification("placement-group", inputs.get("tags"))
        work.session.ec2.create_placement_group(**sent, **({"TagSpecifications": specification} if specification else {}))
        return str(inputs["name"])

    def read(self, work: AwsWork, id_: str, prior: Values) -> Values | None:
        """Describe it by its name."""
        _ = prior
        try:
            groups = work.session.ec2.describe_placement_groups(GroupNames=[id_])["PlacementGroups"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        groups = [group for group in groups if group.get("State") != "deleted"]
        if not groups:
            return None
        group = groups[0]
        return {
            "id": id_,
            "region": work.session.region,
            "name": group["GroupName"],
            "strategy": group["Strategy"],
            "partitionCount": group.get("PartitionCount"),
            "spreadLevel": group.get("SpreadLevel"),
            "placementGroupId": group.get("GroupId"),
            "arn": work.session.arn("ec2", f"placement-group/{id_}"),
            **tags.told(work.session, group.get("Tags")),
        }

    def update(self, work: AwsWork, change: Change) -> None:
        """Tags alone."""
        tags.bring_ec2(work.session, change.state["placementGroupId"], change.state.get("tags") or {}, change.new.get("tags") or {})

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """Delete it once it is empty."""
        _ = state
        remove(
            work,
            f"deleting placement group {id_}",
            lambda: work.session.ec2.delete_placement_group(GroupName=id_),
            ("InvalidPlacementGroup.InUse",),
        )
