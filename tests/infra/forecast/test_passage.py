"""Days until full."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from infra.forecast.model import Forecast
from infra.forecast.passage import days_until
from infra.forecast.project import forecast

FIRST = date(2026, 1, 1)


def projected(slope: float, scatter: float = 5.0, horizon: int = 120) -> Forecast:
    values = 1000 + slope * np.arange(120) + np.random.default_rng(4).normal(0, scatter, 120)
    found = forecast([(FIRST + timedelta(days=n), float(value)) for n, value in enumerate(values)], horizon)
    assert isinstance(found, Forecast)
    return found


def test_a_growing_datastore_is_full_about_when_its_line_says() -> None:
    found = projected(5.0)
    until = days_until(found, 1000 + 5.0 * (119 + 60))

    assert until.p10 is not None
    assert until.p50 is not None
    assert until.p90 is not None
    assert until.p10 <= until.p50 <= until.p90
    assert abs((until.p50 - found.last).days - 60) <= 12
    assert until.chance > 0.9
    assert "full in" in until.text()


def test_one_that_does_not_grow_is_not_full_within_the_horizon() -> None:
    until = days_until(projected(0.0), 5000.0)

    assert (until.p10, until.p50, until.p90, until.chance) == (None, None, None, 0.0)
    assert until.text() == "not within 120 days (chance 0 %)"


def test_one_that_is_over_already_is_full_on_the_next_day() -> None:
    found = projected(0.0)

    assert days_until(found, 500.0).p90 == found.last + timedelta(days=1)


def test_the_same_history_gives_the_same_answer() -> None:
    assert days_until(projected(1.0), 1300.0) == days_until(projected(1.0), 1300.0)


def test_a_higher_limit_is_never_reached_sooner() -> None:
    found = projected(2.0)
    chances = [days_until(found, limit).chance for limit in (1200.0, 1400.0, 1600.0, 2000.0)]

    assert chances == sorted(chances, reverse=True)
