"""A series as it was told, made usable: what is impossible in it is taken out or put right, and each of these is said.

Nothing is guessed in silence: every finding names what was taken instead. A gap is no mistake of a series: a machine that is switched off
has none, so that only the share of what is missing is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migration.discover.model import Finding, FoundMachine, Gravity, Metric
from migration.discover.samples import Samples

BOOT_S = 900
"""ManageIQ's rule: a processor at its limit in the quarter of an hour after a start says nothing about what the machine needs."""
_FULL = 0.99
_OLDEST = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
_AHEAD_S = 86400
_UNITS = ((10**17, 10**9, "nanoseconds"), (10**14, 10**6, "microseconds"), (10**11, 10**3, "milliseconds"))
TOLERANCE = {Metric.CPU_MHZ: 1.5, Metric.CPU_PERCENT: 1.2, Metric.MEMORY: 1.005}
"""How much above its capacity a value may be: processors run faster than their nominal clock for a while, memory does not grow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose series it is. `whole`: 100 per cent of each metric; zero is a capacity that was told wrongly, absent one not told."""

    machine: FoundMachine
    whole: dict[Metric, float]
    now: datetime

    @property
    def where(self) -> str:
        """The machine as people know it."""
        return f"{self.machine.site}/{self.machine.name}"


def cleaned(series: Samples, subject: Subject) -> tuple[Samples, tuple[Finding, ...]]:
    """The usable part, strictly rising in time, and what was wrong."""
    found: list[Finding] = []
    for step in (_in_seconds, _plausible, _not_negative, _once, _within_capacity, _after_boot):
        series, said = step(series, subject)
        found += said
        if not len(series.times):
            break
    return series, tuple(found)


def changed_size(before: FoundMachine, now: FoundMachine) -> Finding | None:
    """A machine that got another number of processors: its percentages are of another whole from then on."""
    if not before.cpus or not now.cpus or before.cpus == now.cpus:
        return None
    return Finding(
        code="DSC-014",
        gravity=Gravity.NOTE,
        where=f"{now.site}/{now.name}",
        what=f"had {before.cpus} processors at the last look and has {now.cpus} now",
        taken="samples in MHz count as they are, percentages only from this look on",
        remedy="wait a week before the machine is sized by its percentages",
    )


Step = tuple[Samples, list[Finding]]


