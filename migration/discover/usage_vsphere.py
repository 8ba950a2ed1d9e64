"""The performance history of a vCenter's machines, at every interval that it keeps, from where the store's samples end.

vCenter keeps averages: of 5 minutes for a day, of half an hour for a week, of two hours for a month, of a day for a year (or what its
administrator chose). A look every day gathers the 5-minute ones. Memory is what the guest touches (`mem.active`); where the
statistics level has only what it holds (`mem.consumed`), that. What a level does not store is simply absent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyVmomi import vim

from infra.observed.vsphere_performance import MAX_METRICS, Performance, Question, Series
from infra.observed.vsphere_session import VsphereSession
from migration.discover.model import FoundHost, FoundMachine, Metric
from migration.discover.samples import Samples
from migration.discover.usage_progress import Progress, untold

_KIB = 1024.0
_DAY_S = 86400
_AT_ONCE = 3
"""Questions in flight: vCenter's statistics are one database, and others use it too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What makes a metric: counters that are added up, and their unit in ours. Of several, the first that has samples counts."""

    metric: Metric
    names: tuple[str, ...]
    unit: float = 1.0


MEASURES = (
    Counters(metric=Metric.CPU_MHZ, names=("cpu.usagemhz.average",)),
    Counters(metric=Metric.CPU_PERCENT, names=("cpu.usage.average",), unit=0.01),
    Counters(metric=Metric.MEMORY, names=("mem.active.average",), unit=_KIB),
    Counters(metric=Metric.MEMORY, names=("mem.consumed.average",), unit=_KIB),
    Counters(metric=Metric.IOPS, names=("virtualDisk.numberReadAveraged.average", "virtualDisk.numberWriteAveraged.average")),
    Counters(metric=Metric.DISK_BYTES, names=("virtualDisk.read.average", "virtualDisk.write.average"), unit=_KIB),
    Counters(metric=Metric.NET_BYTES, names=("net.usage.average",), unit=_KIB),
)
ASKED = {name: "*" if name.startswith("virtualDisk.") else "" for measure in MEASURES for name in measure.names}


@dataclass(frozen=True, slots=True)
class Kept:
    """An interval that vCenter keeps, and for how long, in seconds."""

    interval_s: int
    length_s: int


def new_samples(
    session: VsphereSession,
    machines: Sequence[FoundMachine],
    last: Mapping[tuple[str, Metric, int], datetime],
    *,
    now: datetime,
    progress: Progress = untold,
) -> Iterator[Samples]:
    """The series of machines that a host runs or ran, since the last sample of each. `progress`: questions asked, of how many."""
    performance = Performance(session)
    known = {each.moref: each.key for each in machines if each.moref and not each.template}
    questions = [question for kept in intervals(session) for question in _questions(known, kept, last, now)]
    for done, (question, answer) in enumerate(_answers(performance, questions), start=1):
        progress(done, len(questions))
        for moref, series in answer.items():
            yield from _samples(known[moref], question.interval_s, series)


def _answers(performance: Performance, questions: Sequence[Question]) -> Iterator[tuple[Question, dict[str, Series]]]:
    """A few questions ahead of who uses the answers; on an interruption, those that were not begun are never asked."""
    pool = ThreadPoolExecutor(max_workers=_AT_ONCE)
    ahead: deque[tuple[Question, Future[dict[str, Series]]]] = deque()
    try:
        for question in questions:
            ahead.append((question, pool.submit(performance.read, question)))
            if len(ahead) > 2 * _AT_ONCE:
                asked, answer = ahead.popleft()
                yield asked, answer.result()
        while ahead:
            asked, answer = ahead.popleft()
            yield asked, answer.result()
    finally:
        pool.shutdown(cancel_futures=True)


def wholes(machines: Sequence[FoundMachine], hosts: Sequence[FoundHost]) -> dict[str, dict[Metric, float]]:
    """What 100 per cent are, by machine key: the clock of its processors on its host, and its memory."""
    clock = {host.name: float(host.mhz) for host in hosts}
    found = {}
    for each in machines:
        whole = {Metric.CPU_PERCENT: 100.0, Metric.MEMORY: float(each.memory)}
        if clock.get(each.host):
            whole[Metric.CPU_MHZ] = clock[each.host] * each.cpus
        found[each.key] = whole
    return found


def intervals(session: VsphereSession) -> tuple[Kept, ...]:
    """What this vCenter keeps, finest first."""

    def ask(instance: Any) -> Any:
        return instance.RetrieveContent().perfManager.historicalInterval

    told = [Kept(int(each.samplingPeriod), int(each.length)) for each in session.call(ask) or () if each.enabled]
    return tuple(sorted(told, key=lambda kept: kept.interval_s))


def _questions(known: Mapping[str, str], kept: Kept, last: Mapping[tuple[str, Metric, int], datetime], now: datetime) -> Iterator[Question]:
    """Machines whose samples end in the same hour are asked for together; those that cannot have a new one are not."""
    oldest = now - timedelta(seconds=kept.length_s)
    groups: dict[datetime, list[str]] = {}
    for moref, key in known.items():
        ends = [last[key, metric, kept.interval_s] for metric in Metric if (key, metric, kept.interval_s) in last]
        since = max([oldest, *ends])
        if (now - since).total_seconds() < kept.interval_s:
            continue
        groups.setdefault(since.replace(minute=0, second=0, microsecond=0) if ends else oldest, []).append(moref)
    size = max(1, MAX_METRICS // len(ASKED))
    for since, morefs in sorted(groups.items()):
        for start in range(0, len(morefs), size):
            chosen = morefs[start : start + size]
            yield Question(kind=vim.VirtualMachine, morefs=chosen, counters=ASKED, interval_s=kept.interval_s, since=since)


def _samples(key: str, interval_s: int, series: Series) -> Iterator[Samples]:
    times, told = _times(series.moments), set()
    for measure in MEASURES:
        values = _sum([series.values.get(name) for name in measure.names], len(times))
        if values is None or measure.metric in told:
            continue
        good = ~np.isnan(values)
        if good.any():
            told.add(measure.metric)
            yield Samples(machine=key, metric=measure.metric, interval_s=interval_s, times=times[good], values=values[good] * measure.unit)


@lru_cache(maxsize=8)
def _times(moments: tuple[datetime, ...]) -> NDArray[np.int64]:
    """All machines of a question have the same."""
    return np.array([int(moment.astimezone(UTC).timestamp()) for moment in moments], dtype=np.int64)


def _sum(parts: Sequence[tuple[float | None, ...] | None], count: int) -> NDArray[np.float64] | None:
    """Counters added up; one that is absent at a moment counts nothing, all absent is a gap."""
    there = [np.array(part[:count], dtype=np.float64) for part in parts if part]
    there = [np.pad(part, (0, count - len(part)), constant_values=np.nan) for part in there]
    if not there:
        return None
    stacked = np.vstack(there)
    total: NDArray[np.float64] = np.nansum(stacked, axis=0)
    total[np.isnan(stacked).all(axis=0)] = np.nan
    return total
