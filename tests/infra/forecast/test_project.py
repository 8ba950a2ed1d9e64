"""A projection: what follows from its input whatever the numbers are."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.forecast.calibration import as_document, calibrate, from_document
from infra.forecast.model import Forecast, NoForecast
from infra.forecast.project import forecast
from infra.forecast.shipped import calibration_for, shipped

FIRST = date(2026, 1, 1)
SERIES = st.lists(st.integers(0, 10_000).map(float), min_size=14, max_size=80)
HORIZON = 45


def projected(values: object, **options: float | bool | None) -> Forecast:
    days = [(FIRST + timedelta(days=n), float(value)) for n, value in enumerate(np.asarray(values))]
    found = forecast(days, HORIZON, **options)  # type: ignore[arg-type]
    assert isinstance(found, Forecast)
    return found


def table(found: Forecast) -> np.ndarray:
    return np.array([point.levels() for point in found.points])


@given(SERIES, st.sampled_from([0.001, 0.5, 8.0, 1e6]))
@settings(deadline=None, max_examples=40)
def test_scaling_the_series_scales_the_levels(values: list[float], factor: float) -> None:
    before, after = (table(projected(np.asarray(values) * by, floor=None)) for by in (1.0, factor))

    assert after == pytest.approx(before * factor, rel=1e-6, abs=1e-6 * factor * (1 + max(values)))


@given(SERIES, st.sampled_from([64.0, 4096.0]))
@settings(deadline=None, max_examples=40)
def test_shifting_the_series_shifts_the_levels(values: list[float], by: float) -> None:
    before, after = (table(projected(np.asarray(values) + 1000 + add, floor=None)) for add in (0.0, by))

    assert after == pytest.approx(before + by, rel=1e-6, abs=1e-6 * (1 + max(values)))


@given(st.integers(0, 1 << 50), st.integers(14, 400))
@settings(deadline=None, max_examples=30)
def test_a_constant_series_projects_itself(value: int, days: int) -> None:
    assert table(projected(np.full(days, float(value)))) == pytest.approx(float(value))


@given(st.lists(st.floats(0, 1e15), min_size=14, max_size=400))
@settings(deadline=None, max_examples=60)
def test_no_series_breaks_it_and_levels_never_cross(values: list[float]) -> None:
    found = table(projected(values))

    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (np.diff(found, axis=1) >= 0).all()


def test_levels_widen_with_the_distance() -> None:
    found = table(projected(1000 + np.random.default_rng(1).normal(0, 20, 90)))

    assert (np.diff(found[:, 4] - found[:, 0]) >= 0).all()


def test_a_cap_holds() -> None:
    assert table(projected(10.0 * np.arange(90), cap=1000.0)).max() == 1000.0


def test_the_week_is_projected_and_the_busiest_day_stands_for_all() -> None:
    week = [1000.0 - (300.0 if n % 7 in {5, 6} else 0.0) for n in range(70)]

    assert [point.p50 for point in projected(week).points[:7]] == pytest.approx(week[:7], rel=1e-3)
    assert {round(point.p50) for point in projected(week, busiest=True).points} == {1000}


def test_what_is_left_of_a_capacity_is_asked_by_date() -> None:
    found = projected(1000 + np.random.default_rng(1).normal(0, 20, 90))
    day = found.last + timedelta(days=10)
    left, demand = found.left(day, 1500.0), found.at(day)

    assert left is not None
    assert demand is not None
    assert (left.p10, left.p50) == (1500.0 - demand.p90, 1500.0 - demand.p50)
    assert found.at(found.last) is None
    assert found.left(found.last + timedelta(days=HORIZON + 1), 1.0) is None


def test_a_projection_tells_how_often_its_levels_held() -> None:
    told = projected([5.0, 6.0] * 20).coverage()

    assert "95 % intervals held 9" in told
    assert "beyond 28 days extended, not measured" in told


def test_few_series_have_no_calibration_of_their_own_and_many_have() -> None:
    chance = np.random.default_rng(2)
    fleet = [chance.uniform(100, 900) + np.cumsum(chance.normal(0, 1, 168)) + chance.normal(0, 5, 168) for _ in range(60)]
    made = calibrate(fleet, step=14)

    assert calibrate(fleet[:10], step=14) is None
    assert calibration_for(fleet[:10]) is shipped()
    assert made is not None
    assert "60 series" in made.source
    assert 0.9 < next(each.achieved for each in made.achieved if each.nominal == 0.95 and not each.horizon) < 0.99
    assert from_document(as_document(made)) == made


def test_a_calibration_of_other_quantiles_is_refused() -> None:
    with pytest.raises(ValueError, match="other quantiles"):
        from_document(as_document(shipped()) | {"parts": [0.5]})


def test_a_horizon_of_no_day_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one day"):
        forecast([(FIRST, 1.0)], 0)


def test_values_that_nobody_measures_give_a_reason() -> None:
    found = forecast([(FIRST + timedelta(days=n), 1e200 * (1 + n % 3)) for n in range(30)], HORIZON)

    assert isinstance(found, NoForecast)
    assert "too large" in found.reason
