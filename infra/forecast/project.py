"""A projection of one series: read, fitted, given levels by a calibration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import numpy as np

from infra.forecast.calibration import Calibration, bridge
from infra.forecast.fit import Fit, fit, without_spikes
from infra.forecast.lines import Floats
from infra.forecast.model import Change, Forecast, NoForecast, Point, Shift
from infra.forecast.own import own_share
from infra.forecast.series import Series, When, read_days
from infra.forecast.shifts import aligned, turn
from infra.forecast.shipped import shipped
from infra.forecast.spread import bounded, spread

LEVELS = (0.025, 0.1, 0.9, 0.975)
LARGEST = 1e100
"""Beyond it squares overflow; nothing measured is so large."""


def forecast(
    days: Iterable[tuple[When, float | None]],
    horizon: int,
    calibration: Calibration | None = None,
    *,
    floor: float | None = 0.0,
    cap: float | None = None,
    busiest: bool = False,
) -> Forecast | NoForecast:
    """The days after the last measured one at five levels, or why there are none.

    Args:
        days: days (or times) with the value of that day, in any order.
        horizon: how many days to look ahead.
        calibration: how far such projections have been off; left out, the one that comes with Incline.
        floor: no level is below it; None for series that may be negative.
        cap: no level is above it, such as the size of a datastore.
        busiest: every day gets the level of the busiest weekday: what does not fit on Mondays does not fit.
    """
    if horizon < 1:
        raise ValueError(f"a horizon of at least one day, got {horizon}")
    series = read_days(days, negative=floor is None or floor < 0)
    if isinstance(series, NoForecast):
        return series
    if float(np.nanmax(np.abs(series.values))) > LARGEST:
        return NoForecast("values are too large to be measurements", series.oddities)
    values = bridge(series.values)
    found, known = fit(values), calibration or shipped()
    if busiest:
        found = replace(found, week=(max(found.week),) * len(found.week))
    growth = _growth(values, found)
    own = own_share(values, found, known) if known is shipped() else 1.0
    first = series.last + timedelta(days=1)
    table = bounded(levels(found, known, growth, horizon, own), floor, cap)
    return Forecast(
        points=tuple(Point(first + timedelta(days=ahead), *row) for ahead, row in enumerate(table.tolist())),
        level=found.level,
        slope=found.slope,
        week=found.week,
        scale=found.scale,
        noise=found.noise,
        burst=found.burst,
        growth=growth,
        own=own,
        days=found.days,
        weights=found.weights,
        shifts=_shifts(series, values, found),
        oddities=series.oddities,
        calibration=known.source,
        calibrated=known.reach,
        achieved=known.achieved,
        floor=floor,
        cap=cap,
    )


def levels(found: Fit, known: Calibration, growth: float, horizon: int, own: float = 1.0) -> Floats:
    """A row for each day ahead: the levels of 2.5, 10, 50, 90 and 97.5 %."""
    middle = found.middle(horizon)
    off = spread(found, known, growth, horizon, LEVELS, own)
    low, high = np.minimum(off[:, :2], 0.0), np.maximum(off[:, 2:], 0.0)
    return np.column_stack([middle[:, None] + low, middle, middle[:, None] + high])


def _growth(values: Floats, found: Fit) -> float:
    """The power of the distance with which days of this history move apart: 0 for scatter about a line, a half for a random walk."""
    flat = values - found.slope * np.arange(len(values))
    if len(flat) < 4 * 28 or found.scale <= 0:
        return 0.5
    near, far = (float(np.abs(flat[apart:] - flat[:-apart]).mean()) for apart in (7, 28))
    return float(np.clip(np.log(max(far, 1e-300) / max(near, 1e-300)) / np.log(4.0), 0.1, 1.0))


def _shifts(series: Series, values: Floats, found: Fit) -> tuple[Shift, ...]:
    """Steps and turns with their dates."""
    told = [Shift(series.first + timedelta(days=step.at), Change.STEP, step.size) for step in found.moved]
    calm = aligned(without_spikes(values), found.moved)
    at = turn(calm)
    if at is not None:
        change = _slope(calm[at:]) - _slope(calm[:at])
        told.append(Shift(series.first + timedelta(days=at), Change.SLOPE, change))
    return tuple(sorted(told, key=lambda each: each.day))


def _slope(values: Floats) -> float:
    return float(np.polyfit(np.arange(len(values)), values, 1)[0])
