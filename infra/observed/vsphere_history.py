"""Daily demand of clusters and datastores, from what vCenter has stored.

vCenter keeps a year of daily values, but the largest value of a day only at statistics level 4. Where it has those, they are the history;
elsewhere the largest two-hour average of each of the last 30 days is. A daily *average* is never passed off as a demand to plan for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from pyVmomi import vim

from infra.observed.capacity import Demand, History
from infra.observed.vsphere_performance import Performance, Question, Series

_KIB = 1024.0
_DAY_S, _MONTHLY_S = 86400, 7200


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A resource, the counter with a day's largest value, the one with averages, and the unit's size in ours."""

    resource: Literal["cpu", "memory", "space"]
    largest: str
    average: str
    unit: float


CLUSTER = (
    Measure(resource="cpu", largest="cpu.usagemhz.maximum", average="cpu.usagemhz.average", unit=1.0),
    Measure(resource="memory", largest="mem.consumed.maximum", average="mem.consumed.average", unit=_KIB),
)
# What is full stays full through the day: the last value of a day is its demand.
DATASTORE = (Measure(resource="space", largest="disk.used.latest", average="disk.used.latest", unit=_KIB),)


def daily_history(
    performance: Performance, clusters: Sequence[str], datastores: Sequence[str], *, now: datetime | None = None
) -> dict[str, tuple[History, ...]]:
    """Histories by id of the cluster or datastore; absent where vCenter has stored nothing."""
    moment = now or datetime.now(UTC)
    return _histories(performance, vim.ClusterComputeResource, clusters, CLUSTER, moment) | _histories(
        performance, vim.Datastore, datastores, DATASTORE, moment
    )


def _histories(
    performance: Performance, kind: Any, morefs: Sequence[str], measures: Sequence[Measure], now: datetime
) -> dict[str, tuple[History, ...]]:
    year = _ask(performance, kind, morefs, {m.largest: "" for m in measures}, _DAY_S, now - timedelta(days=365))
    without = [moref for moref in morefs if moref not in year]
    month = _ask(performance, kind, without, {m.average: "" for m in measures}, _MONTHLY_S, now - timedelta(days=30))
    found = {moref: _days(series, [(m, m.largest) for m in measures]) for moref, series in year.items()}
    found |= {moref: _days(series, [(m, m.average) for m in measures]) for moref, series in month.items()}
    return {moref: histories for moref, histories in found.items() if histories}


def _ask(
    performance: Performance, kind: Any, morefs: Sequence[str], counters: Mapping[str, str], interval_s: int, since: datetime
) -> dict[str, Series]:
    asked = Question(kind=kind, morefs=morefs, counters=counters, interval_s=interval_s, since=since)
    answers = performance.read(asked)
    return {moref: series for moref, series in answers.items() if any(series.of(counter) for counter in counters)}


def _days(series: Series, wanted: Sequence[tuple[Measure, str]]) -> tuple[History, ...]:
    histories = []
    for measure, counter in wanted:
        days: dict[date, float] = {}
        for moment, value in series.of(counter):
            # vCenter stamps an interval with its end: midnight belongs to the day before.
            day = (moment - timedelta(seconds=1)).date()
            days[day] = max(days.get(day, 0.0), value * measure.unit)
        if days:
            histories.append(History(resource=measure.resource, days=tuple(Demand(day=d, value=v) for d, v in sorted(days.items()))))
    return tuple(histories)
