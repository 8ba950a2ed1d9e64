"""Hourly maxima of raw samples."""

from datetime import UTC, datetime

import numpy as np
import pytest

from migration.assess.sizing import size_up
from migration.assess.sizing_hours import hourly_maxima, with_raw
from migration.assess.sizing_measured import Measured
from migration.discover.model import FoundMachine, Metric
from migration.discover.samples import Samples

GIB = 1 << 30
NOW = datetime(2026, 11, 1, tzinfo=UTC)
MACHINE = FoundMachine(key="d/1", name="m", site="d", kind="vsphere", source="t", as_of=NOW, cpus=4, memory=16 * GIB)
DAYS = 25


def series(metric: Metric, values, interval_s: int = 300) -> Samples:
    times = interval_s * np.arange(1, len(values) + 1, dtype=np.int64)
    return Samples(machine="d/1", metric=metric, interval_s=interval_s, times=times, values=np.asarray(values, dtype=float))


def test_an_hour_is_its_largest_sample_and_ends_with_its_last():
    hours, values = hourly_maxima(series(Metric.MEMORY, [*range(12), 5.0, np.nan]))
    assert hours.tolist() == [0, 1]
    assert values.tolist() == [11.0, 5.0]


def test_raw_samples_replace_percentiles():
    cpu = np.full(288 * DAYS, 10.0)
    cpu[5::12] = 40.0
    raw = [series(Metric.CPU_PERCENT, cpu), series(Metric.MEMORY, np.full(288 * DAYS, 3.0 * GIB))]
    cores, gib = with_raw({}, [MACHINE], raw)["d/1"].series
    assert len(cores) == 24 * DAYS
    assert set(cores) == {1.6}
    assert set(gib) == {3.0}
    sizing = size_up(MACHINE, with_raw({}, [MACHINE], raw)["d/1"])
    assert (sizing.chosen.cpus, sizing.basis) == (2, f"hourly maxima of {DAYS} days")


def test_megahertz_count_before_per_cent_and_the_finest_series_counts():
    memory = series(Metric.MEMORY, np.full(288 * DAYS, GIB))
    coarse = series(Metric.CPU_MHZ, np.full(24 * DAYS, 9000.0), 3600)
    fine = series(Metric.CPU_MHZ, np.full(288 * DAYS, 2500.0))
    percent = series(Metric.CPU_PERCENT, np.full(288 * DAYS, 99.0))
    found = with_raw({"d/1": Measured(core_mhz=2500.0)}, [MACHINE], [coarse, percent, fine, memory])["d/1"].series
    assert found[0][0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    "raw",
    [
        [],
        [series(Metric.MEMORY, np.ones(288 * DAYS))],
        [series(Metric.CPU_PERCENT, np.ones(288 * 2)), series(Metric.MEMORY, np.ones(288 * 2))],
        [series(Metric.CPU_PERCENT, np.full(288 * DAYS, np.nan)), series(Metric.MEMORY, np.ones(288 * DAYS))],
        [series(Metric.CPU_PERCENT, np.ones(999), 7200), series(Metric.MEMORY, np.ones(999), 7200)],
    ],
)
def test_too_little_leaves_percentiles(raw):
    assert with_raw({"d/1": Measured()}, [MACHINE], raw)["d/1"].series is None
