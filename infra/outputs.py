"""The typed outputs of each layer, and how another stack reads them.

Stacks meet only here: the foundation of a site exports one of these records, its servers stack reads the same record back. Names on the
wire are camelCase, as Pulumi's own; a stack that was never brought up, or that lacks a value, is an error that names the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import pulumi

from infra.errors import InclineError
from infra.stack_config import Layer, StackName
from infra.stack_state import StackState, read_stack

GENERATION = "estateGeneration"
SERVERS = "servers"
HELD = "held"

Ids = Mapping[str, pulumi.Input[str]]


@dataclass(frozen=True, kw_only=True)
class FoundationOutputs:
    """What both kinds of foundation have in common: how they travel from stack to stack."""

    def export(self) -> dict[str, Any]:
        """The record as stack outputs."""
        return {_camel(each.name): getattr(self, each.name) for each in fields(self)}

    @classmethod
    def parse(cls, name: StackName, outputs: Mapping[str, object]) -> Self:
        """The record from the outputs of stack `name`.

        Raises:
            InclineError: the stack has never been brought up, or an older program wrote it (INC-7003).
        """
        missing = [key for key in (_camel(each.name) for each in fields(cls)) if key not in outputs]
        if missing:
            raise InclineError(
                f"stack {name} does not offer {', '.join(missing)}" if outputs else f"stack {name} was never brought up",
                code="INC-7003",
                details=("the servers of a site stand on its foundation, which is brought up first",),
                next_step=f"pulumi up --stack {name}",
            )
        return cls(**{each.name: outputs[_camel(each.name)] for each in fields(cls)})


@dataclass(frozen=True, kw_only=True)
class VsphereFoundation(FoundationOutputs):
    """Ids of what a vSphere site's servers are declared in. `pools` and `clusters` by cluster, `tags` by `tag_id_key`."""

    datacenter_id: pulumi.Input[str]
    folder: pulumi.Input[str]
    pools: Ids
    clusters: Ids
    datastores: Ids
    networks: Ids
    tags: Ids


@dataclass(frozen=True, kw_only=True)
class AwsFoundation(FoundationOutputs):
    """Ids of what an AWS site's servers are declared in. `subnets` by network; the quarantine group has no rule at all."""

    vpc_id: pulumi.Input[str]
    subnets: Ids
    kms_key_arn: pulumi.Input[str]
    instance_profile: pulumi.Input[str]
    quarantine_security_group_id: pulumi.Input[str]
    backup_vault: pulumi.Input[str]


def foundation_id(ids: Ids, kind: str, name: str, site: str) -> pulumi.Input[str]:
    """The id of something that a site's foundation knows by name.

    Raises:
        InclineError: the estate names it, the foundation as last brought up does not have it (INC-7014).
    """
    try:
        return ids[name]
    except KeyError:
        raise InclineError(
            f"the foundation of {site} has no {kind} {name} yet",
            code="INC-7014",
            details=(
                "the estate has gained it since the foundation was last brought up",
                "where several sites share a vCenter, the foundation of the first by name owns the tags and comes before the others",
            )[: 2 if kind == "tag" else 1],
            next_step=f"pulumi up --stack {StackName(site=site, layer=Layer.FOUNDATION)}",
        ) from None


def tag_id_key(category: str, tag: str) -> str:
    """The key of a tag's id in a foundation's `tags`."""
    return f"{category}:{tag}"


def read_vsphere_foundation(site: str) -> VsphereFoundation:
    """The foundation of a vSphere site, as it was last brought up."""
    name = StackName(site=site, layer=Layer.FOUNDATION)
    return VsphereFoundation.parse(name, _existing(name).outputs)


def read_aws_foundation(site: str) -> AwsFoundation:
    """The foundation of an AWS site, as it was last brought up."""
    name = StackName(site=site, layer=Layer.FOUNDATION)
    return AwsFoundation.parse(name, _existing(name).outputs)


def _existing(name: StackName) -> StackState:
    """The state of a stack, empty where the backend does not know it."""
    try:
        return read_stack(str(name))
    except Exception as error:  # the SDK raises a plain Exception for every failed function call
        if "unknown stack" not in str(error):
            raise
        return StackState()


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
