"""The figure that reports print: 95 % intervals hold 94 to 96 % of days that nobody had seen."""

from __future__ import annotations

import pytest

from bench.forecast_data import ALL_DAYS, TRAINED_DAYS, machines
from infra.forecast.calibration import errors_of, held
from infra.forecast.shipped import shipped


def test_what_is_shipped_held_its_promise_at_every_distance() -> None:
    told = [each for each in shipped().achieved if each.nominal == 0.95]

    assert [each.horizon for each in told] == [*shipped().horizons, 0]
    assert all(0.94 <= each.achieved <= 0.96 for each in told)


@pytest.mark.parametrize("metric", ["memory_mean", "cpu_p95"])
def test_the_levels_hold_in_the_month_that_was_held_back(metric: str) -> None:
    some = list(machines(metric).values())[::3]
    tried = held(shipped(), [errors_of(series, first=TRAINED_DAYS, last=ALL_DAYS - 1, step=5) for series in some])
    share = {each.nominal: each.achieved for each in tried if not each.horizon}

    assert 0.935 <= share[0.95] <= 0.97
    assert 0.77 <= share[0.8] <= 0.87
