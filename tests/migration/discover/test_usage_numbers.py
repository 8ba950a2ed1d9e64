"""Percentiles by hand, gaps, and which picture counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from migration.discover.model import Metric
from migration.discover.samples import Samples
from migration.discover.usage_choice import best_of
from migration.discover.usage_numbers import gaps_in, percentiles_of
from tests.migration.discover.machines import NOW, machine, percentiles

END = int(NOW.timestamp())


def series(values: list[float], times: list[int] | None = None) -> Samples:
    moments = times or [END - 300 * n for n in reversed(range(len(values)))]
    return Samples(
        machine="hill/a",
        metric=Metric.CPU_MHZ,
        interval_s=300,
        times=np.array(moments, dtype=np.int64),
        values=np.array(values, dtype=float),
    )


def test_a_hundred_values_by_hand() -> None:
    found = percentiles_of(series([float(n) for n in reversed(range(1, 101))]), source="by hand")

    assert found is not None
    assert (found.p50, found.p90, found.p95, found.p99, found.maximum) == (50, 90, 95, 99, 100)
    assert found.mean == pytest.approx(50.5)
    assert (found.samples, found.expected) == (100, 100)
    assert found.last == NOW
    assert found.first == NOW - timedelta(seconds=99 * 300)
    assert found.source == "by hand"


def test_nearest_rank_is_a_value_that_was_measured() -> None:
    """Of 12 values the 95th percentile is the twelfth: 0.95 x 12 = 11.4, rounded up."""
    found = percentiles_of(series([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 40]))

    assert found is not None
    assert (found.p50, found.p90, found.p95, found.p99) == (6, 11, 40, 40)


def test_one_value_is_all_percentiles_and_none_is_nothing() -> None:
    one = percentiles_of(series([7.0]))

    assert one is not None
    assert (one.p50, one.p99, one.mean, one.samples, one.expected) == (7, 7, 7, 1, 1)
    assert percentiles_of(series([])) is None


def test_coverage_counts_what_should_be_there() -> None:
    times = [END - 300 * n for n in (9, 8, 7, 1, 0)]

    found, gap = percentiles_of(series([1, 2, 3, 4, 5], times)), gaps_in(series([1, 2, 3, 4, 5], times), machine("a"))

    assert found is not None
    assert (found.samples, found.expected) == (5, 10)
    assert gap is not None
    assert (gap.code, gap.where) == ("DSC-012", "hill/a")
    assert gap.what == "cpu_mhz: 5 of 10 samples are missing, the longest gap is 0.5 hours from 2026-11-25 11:25"


def test_a_series_with_few_gaps_is_none_to_speak_of() -> None:
    assert gaps_in(series([1.0] * 20, [END - 300 * n for n in reversed(range(21)) if n != 5]), machine("a")) is None


def test_the_finest_interval_with_a_week_counts_else_the_longest_span() -> None:
    week, day, month = (
        percentiles("m", p95=1.0),
        percentiles("m", samples=288, p95=2.0),
        percentiles("m", interval_s=7200, samples=360, p95=3.0),
    )
    half = percentiles("m", interval_s=1800, samples=336, p95=4.0)

    assert [each.p95 for each in best_of([month, week])] == [1.0]
    assert [each.p95 for each in best_of([month, day])] == [3.0]
    assert [each.p95 for each in best_of([day, half, month])] == [4.0]


def test_an_old_picture_does_not_speak_for_now() -> None:
    old = percentiles("m", last=datetime(2026, 6, 30, tzinfo=UTC), p95=1.0)

    assert [each.p95 for each in best_of([old, percentiles("m", samples=288, p95=2.0)])] == [2.0]
