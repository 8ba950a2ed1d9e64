"""How the load that stays on a target grows until each night: forecast from its history, where a capacity snapshot has one.

    grown(night) = used now x (p90 of the night - p90 of the first day) / level

The scatter of a single day is in both p90 and drops out: what is left is the trend and what may be wrong about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from infra.observed.capacity import History

LEAST_DAYS = 28
"""A shorter history says too little of the months that a plan spans."""


@dataclass(frozen=True, slots=True)
class Growth:
    """Shares of today's load that come on top, by night; `words` say where they come from."""

    by_night: Mapping[date, float] = field(default_factory=dict)
    words: str = ""


def growth(histories: Iterable[History], resource: str, nights: Sequence[date], today: date) -> Growth | None:
    """The growth of one resource until each night; None where no history is long enough to tell."""
    history = next((each for each in histories if each.resource == resource and len(each.days) >= LEAST_DAYS), None)
    if history is None or not nights:
        return None
    from infra.forecast.model import Forecast  # noqa: PLC0415 - numpy, for plans with a history only
    from infra.forecast.project import forecast  # noqa: PLC0415

    last = max(day.day for day in history.days)
    found = forecast(((day.day, day.value) for day in history.days), max(1, (nights[-1] - last).days + 1), busiest=True)
    if not isinstance(found, Forecast) or found.level <= 0:
        return None
    first = next((point for point in found.points if point.day >= today), found.points[0])
    shares = {}
    for night in nights:
        point = found.at(night)
        if point is not None:
            shares[night] = max(0.0, point.p90 - first.p90) / found.level
    return Growth(shares, f"growth forecast from {found.days} days; {found.coverage()}")
