"""A stack's resources laid over the estate: what a preview is about to make, or what a state says was made.

A stack shows only its own resources, so the estate is the ground and the resources win where both speak. A machine that only one of the two
knows is a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from infra.wording import listed
from policies.evidence import Evidence, InstanceSettings, PortEvidence, ServerEvidence, Unknown, VsphereSettings
from policies.readers.stack import INSTANCE, SERVER, VIRTUAL_MACHINE, Resource, Stack
from policies.readers.stack_aws import merged_instance, stack_databases, stack_networks
from policies.readers.stack_ports import grouped_servers, stack_ports
from policies.readers.stack_vsphere import merged_machine, stack_clusters, stack_pools, unseparated

_NAMES_SHOWN = 5


def overlay(ground: Evidence, site: str, resources: Iterable[Resource], *, reader: str = "preview") -> Evidence:
    """The evidence with this stack's resources in place of what the ground says of them."""
    stack = Stack(resources)
    findings = list(ground.findings)
    servers = _servers(ground, site, stack, findings)
    kind = ground.kinds.get(site, "")
    findings.extend(unseparated(servers, stack))
    here = {s.name: s for s in servers if s.site == site}
    return replace(
        ground,
        reader=reader,
        servers=tuple(sorted(servers, key=lambda s: (s.name, s.held))),
        clusters=stack_clusters(ground, site, stack, findings) if kind == "vsphere" else ground.clusters,
        pools=stack_pools(ground, site, stack) if kind == "vsphere" else ground.pools,
        databases=stack_databases(ground, site, stack),
        networks=stack_networks(ground, site, stack),
        ports=_ports(ground, stack, site, here),
        findings=tuple(findings),
    )


def _servers(ground: Evidence, site: str, stack: Stack, findings: list[str]) -> list[ServerEvidence]:
    known = {s.name: s for s in ground.servers if s.site == site}
    merged: dict[str, ServerEvidence] = {}
    unexpected: list[str] = []
    for resource in (*stack.of(VIRTUAL_MACHINE), *stack.of(INSTANCE)):
        component = stack.server_of(resource)
        name = _name(resource, component)
        entry = known.get(name)
        if entry is None:
            unexpected.append(name)
            entry = _stranger(name, site, resource)
        merged[name] = _merged(entry, resource, component, stack)
    if unexpected:
        findings.append(f"site/{site}: the stack declares {listed(unexpected, _NAMES_SHOWN)}, the estate has no such server there")
    absent = sorted(name for name, s in known.items() if name not in merged and s.service and not s.urn)
    if absent and stack.of(SERVER):  # a stack without servers does not speak of them
        what = f"the estate places {listed(absent, _NAMES_SHOWN)} there, the stack does not declare them"
        findings.append(f"site/{site}: {what}; they count all the same, for another stack may")
    return [*(s for s in ground.servers if s.site != site or s.name not in merged), *merged.values()]


def _name(resource: Resource, component: Resource | None) -> str:
    if component is not None:
        return component.name
    given = resource.stated("name")
    return given if isinstance(given, str) and given else resource.name


def _stranger(name: str, site: str, resource: Resource) -> ServerEvidence:
    kind = "vsphere" if resource.type == VIRTUAL_MACHINE else "aws"
    lack = Unknown(f"size of {name}", "the resource does not say")
    return ServerEvidence(
        name=name,
        site=site,
        kind=kind,
        service="",
        cpus=lack,
        memory=lack,
        disks=(),
        vsphere=VsphereSettings() if kind == "vsphere" else None,
        instance=InstanceSettings() if kind == "aws" else None,
        source=resource.urn,
    )


def _merged(entry: ServerEvidence, resource: Resource, component: Resource | None, stack: Stack) -> ServerEvidence:
    if entry.held:  # a held machine ignores changes: what is there is what the estate recorded
        return replace(entry, urn=resource.urn, protected=entry.protected if resource.protect is None else resource.protect)
    if resource.type == INSTANCE:
        return merged_instance(entry, resource, stack)
    tags = _intent_tags(component) if component is not None else entry.tags
    return merged_machine(entry, resource, stack, tags)


def _intent_tags(component: Resource) -> Mapping[str, str | Unknown] | Unknown:
    """On vSphere a machine's tags are ids; their values stand in the component's intent."""
    tags = component.properties.get("tags")
    if isinstance(tags, dict):
        return {k: v for k, v in tags.items() if isinstance(v, str | Unknown)}
    return tags if isinstance(tags, Unknown) else Unknown(f"tags of {component.name}", "the component does not say what it is meant to be")


def _ports(ground: Evidence, stack: Stack, site: str, here: dict[str, ServerEvidence]) -> tuple[PortEvidence, ...]:
    """A server whose openings the stack declares has those, and not also the ones it was asked for."""
    told = grouped_servers(stack) & here.keys()
    return tuple(p for p in ground.ports if p.server not in told) + tuple(stack_ports(stack, site, here))
