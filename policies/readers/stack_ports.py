"""What a stack opens to whom: security groups, their rules, network access lists."""

from __future__ import annotations

from collections.abc import Iterator

from policies.evidence import PortEvidence, ServerEvidence, Unknown
from policies.readers.properties import Plain, address_range, integer, objects, text
from policies.readers.stack import (
    DEFAULT_NETWORK_ACL,
    DEFAULT_SECURITY_GROUP,
    INGRESS_RULE,
    NETWORK_ACL,
    NETWORK_ACL_RULE,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    Resource,
    Stack,
)

_ALL_PROTOCOLS = ("-1", "all")
_NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
"""Network access lists, and some programs, give a protocol by its number."""

_GROUPS = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP)
_LISTS = (NETWORK_ACL, DEFAULT_NETWORK_ACL)
_OF_GROUP, _OF_LIST = ("cidrBlocks", "ipv6CidrBlocks"), ("cidrBlock", "ipv6CidrBlock")


def stack_ports(stack: Stack, site: str, servers: dict[str, ServerEvidence]) -> Iterator[PortEvidence]:
    """Every range of ports that the stack opens. One that belongs to a server has the server's name, as the estate's own entries have."""
    for group in (each for kind in _GROUPS for each in stack.of(kind)):
        yield from _inside(group, _OF_GROUP, _behind(stack, group, servers), site)
    for rule in stack.of(SECURITY_GROUP_RULE):
        if rule.stated("type") != "egress":
            server = _behind(stack, _group_of(stack, rule), servers)
            yield from _opened(rule, rule.properties, _OF_GROUP, "protocol", server, site)
    for rule in stack.of(INGRESS_RULE):
        server = _behind(stack, _group_of(stack, rule), servers)
        yield from _opened(rule, rule.properties, ("cidrIpv4", "cidrIpv6"), "ipProtocol", server, site)
    for rule in stack.of(NETWORK_ACL_RULE):
        if rule.stated("egress") is not True and rule.stated("ruleAction") != "deny":
            yield from _opened(rule, rule.properties, _OF_LIST, "protocol", None, site)
    for access in (each for kind in _LISTS for each in stack.of(kind)):
        yield from _inside(access, _OF_LIST, None, site)


def _inside(resource: Resource, ranges: tuple[str, str], server: ServerEvidence | None, site: str) -> Iterator[PortEvidence]:
    """The openings that stand inside a group or an access list; one that is not known yet is an open question."""
    ingress = resource.stated("ingress")
    for opening in objects(ingress):
        if opening.get("action") != "deny":
            yield from _opened(resource, opening, ranges, "protocol", server, site)
    if isinstance(ingress, Unknown) or (isinstance(ingress, list) and any(isinstance(each, Unknown) for each in ingress)):
        yield _unclear(resource, server, site)


def grouped_servers(stack: Stack) -> set[str]:
    """The servers whose openings the stack declares, be they none."""
    components = (stack.server_of(group) for group in stack.of(SECURITY_GROUP))
    return {component.name for component in components if component is not None}


def _group_of(stack: Stack, rule: Resource) -> Resource:
    """The group that a rule of its own belongs to, where the stack tells."""
    groups = (stack.by_urn.get(urn) for urn in rule.uses.get("securityGroupId", ()))
    return next((g for g in groups if g is not None and g.type == SECURITY_GROUP), rule)


def _behind(stack: Stack, resource: Resource, servers: dict[str, ServerEvidence]) -> ServerEvidence | None:
    component = stack.server_of(resource)
    return servers.get(component.name) if component is not None else None


def _opened(
    resource: Resource, rule: dict[str, Plain], ranges: tuple[str, str], protocol_key: str, server: ServerEvidence | None, site: str
) -> Iterator[PortEvidence]:
    protocol = text(rule.get(protocol_key, "-1"), f"{protocol_key} of {resource.name}")
    first: int | Unknown
    last: int | Unknown
    if isinstance(protocol, Unknown):  # it may come to be all protocols, which have every port
        first = last = protocol
        protocol = "tcp"
    elif protocol.lower() in _ALL_PROTOCOLS:
        first, last = 0, 65535
    else:
        first = integer(rule.get("fromPort", 0.0), f"fromPort of {resource.name}")
        last = integer(rule.get("toPort", 65535.0), f"toPort of {resource.name}")
    for key in ranges:
        given = rule.get(key)
        for cidr in given if isinstance(given, list) else [given]:
            if cidr is not None:
                yield PortEvidence(
                    target=server.target if server else _target(resource),
                    first=first,
                    last=last,
                    protocol=_NUMBERS.get(protocol, protocol),
                    cidr=address_range(cidr, f"{key} of {resource.name}"),
                    server=server.name if server else "",
                    site=site,
                    source=server.source if server and server.source else resource.urn,
                    urn=resource.urn,
                )


def _target(resource: Resource) -> str:
    return f"network-acl/{resource.name}" if resource.type in {NETWORK_ACL_RULE, *_LISTS} else f"security-group/{resource.name}"


def _unclear(group: Resource, server: ServerEvidence | None, site: str) -> PortEvidence:
    lack = Unknown(f"ingress of {group.name}", "known only after the update")
    return PortEvidence(
        target=server.target if server else _target(group),
        first=lack,
        last=lack,
        protocol="-1",
        cidr=lack,
        server=server.name if server else "",
        site=site,
        source=group.urn,
        urn=group.urn,
    )
