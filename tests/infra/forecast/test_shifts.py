"""Steps and turns: found where they are, and not where there are none."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from infra.forecast.model import Change, Forecast
from infra.forecast.project import forecast
from infra.forecast.shifts import steps, turn

FIRST = date(2026, 1, 1)


def noisy(values: object, scatter: float = 5.0) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    return values + np.random.default_rng(3).normal(0, scatter, len(values))


def projected(values: np.ndarray) -> Forecast:
    found = forecast([(FIRST + timedelta(days=n), float(value)) for n, value in enumerate(values)], 60)
    assert isinstance(found, Forecast)
    return found


@pytest.mark.parametrize("size", [-200.0, 150.0])
def test_a_step_is_found_on_its_day(size: float) -> None:
    found = steps(noisy([500.0 + (size if n >= 70 else 0.0) for n in range(120)]))

    assert [step.at for step in found] == [70]
    assert found[0].size == pytest.approx(size, rel=0.1)


def test_a_step_on_a_trend_is_found() -> None:
    found = steps(noisy([500.0 + 2 * n - (150.0 if n >= 60 else 0.0) for n in range(120)]))

    assert [step.at for step in found] == [60]


@pytest.mark.parametrize("values", [np.full(120, 500.0), 3.0 * np.arange(120)], ids=["flat", "trend"])
def test_scatter_and_trends_are_no_steps(values: np.ndarray) -> None:
    assert steps(noisy(values)) == ()
    assert turn(noisy(values)) is None


def test_a_turn_of_the_trend_is_found() -> None:
    values = noisy([500.0 + 6.0 * max(0, n - 70) for n in range(140)])

    assert turn(values) == pytest.approx(70, abs=10)
    assert [shift.kind for shift in projected(values).shifts] == [Change.SLOPE]


def test_a_clean_up_does_not_turn_the_growth_into_a_decline() -> None:
    found = projected(noisy([500.0 + 2 * n - (150.0 if n >= 75 else 0.0) for n in range(120)]))

    assert found.slope == pytest.approx(2.0, abs=0.4)
    assert [(shift.kind, shift.day) for shift in found.shifts] == [(Change.STEP, FIRST + timedelta(days=75))]
    assert "level moved by -" in found.shifts[0].text()
