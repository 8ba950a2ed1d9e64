"""What a region's resources tell: databases, subnets, and what is open to whom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policies.evidence import DatabaseEvidence, NetworkEvidence, PortEvidence, ServerEvidence, Unknown
from policies.readers.resources import overlay
from policies.readers.stack import (
    DATABASE,
    INGRESS_RULE,
    INSTANCE,
    NETWORK_ACL_RULE,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    SERVER,
    SUBNET,
    Resource,
)
from tests.policies.readers.test_stack import LATER, ground, resource, web


class TestRegion:
    """Databases, subnets and openings."""

    def test_a_database_is_what_the_stack_declares(self) -> None:
        given = {"identifier": "orders", "multiAz": True, "storageEncrypted": LATER, "tags": {"incline:service": "permits"}}
        (found,) = overlay(ground(), "aws-east", [resource(DATABASE, "d", **given)]).databases

        assert (found.name, found.service, found.multi_az, found.deletion_protection, found.retention_days) == (
            "orders",
            "permits",
            True,
            False,
            0,
        )
        assert isinstance(found, DatabaseEvidence)
        assert isinstance(found.encrypted, Unknown)

    def test_a_subnet_carries_its_range_and_zone_to_the_network_of_its_name(self) -> None:
        known = NetworkEvidence(site="aws-east", name="app-a", cidr="10.60.0.0/24", size=251, free=200)
        subnet = resource(SUBNET, "s", cidrBlock="10.61.0.0/26", availabilityZone="us-east-1b", tags={"Name": "app-a"})
        (found,) = overlay(ground(networks=(known,)), "aws-east", [subnet]).networks

        assert (found.cidr, found.size, found.zone, found.free) == ("10.61.0.0/26", 59, "us-east-1b", 200)

    def opened(
        self, *rules: Resource, entry: ServerEvidence | None = None, ports: tuple[PortEvidence, ...] = ()
    ) -> tuple[PortEvidence, ...]:
        component = resource(SERVER, "web-01")
        instance = replace(resource(INSTANCE, "web-01-instance", instanceType="m5a.large"), parent=component.urn)
        listed = [replace(r, parent=component.urn) if r.parent == "component" else r for r in rules]
        return overlay(ground(servers=(entry or web(),), ports=ports), "aws-east", [component, instance, *listed]).ports

    def test_an_opening_of_a_server_has_its_name_and_replaces_what_was_asked(self) -> None:
        asked = PortEvidence(target="server/web-01", first=443, last=443, protocol="tcp", cidr="10.0.0.0/8", server="web-01")
        ingress = [{"protocol": "tcp", "fromPort": 22.0, "toPort": 22.0, "cidrBlocks": ["0.0.0.0/0"], "ipv6CidrBlocks": ["::/0"]}]
        group = replace(resource(SECURITY_GROUP, "web-01-sg", ingress=ingress), parent="component")
        found = self.opened(group, ports=(asked,))

        assert [(p.target, p.first, p.cidr) for p in found] == [("server/web-01", 22, "0.0.0.0/0"), ("server/web-01", 22, "::/0")]

    def test_a_group_without_rules_opens_nothing(self) -> None:
        asked = PortEvidence(target="server/web-01", first=443, last=443, protocol="tcp", cidr="10.0.0.0/8", server="web-01")

        assert self.opened(replace(resource(SECURITY_GROUP, "web-01-sg", ingress=[]), parent="component"), ports=(asked,)) == ()

    def test_an_ingress_that_is_not_known_yet_is_one_open_question(self) -> None:
        (found,) = self.opened(replace(resource(SECURITY_GROUP, "web-01-sg", ingress=LATER), parent="component"))

        assert isinstance(found.cidr, Unknown)

    @pytest.mark.parametrize("kind", [SECURITY_GROUP_RULE, INGRESS_RULE])
    def test_a_rule_of_its_own_belongs_to_the_server_of_its_group(self, kind: str) -> None:
        group = replace(resource(SECURITY_GROUP, "web-01-sg", ingress=[]), parent="component")
        given = {
            "fromPort": 22.0,
            "toPort": 22.0,
            "protocol": "tcp",
            "ipProtocol": "tcp",
            "cidrBlocks": ["0.0.0.0/0"],
            "cidrIpv4": "0.0.0.0/0",
        }
        rule = replace(resource(kind, "r", type="ingress", **given), uses={"securityGroupId": (group.urn,)})
        listed = [p for p in self.opened(group, rule) if p.cidr == "0.0.0.0/0"]

        assert [p.target for p in listed] == ["server/web-01"]

    def test_a_rule_outwards_opens_nothing(self) -> None:
        given = {"fromPort": 0.0, "toPort": 0.0, "protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}

        assert self.opened(resource(SECURITY_GROUP_RULE, "r", type="egress", **given)) == ()

    def test_every_protocol_is_every_port(self) -> None:
        (found,) = self.opened(resource(INGRESS_RULE, "r", ipProtocol="-1", cidrIpv4="0.0.0.0/0"))

        assert (found.first, found.last, found.target) == (0, 65535, "security-group/r")

    @pytest.mark.parametrize(("given", "count"), [({"ruleAction": "allow"}, 1), ({"ruleAction": "deny"}, 0), ({"egress": True}, 0)])
    def test_a_network_list_lets_in_what_it_allows(self, given: dict[str, Any], count: int) -> None:
        rule = resource(NETWORK_ACL_RULE, "r", fromPort=22.0, toPort=22.0, protocol="6", cidrBlock="0.0.0.0/0", **given)

        assert len(self.opened(rule)) == count

    def test_a_range_that_is_none_is_unknown(self) -> None:
        (found,) = self.opened(resource(INGRESS_RULE, "r", ipProtocol="tcp", fromPort=22.0, toPort=22.0, cidrIpv4="anywhere"))

        assert isinstance(found.cidr, Unknown)
