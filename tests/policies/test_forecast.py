"""Projected demand: trend, levels, how often they hold, and what too little data gives."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.evidence import ForecastEvidence
from policies.forecast import forecast

FIRST = date(2026, 8, 1)


def projected(values: list[float]) -> ForecastEvidence:
    found = forecast("cluster/a/b", "cpu", days(values), source="test", as_of=None)
    assert found is not None
    return found


def days(values: list[float]) -> list[tuple[date, float]]:
    return [(FIRST + timedelta(days=n), value) for n, value in enumerate(values)]


def test_thirteen_days_are_too_few_and_fourteen_are_enough() -> None:
    assert forecast("x", "cpu", days([1.0] * 13), source="", as_of=None) is None
    assert forecast("x", "cpu", days([1.0] * 14), source="", as_of=None) is not None


def test_days_given_twice_or_unreadable_do_not_count_as_more_days() -> None:
    series = [*days([1.0] * 13), *days([2.0] * 13), (date(2026, 9, 1), float("nan")), (date(2026, 9, 2), -1.0)]

    assert forecast("x", "cpu", series, source="", as_of=None) is None


def test_a_flat_series_stays_flat_with_no_spread() -> None:
    points = projected([500.0] * 90).points

    assert {(p.p10, p.p50, p.p90) for p in points} == {(500.0, 500.0, 500.0)}


def test_a_straight_line_is_continued_for_a_year_in_weekly_points() -> None:
    found = projected([1000.0 + 2.0 * n for n in range(90)])

    assert found.points[0].day == FIRST + timedelta(days=89)
    assert found.points[-1].day == FIRST + timedelta(days=89 + 365)
    assert found.points[1].day - found.points[0].day == timedelta(days=7)
    assert found.points[-1].p50 == pytest.approx(1000 + 2 * (89 + 365))
    assert found.points[-1].p90 == pytest.approx(found.points[-1].p50)


def test_quiet_weekends_bend_no_trend() -> None:
    weekly = [1000.0 - (300.0 if n % 7 in {5, 6} else 0.0) for n in range(60)]

    assert projected(weekly).points[-1].p50 == pytest.approx(1000.0)
    assert "no clear trend" in projected(weekly).confidence


def test_a_few_wild_days_hardly_move_the_trend() -> None:
    values = [1000.0 + n for n in range(90)]
    for n in (3, 40, 88):
        values[n] = 50_000.0

    assert projected(values).points[-1].p50 == pytest.approx(1000 + 89 + 365, rel=0.02)


def test_the_levels_widen_with_the_distance_and_narrow_with_the_data() -> None:
    def noisy(count: int) -> list[float]:
        chance = random.Random(7)
        return [1000.0 + chance.gauss(0, 50) for _ in range(count)]

    few, many = projected(noisy(21)), projected(noisy(180))
    widths = [p.p90 - p.p10 for p in many.points]

    assert widths == sorted(widths)
    assert few.points[26].p90 - few.points[26].p10 > 2 * widths[26]


def test_the_trend_follows_recent_months_rather_than_old_ones() -> None:
    turned = [1000.0] * 270 + [1000.0 + 10.0 * n for n in range(95)]
    found = projected(turned)

    assert found.points[-1].p90 > 1940 + 365
    assert found.points[0].p90 > 1800


@pytest.mark.parametrize(("count", "widest"), [(28, 8.0), (90, 6.0), (365, 3.0)])
def test_a_noisy_line_stays_within_levels_made_for_servers_that_also_change_their_habits(count: int, widest: float) -> None:
    kept = list(held(count, lambda value, point: value <= point.p90))
    above_low = list(held(count, lambda value, point: value >= point.p10))
    spread = list(held(count, lambda _, point: (point.p90 - point.p10) / 2 <= widest * 50))

    assert sum(kept) / len(kept) >= 0.9
    assert sum(above_low) / len(above_low) >= 0.9
    assert sum(spread) / len(spread) >= 0.9


def held(count: int, holds: Callable[..., bool]) -> Iterator[bool]:
    for seed in range(60):
        chance = random.Random(seed)
        values = [1000 + 2 * n + chance.gauss(0, 50) for n in range(count + 90)]
        found = projected(values[:count])
        for n in range(count, count + 90, 9):
            yield holds(values[n], found.at(FIRST + timedelta(days=n)))


@given(st.lists(st.floats(0, 1e15), min_size=14, max_size=60))
@settings(deadline=None)
def test_the_levels_never_cross_and_are_never_negative(values: list[float]) -> None:
    for point in projected(values).points:
        assert 0 <= point.p10 <= point.p50 <= point.p90


@given(st.lists(st.floats(1, 1e9), min_size=14, max_size=40), st.floats(1.01, 10))
@settings(deadline=None)
def test_more_demand_on_every_day_never_projects_less(values: list[float], factor: float) -> None:
    before, after = projected(values).points, projected([value * factor for value in values]).points

    assert all(a.p90 >= b.p90 * 0.999 for a, b in zip(after, before, strict=True))


def test_a_year_of_days_is_projected_in_milliseconds() -> None:
    values = [1000.0 + (n * 37) % 101 for n in range(365)]

    def seconds() -> float:
        begun = process_time()
        projected(values)
        return process_time() - begun

    assert min(seconds() for _ in range(5)) < 0.05


def test_a_projection_tells_how_often_its_levels_held_and_what_broke() -> None:
    found = projected([1000.0 + (n * 37) % 11 - (300.0 if n >= 50 else 0.0) for n in range(90)])

    assert "95 % intervals held 9" in found.confidence
    assert "95 % intervals held 9" in found.coverage
    assert len(found.shifts) == 1
    assert found.shifts[0].startswith("level moved by -")
    assert found.shifts[0].endswith("on 2026-09-20")


def test_the_outer_levels_are_there_for_fans() -> None:
    for point in projected([1000.0 + (n * 37) % 101 for n in range(90)]).points:
        assert point.p2_5 is not None
        assert point.p97_5 is not None
        assert point.p2_5 <= point.p10 <= point.p90 <= point.p97_5


def test_days_until_full_are_told_for_one_five_and_nine_in_ten_futures() -> None:
    chance = random.Random(5)
    found = projected([1000.0 + 5 * n + chance.gauss(0, 20) for n in range(90)])
    one, five, nine = found.over_in(1000.0 + 5 * (89 + 60))

    assert one is not None
    assert five is not None
    assert nine is not None
    assert one <= five <= nine
    assert abs(five - 60) <= 20
    assert found.full(1e9) == "not within 365 days in nine of ten futures"
    assert found.full(1000.0).startswith("over in 0 / 0 / 0 days")


def test_a_projection_without_futures_says_nothing_about_them() -> None:
    plain = ForecastEvidence(target="x", resource="cpu", points=(), confidence="")

    assert (plain.full(1.0), plain.over_in(1.0)) == ("", (None, None, None))
