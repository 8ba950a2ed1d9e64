"""Percentiles of a series: nearest rank, so that each is a value that was really measured, and the share of samples that are there."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from migration.discover.model import Finding, FoundMachine, Gravity, Percentiles
from migration.discover.samples import Samples

_RANKS = (50, 90, 95, 99)
_GAPS = 0.1
_LONGEST_NAMED_S = 2


def percentiles_of(series: Samples, *, source: str = "", peaks: bool = False) -> Percentiles | None:
    """What the series did; None for one without samples.

    Samples stand at the end of their interval. `expected` is the number of intervals from the first to the last.
    """
    if not len(series.times):
        return None
    count = len(series.values)
    places = [max(0, -(-rank * count // 100) - 1) for rank in _RANKS]
    values = np.partition(series.values, [*places, count - 1])
    p50, p90, p95, p99 = (float(values[place]) for place in places)
    first, last = int(series.times[0]), int(series.times[-1])
    return Percentiles(
        machine=series.machine,
        metric=series.metric,
        interval_s=series.interval_s,
        samples=count,
        expected=max(count, (last - first) // series.interval_s + 1),
        first=datetime.fromtimestamp(first, UTC),
        last=datetime.fromtimestamp(last, UTC),
        mean=float(values.mean()),
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99,
        maximum=float(values[-1]),
        peaks=peaks,
        source=source,
    )


def gaps_in(series: Samples, machine: FoundMachine) -> Finding | None:
    """A finding when more than a tenth of the samples is missing."""
    if len(series.times) < _LONGEST_NAMED_S:
        return None
    steps = np.diff(series.times)
    expected = int(series.times[-1] - series.times[0]) // series.interval_s + 1
    missing = expected - len(series.times)
    if missing <= expected * _GAPS:
        return None
    longest = int(steps.argmax())
    begin = datetime.fromtimestamp(int(series.times[longest]), UTC)
    return Finding(
        code="DSC-012",
        gravity=Gravity.NOTE,
        where=f"{machine.site}/{machine.name}",
        what=f"{series.metric.value}: {missing:,} of {expected:,} samples are missing, the longest gap is "
        f"{_words(int(steps[longest]))} from {begin:%Y-%m-%d %H:%M}",
        taken="what is there; the coverage says so",
        remedy="nothing where the machine was switched off; else wait until a month is complete",
    )


def _words(seconds: int) -> str:
    return f"{seconds / 86400:.1f} days" if seconds >= 2 * 86400 else f"{seconds / 3600:.1f} hours"