def _in_seconds(series: Samples, subject: Subject) -> Step:
    """Milliseconds and finer are told by their size: no such number of seconds is a date."""
    if not len(series.times):
        return series, []
    middle = float(np.median(series.times))
    for least, factor, unit in _UNITS:
        if middle >= least:
            fixed = _kept(series, times=(series.times // factor).astype(np.int64))
            said = f"{series.metric.value}: the times are {unit}"
            return fixed, [_finding("DSC-010", subject, said, taken="seconds since 1970", remedy="export times in seconds")]
    return series, []


def _plausible(series: Samples, subject: Subject) -> Step:
    """No sample before this century, none of tomorrow."""
    good = (series.times >= _OLDEST) & (series.times <= subject.now.timestamp() + _AHEAD_S)
    if good.all():
        return series, []
    bad = series.times[~good]
    what = f"{series.metric.value}: {_share(bad, series.times)} at impossible times, such as {int(bad[0])} s since 1970"
    return _where(series, good), [_finding("DSC-010", subject, what, taken="they are left out", remedy="see to the clock of what measured")]


def _not_negative(series: Samples, subject: Subject) -> Step:
    """What is no number is a gap; what is negative is a mistake."""
    good, told = series.values >= 0, ~np.isnan(series.values)
    negative = told & ~good
    said = []
    if negative.any():
        what = f"{series.metric.value}: {_share(series.times[negative], series.times)} negative, down to {series.values[negative].min():g}"
        said = [_finding("DSC-011", subject, what, taken="they count as gaps", remedy="a counter was reset, or a rate computed across one")]
    return _where(series, good & np.isfinite(series.values)), said


def _once(series: Samples, subject: Subject) -> Step:
    """In order, and one value for each moment: the larger, as a machine that is too small is worse than one too large."""
    if (series.times[1:] > series.times[:-1]).all():
        return series, []
    order = np.lexsort((-series.values, series.times))
    times, values = series.times[order], series.values[order]
    first = np.diff(times, prepend=times[:1] - 1) > 0
    ordered = _kept(series, times=times[first], values=values[first])
    twice = len(times) - len(ordered.times)
    if not twice:
        return ordered, []
    what = f"{series.metric.value}: {twice:,} of {len(times):,} samples have a moment that another has too"
    return ordered, [
        _finding("DSC-015", subject, what, taken="the larger value of each moment", remedy="see to clock changes and double exports")
    ]


def _within_capacity(series: Samples, subject: Subject) -> Step:
    """Above what there is, there is nothing to be used."""
    whole, metric = subject.whole.get(series.metric), series.metric
    if whole is None or metric not in TOLERANCE:
        return series, []
    if whole <= 0:
        what = f"{metric.value}: the capacity is told as zero"
        return series, [_finding("DSC-013", subject, what, taken="the values as they are, without a limit", remedy="discover again")]
    above = series.values > whole * TOLERANCE[metric]
    if not above.any():
        return series, []
    what = (
        f"{metric.value}: {_share(series.times[above], series.times)} above the capacity of {whole:,.0f}, up to {series.values.max():,.0f}"
    )
    limited = _kept(series, values=np.where(above, whole, series.values))
    return limited, [_finding("DSC-016", subject, what, taken="the capacity", remedy="see whether the machine was made smaller meanwhile")]


def _after_boot(series: Samples, subject: Subject) -> Step:
    """ManageIQ's rule."""
    whole, booted = subject.whole.get(series.metric), subject.machine.booted
    if series.metric not in {Metric.CPU_MHZ, Metric.CPU_PERCENT} or booted is None or not whole:
        return series, []
    since = series.times - booted.timestamp()
    peak = (since > 0) & (since <= BOOT_S + series.interval_s) & (since - series.interval_s < BOOT_S) & (series.values >= whole * _FULL)
    if not peak.any():
        return series, []
    what = f"{series.metric.value}: at its limit within a quarter of an hour after the start at {booted:%Y-%m-%d %H:%M}"
    return _where(series, ~peak), [_finding("DSC-017", subject, what, taken="these samples do not count", gravity=Gravity.NOTE)]


def _finding(code: str, subject: Subject, what: str, *, taken: str, remedy: str = "", gravity: Gravity = Gravity.WARNING) -> Finding:
    return Finding(code=code, gravity=gravity, where=subject.where, what=what, taken=taken, remedy=remedy)


def _share(some: NDArray[Any], of: NDArray[Any]) -> str:
    return f"{len(some):,} of {len(of):,} samples"


def _where(series: Samples, good: NDArray[np.bool_]) -> Samples:
    return series if good.all() else _kept(series, times=series.times[good], values=series.values[good])


def _kept(series: Samples, *, times: NDArray[np.int64] | None = None, values: NDArray[np.float64] | None = None) -> Samples:
    return replace(series, times=series.times if times is None else times, values=series.values if values is None else values)


def summed(findings: Iterator[Finding] | list[Finding], *, single: int = 10) -> tuple[Finding, ...]:
    """Findings as they are, but those of one code on more machines than `single` as one that names the first three."""
    by_code: dict[str, list[Finding]] = {}
    for each in findings:
        by_code.setdefault(each.code, []).append(each)
    told: list[Finding] = []
    for code in sorted(by_code):
        some = by_code[code]
        places = list(dict.fromkeys(each.where for each in some))
        if len(places) <= single:
            told += some
            continue
        names = ", ".join(place.partition("/")[2] for place in places[:3])
        what = f"{len(places):,} machines, such as {names}: {some[0].what}"
        told.append(replace(some[0], where=places[0].partition("/")[0], what=what))
    return tuple(told)
