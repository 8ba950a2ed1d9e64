"""What a projection is: levels day by day, how often such levels held, what was odd in the history. No numpy: cheap to import."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Change(StrEnum):
    """How a history broke with its past."""

    STEP = "step"
    SLOPE = "slope"


@dataclass(frozen=True, slots=True)
class Shift:
    """A level that moved at once (a new datastore, a clean-up, a server more), or a trend that turned.

    Args:
        day: the first day of the new behaviour.
        size: of a step, in the unit of the series; of a turn, the change of the slope in a day.
    """

    day: date
    kind: Change
    size: float

    def text(self) -> str:
        """In words, for a report."""
        if self.kind is Change.STEP:
            return f"level moved by {self.size:+,.4g} on {self.day}"
        return f"trend turned by {self.size:+,.4g} a day on {self.day}"


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something odd in a history: what was found, and what was taken instead. Codes are listed in docs/findings.md."""

    code: str
    what: str
    taken: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Achieved:
    """How often an interval held on measurements that nobody had seen when it was made.

    Args:
        nominal: the share promised, such as 0.95.
        achieved: the share that held.
        n: how many measurements it was tried on.
        horizon: days ahead; 0 stands for all horizons together.
    """

    nominal: float
    achieved: float
    n: int
    horizon: int = 0

    def text(self) -> str:
        """Such as `95 % intervals held 95.2 % of 36,504 held-back days`."""
        ahead = f" {self.horizon} days ahead" if self.horizon else ""
        return f"{100 * self.nominal:g} % intervals held {100 * self.achieved:.1f} % of {self.n:,} held-back days{ahead}"


@dataclass(frozen=True, slots=True)
class Point:
    """Demand on a day: the level that 2.5, 10, 50, 90 and 97.5 of 100 futures stay below."""

    day: date
    p2_5: float
    p10: float
    p50: float
    p90: float
    p97_5: float

    def levels(self) -> tuple[float, float, float, float, float]:
        """Lowest first."""
        return self.p2_5, self.p10, self.p50, self.p90, self.p97_5


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A projection of one series.

    Args:
        points: one for each day, the first being the day after the last measurement.
        level: where the trend stands on the last measured day.
        slope: its change in a day.
        week: what each of the seven days after the last one adds; zeros without a weekly pattern.
        scale: the unit in which the pooled errors are counted.
        noise: scatter of the days about the trend.
        burst: how much of the change from day to day comes in few large moves.
        growth: how errors grow with the distance d beyond what was calibrated: as d to this power.
        own: what a long history's own errors make of the fleet's levels from a fortnight on; 1 for a short history.
        days: length of the history used.
        weights: the share of each candidate in the trend.
        shifts: where the history broke with its past, newest last.
        oddities: what was odd in the input.
        calibration: where the levels come from, in words.
        calibrated: the largest distance in days that was measured; what lies beyond is extended.
        achieved: how often such levels held.
        floor, cap: levels are kept between them.
    """

    points: tuple[Point, ...]
    level: float
    slope: float
    week: tuple[float, ...]
    scale: float
    noise: float
    burst: float
    growth: float
    own: float
    days: int
    weights: dict[str, float]
    shifts: tuple[Shift, ...]
    oddities: tuple[Oddity, ...]
    calibration: str
    calibrated: int
    achieved: tuple[Achieved, ...]
    floor: float | None
    cap: float | None

    @property
    def last(self) -> date:
        """The last measured day."""
        return self.points[0].day - timedelta(days=1)

    def at(self, day: date) -> Point | None:
        """The projection for a day; None before the first point and beyond the last."""
        number = bisect_left(self.points, day, key=lambda point: point.day)
        found = self.points[number : number + 1]
        return found[0] if found and found[0].day == day else None

    def first_over(self, limit: float) -> date | None:
        """The first day on which the level that nine in ten futures stay below is over a limit; None within the horizon."""
        return next((point.day for point in self.points if point.p90 > limit), None)

    def left(self, day: date, capacity: float) -> Point | None:
        """What of a capacity is left on a day: `p10` is what at least nine in ten futures leave. Negative where demand is larger."""
        found = self.at(day)
        return None if found is None else Point(day, *(capacity - level for level in reversed(found.levels())))

    def coverage(self) -> str:
        """How often such levels held, in words; every report prints it beside the projection."""
        held = "; ".join(each.text() for each in self.achieved if not each.horizon) or "how often they hold was not measured"
        far = f"; beyond {self.calibrated} days extended, not measured" if len(self.points) > self.calibrated else ""
        own = f"; from a fortnight on x {self.own:.2f}, as its own {self.days} days show" if self.own != 1 else ""
        return f"{held} ({self.calibration}){own}{far}"


@dataclass(frozen=True, slots=True)
class NoForecast:
    """Why a series gives no projection."""

    reason: str
    oddities: tuple[Oddity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPassage:
    """When demand is first over a limit. A day is None where fewer futures than that get there within the horizon.

    Args:
        p10: one in ten futures is over by then: the careful date; p50 and p90 likewise.
        chance: the share of futures that is over within the horizon.
        horizon: days looked ahead.
    """

    limit: float
    p10: date | None
    p50: date | None
    p90: date | None
    chance: float
    horizon: int
    today: date

    def text(self) -> str:
        """Such as `full in 41 / 63 / 118 days (10 / 50 / 90 %)` or `not within 365 days`."""
        if self.p10 is None:
            return f"not within {self.horizon} days (chance {100 * self.chance:.0f} %)"
        told = (f"{(day - self.today).days}" if day else f"over {self.horizon}" for day in (self.p10, self.p50, self.p90))
        return f"full in {' / '.join(told)} days (10 / 50 / 90 %), chance {100 * self.chance:.0f} % within {self.horizon} days"
