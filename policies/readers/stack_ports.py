"""What a stack opens to whom: security groups, their rules, network access lists."""

from __future__ import annotations

from collections.abc import Iterator

from policies.evidence import PortEvidence, ServerEvidence, Unknown
from policies.readers.properties import Plain, address_range, integer, objects, text
from policies.readers.stack import INGRESS_RULE, NETWORK_ACL_RULE, SECURITY_GROUP, SECURITY_GROUP_RULE, Resource, Stack

_ALL_PROTOCOLS = ("-1", "all")


def stack_ports(stack: Stack, site: str, servers: dict[str, ServerEvidence]) -> Iterator[PortEvidence]:
    """Every range of ports that the stack opens. One that belongs to a server has the server's name, as the estate's own entries have."""
    for group in stack.of(SECURITY_GROUP):
        for ingress in objects(group.stated("ingress")):
            yield from _opened(group, ingress, ("cidrBlocks", "ipv6CidrBlocks"), "protocol", _behind(stack, group, servers), site)
        if isinstance(group.stated("ingress"), Unknown):
            yield _unclear(group, _behind(stack, group, servers), site)
    for rule in stack.of(SECURITY_GROUP_RULE):
        if rule.stated("type") != "egress":
            server = _behind(stack, _group_of(stack, rule), servers)
            yield from _opened(rule, rule.properties, ("cidrBlocks", "ipv6CidrBlocks"), "protocol", server, site)
    for rule in stack.of(INGRESS_RULE):
        server = _behind(stack, _group_of(stack, rule), servers)
        yield from _opened(rule, rule.properties, ("cidrIpv4", "cidrIpv6"), "ipProtocol", server, site)
    for rule in stack.of(NETWORK_ACL_RULE):
        if rule.stated("egress") is not True and rule.stated("ruleAction") != "deny":
            yield from _opened(rule, rule.properties, ("cidrBlock", "ipv6CidrBlock"), "protocol", None, site)


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
    protocol = text(rule.get(protocol_key, "-1"), protocol_key)
    every = isinstance(protocol, str) and protocol in _ALL_PROTOCOLS
    first = 0 if every else integer(rule.get("fromPort", 0.0), f"fromPort of {resource.name}")
    last = 65535 if every else integer(rule.get("toPort", 65535.0), f"toPort of {resource.name}")
    for key in ranges:
        given = rule.get(key)
        for cidr in given if isinstance(given, list) else [given]:
            if cidr is not None:
                yield PortEvidence(
                    target=server.target if server else _target(resource),
                    first=first,
                    last=last,
                    protocol=protocol if isinstance(protocol, str) else "-1",
                    cidr=address_range(cidr, f"{key} of {resource.name}"),
                    server=server.name if server else "",
                    site=site,
                    source=server.source if server and server.source else resource.urn,
                    urn=resource.urn,
                )


def _target(resource: Resource) -> str:
    return f"network-acl/{resource.name}" if resource.type == NETWORK_ACL_RULE else f"security-group/{resource.name}"


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
