"""Days until full: when simulated futures are first over a limit.

Each future is the middle level plus errors whose spread on each day is that of the calibration. Errors of neighbouring days are alike: a
part of them lasts (a walk), the rest is news of that day. Asking the levels instead would be wrong: "nine in ten futures are below the
limit on day 40" says nothing of those that were over it on day 20.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

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


def peaks(found: Forecast, calibration: Calibration | None = None, *, futures: int = 256) -> Floats:
    """A row for each day ahead: what the largest demand until then stays below in one, five and nine of ten futures.

    It answers days_until for every limit at once: the day on which a column first goes over the limit is when nine, five and one in ten
    futures have been over it.
    """
    known = calibration or shipped()
    return np.asarray(np.quantile(np.maximum.accumulate(paths(found, known, futures), axis=1), (0.1, 0.5, 0.9), axis=0).T)


def paths(found: Forecast, known: Calibration, futures: int = FUTURES) -> Floats:
    """Simulated futures: a row for each, a column for each day of the horizon."""
    horizon = len(found.points)
    ahead = np.arange(1, horizon + 1)
    middle = found.level + found.slope * ahead + np.asarray(found.week)[(ahead - 1) % len(found.week)]
    off = spread(found, known, found.growth, horizon, PARTS, found.own)
    drawn = _drawn(futures, horizon, known.lasting)
    moved = np.stack([np.interp(drawn[day], scores(), off[day]) for day in range(horizon)], axis=1)
    return bounded(middle + moved, found.floor, found.cap)


@lru_cache(maxsize=2)
def _drawn(futures: int, horizon: int, lasting: float) -> Floats:
    """Standard normal errors, a row for each day: the same for every series, and drawn once."""
    chance = np.random.default_rng(SEED)
    walk = np.cumsum(chance.standard_normal((horizon, futures)), axis=0) / np.sqrt(np.arange(1, horizon + 1))[:, None]
    return np.asarray(np.sqrt(lasting) * walk + np.sqrt(1 - lasting) * chance.standard_normal((horizon, futures)))
