"""A stack's resources laid over the estate: what a preview is about to make.

A stack shows only its own resources, so the estate is the ground and the resources win where both speak. A machine that only one of the two
knows is a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from infra.estate.model import GIB
from policies.evidence import Evidence, PortEvidence, ServerEvidence, Unknown
from policies.readers.properties import Plain, integer, text

SERVER = "incline:hybrid:Server"
VIRTUAL_MACHINE = "vsphere:index/virtualMachine:VirtualMachine"
INSTANCE = "aws:ec2/instance:Instance"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
TAG_PREFIX = "incline:"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a stack as a policy sees it."""

    type: str
    name: str
    urn: str
    parent: str
    properties: dict[str, Plain]


def overlay(ground: Evidence, site: str, resources: Iterable[Resource]) -> Evidence:
    """The estate's evidence with this stack's machines and open ports in place of what the estate says of them."""
    listed = list(resources)
    components = {r.urn: r for r in listed if r.type == SERVER}
    machines = [r for r in listed if r.type in {VIRTUAL_MACHINE, INSTANCE}]
    known = {(s.name, s.site): s for s in ground.servers}
    declared = {_server_name(r, components): r for r in machines}
    findings = list(ground.findings)
    servers = [s for s in ground.servers if s.site != site or not components]
    for name, resource in declared.items():
        entry = known.get((name, site))
        if entry is None:
            findings.append(f"{resource.urn}: the stack declares {name}, the estate has no such server on {site}")
            entry = _stranger(name, site, resource)
        servers.append(_merged(entry, resource, components.get(resource.parent)))
    if components:
        absent = sorted(n for n, s in known if s == site and n not in declared)
        findings.extend(f"server/{n}: the estate places {n} on {site}, the stack does not declare it" for n in absent)
    return replace(
        ground,
        reader="preview",
        servers=tuple(sorted(servers, key=lambda s: (s.name, s.held))),
        ports=ground.ports + tuple(_ports(listed)),
        findings=tuple(findings),
    )


def _server_name(resource: Resource, components: dict[str, Resource]) -> str:
    parent = components.get(resource.parent)
    if parent is not None:
        return parent.name
    given = resource.properties.get("name")
    return given if isinstance(given, str) else resource.name


def _stranger(name: str, site: str, resource: Resource) -> ServerEvidence:
    kind = "vsphere" if resource.type == VIRTUAL_MACHINE else "aws"
    lack = Unknown(f"size of {name}", "the resource does not say")
    return ServerEvidence(name=name, site=site, kind=kind, service="", cpus=lack, memory=lack, disks=(), urn=resource.urn)


def _merged(entry: ServerEvidence, resource: Resource, component: Resource | None) -> ServerEvidence:
    if entry.held:
        return replace(entry, urn=resource.urn)  # a held machine ignores changes: what runs is what the estate recorded
    if resource.type == INSTANCE:
        return replace(entry, urn=resource.urn, tags=_instance_tags(resource))
    props = resource.properties
    memory = integer(props.get("memory"), f"memory of {entry.name}")
    return replace(
        entry,
        urn=resource.urn,
        cpus=integer(props.get("numCpus"), f"numCpus of {entry.name}"),
        memory=memory if isinstance(memory, Unknown) else memory << 20,
        disks=tuple(_disks(entry.name, props.get("disks"))),
        tags=_intent_tags(component) if component is not None else entry.tags,
        cpu_reservation_mhz=_reservation(props.get("cpuReservation")),
        memory_reservation=_reservation(props.get("memoryReservation")) << 20,
    )


def _reservation(value: Plain) -> int:
    number = integer(value, "reservation")
    return 0 if isinstance(number, Unknown) else number


def _disks(server: str, disks: Plain) -> Iterator[int | Unknown]:
    if not isinstance(disks, list):
        yield disks if isinstance(disks, Unknown) else Unknown(f"disks of {server}", "the resource does not say")
        return
    for disk in disks:
        size = integer(disk.get("size") if isinstance(disk, dict) else disk, f"size of a disk of {server}")
        yield size if isinstance(size, Unknown) else size * GIB


def _instance_tags(resource: Resource) -> dict[str, str] | Unknown:
    tags = resource.properties.get("tags")
    if isinstance(tags, Unknown):
        return tags
    return {k.removeprefix(TAG_PREFIX): v for k, v in (tags or {}).items() if isinstance(v, str)} if isinstance(tags, dict | None) else {}


def _intent_tags(component: Resource) -> dict[str, str] | Unknown:
    """On vSphere a machine's tags are ids; their values stand in the component's intent."""
    tags = component.properties.get("tags")
    if isinstance(tags, dict):
        return {k: v for k, v in tags.items() if isinstance(v, str)}
    return tags if isinstance(tags, Unknown) else Unknown(f"tags of {component.name}", "the component does not say what it is meant to be")


def _ports(resources: list[Resource]) -> Iterator[PortEvidence]:
    for resource in resources:
        if resource.type == INGRESS_RULE:
            yield from _rule(resource, resource.properties, ("cidrIpv4", "cidrIpv6"), "ipProtocol")
        elif resource.type == SECURITY_GROUP:
            ingress = resource.properties.get("ingress")
            for rule in ingress if isinstance(ingress, list) else []:
                if isinstance(rule, dict):
                    yield from _rule(resource, rule, ("cidrBlocks", "ipv6CidrBlocks"), "protocol")


def _rule(resource: Resource, rule: dict[str, Plain], ranges: tuple[str, str], protocol: str) -> Iterator[PortEvidence]:
    for key in ranges:
        given = rule.get(key)
        for cidr in given if isinstance(given, list) else [given]:
            if cidr is not None:
                yield PortEvidence(
                    target=f"security-group/{resource.name}",
                    first=integer(rule.get("fromPort", 0), f"fromPort of {resource.name}"),
                    last=integer(rule.get("toPort", 65535), f"toPort of {resource.name}"),
                    protocol=str(rule.get(protocol, "-1")),
                    cidr=text(cidr, f"{key} of {resource.name}"),
                    source=resource.urn,
                    urn=resource.urn,
                )
