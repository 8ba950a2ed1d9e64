"""vCenter's stored performance counters, asked for in comma-separated form: a tenth of the XML that single values would be.

vCenter refuses a query for more than 64 metrics (`config.vpxd.stats.maxQueryMetrics`), so entities are asked in groups. A counter that is
not stored at the vCenter's statistics level is simply absent from the answer; a value of -1 is a gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from pyVmomi import vim

from infra.observed.vsphere_session import VsphereSession

MAX_METRICS = 64


@dataclass(frozen=True, slots=True)
class Series:
    """The stored samples of one entity, oldest first: moments, and values by counter, summed over its devices. None is a gap."""

    moments: tuple[datetime, ...]
    values: Mapping[str, tuple[float | None, ...]]

    def of(self, counter: str) -> list[tuple[datetime, float]]:
        """The samples of one counter that are there."""
        found = zip(self.moments, self.values.get(counter, ()), strict=False)
        return [(moment, value) for moment, value in found if value is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask: entities of one type, counters such as `cpu.usagemhz.average` with their instance, the interval, and since when."""

    kind: Any
    morefs: Sequence[str]
    counters: Mapping[str, str]
    interval_s: int
    since: datetime


class Performance:
    """The performance manager of one vCenter. The counters' numbers differ from vCenter to vCenter and are read once."""

    def __init__(self, session: VsphereSession) -> None:
        self._session = session
        self._numbers = session.call(_numbers)

    def read(self, question: Question) -> dict[str, Series]:
        """Samples by entity; an entity without any is absent."""
        known = {name: self._numbers[name] for name in question.counters if name in self._numbers}
        found: dict[str, Series] = {}
        if not known:
            return found
        size = max(1, MAX_METRICS // len(known))
        for start in range(0, len(question.morefs), size):
            found.update(self._ask(question, known, question.morefs[start : start + size]))
        return found

    def _ask(self, question: Question, known: Mapping[str, int], morefs: Sequence[str]) -> Iterator[tuple[str, Series]]:
        metrics = [vim.PerformanceManager.MetricId(counterId=number, instance=question.counters[name]) for name, number in known.items()]
        names = {number: name for name, number in known.items()}

        def ask(instance: Any) -> Any:
            stub = instance._stub  # noqa: SLF001 - pyVmomi names objects in no other way
            specs = [
                vim.PerformanceManager.QuerySpec(
                    entity=question.kind(moref, stub),
                    metricId=metrics,
                    intervalId=question.interval_s,
                    startTime=question.since,
                    format="csv",
                )
                for moref in morefs
            ]
            return instance.RetrieveContent().perfManager.QueryPerf(specs)

        for answer in self._session.call(ask) or ():
            series = _series(answer, names)
            if series.moments:
                yield str(answer.entity._moId), series  # noqa: SLF001


def _numbers(instance: Any) -> dict[str, int]:
    counters = instance.RetrieveContent().perfManager.perfCounter or ()
    return {f"{c.groupInfo.key}.{c.nameInfo.key}.{c.rollupType}": int(c.key) for c in counters}


def _series(answer: Any, names: Mapping[int, str]) -> Series:
    moments = _moments(str(answer.sampleInfoCSV or ""))
    values: dict[str, list[float | None]] = {}
    for each in answer.value or ():
        name, told = names[int(each.id.counterId)], [_number(v) for v in str(each.value or "").split(",")]
        before = values.get(name)
        values[name] = told if before is None else [_sum(a, b) for a, b in zip_longest(before, told)]
    order = sorted(range(len(moments)), key=moments.__getitem__)
    kept = {name: tuple(told[i] if i < len(told) else None for i in order) for name, told in values.items()}
    return Series(tuple(moments[i] for i in order), kept)


@lru_cache(maxsize=8)
def _moments(told: str) -> tuple[datetime, ...]:
    """Intervals and moments by turns. All entities of a question have the same, and a thousand of them take a while to read."""
    return tuple(datetime.fromisoformat(text) for text in told.split(",")[1::2])


def _number(text: str) -> float | None:
    value = float(text) if text else -1.0
    return None if value < 0 else value


def _sum(a: float | None, b: float | None) -> float | None:
    """Devices added up; a device that is gone for a while counts nothing."""
    return b if a is None else a if b is None else a + b
