"""Projected demand: what a resource will be asked for on a day, at three levels."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class ForecastPoint:
    """Demand on a day: the level that one in ten, half, and nine in ten futures stay below; p2_5 and p97_5 where they are known."""

    day: date
    p10: float
    p50: float
    p90: float
    p2_5: float | None = None
    p97_5: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ForecastEvidence:
    """A projection for one resource of one object. `p90` is the conservative level.

    Args:
        target: the object, as verdicts name it: cluster/downtown/general, datastore/downtown/dt-data-1.
        resource: cpu (MHz), memory (bytes) or space (bytes).
        points: in order of day, the first being the day of the last measurement.
        confidence: how far the data carry it, in words (90 days of daily maxima; weekly cycle seen).
        coverage: how often levels made this way held on measurements not seen, in words.
        shifts: where the history broke with its past (a clean-up, a new datastore), in words.
        oddities: what was odd in the measurements, and what was taken instead.
    """

    target: str
    resource: str
    points: tuple[ForecastPoint, ...]
    confidence: str
    source: str = ""
    as_of: datetime | None = None
    coverage: str = ""
    shifts: tuple[str, ...] = ()
    oddities: tuple[str, ...] = ()

    def at(self, day: date) -> ForecastPoint | None:
        """The projection for a day, straight between the points; None beyond the horizon, where nothing is known."""
        if not self.points or day > self.points[-1].day:
            return None
        after = bisect_left(self.points, day, key=lambda p: p.day)
        if after == 0 or self.points[after].day == day:
            return self.points[after]
        left, right = self.points[after - 1], self.points[after]
        part = (day - left.day).days / (right.day - left.day).days
        levels = (a + (b - a) * part for a, b in ((left.p10, right.p10), (left.p50, right.p50), (left.p90, right.p90)))
        return ForecastPoint(day, *levels)

    def first_over(self, limit: float) -> date | None:
        """The first day on which the conservative level is over a limit; None within the horizon."""
        return next((point.day for point in self.points if point.p90 > limit), None)
