"""Brings the usage of a site up to date: new samples into the store, then percentiles of what is kept.

    what is stored -> only later samples are asked for -> cleaned -> stored -> percentiles and findings -> stored

A look that breaks off keeps the samples that it has; the next one asks for the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from migration.discover.model import Finding, FoundMachine, Metric, Percentiles
from migration.discover.samples import Samples
from migration.discover.store import Store
from migration.discover.usage_clean import Subject, changed_size, cleaned, summed
from migration.discover.usage_numbers import gaps_in, percentiles_of
from migration.discover.usage_progress import Progress, untold

WINDOW = timedelta(days=35)
_AT_ONCE = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a site tells of its machines' usage.

    Attributes:
        series: new samples, raw.
        whole: 100 per cent of each metric, by machine key.
        source: who measured.
        findings: what was odd already before the series were looked at.
        aged: they may be of any age, so that the window ends with the newest of them and not now.
    """

    series: Iterable[Samples]
    whole: Mapping[str, dict[Metric, float]]
    source: str
    findings: Sequence[Finding] = ()
    aged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What came of it."""

    samples: int
    machines: int
    percentiles: int
    findings: tuple[Finding, ...]


def refresh(
    store: Store,
    site: str,
    told: Told,
    machines: Sequence[FoundMachine],
    *,
    before: Mapping[str, FoundMachine],
    now: datetime,
    progress: Progress = untold,
) -> Refreshed:
    """Store what is new, and the percentiles of each machine that has anything new. `before`: the machines of the last look."""
    by_key = {machine.key: machine for machine in machines}
    resized = {
        machine.key: found for machine in machines if machine.key in before and (found := changed_size(before[machine.key], machine))
    }
    findings: list[Finding] = [*told.findings, *resized.values()]
    store.forget_samples(Metric.CPU_PERCENT, list(resized))
    touched: dict[str, None] = {}
    count, newest = 0, 0
    for batch in _batches(told.series):
        clean = []
        for series in batch:
            machine = by_key.get(series.machine)
            if machine is None:
                continue
            kept, said = cleaned(series, Subject(machine=machine, whole=told.whole.get(machine.key, {}), now=now))
            findings += said
            touched[machine.key] = None
            clean.append(kept)
            newest = max(newest, int(kept.times[-1]) if len(kept.times) else 0)
        count += store.add_samples(clean)
    if not touched and not told.findings:
        return Refreshed(samples=0, machines=0, percentiles=0, findings=())
    until = datetime.fromtimestamp(newest, UTC) if told.aged else now
    usage = _percentiles(store, [by_key[key] for key in touched], told.source, findings, now=until, progress=progress)
    if not told.aged:
        store.prune(now)
    told_once = summed(findings)
    store.save_usage(site, usage, told_once)
    return Refreshed(samples=count, machines=len(touched), percentiles=len(usage), findings=told_once)


def _batches(series: Iterable[Samples]) -> Iterator[list[Samples]]:
    rest = iter(series)
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch


def _percentiles(
    store: Store,
    machines: Sequence[FoundMachine],
    source: str,
    findings: list[Finding],
    *,
    now: datetime,
    progress: Progress,
) -> list[Percentiles]:
    by_key, found = {machine.key: machine for machine in machines}, []
    since, total = int((now - WINDOW).timestamp()), len(Metric)
    for done, metric in enumerate(Metric):
        progress(done, total)
        gaps: dict[str, Finding] = {}
        for series in store.samples(metric, machines_of=list(by_key)):
            recent = _later(series, since)
            each = percentiles_of(recent, source=source)
            if each is not None:
                found.append(each)
            gap = gaps_in(recent, by_key[series.machine]) if metric in {Metric.CPU_MHZ, Metric.CPU_PERCENT} else None
            if gap is not None:
                gaps.setdefault(series.machine, gap)
        findings += gaps.values()
    progress(total, total)
    return found


def _later(series: Samples, since: int) -> Samples:
    start = int(series.times.searchsorted(since))
    if not start:
        return series
    return Samples(
        machine=series.machine, metric=series.metric, interval_s=series.interval_s, times=series.times[start:], values=series.values[start:]
    )
