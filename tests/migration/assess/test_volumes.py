"""Volumes from measurements."""

from datetime import UTC, datetime

import pytest

from infra.prices import listed_prices
from migration.assess.volumes import choose_volumes
from migration.discover.model import FoundDisk, FoundMachine, Metric, Percentiles

GIB = 1 << 30
MIB = 1 << 20
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def measured(metric: Metric, p99: float, most: float) -> dict[Metric, Percentiles]:
    values = {"mean": p99 / 4, "p50": p99 / 4, "p90": p99 / 2, "p95": p99 / 2, "p99": p99, "maximum": most}
    found = Percentiles(machine="m", metric=metric, interval_s=300, samples=1000, expected=1000, first=NOW, last=NOW, **values)
    return {metric: found}


def volumes(*gibs: float, tier: str = "", usage: dict[Metric, Percentiles] | None = None):
    disks = tuple(FoundDisk(label=f"Hard disk {n}", size=int(gib * GIB)) for n, gib in enumerate(gibs, 1))
    machine = FoundMachine(key="m", name="m", site="s", kind="vsphere", source="t", as_of=NOW, disks=disks)
    return choose_volumes(machine, usage or {}, prices=listed_prices(), tier=tier)


def test_without_measurements_gp3_with_what_it_includes():
    (volume,) = volumes(99.5)
    assert (volume.kind, volume.size, volume.iops, volume.throughput) == ("gp3", 100 * GIB, 3000, 125 * MIB)
    assert volume.usd_month == pytest.approx(8.0)
    assert "nothing was measured" in volume.why


def test_operations_and_bytes_beyond_are_bought():
    (fast,) = volumes(500, usage=measured(Metric.IOPS, 4000, 6020))
    assert (fast.kind, fast.iops) == ("gp3", 6100)
    assert fast.usd_month == pytest.approx(500 * 0.08 + 3100 * 0.005)
    (wide,) = volumes(500, usage=measured(Metric.DISK_BYTES, 100 * MIB, 900 * MIB))
    assert wide.throughput == 900 * MIB
    assert wide.iops == 3600


def test_a_small_volume_does_not_do_what_it_cannot():
    (small,) = volumes(8, usage=measured(Metric.IOPS, 9000, 20_000))
    assert small.iops == 4000


@pytest.mark.parametrize(
    ("gib", "tier", "p99", "reason"),
    [(1000, "", 20_000, "more operations"), (1000, "gold", 4000, "gold"), (17_000, "", 100, "larger than gp3")],
)
def test_io2_where_gp3_does_not_do(gib, tier, p99, reason):
    (volume,) = volumes(gib, tier=tier, usage=measured(Metric.IOPS, p99, p99 * 2))
    assert volume.kind == "io2"
    assert reason in volume.why
    assert volume.iops == p99


def test_io2_where_more_bytes_are_moved_than_gp3_does():
    (volume,) = volumes(4000, usage=measured(Metric.DISK_BYTES, 2000 * MIB, 2400 * MIB))
    assert (volume.kind, volume.iops, volume.throughput) == ("io2", 8000, 2000 * MIB)
    assert "more bytes" in volume.why


def test_gold_at_rest_stays_on_gp3():
    assert volumes(100, tier="gold", usage=measured(Metric.IOPS, 500, 900))[0].kind == "gp3"


def test_several_disks_share_by_size():
    first, second = volumes(300, 100, usage=measured(Metric.IOPS, 10_000, 16_000))
    assert (first.iops, second.iops) == (12_000, 4000)
    assert "75% of the machine's by size" in first.why


def test_broken_sizes_still_give_a_volume():
    assert [v.size for v in volumes(0, -5)] == [GIB, GIB]
