"""A stack's resources over the estate: what the pack sees, unknowns and secrets included."""

from __future__ import annotations

from google.protobuf.struct_pb2 import Struct

from infra.estate.model import GIB
from policies.evaluate import evaluate
from policies.evidence import Unknown
from policies.readers.properties import OUTPUT, SECRET, SIGNATURE, decode
from policies.readers.resources import overlay
from policies.readers.stack import INGRESS_RULE, INSTANCE, SERVER, VIRTUAL_MACHINE, Resource
from policies.verdict import Outcome
from tests.policies.builders import TAGS, city, server

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def struct(**values: object) -> Struct:
    made = Struct()
    made.update(values)
    return made


def component(name: str, **properties: object) -> Resource:
    return Resource(SERVER, name, f"urn:{name}", "", {"tags": dict(TAGS), **properties})


def machine(name: str, **properties: object) -> Resource:
    plain = {"numCpus": 4.0, "memory": 32768.0, "disks": [{"size": 100.0}]}
    return Resource(VIRTUAL_MACHINE, f"{name}-vm", f"urn:{name}-vm", f"urn:{name}", decode(struct(**{**plain, **properties}), name))


def stack(name: str, **properties: object) -> list[Resource]:
    return [component("permits-app-01"), machine("permits-app-01"), component(name), machine(name, **properties)]


def test_the_stack_wins_over_the_estate() -> None:
    seen = overlay(city(), "downtown", stack("permits-app-02", memory=614400.0, disks=[{"size": 41.0}]))

    assert next(s for s in seen.servers if s.name == "permits-app-02").disks == (41 * GIB,)
    assert any(v.rule == "CAP-001" and v.outcome is Outcome.FAIL for v in evaluate(seen).verdicts)


def test_an_unknown_size_leaves_one_verdict_undetermined_and_the_others_standing() -> None:
    outcomes = {
        v.rule: v for v in evaluate(overlay(city(), "downtown", stack("permits-app-02", memory=UNKNOWN))).verdicts if "cluster" in v.target
    }

    assert outcomes["CAP-001"].outcome is Outcome.UNDETERMINED
    assert outcomes["CAP-001"].missing == ("memory of permits-app-02 (known only after the update)",)
    assert outcomes["CAP-002"].outcome is Outcome.PASS


def test_a_server_that_only_one_side_knows_is_a_finding() -> None:
    seen = overlay(city(), "downtown", [component("new-01"), machine("new-01")])

    assert any("the estate has no such server" in f for f in seen.findings)
    assert any("permits-app-01" in f and "does not declare" in f for f in seen.findings)


def test_another_site_keeps_what_the_estate_says() -> None:
    seen = overlay(city(), "northside", [component("north-01"), machine("north-01")])

    assert {"permits-app-01", "permits-app-02"} <= {s.name for s in seen.servers}


def test_a_held_machine_counts_as_the_estate_recorded_it() -> None:
    ground = city(servers=(server("permits-app-01", held=True),))
    seen = overlay(ground, "downtown", [component("permits-app-01"), machine("permits-app-01", memory=1.0)])

    assert seen.servers[0].memory == 32 * GIB


def test_tags_of_an_instance_are_its_own() -> None:
    ground = city(servers=(server("web-01", site="aws-east", kind="aws", cluster="", datastore=""),))
    instance = Resource(INSTANCE, "web-01-instance", "urn:i", "urn:web-01", {"tags": {"incline:owner": "x", "Name": "web-01"}})
    seen = overlay(ground, "aws-east", [component("web-01"), instance])

    assert seen.servers[0].tags == {"owner": "x", "Name": "web-01"}


def test_an_ingress_rule_of_the_stack_is_judged() -> None:
    rule = Resource(INGRESS_RULE, "ssh", "urn:ssh", "", {"fromPort": 22.0, "toPort": 22.0, "ipProtocol": "tcp", "cidrIpv4": "0.0.0.0/0"})
    failed = [v for v in evaluate(overlay(city(), "aws-east", [rule])).verdicts if v.rule == "SEC-001"]

    assert [(v.outcome, v.urn) for v in failed] == [(Outcome.FAIL, "urn:ssh")]


def test_a_secret_never_leaves_the_decoder() -> None:
    wrapped = {SIGNATURE: SECRET, "value": "hunter2"}
    output = {SIGNATURE: OUTPUT, "value": "hunter2", "secret": True}
    decoded = decode(struct(a=wrapped, b=[output], c={"d": wrapped}), "x")

    assert "hunter2" not in repr(decoded)
    assert decoded["a"] == Unknown("a of x", "it is a secret")


def test_an_output_without_value_is_unknown_and_a_plain_one_is_not() -> None:
    decoded = decode(struct(a={SIGNATURE: OUTPUT}, b={SIGNATURE: OUTPUT, "value": 3.0}), "x")

    assert decoded == {"a": Unknown("a of x", "known only after the update"), "b": 3.0}
