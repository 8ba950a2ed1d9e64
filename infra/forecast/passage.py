"""Days until full: when simulated futures are first over a limit.

Each future is the middle level plus errors whose spread on each day is that of the calibration. Errors of neighbouring days are alike: a
part of them lasts (a walk), the rest is news of that day. Asking the levels instead would be wrong: "nine in ten futures are below the
limit on day 40" says nothing of those that were over it on day 20.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from infra.forecast.calibration import PARTS, Calibration, scores
from infra.forecast.lines import Floats
from infra.forecast.model import FirstPassage, Forecast
from infra.forecast.shipped import shipped
from infra.forecast.spread import bounded, spread

FUTURES = 2000
SEED = 20260101
"""The same history gives the same answer."""


def days_until(found: Forecast, limit: float, calibration: Calibration | None = None, *, futures: int = FUTURES) -> FirstPassage:
    """When demand is first over `limit`: at p10, p50 and p90 of the futures, and the chance that it is within the horizon."""
    over = paths(found, calibration or shipped(), futures) > limit
    ever = over.any(axis=1)
    first = np.where(ever, over.argmax(axis=1) + 1, len(found.points) + 1)
    ordered = np.sort(first)
    days = [int(ordered[int(np.ceil(part * futures)) - 1]) for part in (0.1, 0.5, 0.9)]
    dates = [found.last + timedelta(days=day) if day <= len(found.points) else None for day in days]
    return FirstPassage(
        limit=limit,
        p10=dates[0],
        p50=dates[1],
        p90=dates[2],
        chance=float(ever.mean()),
        horizon=len(found.points),
        today=found.last,
    )


def paths(found: Forecast, known: Calibration, futures: int = FUTURES) -> Floats:
    """Simulated futures: a row for each, a column for each day of the horizon."""
    horizon = len(found.points)
    chance = np.random.default_rng(SEED)
    ahead = np.arange(1, horizon + 1)
    walk = np.cumsum(chance.standard_normal((futures, horizon)), axis=1) / np.sqrt(ahead)
    drawn = np.sqrt(known.lasting) * walk + np.sqrt(1 - known.lasting) * chance.standard_normal((futures, horizon))
    middle = found.level + found.slope * ahead + np.asarray(found.week)[(ahead - 1) % len(found.week)]
    off = spread(found, known, found.growth, horizon, PARTS, found.own)
    moved = np.stack([np.interp(drawn[:, day], scores(), off[day]) for day in range(horizon)], axis=1)
    return bounded(middle + moved, found.floor, found.cap)
