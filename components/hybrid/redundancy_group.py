"""Servers that stand in for each other must not fall together: a DRS anti-affinity rule per cluster, distinct zones on AWS.

vSphere keeps running machines apart by a rule, which this component owns. On AWS a zone is chosen with the subnet and cannot be enforced
afterwards: the component records which zones the members stand in, and the policies judge that. Held members count, because a rollback
must find them apart. A cluster with a single member needs no rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pulumi

from components.base import Component
from infra.estate.model import AwsSite, Site, VsphereSite
from infra.outputs import AwsFoundation, VsphereFoundation


@dataclass(frozen=True, kw_only=True)
class Member:
    """One server of a group on this site. `failure_domain` is its cluster on vSphere and its zone on AWS."""

    server: str
    failure_domain: str
    machine_id: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class RedundancyGroupArgs:
    """The members of a group that stand on one site."""

    members: tuple[Member, ...]
    site: Site
    foundation: VsphereFoundation | AwsFoundation


class RedundancyGroup(Component):
    """A group's part on one site; `<group>-<cluster>` is the rule of a cluster."""

    urn_type: ClassVar[str] = "incline:hybrid:RedundancyGroup"

    def __init__(self, name: str, *, args: RedundancyGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        domains = _by_domain(args.members)
        intent = {
            "site": args.site.name,
            "members": sorted(member.server for member in args.members),
            "failureDomains": sorted(domains),
            "means": "anti-affinity" if isinstance(args.site, VsphereSite) else "zones",
        }
        super().__init__(name, intent=intent, opts=opts)
        match args.site, args.foundation:
            case VsphereSite(), VsphereFoundation():
                rules = _declare_rules(name, domains, args.foundation, self)
            case AwsSite(), AwsFoundation():
                rules = {}
            case _:
                raise TypeError(f"site {args.site.name} and its foundation must be of one kind, got {type(args.foundation).__name__}")
        self.register_outputs({"rules": rules})


def _by_domain(members: Sequence[Member]) -> dict[str, list[Member]]:
    domains: dict[str, list[Member]] = {}
    for member in sorted(members, key=lambda each: each.server):
        domains.setdefault(member.failure_domain, []).append(member)
    return domains


def _declare_rules(
    name: str, domains: Mapping[str, Sequence[Member]], foundation: VsphereFoundation, component: RedundancyGroup
) -> dict[str, pulumi.Output[str]]:
    from components.vsphere.anti_affinity import declare_anti_affinity  # noqa: PLC0415 - only the SDK of the side in use

    return {
        cluster: declare_anti_affinity(
            f"{name}-{cluster}",
            cluster_id=foundation.clusters[cluster],
            machine_ids=[member.machine_id for member in members],
            children=component.children(),
        ).id
        for cluster, members in domains.items()
        if len(members) > 1
    }
