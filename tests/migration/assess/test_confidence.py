"""Stars: Azure's bands of coverage, capped by a short and by an old measurement."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migration.assess.confidence import confidence
from migration.discover.model import Metric
from tests.migration.assess.machines import NOW, measured, usage, vm

ALL = (Metric.CPU_PERCENT, Metric.MEMORY, Metric.IOPS, Metric.NET_BYTES)


def stars(share: float = 1.0, days: float = 30, ago: float = 0, metrics: tuple[Metric, ...] = ALL) -> int:
    found = usage(*(measured(metric, 1, share=share, days=days, ago=ago) for metric in metrics))
    return confidence(vm(), found, NOW).value


def test_an_import_without_measurements_has_no_star_and_says_so() -> None:
    found = confidence(vm(source="RVTools export.xlsx"), {}, NOW)

    assert (found.value, found.of) == (0, 5)
    assert found.why == ("RVTools export.xlsx has no measurements: sizes are those provisioned",)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.2, 1), (0.21, 2), (0.4, 2), (0.41, 3), (0.6, 3), (0.61, 4), (0.8, 4), (0.81, 5), (1, 5)]
)
def test_each_fifth_of_the_points_is_a_star(share: float, expected: int) -> None:
    assert stars(share) == expected


@pytest.mark.parametrize(("count", "expected"), [(1, 2), (2, 3), (3, 4), (4, 5)])
def test_each_of_four_needs_is_a_quarter(count: int, expected: int) -> None:
    assert stars(metrics=ALL[:count]) == expected


@pytest.mark.parametrize(("days", "expected"), [(0.99, 1), (1, 3), (6.99, 3), (6.998, 4), (27.99, 4), (28, 5)])
def test_a_short_measurement_costs_stars(days: float, expected: int) -> None:
    assert stars(days=days) == expected


@pytest.mark.parametrize(("ago", "expected"), [(30, 5), (30.1, 3), (90, 3), (90.1, 1)])
def test_an_old_measurement_costs_stars(ago: float, expected: int) -> None:
    assert stars(ago=ago) == expected


def test_samples_without_an_expected_number_count_for_nothing() -> None:
    strange = {m: replace(measured(m, 1), expected=0) for m in ALL}

    assert confidence(vm(), strange, NOW).value == 0


def test_the_reasons_name_the_shares() -> None:
    found = confidence(vm(), usage(measured(Metric.CPU_MHZ, 1), measured(Metric.MEMORY, 1, share=0.5)), NOW)

    assert found.why[0] == "38% of the points needed: processors 100%, memory 50%, disks 0%, network 0%"
    assert found.why[1] == "measured over 30 days"
