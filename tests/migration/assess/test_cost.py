"""The bill, checked by hand. Every line is a price times an amount; shares of a cluster add up to the cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.catalogue import instance_type
from infra.estate.model import GIB
from infra.prices import listed_prices
from migration.assess.cost import Bill, cost
from migration.assess.cost_aws import volume_cost
from migration.assess.cost_datacentre import DataCentre, billed_cores
from migration.assess.model import Cost, VolumeChoice
from migration.assess.subject import TIB, Subject
from migration.discover.model import Inventory, Metric
from tests.migration.assess.machines import NOW, disk, down, host, instance, measured, server, up, usage, vm

PRICES = listed_prices()
MIB = 1 << 20


def billed(subject: Subject, *, complexity: int = 1, **inventory: Any) -> Cost:
    known = Inventory(taken_at=NOW, **{"machines": (subject.machine,), **inventory})
    return cost(Bill(subject=subject, sizing=None, complexity=complexity, centre=DataCentre(known, PRICES), prices=PRICES))


def lines(found: Cost, side: str) -> dict[str, float]:
    return {line.what: round(line.usd, 4) for line in found.lines if line.side == side}


def test_the_only_machine_of_a_cluster_carries_the_whole_host() -> None:
    found = billed(up(vm(disks=(disk(size=TIB),))), hosts=(host(),))

    # 32 cores of two processors; 0.45 kW * 8,760 h * 1.6 = 6,307.2 kWh a year
    assert lines(found, "source") == {
        "hardware: 100.00% of general at here (1 hosts)": round(4000 / 12, 4),
        "maintenance: 100.00% of general at here (1 hosts)": 100.0,
        "room and rack: 100.00% of general at here (1 hosts)": 75.0,
        "electricity: 100.00% of general at here (1 hosts)": round(6307.2 * 0.14 / 12, 4),
        "VMware licence, allocated (really saved only with a whole host): 100.00% of general at here (1 hosts)": 32 * 135 / 12,
        "storage of 1 TiB": 25.0,
        "backup of 1 TiB": 10.0,
    }
    assert found.now_usd_month == pytest.approx(4000 / 12 + 100 + 75 + 73.584 + 360 + 25 + 10)


def test_on_aws_hours_volumes_and_snapshots_are_paid() -> None:
    found = billed(up(vm(disks=(disk(size=100 * GIB),))))

    hour = float(instance_type("m6a.xlarge").usd_per_hour or 0)
    assert lines(found, "target") == {
        "m6a.xlarge, running all month": round(730 * hour, 4),
        "Hard disk 1 (gp3), size": 8.0,
        "snapshots as backup, 50% of 100.0 GiB": 2.5,
    }
    assert found.then_usd_month == pytest.approx(730 * hour + 10.5)


def test_windows_adds_a_licence_for_every_vcpu_and_hour() -> None:
    found = billed(up(vm(), system="windows-2022"))

    assert lines(found, "target")["Windows licence of AWS, 4 vCPUs"] == pytest.approx(4 * 730 * 0.046)


def test_a_machine_that_is_off_pays_for_what_it_keeps_only() -> None:
    found = billed(up(vm(power="off", disks=(disk(size=TIB),))), hosts=(host(),))

    assert found.now_usd_month == pytest.approx(35.0)
    assert found.then_usd_month == pytest.approx(1024 * 0.08 + 512 * 0.05)


def test_what_leaves_aws_by_network_is_paid_by_the_gib() -> None:
    found = billed(up(vm(), usage=usage(measured(Metric.NET_BYTES, 1e6))))

    gib = 1e6 * 730 * 3600 * 0.1 / GIB
    assert lines(found, "target")["data that leaves AWS, 10% of what its cards were seen to do"] == pytest.approx(gib * 0.09, abs=1e-3)


@pytest.mark.parametrize(
    ("volume", "usd"),
    [
        (VolumeChoice(disk="d", size=100 * GIB, kind="gp3", iops=3000, throughput=125 * MIB, usd_month=0, why=""), 8.0),
        (VolumeChoice(disk="d", size=100 * GIB, kind="gp3", iops=4000, throughput=225 * MIB, usd_month=0, why=""), 8.0 + 5.0 + 4.0),
        (VolumeChoice(disk="d", size=100 * GIB, kind="io2", iops=32000, throughput=0, usd_month=0, why=""), 12.5 + 2080.0),
        (VolumeChoice(disk="d", size=100 * GIB, kind="io2", iops=70000, throughput=0, usd_month=0, why=""), 12.5 + 2080 + 1456 + 192),
        (VolumeChoice(disk="d", size=100 * GIB, kind="io1", iops=1000, throughput=0, usd_month=0, why=""), 12.5 + 65.0),
        (VolumeChoice(disk="d", size=100 * GIB, kind="st1", iops=500, throughput=0, usd_month=0, why=""), 4.5),
        (VolumeChoice(disk="d", size=100 * GIB, kind="unheard-of", iops=0, throughput=0, usd_month=0, why=""), 8.0),
    ],
)
def test_volumes_cost_their_size_and_what_is_provisioned_over_what_is_included(volume: VolumeChoice, usd: float) -> None:
    assert sum(line.usd for line in volume_cost(volume, PRICES, "target")) == pytest.approx(usd)


def test_the_way_up_costs_people_blocks_and_snapshots_and_no_transfer() -> None:
    found = billed(up(vm(disks=(disk(size=100 * GIB),))), complexity=2)

    # 20 % are sent twice: 120 GiB = 245,760 blocks; snapshots for 7 + 14 days
    assert lines(found, "move") == {
        "people: 8 hours at complexity 2 (assumption, put your own figure, 2026-11-01)": 680.0,
        "data transfer into AWS": 0.0,
        "blocks written to snapshots": round(245.76 * 0.006, 4),
        "snapshots of the move, 0.69 months": round(100 * 21 / (365 / 12) * 0.05, 4),
        "double running: the source held 14 days": pytest.approx(found.double_usd, abs=1e-3),
    }
    assert found.once_usd == pytest.approx(680 + 245.76 * 0.006 + 100 * 21 * 12 / 365 * 0.05)
    assert found.double_usd == pytest.approx(round(found.now_usd_month, 2) * 14 * 12 / 365)


def test_the_way_down_pays_for_what_leaves_aws_and_holds_volumes_only() -> None:
    found = billed(down(instance(disks=(disk(label="/dev/sda1", size=100 * GIB, kind="gp3"),))))

    assert lines(found, "move")["data transfer out of AWS"] == pytest.approx(120 * 0.09)
    assert lines(found, "move")["blocks read from snapshots"] == pytest.approx(245.76 * 0.003, abs=1e-4)
    assert found.double_usd == pytest.approx(10.5 * 14 * 12 / 365)


def test_an_instance_that_is_held_is_stopped_and_sends_nothing() -> None:
    volume = disk(label="/dev/sda1", size=100 * GIB, kind="gp3")
    talking = usage(measured(Metric.NET_BYTES, 1_000_000.0))

    assert billed(down(instance(disks=(volume,)), usage=talking)).double_usd == billed(down(instance(disks=(volume,)))).double_usd


def test_the_estate_says_how_long_the_source_is_held() -> None:
    from infra.estate.model import MoveIntent

    intent = MoveIntent(on=NOW.date(), window_minutes=60, hold_days=0)
    found = billed(up(vm(), server=server(move=intent)))

    assert found.double_usd == 0


def test_three_years_are_the_saving_less_what_the_move_costs() -> None:
    found = billed(up())

    assert found.over(36) == pytest.approx(36 * (found.now_usd_month - found.then_usd_month) - found.once_usd - found.double_usd)


@given(cpus=st.integers(0, 64), memory=st.integers(0, TIB), size=st.integers(0, 20 * TIB), upward=st.booleans(), on=st.booleans())
def test_every_line_is_price_times_amount_and_the_sums_are_their_lines(cpus: int, memory: int, size: int, upward: bool, on: bool) -> None:
    changes: dict[str, Any] = {"cpus": cpus, "memory": memory, "disks": (disk(size=size),), "power": "on" if on else "off"}
    found = billed(up(vm(**changes)) if upward else down(instance(**changes)), hosts=(host(), host("esx-2")))

    for line in found.lines:
        assert line.usd == pytest.approx(line.amount * float(line.source.split(" ")[0]), rel=1e-3, abs=1e-3)
        assert line.usd >= 0
    by_side = {side: sum(line.usd for line in found.lines if line.side == side) for side in ("source", "target", "move")}
    assert found.now_usd_month == pytest.approx(by_side["source"])
    assert found.then_usd_month == pytest.approx(by_side["target"])
    assert found.once_usd + found.double_usd == pytest.approx(by_side["move"])


@given(st.lists(st.tuples(st.integers(1, 32), st.integers(1, 256)), min_size=1, max_size=12))
def test_shares_of_a_cluster_add_up_to_the_cluster(sizes: list[tuple[int, int]]) -> None:
    machines = tuple(vm(key=f"here/{n}", cpus=cpus, memory=gib * GIB) for n, (cpus, gib) in enumerate(sizes))
    centre = DataCentre(Inventory(taken_at=NOW, machines=machines, hosts=(host(), host("esx-2"))), PRICES)

    shares = [share.share for machine in machines if (share := centre.share_of(machine))]
    assert sum(shares) == pytest.approx(1)


def test_a_larger_machine_has_the_larger_share() -> None:
    machines = (vm(), vm(key="here/vm-2", cpus=12, memory=48 * GIB))
    centre = DataCentre(Inventory(taken_at=NOW, machines=machines, hosts=(host(),)), PRICES)

    assert [round(share.share, 4) for m in machines if (share := centre.share_of(m))] == [0.25, 0.75]


def test_cores_are_billed_by_sixteen_for_each_processor() -> None:
    assert billed_cores(host(sockets=2, cores=24), PRICES) == 32
    assert billed_cores(host(sockets=1, cores=24), PRICES) == 24
    assert billed_cores(host(sockets=2, cores=48), PRICES) == 48


def _cluster(machines: int) -> DataCentre:
    """Three hosts of 256 GiB, and machines of 64 GiB."""
    found = tuple(vm(key=f"here/{n}", memory=64 * GIB) for n in range(machines))
    return DataCentre(Inventory(taken_at=NOW, machines=found, hosts=(host(), host("esx-2"), host("esx-3"))), PRICES)


def test_a_host_is_freed_when_the_rest_survives_without_the_largest() -> None:
    # 5 machines need 320 GiB: three hosts carry 512 without the largest, two only 256.
    [found] = _cluster(5).freed({"here/4"})

    assert (found.hosts, found.of) == (("esx-1",), 3)


def test_no_host_is_freed_one_machine_too_many() -> None:
    [found] = _cluster(6).freed({"here/5"})

    assert (found.hosts, found.cores, found.usd_month) == ((), 0, 0)


def test_what_is_freed_saves_hardware_power_and_the_cores_of_the_host() -> None:
    [found] = _cluster(5).freed({"here/4"})

    assert found.cores == 32
    assert found.usd_month == pytest.approx((4000 + 1200 + 900 + 6307.2 * 0.14 + 32 * 135) / 12)


def test_a_host_that_could_go_today_is_nobodys_merit() -> None:
    [found] = _cluster(4).freed({"here/3"})

    assert found.hosts == ()


def test_an_empty_cluster_goes_whole() -> None:
    [found] = _cluster(5).freed({f"here/{n}" for n in range(5)})

    assert len(found.hosts) == 3


def test_who_arrives_takes_the_place_of_who_leaves() -> None:
    [found] = _cluster(5).freed({"here/4"}, {"here": (4, 64 * GIB)})

    assert found.hosts == ()


def test_where_hosts_use_more_than_is_known_a_machine_pays_its_part_of_that() -> None:
    busy = replace(host(), memory_used=64.0 * GIB)
    centre = DataCentre(Inventory(taken_at=NOW, machines=(vm(),), hosts=(busy,)), PRICES)

    share = centre.share_of(vm())
    assert share is not None
    assert share.share == pytest.approx(16 / 64)
    assert share.of == "general at here (1 hosts, which carries more than is known)"


def test_where_hosts_use_more_than_is_known_fewer_are_freed() -> None:
    machines = tuple(vm(key=f"here/{n}", memory=64 * GIB) for n in range(5))
    busy = tuple(host(name, memory_used=160.0 * GIB) for name in ("esx-1", "esx-2", "esx-3"))
    [found] = DataCentre(Inventory(taken_at=NOW, machines=machines, hosts=busy), PRICES).freed({"here/4"})

    assert found.hosts == ()


def test_hosts_that_nobody_knows_are_stood_in_for_and_said() -> None:
    found = billed(up(vm(cpus=64, memory=128 * GIB)))

    assert any("since its hosts are not known" in line.what for line in found.lines)
    assert next(line for line in found.lines if line.what.startswith("hardware: 50.00%")).usd == pytest.approx(4000 / 12 / 2)


def test_an_instance_goes_to_the_cluster_that_the_estate_names() -> None:
    at = server().at
    placed = server(at={**at, "here": at["here"].model_copy(update={"cluster": "data"})})
    hosts = (host(), replace(host("esx-d"), cluster="data", cores=64, memory=512 * GIB))
    found = billed(down(instance(), server=placed), hosts=hosts)

    assert any("data at here (1 hosts)" in line.what for line in found.lines if line.side == "target")
