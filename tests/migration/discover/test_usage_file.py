"""Tables of usage, as people and tools write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import InclineError
from migration.discover.model import Metric
from migration.discover.store import Store
from migration.discover.usage import Told, refresh
from migration.discover.usage_capacity import FromFiles, samples_of
from migration.discover.usage_file import Column, column_of, read_usage
from tests.migration.discover.machines import GIB, NOW, inventory, machine

KIB = 1024
TRACE = (
    "Timestamp [ms];\tCPU cores;\tCPU capacity provisioned [MHZ];\tCPU usage [MHZ];\tCPU usage [%];\tMemory capacity provisioned [KB];"
    "\tMemory usage [KB];\tDisk read throughput [KB/s];\tDisk write throughput [KB/s];\tNetwork received throughput [KB/s];"
    "\tNetwork transmitted throughput [KB/s]"
)
START = 1_375_308_000


def trace(folder: Path, *rows: tuple[float, ...], name: str = "a") -> Path:
    """A file of the public traces: cores, MHz of all, MHz, per cent, KiB of all, KiB, disk and network both ways; every five minutes."""
    file = folder / f"{name}.csv"
    lines = [";\t".join(map(str, (START + 300 * n, *row))) for n, row in enumerate(rows)]
    file.write_text("\n".join([TRACE, *lines]) + "\n")
    return file


def row(cores: int = 2, used: float = 1000.0, percent: float = 20.0, whole: float = 5000.0, memory: float = 8 << 20) -> tuple[float, ...]:
    return cores, whole if cores else 0.0, used, percent, memory, 1 << 20, 10.0, 5.0, 2.0, 1.0


def told(*files: Path) -> FromFiles:
    return samples_of([each for file in files for each in read_usage(file)], {"a": machine("a")}, "hill")


@pytest.mark.parametrize(
    ("header", "meaning"),
    [
        ("Timestamp [ms]", Column("time")),
        ("VM", Column("machine")),
        ("CPU cores", Column("cores")),
        ("CPU usage [MHZ]", Column("cpu_mhz")),
        ("cpu_percent", Column("cpu_percent")),
        ("Memory usage [KB]", Column("memory_bytes", 1024)),
        ("mem used (GiB)", Column("memory_bytes", GIB)),
        ("Memory [%]", Column("memory percent")),
        ("Disk read throughput [KB/s]", Column("disk_bytes_s", 1024)),
        ("disk IOPS", Column("disk_iops")),
        ("Network received throughput [KB/s]", Column("net_bytes_s", 1024)),
        ("owner", None),
        ("CPU model", None),
    ],
)
def test_headers_say_what_a_column_is(header: str, meaning: Column | None) -> None:
    assert column_of(header) == meaning


def test_a_trace_becomes_samples_in_our_units(tmp_path: Path) -> None:
    found = told(trace(tmp_path, *[row()] * 12))

    values = {each.metric: each.values[0] for each in found.series}
    assert values == {
        Metric.CPU_MHZ: 1000.0,
        Metric.CPU_PERCENT: 20.0,
        Metric.MEMORY: (1 << 20) * KIB,
        Metric.DISK_BYTES: 15 * KIB,
        Metric.NET_BYTES: 3 * KIB,
    }
    assert {each.interval_s for each in found.series} == {300}
    assert found.whole["hill/a-uuid"] == {Metric.CPU_PERCENT: 100.0, Metric.CPU_MHZ: 5000.0, Metric.MEMORY: 8 * GIB}
    assert [each.code for each in found.findings] == ["DSC-010"]
    assert "milliseconds, and they are seconds" in found.findings[0].what


def test_capacities_of_zero_are_times_when_the_machine_was_off_and_fluttering_ones_take_the_largest(tmp_path: Path) -> None:
    found = told(trace(tmp_path, row(0), row(memory=7 << 20), row(), row(memory=0)))

    assert {len(each.values) for each in found.series} == {2}
    assert found.whole["hill/a-uuid"][Metric.MEMORY] == 8 * GIB
    assert [each.code for each in found.findings] == ["DSC-010", "DSC-013"]
    assert "2 of 4 samples" in found.findings[1].what


def test_percentages_count_from_the_last_change_of_processors_on(tmp_path: Path) -> None:
    found = told(trace(tmp_path, *[row(2)] * 5, *[row(4)] * 3))

    counts = {each.metric: len(each.values) for each in found.series}
    assert counts[Metric.CPU_PERCENT] == 3
    assert counts[Metric.CPU_MHZ] == 8
    changed = found.findings[1]
    assert changed.code == "DSC-014"
    assert "changes 1 times, at last to 4 at 2013-07-31 22:25" in changed.what


def test_a_table_of_several_machines_with_dates_and_commas(tmp_path: Path) -> None:
    file = tmp_path / "usage.csv"
    rows = ["2026-11-25T11:00:00Z;a;12,5;50", "2026-11-25 11:05;a;15;75", "soon;a;1;1", "2026-11-25 11:05;stranger;1;1"]
    file.write_text("\n".join(["time;machine;CPU usage [%];memory [%]", *rows]))

    found = told(file)

    assert {each.metric: each.values.tolist() for each in found.series} == {
        Metric.CPU_PERCENT: [12.5, 15.0],
        Metric.MEMORY: [4 * GIB, 6 * GIB],
    }
    assert found.series[0].times.tolist() == [int(NOW.timestamp()) - 3600, int(NOW.timestamp()) - 3300]
    assert [(each.code, each.where) for each in found.findings] == [("DSC-019", "hill/a"), ("DSC-018", "hill/stranger")]


def test_a_file_that_holds_no_usage_is_named(tmp_path: Path) -> None:
    file = tmp_path / "songs.csv"
    for content in ("title,artist\nBlue,Joni\n", "", "time,owner\n1,me\n", "\x00\xff".encode("latin-1")):
        file.write_bytes(content) if isinstance(content, bytes) else file.write_text(content)
        with pytest.raises(InclineError) as error:
            read_usage(file)
        assert error.value.code == "INC-7182"
        assert "songs.csv" in error.value.what


def test_old_samples_have_percentiles_too(tmp_path: Path, store: Store) -> None:
    store.save("hill", inventory(machine("a")))
    file = trace(tmp_path, *[row(used=float(n), percent=n / 50) for n in range(1, 101)])
    found = told(file)
    usage = Told(series=found.series, whole=found.whole, source="file a.csv", findings=found.findings, aged=True)

    refresh(store, "hill", usage, store.load().machines, before={}, now=NOW)

    loaded = store.load()
    assert loaded.usage_of()["hill/a-uuid"][Metric.CPU_MHZ].p95 == 95
    assert [each.code for each in loaded.findings] == ["DSC-010"]
