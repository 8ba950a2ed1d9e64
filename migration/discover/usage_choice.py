"""Which of several pictures of one metric counts: vCenter keeps a day of 5-minute averages but a month of 2-hour ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from migration.discover.model import Metric, Percentiles

RECENT = timedelta(days=3)
"""Pictures that end so close together are of the same look; an older one does not speak for now."""
ENOUGH_DAYS = 6.9
"""With a week of it, the finer interval counts: a week has every day's peak, and averages over hours hide peaks."""


def best_of(found: Iterable[Percentiles]) -> tuple[Percentiles, ...]:
    """One for each machine and metric: of the newest the finest interval with a week of samples, else the longest span."""
    told: dict[tuple[str, Metric], list[Percentiles]] = {}
    for each in found:
        told.setdefault((each.machine, each.metric), []).append(each)
    return tuple(_best(told[key]) for key in sorted(told))


def _best(told: list[Percentiles]) -> Percentiles:
    newest = max(each.last for each in told)
    return max((each for each in told if newest - each.last < RECENT), key=_rank)


def _rank(each: Percentiles) -> tuple[bool, float, float]:
    days = _days(each)
    enough = days >= ENOUGH_DAYS
    return (enough, -each.interval_s if enough else days, each.last.timestamp())


def _days(each: Percentiles) -> float:
    """Days that samples really cover; a gap of weeks is no history."""
    return each.samples * each.interval_s / 86400
