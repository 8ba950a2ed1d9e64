"""Projected demand: what a resource will be asked for on a day, at three levels."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class ForecastPoint:
    """Demand on a day: the level that one in ten, half, and nine in ten futures stay below; p2_5 and p97_5 where they are known.

    `peaks`: what the largest demand from the beginning until that day stays below in one, five and nine of ten futures.
    """

    day: date
    p10: float
    p50: float
    p90: float
    p2_5: float | None = None
    p97_5: float | None = None
    peaks: tuple[float, float, float] | None = None


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
        p10, p50, p90 = (a + (b - a) * part for a, b in ((left.p10, right.p10), (left.p50, right.p50), (left.p90, right.p90)))
        return ForecastPoint(day, p10, p50, p90)

    def over_in(self, limit: float) -> tuple[int | None, int | None, int | None]:
        """Days from the last measurement until one, five and nine in ten futures have been over a limit; None beyond the horizon."""
        one, five, nine = (self._over(limit, column) for column in (2, 1, 0))
        return one, five, nine

    def _over(self, limit: float, column: int) -> int | None:
        before: tuple[int, float] | None = None
        for point in self.points:
            if point.peaks is None:
                return None
            days, peak = (point.day - self.points[0].day).days, point.peaks[column]
            if peak > limit:
                since, low = before or (days, peak)
                return days if peak <= low else since + round((days - since) * (limit - low) / (peak - low))
            before = (days, peak)
        return None

    def full(self, limit: float) -> str:
        """When it is full, in words: `over in 41 / 63 / more than 364 days (one, five, nine in ten futures)`; empty where nobody knows."""
        if not self.points or self.points[0].peaks is None:
            return ""
        horizon, (one, five, nine) = (self.points[-1].day - self.points[0].day).days, self.over_in(limit)
        if one is None:
            return f"not within {horizon} days in nine of ten futures"
        told = (f"{days}" if days is not None else f"more than {horizon}" for days in (one, five, nine))
        return f"over in {' / '.join(told)} days (one, five, nine in ten futures)"

    def first_over(self, limit: float) -> date | None:
        """The first day on which the conservative level is over a limit; None within the horizon."""
        return next((point.day for point in self.points if point.p90 > limit), None)
