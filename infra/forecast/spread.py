"""How far the levels of a projection lie off its middle, day by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Protocol

import numpy as np

from infra.forecast.calibration import Calibration
from infra.forecast.lines import Floats


class Scattered(Protocol):
    """What a fit and a projection both tell of their errors."""

    @property
    def scale(self) -> float:
        """The unit of pooled errors."""

    @property
    def noise(self) -> float:
        """Scatter about the line."""

    @property
    def burst(self) -> float:
        """How much of the change from day to day comes in few large moves."""

    @property
    def days(self) -> int:
        """Length of the history."""

    @property
    def weights(self) -> Mapping[str, float]:
        """The share of each candidate."""


def spread(found: Scattered, known: Calibration, growth: float, horizon: int, parts: Sequence[float], own: float = 1.0) -> Floats:
    """A row for each day ahead and a column for each part: what that part of the errors stays below.

    `own` is what this history's own errors make of the fleet's (infra.forecast.own): none of it tomorrow, all of it from a fortnight on.

    Within what was calibrated these are the pooled errors. Beyond, they grow as this history's own errors do, joined with what the slope
    may be wrong by: s x sqrt(12 (h^2 - c^2) / n^3) for a line through n days, h days ahead of which c were calibrated.
    """
    ahead = np.arange(1.0, horizon + 1)
    further = np.maximum(ahead / known.reach, 1.0)
    off = found.scale * known.errors(ahead, parts, found.burst) * (further**growth)[:, None]
    off = _never_nearer(off * (own ** np.minimum(1.0, (ahead - 1) / 13))[:, None])
    beyond = np.maximum(ahead**2 - known.reach**2, 0.0)
    sloped = found.noise * np.sqrt(12 * beyond / found.days**3) * (1 - found.weights["steady"])
    normal = np.array([NormalDist().inv_cdf(part) for part in parts])
    side = np.where(off != 0, np.sign(off), np.sign(normal))
    return np.asarray(side * np.hypot(off, sloped[:, None] * normal))


def _never_nearer(off: Floats) -> Floats:
    """Levels that stay at least as far from the middle as on the day before."""
    return np.asarray(np.copysign(np.maximum.accumulate(np.abs(off), axis=0), off))


def bounded(table: Floats, floor: float | None, cap: float | None) -> Floats:
    """Levels between floor and cap."""
    return table if floor is None and cap is None else np.asarray(np.clip(table, floor, cap))
