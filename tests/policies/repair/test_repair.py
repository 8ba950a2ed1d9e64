"""Repairs: the smallest change, named with its numbers, and always one after which the rule really passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.estate.model import GIB, HighAvailability
from policies.evaluate import evaluate
from policies.evidence import (
    ClusterEvidence,
    DatastoreEvidence,
    Evidence,
    InstanceSettings,
    MoveEvidence,
    QuotaEvidence,
    ServerEvidence,
    Unknown,
    UsageEvidence,
)
from policies.repair import Reach, Repair, apply_all, fails, repair
from policies.rules import RULES
from policies.verdict import Outcome, Verdict
from tests.policies.builders import city, host, server

CLUSTER = "cluster/downtown/general"
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def cluster(name: str, *gib: int, **ha: object) -> ClusterEvidence:
    hosts = tuple(host(f"{name}-{n}", 32, size) for n, size in enumerate(gib))
    return ClusterEvidence(site="downtown", name=name, hosts=hosts, ha=HighAvailability.model_validate(ha), source="estate/sites/d.yaml:9")


def machine(name: str, gib: int, **changes: object) -> ServerEvidence:
    return server(name, memory=gib * GIB, cpus=2, disks=(10 * GIB,), **changes)


def failed(evidence: Evidence, rule: str, target: str = CLUSTER) -> Verdict:
    found = [v for v in evaluate(evidence).verdicts if (v.rule, v.target) == (rule, target)]
    assert [v.outcome for v in found] == [Outcome.FAIL], found
    return found[0]


def mend(evidence: Evidence, rule: str, target: str = CLUSTER, **how: object) -> tuple[Repair, ...]:
    return repair(evidence, failed(evidence, rule, target), **how)


def texts(found: tuple[Repair, ...]) -> list[str]:
    return [each.text for each in found]


def assert_proven(evidence: Evidence, found: tuple[Repair, ...], rule: str, target: str) -> None:
    before = fails(evaluate(replace(evidence, waivers=())))
    for each in found:
        after = evaluate(apply_all(replace(evidence, waivers=()), each.changes))
        assert next(v.outcome for v in after.verdicts if (v.rule, v.target) == (rule, target)) is Outcome.PASS
        assert not [new for new in fails(after) - before if new[0].startswith("CAP-")]


def test_one_machine_to_another_cluster_and_the_smallest_that_is_enough() -> None:
    evidence = city(
        clusters=(cluster("general", 64, 64), cluster("spare", 64, 64)),
        servers=(machine("a", 10), machine("b", 16), machine("c", 20), machine("d", 30)),
    )

    found = mend(evidence, "CAP-001")

    # 76 GiB are needed and 64 left: 12 must go, so b (16) is the smallest that is enough; a (10) is not.
    assert texts(found)[0] == "move b (2 vCPUs, 16 GiB) to cluster spare"
    assert "cluster: spare" in found[0].steps[0]
    assert_proven(evidence, found, "CAP-001", CLUSTER)


def test_the_smallest_shrink_leaves_no_gibibyte_over() -> None:
    evidence = city(clusters=(cluster("general", 64, 64),), servers=(machine("a", 34), machine("b", 42)))

    found = mend(evidence, "CAP-001")

    assert "shrink b from 42 GiB to 30 GiB" in texts(found) or "shrink a from 34 GiB to 22 GiB" in texts(found)
    assert any("more than half is kept" in note for each in found for note in each.notes)
    assert_proven(evidence, found, "CAP-001", CLUSTER)


def test_no_machine_gets_smaller_than_it_was_seen_to_need() -> None:
    used = UsageEvidence(cpu_mhz_p95=1000.0, memory_p95=30.0 * GIB, iops_p95=1.0, throughput_p95=1.0, days=30)
    idle = replace(used, memory_p95=4.0 * GIB)
    evidence = city(
        clusters=(cluster("general", 64, 64),),
        servers=(machine("busy", 36, usage=used), machine("idle", 40, usage=idle)),
    )

    found = mend(evidence, "CAP-001")

    assert "shrink idle from 40 GiB to 28 GiB" in texts(found)
    assert not any("busy" in text for text in texts(found))


def test_two_where_one_is_not_enough() -> None:
    evidence = city(
        clusters=(cluster("general", 64, 64), cluster("spare", 64, 64)),
        servers=tuple(machine(f"m{n}", 20) for n in range(5)),
    )

    moves = next(each for each in mend(evidence, "CAP-001") if each.text.startswith("move"))

    # 100 GiB needed, 64 left, three of 20 fit: two must go.
    assert len(moves.changes) == 2
    assert_proven(evidence, (moves,), "CAP-001", CLUSTER)


def test_the_fewest_hosts_like_one_that_is_there() -> None:
    evidence = city(clusters=(cluster("general", 64, 64),), servers=tuple(machine(f"m{n}", 30) for n in range(5)))

    found = [each for each in mend(evidence, "CAP-001") if each.text.startswith("add")]

    # Five of 30 GiB, two to a host of 64: three hosts must be left, so two come.
    assert texts(tuple(found)) == ["add 2 hosts like general-1 (32 cores of 2,600 MHz, 64 GiB) to cluster general of downtown"]
    assert_proven(evidence, tuple(found), "CAP-001", CLUSTER)


def test_a_hold_that_ends_frees_its_room() -> None:
    held = machine("a", 30, held=True, running=False)
    trial = MoveEvidence(
        server="a", source_site="downtown", target_site="aws-east", state="on trial", on=Unknown("d", "w"), window_minutes=9
    )
    evidence = city(clusters=(cluster("general", 64, 64),), servers=(held, machine("b", 30), machine("c", 30)), moves=(trial,))

    found = mend(evidence, "CAP-001")

    assert texts(found)[0] == "accept the move of a: its held source frees 30 GiB on downtown"
    assert found[0].steps == ("incline move accept a --yes",)
    assert_proven(evidence, found, "CAP-001", CLUSTER)


def test_a_lost_host_that_the_estate_declares_is_brought_back_first() -> None:
    whole = cluster("general", 64, 64, 64)
    lost = replace(whole, hosts=whole.hosts[1:], away=("general-0",))
    evidence = city(clusters=(lost,), servers=tuple(machine(f"m{n}", 25) for n in range(4)))

    found = mend(evidence, "CAP-001", reach=Reach(hosts={(CLUSTER, "general-0"): whole.hosts[0]}))

    assert texts(found)[0] == "bring general-0 back to cluster general of downtown (64 GiB)"
    assert_proven(evidence, found, "CAP-001", CLUSTER)


def test_a_move_that_would_break_the_other_cluster_is_never_proposed() -> None:
    evidence = city(
        clusters=(cluster("general", 64, 64), cluster("full", 32, 32)),
        servers=(machine("a", 40), machine("b", 40), machine("x", 30, cluster="full")),
    )

    assert not [text for text in texts(mend(evidence, "CAP-001")) if text.startswith("move")]


def test_admission_control_that_is_off_is_put_on() -> None:
    evidence = city(clusters=(cluster("general", 64, 64, 64, admission="disabled"),), servers=(machine("a", 4),))

    found = mend(evidence, "CAP-002")

    assert texts(found) == ["set HA of cluster general of downtown: admission percentage"]
    assert "ha: {admission: percentage}" in found[0].steps[0]
    assert_proven(evidence, found, "CAP-002", CLUSTER)


def test_a_full_datastore_loses_disks_or_grows() -> None:
    store = DatastoreEvidence(site="downtown", name="general-01", capacity=100 * GIB, used=95 * GIB, source="estate/sites/d.yaml:20")
    other = replace(store, name="general-02", capacity=1000 * GIB, used=0)
    evidence = city(
        datastores=(store, other),
        servers=(server("a", disks=(60 * GIB,), memory=GIB, as_of=NOON), server("b", memory=GIB, disks=(5 * GIB,), datastore="general-02")),
    )

    found = mend(evidence, "CAP-006", "datastore/downtown/general-01")

    assert any(text.startswith("grow datastore general-01 of downtown from 100 GiB to") for text in texts(found))
    assert "move the disks of a (60 GiB) from general-01 to general-02" in texts(found)
    assert_proven(evidence, found, "CAP-006", "datastore/downtown/general-01")


def test_only_capacity_rules_are_repaired() -> None:
    evidence = city(servers=(server("permits-app-01", tags={}),))
    other = next(v for v in evaluate(evidence).verdicts if v.outcome is Outcome.FAIL and v.rule == "TAG-001")

    assert repair(evidence, other) == ()


def test_what_passes_needs_no_repair() -> None:
    passed = next(v for v in evaluate(city()).verdicts if v.rule == "CAP-001")

    assert repair(city(), passed) == ()


@pytest.mark.skipif(not any(r.id == "CAP-011" for r in RULES), reason="the quota rule is not in the set")
def test_the_quota_is_raised_to_the_vcpu_that_is_enough() -> None:
    quota = QuotaEvidence(
        site="aws-east", code="L-1216C47A", name="Standard", families=tuple("acdhimrtz"), limit=16.0, used=0.0, source="snapshot"
    )
    planned = server(
        "a", site="aws-east", kind="aws", cluster="", datastore="", cpus=4, instance=InstanceSettings(instance_type="m5a.4xlarge")
    )
    evidence = city(kinds={"downtown": "vsphere", "aws-east": "aws"}, quotas=(quota,), servers=(planned,))

    found = mend(evidence, "CAP-011", quota.target)

    # 16 planned <= 80 % of 20.
    assert texts(found)[0] == "raise quota L-1216C47A (Standard) of aws-east from 16 to 20 vCPUs"
    assert "--desired-value 20" in found[0].steps[0]
    assert_proven(evidence, found, "CAP-011", quota.target)


@st.composite
def crowded(draw: st.DrawFn) -> Evidence:
    """Two clusters, one of them likely too full, some machines held, some measured."""
    hosts = draw(st.lists(st.integers(24, 64), min_size=2, max_size=3))
    machines = []
    for number, gib in enumerate(draw(st.lists(st.integers(4, 40), min_size=1, max_size=8))):
        usage = UsageEvidence(
            cpu_mhz_p95=500.0, memory_p95=draw(st.floats(0.1, 1.0)) * gib * GIB, iops_p95=1.0, throughput_p95=1.0, days=30
        )
        machines.append(
            machine(f"m{number}", gib, group=draw(st.sampled_from(["", "g"])), usage=draw(st.sampled_from([usage, server("x").usage])))
        )
    away = machine("old", draw(st.integers(4, 40)), held=True, running=False)
    other = machine("other", draw(st.integers(4, 60)), cluster="spare")
    return city(clusters=(cluster("general", *hosts), cluster("spare", 64, 64)), servers=(*machines, away, other))


@given(crowded())
@settings(max_examples=60, deadline=None)
def test_every_repair_that_is_proposed_holds(evidence: Evidence) -> None:
    for verdict in evaluate(evidence).verdicts:
        if verdict.outcome is Outcome.FAIL and verdict.rule.startswith("CAP-"):
            assert_proven(evidence, repair(evidence, verdict), verdict.rule, verdict.target)


@given(crowded())
@settings(max_examples=30, deadline=None)
def test_a_single_move_is_found_whenever_there_is_one(evidence: Evidence) -> None:
    found = [v for v in evaluate(evidence).verdicts if (v.rule, v.target, v.outcome) == ("CAP-001", CLUSTER, Outcome.FAIL)]
    if not found:
        return
    before = fails(evaluate(evidence))
    enough = []
    for each in evidence.servers:
        if each.cluster == "general" and not each.held:
            moved = replace(evidence, servers=tuple(replace(s, cluster="spare") if s is each else s for s in evidence.servers))
            after = fails(evaluate(moved))
            if ("CAP-001", CLUSTER) not in after and not [new for new in after - before if new[0].startswith("CAP-")]:
                enough.append(each.memory)

    moves = [r for r in repair(evidence, found[0]) if r.text.startswith("move")]

    if enough:
        assert len(moves[0].changes) == 1
        assert moves[0].changes[0].size == min(enough)
