"""Projected demand from daily measurements: a robust trend, and levels that widen with the distance into the future.

The trend is the weighted median of the slopes between days whole weeks apart (Theil and Sen; a weekly cycle cancels out), where
recent days and long distances count more. The levels join two things: quantiles of how far days lie off the trend, and what the
trend itself may be wrong by, s x sqrt(1/n + 12 (h + n/2)^2 / n^3) for h days ahead of n days, as for a straight line. It assumes
that days to come scatter about the trend as those measured did; a change of habit that no day shows yet is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import hypot, isfinite, sqrt

from policies.evidence.forecasts import ForecastEvidence, ForecastPoint

MINIMUM_DAYS = 14
"""Two whole weeks: fewer days do not tell a weekly cycle from a trend."""

HORIZON_DAYS = 365
STEP_DAYS = 7
HALF_LIFE_DAYS = 120
"""A day of this age weighs half of today: habits of last year still show the direction, those of this season decide it."""

LEVEL_HALF_LIFE_DAYS = 28
"""Where demand stands today is decided by the last weeks, so that a trend that has turned is not projected from the old level."""

Weighted = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Trend:
    """Demand at the last day, its change in a day, and how far days lie off it: the level one in ten stays below, and nine in ten."""

    level: float
    slope: float
    below: float
    above: float
    days: int

    def point(self, last: date, ahead: int) -> ForecastPoint:
        """The three levels, `ahead` days after the last measurement; demand is never negative."""
        middle = self.level + self.slope * ahead
        wrong = (self.above - self.below) / 2 * sqrt(1 / self.days + 12 * (ahead + self.days / 2) ** 2 / self.days**3)
        levels = (middle - hypot(self.below, wrong), middle, middle + hypot(self.above, wrong))
        return ForecastPoint(last + timedelta(days=ahead), *(max(0.0, level) for level in levels))


def forecast(
    target: str, resource: str, days: Sequence[tuple[date, float]], *, source: str, as_of: datetime | None
) -> ForecastEvidence | None:
    """A year of projected demand in weekly points, the first on the last measured day; None when fewer than 14 days were measured.

    Args:
        target: the object as verdicts name it, such as cluster/downtown/general.
        resource: cpu, memory or space.
        days: the largest demand of each day, in any order; of a day given twice the larger counts.
        source: who measured it.
        as_of: when it was asked for.
    """
    measured = _by_day(days)
    if len(measured) < MINIMUM_DAYS:
        return None
    last = max(measured)
    trend = _trend([((day - last).days, value) for day, value in sorted(measured.items())])
    ahead = [*range(0, HORIZON_DAYS, STEP_DAYS), HORIZON_DAYS]
    return ForecastEvidence(
        target=target,
        resource=resource,
        points=tuple(trend.point(last, each) for each in ahead),
        confidence=_confidence(trend, len(measured)),
        source=source,
        as_of=as_of,
    )


def _by_day(days: Iterable[tuple[date, float]]) -> dict[date, float]:
    found: dict[date, float] = {}
    for day, value in days:
        if isfinite(value) and value >= 0:
            found[day] = max(value, found.get(day, 0.0))
    return found


def _trend(series: list[tuple[int, float]]) -> _Trend:
    """`series`: days before the last (0, -1, ...) with their demand, oldest first."""
    slope = _quantile(list(_slopes(series)), 0.5)
    flat = [(value - slope * age, _weight(age)) for age, value in series]
    level = _quantile([(value - slope * age, _weight(age, LEVEL_HALF_LIFE_DAYS)) for age, value in series], 0.5)
    off = [(value - level, weight) for value, weight in flat]
    total, squares = sum(w for _, w in off), sum(w * w for _, w in off)
    return _Trend(level, slope, min(0.0, _quantile(off, 0.1)), max(0.0, _quantile(off, 0.9)), max(2, int(total * total / squares)))


def _slopes(series: list[tuple[int, float]]) -> Iterable[tuple[float, float]]:
    """The slopes between days whole weeks apart, each with its weight; between neighbours where no days are whole weeks apart."""
    values = dict(series)
    found = [
        ((value - values[age - apart]) / apart, apart * _weight(age - apart))
        for age, value in series
        for apart in range(7, age - series[0][0] + 1, 7)
        if age - apart in values
    ]
    return found or [((new - old) / (at - since), float(at - since)) for (since, old), (at, new) in pairwise(series)]


def _weight(age: int, half_life: int = HALF_LIFE_DAYS) -> float:
    return float(0.5 ** (-age / half_life))


def _quantile(values: Weighted, part: float) -> float:
    """The value below which `part` of the weight lies, straight between the two values around it."""
    ordered = sorted(values)
    wanted = part * sum(weight for _, weight in ordered)
    passed, before = 0.0, ordered[0]
    for value, weight in ordered:
        middle = passed + weight / 2
        if middle >= wanted:
            return _between(before, (value, middle), wanted)
        before, passed = (value, middle), passed + weight
    return before[0]


def _between(before: tuple[float, float], after: tuple[float, float], wanted: float) -> float:
    (low, low_at), (high, high_at) = before, after
    if high_at <= low_at or low_at > wanted:
        return high
    return low + (high - low) * (wanted - low_at) / (high_at - low_at)


def _confidence(trend: _Trend, days: int) -> str:
    """Days, trend and spread in words."""
    scale = trend.level if trend.level > 0 else 1.0
    change, spread = 100 * 30 * trend.slope / scale, 100 * (trend.above - trend.below) / scale
    direction = "no clear trend" if abs(change) < 0.5 else f"{change:+.1f} % in 30 days"
    return f"{days} days measured; {direction}; eight in ten days within {spread:.1f} % of each other around the trend"
