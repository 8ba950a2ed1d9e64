"""Bad series: each mistake gives its finding, says what was taken, and leaves a usable rest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from migration.discover.model import Finding, Gravity, Metric
from migration.discover.samples import Samples
from migration.discover.usage_clean import Subject, changed_size, cleaned, summed
from tests.migration.discover.machines import NOW, machine

START = int(NOW.timestamp()) - 3000
TIMES = [START + 300 * n for n in range(1, 11)]
VALUES = [float(n) for n in range(1, 11)]


def series(times: list[int] | None = None, values: list[float] | None = None, metric: Metric = Metric.CPU_MHZ) -> Samples:
    return Samples(
        machine="hill/a-uuid",
        metric=metric,
        interval_s=300,
        times=np.array(times or TIMES, dtype=np.int64),
        values=np.array(values or VALUES, dtype=np.float64),
    )


def told(told_series: Samples, *, whole: dict[Metric, float] | None = None, **fields: Any) -> tuple[list[int], list[float], list[str]]:
    subject = Subject(machine=machine("a", **({"booted": None} | fields)), whole=whole or {}, now=NOW)
    kept, findings = cleaned(told_series, subject)
    assert all(each.taken and each.where == "hill/a" for each in findings)
    return kept.times.tolist(), kept.values.tolist(), [each.code for each in findings]


def test_a_good_series_stays_as_it_is() -> None:
    assert told(series(), whole={Metric.CPU_MHZ: 10.0}) == (TIMES, VALUES, [])


@pytest.mark.parametrize("factor", [10**3, 10**6, 10**9])
def test_times_in_other_units_become_seconds(factor: int) -> None:
    assert told(series([t * factor for t in TIMES])) == (TIMES, VALUES, ["DSC-010"])


def test_times_that_cannot_be_are_left_out() -> None:
    times = [5, *TIMES[1:9], TIMES[9] + 40 * 86400]

    assert told(series(times)) == (TIMES[1:9], VALUES[1:9], ["DSC-010"])


def test_negative_values_are_gaps_and_so_is_what_is_no_number() -> None:
    values = [-4.0, float("nan"), *VALUES[2:9], float("inf")]

    assert told(series(values=values)) == (TIMES[2:9], VALUES[2:9], ["DSC-011"])


def test_a_series_of_nothing_but_mistakes_leaves_nothing() -> None:
    assert told(series(values=[-1.0] * 10)) == ([], [], ["DSC-011"])


def test_of_a_moment_told_twice_the_larger_value_counts() -> None:
    times, values = [TIMES[1], *TIMES, TIMES[0]], [9.0, *VALUES, 0.5]

    assert told(series(times, values)) == (TIMES, [1.0, 9.0, *VALUES[2:]], ["DSC-015"])


def test_a_series_out_of_order_is_ordered_without_a_word() -> None:
    assert told(series(TIMES[::-1], VALUES[::-1])) == (TIMES, VALUES, [])


def test_memory_above_the_capacity_is_the_capacity() -> None:
    assert told(series(metric=Metric.MEMORY), whole={Metric.MEMORY: 8.0}) == (TIMES, [*VALUES[:8], 8.0, 8.0], ["DSC-016"])


def test_a_processor_may_run_faster_than_its_clock_for_a_while() -> None:
    assert told(series(), whole={Metric.CPU_MHZ: 7.0})[2] == []
    assert told(series(), whole={Metric.CPU_MHZ: 5.0}) == (TIMES, [*VALUES[:7], 5.0, 5.0, 5.0], ["DSC-016"])


def test_a_capacity_of_zero_limits_nothing() -> None:
    assert told(series(metric=Metric.MEMORY), whole={Metric.MEMORY: 0.0}) == (TIMES, VALUES, ["DSC-013"])


def test_a_capacity_that_nobody_told_is_no_mistake() -> None:
    assert told(series(metric=Metric.MEMORY)) == (TIMES, VALUES, [])


def test_a_full_processor_in_the_quarter_of_an_hour_after_a_start_does_not_count() -> None:
    """Started 100 s into the third interval: intervals 3, 4, 5 and 6 touch the quarter of an hour, 6 with its first 100 s."""
    booted = NOW - timedelta(seconds=3000 - 700)
    full = [100.0] * 10

    times, values, codes = told(series(values=full, metric=Metric.CPU_PERCENT), whole={Metric.CPU_PERCENT: 100.0}, booted=booted)

    assert times == [*TIMES[:2], *TIMES[6:]]
    assert values == [100.0] * 6
    assert codes == ["DSC-017"]


def test_a_busy_processor_after_a_start_counts_and_so_does_full_memory() -> None:
    booted = NOW - timedelta(seconds=2300)

    assert told(series(values=[98.0] * 10, metric=Metric.CPU_PERCENT), whole={Metric.CPU_PERCENT: 100.0}, booted=booted)[2] == []
    assert told(series(values=[8.0] * 10, metric=Metric.MEMORY), whole={Metric.MEMORY: 8.0}, booted=booted)[2] == []


def test_another_number_of_processors_is_said() -> None:
    found = changed_size(machine("a", cpus=2), machine("a", cpus=4))

    assert found is not None
    assert (found.code, found.where) == ("DSC-014", "hill/a")
    assert "had 2" in found.what
    assert changed_size(machine("a"), machine("a")) is None
    assert changed_size(machine("a", cpus=0), machine("a")) is None


def test_one_mistake_on_many_machines_is_one_finding() -> None:
    many = [Finding(code="DSC-012", gravity=Gravity.NOTE, where=f"hill/m{n}", what="gap") for n in range(400)]
    few = [Finding(code="DSC-011", gravity=Gravity.WARNING, where="hill/a", what="negative")]

    found = summed([*many, *few])

    assert [each.code for each in found] == ["DSC-011", "DSC-012"]
    assert found[1].where == "hill"
    assert found[1].what == "400 machines, such as m0, m1, m2: gap"
