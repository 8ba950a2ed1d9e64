"""What a look adds beside the declaration: what a machine was when it was seen, and databases of one name in two regions."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from infra.estate.model import GIB, Estate
from infra.observed.capacity import AwsCapacity, CapacitySnapshot, ObservedDatabase
from policies.bundle import evidence_of, plain
from policies.evaluate import evaluate
from policies.evidence import Evidence, Unknown
from policies.examples.case import TODAY
from policies.examples.ground import ESTATE, SNAPSHOT
from policies.readers.estate import read_estate
from policies.readers.resources import overlay
from policies.readers.snapshot import overlay_snapshot
from policies.readers.stack import DATABASE, SERVER, VIRTUAL_MACHINE, Resource
from policies.verdict import Outcome
from tests.policies.builders import city

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def under(snapshot: dict[str, Any]) -> Evidence:
    """The ground's estate under a snapshot."""
    return overlay_snapshot(read_estate(Estate.model_validate(ESTATE), TODAY), CapacitySnapshot.model_validate(snapshot), "capacity.json")


def test_what_a_machine_was_stays_known_beside_what_it_will_be() -> None:
    snapshot = deepcopy(SNAPSHOT)
    machine = next(m for m in snapshot["sites"]["hill"]["machines"] if m["name"] == "records-db-01")
    machine |= {"memory": 4 * GIB, "datastore": "elsewhere", "disks": [40 * GIB]}
    found = next(s for s in under(snapshot).servers if s.name == "records-db-01")

    assert found.seen is not None
    assert (found.seen.memory, found.seen.disks, found.seen.datastore) == (4 * GIB, 40 * GIB, "elsewhere")
    assert (found.memory, sum(s for s in found.disks if isinstance(s, int)), found.datastore) == (16 * GIB, 140 * GIB, "hill-1")


def test_an_instance_keeps_the_type_and_the_subnet_that_it_was_seen_with() -> None:
    snapshot = deepcopy(SNAPSHOT)
    instance = next(i for i in snapshot["sites"]["cloud"]["instances"] if i["server"] == "maps-web-01")
    instance |= {"instance_type": "m5a.large", "subnet": "app-b"}
    found = next(s for s in under(snapshot).servers if s.name == "maps-web-01")

    assert found.seen is not None
    assert (found.seen.instance_type, found.seen.network, found.seen.memory) == ("m5a.large", "app-b", 8 * GIB)
    assert found.instance is not None
    assert found.instance.instance_type != "m5a.large"


def test_two_regions_may_each_have_a_database_of_one_name() -> None:
    evidence = replace(city(), kinds={"aws-east": "aws", "aws-west": "aws"})
    safe = ObservedDatabase(name="permits", multi_az=True, deletion_protection=True, retention_days=35, public=False, encrypted=True)
    east, west = (
        AwsCapacity(taken_at=NOW, source="an account", region=region, databases=(each,))
        for region, each in (("us-east-1", safe.model_copy(update={"encrypted": False})), ("us-west-2", safe))
    )
    both = overlay_snapshot(
        evidence, CapacitySnapshot(estate="town", taken_at=NOW, sites={"aws-east": east, "aws-west": west}), "capacity.json"
    )

    assert [(d.site, d.encrypted) for d in both.databases] == [("aws-east", False), ("aws-west", True)]

    declared = Resource(DATABASE, "permits", "urn:permits", "", {"identifier": "permits"}, frozenset({"identifier"}))
    assert [d.site for d in overlay(both, "aws-west", [declared]).databases] == ["aws-east", "aws-west"]


def test_a_tag_that_is_not_known_yet_is_not_absent() -> None:
    later = Unknown("owner of web-01", "known only after the update")
    component = Resource(SERVER, "permits-app-01", "urn:c", "", {"tags": {"owner": later, "tier": "gold"}})
    machine = Resource(VIRTUAL_MACHINE, "permits-app-01-vm", "urn:m", "urn:c", {"numCpus": 4.0})
    seen = overlay(replace(city(), kinds={"downtown": "vsphere"}), "downtown", [component, machine])

    assert next(s for s in seen.servers if s.name == "permits-app-01").tags == {"owner": later, "tier": "gold"}
    again = evidence_of(plain(seen))
    assert next(s for s in again.servers if s.name == "permits-app-01").tags == {"owner": later, "tier": "gold"}


def test_databases_that_could_not_be_read_are_not_none() -> None:
    snapshot = deepcopy(SNAPSHOT)
    snapshot["sites"]["cloud"] |= {"databases": [], "missing": {"databases": "rds:DescribeDBInstances is denied"}}
    (open_question,) = (v for v in evaluate(under(snapshot)).verdicts if v.rule == "REL-008")

    assert (open_question.outcome, open_question.target) == (Outcome.UNDETERMINED, "site/cloud")
    assert open_question.missing == ("managed databases of cloud (rds:DescribeDBInstances is denied)",)


def test_a_stack_does_not_speak_of_the_machines_of_another_stack_of_its_site() -> None:
    def stack(name: str) -> list[Resource]:
        component = Resource(SERVER, name, f"urn:c:{name}", "", {"tags": {}})
        return [component, Resource(VIRTUAL_MACHINE, f"{name}-vm", f"urn:m:{name}", component.urn, {"numCpus": 4.0})]

    ground = replace(city(), kinds={"downtown": "vsphere"})
    one = overlay(ground, "downtown", stack("permits-app-01"))
    both = overlay(one, "downtown", stack("permits-app-02"))

    assert [s.name for s in one.servers] == ["permits-app-01", "permits-app-02"]
    assert any("the estate places permits-app-02 there, the stack does not declare them; they count" in f for f in one.findings)
    assert [(s.name, s.service, s.urn) for s in both.servers] == [
        ("permits-app-01", "permits", "urn:m:permits-app-01"),
        ("permits-app-02", "permits", "urn:m:permits-app-02"),
    ]
    assert len(both.findings) == len(one.findings)
