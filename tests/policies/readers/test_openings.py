"""Openings of a stack in all the shapes that AWS has for them: defaults, lists of rules, protocols by number or not known yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policies.evidence import Unknown
from policies.readers.resources import overlay
from policies.readers.stack import DEFAULT_NETWORK_ACL, DEFAULT_SECURITY_GROUP, NETWORK_ACL, NETWORK_ACL_RULE, SECURITY_GROUP, Resource
from policies.rule import Parameters
from policies.rules.security.admin_ports import ADMIN_PORTS
from policies.verdict import Outcome, Verdict
from tests.policies.builders import city

LATER = Unknown("x", "known only after the update")
WORLD = "0.0.0.0/0"


def judged(kind: str, **properties: Any) -> Verdict:
    """SEC-001's verdict on one resource of a region."""
    resource = Resource(kind, "it", "urn:it", "", properties, frozenset(properties))
    evidence = overlay(replace(city(), kinds={"aws-east": "aws"}), "aws-east", [resource])
    (found,) = ADMIN_PORTS.check(ADMIN_PORTS, evidence, Parameters(ADMIN_PORTS, {}))
    return found


@pytest.mark.parametrize("kind", [SECURITY_GROUP, DEFAULT_SECURITY_GROUP])
@pytest.mark.parametrize(
    ("opening", "outcome"),
    [
        ({"protocol": "tcp", "fromPort": 22.0, "toPort": 22.0, "cidrBlocks": [WORLD]}, Outcome.FAIL),
        ({"protocol": "6", "fromPort": 22.0, "toPort": 22.0, "cidrBlocks": [WORLD]}, Outcome.FAIL),
        ({"protocol": "tcp", "fromPort": 443.0, "toPort": 443.0, "cidrBlocks": [WORLD]}, Outcome.NOT_APPLICABLE),
        ({"protocol": LATER, "fromPort": 443.0, "toPort": 443.0, "cidrBlocks": [WORLD]}, Outcome.UNDETERMINED),
        ({"protocol": LATER, "fromPort": 443.0, "toPort": 443.0, "cidrBlocks": ["10.0.0.0/16"]}, Outcome.PASS),
        (LATER, Outcome.UNDETERMINED),
    ],
)
def test_a_group(kind: str, opening: Any, outcome: Outcome) -> None:
    found = judged(kind, ingress=[opening])

    assert (found.outcome, found.target) == (outcome, "estate" if outcome is Outcome.NOT_APPLICABLE else "security-group/it")


@pytest.mark.parametrize("kind", [NETWORK_ACL, DEFAULT_NETWORK_ACL])
@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ({"action": "allow", "protocol": "6", "fromPort": 3389.0, "toPort": 3389.0, "cidrBlock": WORLD}, Outcome.FAIL),
        ({"action": "allow", "protocol": "-1", "fromPort": 0.0, "toPort": 0.0, "ipv6CidrBlock": "::/0"}, Outcome.FAIL),
        ({"action": "deny", "protocol": "-1", "fromPort": 0.0, "toPort": 0.0, "cidrBlock": WORLD}, Outcome.NOT_APPLICABLE),
    ],
)
def test_a_list_of_rules(kind: str, rule: dict[str, Any], outcome: Outcome) -> None:
    assert judged(kind, ingress=[rule]).outcome is outcome


def test_a_list_that_is_not_known_yet_is_an_open_question() -> None:
    assert judged(NETWORK_ACL, ingress=LATER).outcome is Outcome.UNDETERMINED


def test_a_rule_gives_its_protocol_by_number() -> None:
    told = {"protocol": "17", "ruleAction": "allow", "egress": False, "fromPort": 3389.0, "toPort": 3389.0, "cidrBlock": WORLD}

    assert judged(NETWORK_ACL_RULE, **told).outcome is Outcome.FAIL
