"""A whole inventory: targets, order, joins with the estate, strange input, and the same answer for the same question."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.estate.load import load_estate
from infra.estate.model import GIB, Estate
from migration.assess.aims import aims
from migration.assess.assess import assess
from migration.assess.declared import inventory_of
from migration.assess.model import Assessment, Readiness, Strategy
from migration.assess.summary import summarize
from migration.discover.model import Edge, FoundDisk, FoundMachine, FoundNic, FoundSnapshot, Inventory, Metric, Percentiles
from tests.migration.assess.machines import NOW, disk, host, instance, measured, vm


@pytest.fixture(scope="module")
def estate() -> Estate:
    return load_estate(Path(__file__).parents[3] / "estate")


@pytest.fixture(scope="module")
def judged(estate: Estate) -> dict[str, Assessment]:
    return {each.server: each for each in assess(inventory_of(estate, NOW), estate=estate)}


def test_the_estate_can_be_judged_before_anything_was_discovered(judged: dict[str, Assessment]) -> None:
    permits = judged["permits-db-01"]

    assert (permits.site, permits.target, permits.direction) == ("downtown", "aws-east", "up")
    assert (permits.service, permits.tier, permits.owner) == ("permits", "silver", "Permits, Licenses and Inspections")
    assert permits.readiness is Readiness.READY
    assert permits.confidence.value == 0
    assert permits.bytes == round(48.5 * GIB)
    assert permits.cost is not None
    assert judged["portal-web-01"].target == "downtown"


def test_legacy_systems_stand_first_with_their_path(estate: Estate, judged: dict[str, Assessment]) -> None:
    order = [each.server for each in assess(inventory_of(estate, NOW), estate=estate)]

    assert order[:2] == ["courts-app-01", "courts-db-01"]
    assert judged["courts-db-01"].strategy is Strategy.REFACTOR
    assert judged["courts-db-01"].modernize is not None
    assert order[2:] == sorted(order[2:])


def test_what_the_estate_says_of_a_server_decides(judged: dict[str, Assessment]) -> None:
    assert judged["public-safety-cad-01"].strategy is Strategy.RETAIN
    assert judged["identity-dc-01"].strategy is Strategy.RETAIN
    assert judged["gis-files-01"].strategy is Strategy.REPLATFORM
    assert {reason.code for reason in judged["ops-jump-01"].reasons} >= {"RDY-010"}


def test_one_that_could_go_two_ways_is_left_and_named(estate: Estate) -> None:
    found = aims(inventory_of(estate, NOW), estate)

    assert [(each.name, each.why) for each in found.left] == [("ops-vault-01", "could go to downtown or northside: say which with --to")]


def test_a_pending_move_decides_the_target(estate: Estate) -> None:
    servers = {**estate.servers, "ops-vault-01": estate.servers["ops-vault-01"].model_copy(update={"site": "northside"})}
    found = aims(inventory_of(estate, NOW), estate.model_copy(update={"servers": servers}))

    assert found.at["aws-east/ops-vault-01"] == "northside"
    assert found.left == ()


def test_a_template_is_not_judged() -> None:
    found = aims(Inventory(taken_at=NOW, machines=(vm(template=True),)))

    assert found.at == {}
    assert "is a template" in found.left[0].why


def test_a_named_target_takes_all_of_the_other_kind(estate: Estate) -> None:
    found = aims(inventory_of(estate, NOW), estate, "northside")

    assert set(found.at.values()) == {"northside"}
    assert all(key.startswith("aws-east/") for key in found.at)
    assert "stands on vsphere already, as northside does" in found.left[0].why


def test_without_an_estate_the_other_kind_is_the_target() -> None:
    inventory = Inventory(taken_at=NOW, machines=(vm(), instance()))

    assert [(each.server, each.target, each.direction) for each in assess(inventory)] == [("i-1", "vsphere", "down"), ("vm-1", "aws", "up")]
    assert [each.server for each in assess(inventory, target="aws")] == ["vm-1"]


def test_targets_can_be_given_one_by_one() -> None:
    inventory = Inventory(taken_at=NOW, machines=(vm(), vm(key="here/vm-2", name="vm-2")))

    assert [each.server for each in assess(inventory, target={"here/vm-2": "aws"})] == ["vm-2"]


def test_owner_tier_and_environment_come_from_tags_where_no_estate_tells() -> None:
    told = vm(name="web-test-01", custom={"Owner": "Parks"}, tags={"incline:tier": "bronze", "Application": "bookings"})
    [found] = assess(Inventory(taken_at=NOW, machines=(told,)))

    assert (found.owner, found.tier, found.service, found.environment) == ("Parks", "bronze", "bookings", "test")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("web-dev-01", "test"), ("web-prod-01", "production"), ("device-01", "unknown"), ("WEB_UAT", "test"), ("deliver-live", "production")],
)
def test_the_environment_is_told_by_whole_words(name: str, expected: str) -> None:
    [found] = assess(Inventory(taken_at=NOW, machines=(vm(name=name),)))

    assert found.environment == expected


def test_neighbours_are_counted_once_and_addresses_not_at_all() -> None:
    others = tuple(vm(key=f"here/{n}", name=f"n{n}") for n in range(6))
    edges = tuple(Edge(source="here/vm-1", target=m.key, port=port) for m in others for port in (80, 443))
    inventory = Inventory(taken_at=NOW, machines=(vm(), *others), edges=(*edges, Edge(source="here/vm-1", target="address/10.9.9.9")))

    found = {each.server: each for each in assess(inventory)}
    assert "6 neighbours, over 5 (+1)" in found["vm-1"].complexity.why


def test_the_guests_word_counts_for_more_than_an_old_configuration() -> None:
    machine = vm(os="debian-7", os_config="Debian GNU/Linux 7 (64-bit)", os_guest="Debian GNU/Linux 12 (64-bit)")
    [found] = assess(Inventory(taken_at=NOW, machines=(machine,)))

    assert found.readiness is Readiness.READY


def test_the_sum_speaks_of_those_that_go(judged: dict[str, Assessment]) -> None:
    found = summarize(list(judged.values()))

    going = [a for a in judged.values() if a.strategy not in {Strategy.RETAIN, Strategy.RETIRE, Strategy.REFACTOR}]
    assert found.going == len(going)
    assert found.now == pytest.approx(sum(a.cost.now_usd_month for a in going if a.cost))
    assert sum(found.by_readiness.values()) == found.servers == len(judged)
    assert found.obstacles[0].code == "RDY-008"
    assert found.obstacles[0].servers == 2


def test_an_empty_inventory_gives_nothing() -> None:
    assert assess(Inventory(taken_at=NOW)) == ()
    assert summarize(()).servers == 0


def test_a_moment_without_zone_is_taken_for_utc() -> None:
    naive = Inventory(taken_at=NOW.replace(tzinfo=None), machines=(vm(),), usage=(measured(Metric.MEMORY, 1),))

    assert assess(naive)[0].confidence.value > 0


def test_each_machine_is_judged_alike_among_others_and_alone(judged: dict[str, Assessment], estate: Estate) -> None:
    inventory = inventory_of(estate, NOW)
    alone = replace(inventory, machines=tuple(m for m in inventory.machines if m.name == "permits-db-01"))
    [found] = assess(alone, estate=estate)

    assert replace(found, cost=None) == replace(judged["permits-db-01"], cost=None)


texts = st.sampled_from(["", "?", "debian-12", "windows-2022", "Windows", "rhel-6", "plan9", "Debian GNU/Linux 12 (64-bit)", "=1+1", "É"])
numbers = st.integers(0, 1 << 62)
disks = st.builds(
    FoundDisk,
    label=texts,
    size=numbers,
    mode=st.sampled_from(["", "persistent", "independent_nonpersistent"]),
    sharing=st.sampled_from(["", "sharingNone", "sharingMultiWriter", "multi-attach"]),
    raw=st.booleans(),
    kind=st.sampled_from(["", "gp3", "io2", "st1", "odd"]),
    iops=st.none() | st.floats(0, 1e7),
    throughput=st.none() | st.floats(0, 1e10),
    encrypted=st.none() | st.booleans(),
)
machines = st.builds(
    FoundMachine,
    key=st.just("here/x"),
    name=texts,
    site=st.just("here"),
    kind=st.sampled_from(["vsphere", "aws"]),
    source=texts,
    as_of=st.just(NOW),
    cpus=st.integers(0, 5000),
    memory=numbers,
    power=st.sampled_from(["on", "off", "suspended"]),
    template=st.booleans(),
    os=texts,
    os_config=texts,
    os_guest=texts,
    firmware=st.sampled_from(["", "bios", "efi", "uefi-preferred", "?"]),
    secure_boot=st.none() | st.booleans(),
    hardware_version=st.none() | st.integers(0, 30),
    instance_type=st.sampled_from(["", "m6a.large", "m6g.large", "nonsense"]),
    disks=st.lists(disks, max_size=4).map(tuple),
    nics=st.lists(st.builds(FoundNic, label=texts, mac=texts), max_size=3).map(tuple),
    snapshots=st.lists(st.builds(FoundSnapshot, name=texts), max_size=2).map(tuple),
    devices=st.lists(texts, max_size=2).map(tuple),
    tags=st.dictionaries(texts, texts, max_size=2),
    billing=texts,
)


def _percentiles(metric: Metric, values: list[float], samples: int, days: float) -> Percentiles:
    low, mid, high = sorted(values)
    return Percentiles(
        machine="here/x",
        metric=metric,
        interval_s=300,
        samples=samples,
        expected=samples // 2,
        first=NOW - timedelta(days=days),
        last=datetime(2026, 11, 25, tzinfo=UTC),
        mean=mid,
        p50=low,
        p90=mid,
        p95=mid,
        p99=high,
        maximum=high,
    )


used = st.builds(
    _percentiles,
    metric=st.sampled_from(list(Metric)),
    values=st.lists(st.floats(0, 1e15), min_size=3, max_size=3),
    samples=st.integers(0, 10000),
    days=st.floats(-5, 400),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(machine=machines, seen=st.lists(used, max_size=4), with_host=st.booleans())
def test_whatever_is_found_is_judged(machine: FoundMachine, seen: list[Percentiles], with_host: bool) -> None:
    hosts: Any = (host(), host("empty", cores=0, memory=0)) if with_host else ()
    target = {"here/x": "aws" if machine.kind == "vsphere" else "vsphere"}
    [found] = assess(Inventory(taken_at=NOW, machines=(machine,), usage=tuple(seen), hosts=hosts), target=target)

    assert 1 <= found.complexity.value <= 5
    assert 0 <= found.confidence.value <= 5
    assert found.strategy_why.endswith(".")
    assert (found.cost is None) == (machine.power == "on" and not (machine.cpus > 0 and machine.memory > 0))
    assert found.cost is None or min(found.cost.now_usd_month, found.cost.then_usd_month, found.cost.once_usd, found.cost.double_usd) >= 0
    assert (found.readiness is Readiness.NOT_READY) == any(reason.blocks for reason in found.reasons)


def test_nothing_known_at_all_is_low_confidence_and_not_ready() -> None:
    bare = FoundMachine(key="here/x", name="x", site="here", kind="vsphere", source="a list", as_of=NOW)
    [found] = assess(Inventory(taken_at=NOW, machines=(bare,)))

    assert found.confidence.value == 0
    assert found.readiness is Readiness.NOT_READY
    assert [reason.code for reason in found.reasons] == ["RDY-005", "RDY-004", "RDY-007"]


def test_disks_of_a_peta_byte_do_not_break_the_sums() -> None:
    [found] = assess(Inventory(taken_at=NOW, machines=(vm(disks=(disk(size=1 << 50),)),)))

    assert found.readiness is Readiness.NOT_READY
    assert found.cost is not None
    assert found.cost.then_usd_month > 80000
