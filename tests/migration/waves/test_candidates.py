"""Who may move: from assessments, with what the estate says before what an assessment suggests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from infra.estate.model import Attachment, MoveIntent
from migration.assess.model import Assessment, Readiness, Reason, Score, SizeOption, Sizing, Strategy
from migration.discover.model import FoundDisk, FoundHost, FoundMachine, Inventory, Metric, Percentiles
from migration.waves.build_candidates import Candidate, LeftOut, from_assessments
from migration.waves.programme import Environments
from tests.fakes.estates import estate, server

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
GIB = 1 << 30


def assessment(**changes: Any) -> Assessment:
    plain: dict[str, Any] = {
        "machine": "downtown/permits-db-01",
        "server": "permits-db-01",
        "site": "downtown",
        "target": "aws-east",
        "direction": "up",
        "service": "permits",
        "tier": "gold",
        "owner": "Permits",
        "readiness": Readiness.READY,
        "reasons": (),
        "complexity": Score(value=3, of=5, why=()),
        "confidence": Score(value=3, of=5, why=()),
        "strategy": Strategy.REHOST,
        "strategy_why": "as it is",
        "bytes": 50 * GIB,
        "cpus": 2,
        "memory": 8 * GIB,
    }
    return Assessment(**{**plain, **changes})


def machine(**changes: Any) -> FoundMachine:
    plain: dict[str, Any] = {
        "key": "downtown/permits-db-01", "name": "permits-db-01", "site": "downtown", "kind": "vsphere", "source": "test", "as_of": NOON,
        "cluster": "seen", "host": "esx-7",
        "disks": (FoundDisk(label="1", size=8 * GIB, datastore="a"), FoundDisk(label="2", size=42 * GIB, datastore="b")),
    }  # fmt: skip
    return FoundMachine(**{**plain, **changes})


def read(*found: Assessment, **changes: Any) -> tuple[tuple[Candidate, ...], tuple[LeftOut, ...]]:
    inventory = Inventory(taken_at=NOON, machines=(machine(),), **changes.pop("inventory", {}))
    return from_assessments(found or (assessment(),), inventory, changes.pop("estate", None), Environments(), **changes)


def test_without_an_estate_the_inventory_tells() -> None:
    (found,), _ = read()

    assert (found.disks, found.cluster, found.host, found.datastores) == ((8 * GIB, 42 * GIB), "seen", "esx-7", (("a", 1), ("b", 1)))
    assert (found.hold_days, found.rto_minutes, found.on) == (14, None, None)


def test_the_estate_goes_before_it() -> None:
    intent = MoveIntent(on=date(2026, 12, 5), window_minutes=90, hold_days=5)
    (found,), _ = read(estate=estate(servers=(server(move=intent),)))

    assert (found.on, found.window_minutes, found.hold_days, found.rto_minutes, found.cluster) == (date(2026, 12, 5), 90, 5, 240, "data")
    assert sum(found.disks) == 48 * GIB + GIB // 2


def test_the_type_that_pulumi_will_make_is_what_counts() -> None:
    place = server().at | {"aws-east": Attachment(nics=server().at["aws-east"].nics, instance_type="m6a.4xlarge")}
    option = SizeOption(name="t3.large", cpus=2, memory=8 * GIB, usd_month=60.0)
    sizing = Sizing(chosen=option, provisioned=option, frontier=(option,))
    (by_estate,), _ = read(assessment(sizing=sizing), estate=estate(servers=(server(at=place),)))
    (by_sizing,), _ = read(assessment(sizing=sizing))

    assert (by_estate.then_type, by_estate.then_cpus) == ("m6a.4xlarge", 16)
    assert (by_sizing.then_type, by_sizing.then_cpus) == ("t3.large", 2)


def test_down_without_an_estate_goes_to_the_cluster_of_the_host_that_sizing_found() -> None:
    option = SizeOption(name="2 vCPU, 4 GiB", cpus=2, memory=4 * GIB, usd_month=0.0, host="esx-3")
    sizing = Sizing(chosen=option, provisioned=option, frontier=(option,))
    hosts = {"hosts": (FoundHost(name="esx-3", site="vsphere", cluster="yard"),)}
    (found,), _ = read(assessment(direction="down", sizing=sizing), inventory=hosts)

    assert (found.to_cluster, found.then_memory) == ("yard", 4 * GIB)


def test_what_an_assessment_holds_back_is_left_out_with_its_reason() -> None:
    blocked = Reason(code="RDY-001", what="has rhel-6", remedy="upgrade it", blocks=True)
    _, left = read(
        assessment(readiness=Readiness.NOT_READY, reasons=(blocked,)),
        assessment(server="b", machine="b", strategy=Strategy.RETIRE, strategy_why="off for a year"),
    )

    assert [(each.server, each.kind, each.why) for each in left] == [
        ("b", "staying", "suggested: retire. off for a year"),
        ("permits-db-01", "not ready", "has rhel-6 (upgrade it)"),
    ]


def test_names_tell_test_servers_apart() -> None:
    found, _ = read(assessment(server="permits-test-01"), assessment(server="permits-02", machine="x", environment="test"), assessment())

    assert [each.environment for each in found] == ["test", "unknown", "test"]


def test_machines_of_one_name_are_told_apart_by_their_key() -> None:
    found, _ = read(assessment(), assessment(machine="northside/permits-db-01", site="northside"))

    assert [each.server for each in found] == ["downtown/permits-db-01", "northside/permits-db-01"]


def test_measured_writes_are_kept() -> None:
    usage = Percentiles(
        machine="downtown/permits-db-01", metric=Metric.DISK_BYTES, interval_s=300, samples=1, expected=1, first=NOON, last=NOON, mean=5e6,
        p50=1, p90=1, p95=1, p99=1, maximum=1,
    )  # fmt: skip
    (found,), _ = read(inventory={"usage": (usage,)})

    assert found.writes == 5e6
