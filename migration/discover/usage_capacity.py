"""Series of a file as samples of machines of the inventory: capacities that are zero, that flutter or change are seen to first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from migration.discover.model import Finding, FoundMachine, Gravity, Metric
from migration.discover.samples import Samples
from migration.discover.usage_file import CORES, CPU_WHOLE, MEMORY_PERCENT, MEMORY_WHOLE, FileSeries

_INTERVAL_S = 300


@dataclass(slots=True, kw_only=True)
class FromFiles:
    """What files tell of machines: samples, 100 per cent of each metric by machine key, findings, and the newest moment."""

    series: list[Samples] = field(default_factory=list)
    whole: dict[str, dict[Metric, float]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def samples_of(told: Iterable[FileSeries], machines: Mapping[str, FoundMachine], site: str) -> FromFiles:
    """By the machines' names; one that the inventory does not have is a finding."""
    found = FromFiles()
    for each in told:
        machine = machines.get(each.machine)
        if machine is None:
            found.findings.append(
                _finding("DSC-018", f"{site}/{each.machine}", f"{each.file}: the inventory has no such machine", "it is left out")
            )
            continue
        _take(each, machine, found)
    return found


def _take(told: FileSeries, machine: FoundMachine, found: FromFiles) -> None:
    where = f"{machine.site}/{machine.name}"
    if told.unread:
        what = f"{told.file}: {told.unread:,} rows have no time that can be read"
        found.findings.append(_finding("DSC-019", where, what, "they are left out"))
    if told.said_ms and len(told.times) and np.median(told.times) < 10**11:
        what = f"{told.file}: the header says that times are milliseconds, and they are seconds"
        found.findings.append(_finding("DSC-010", where, what, "seconds since 1970"))
    off = _off(told)
    if off.any():
        what = f"{told.file}: {int(off.sum()):,} of {len(off):,} samples have a capacity of zero"
        found.findings.append(_finding("DSC-013", where, what, "they are left out: the machine was off or not there"))
    size = _sized(told, ~off, where, found.findings)
    found.whole[machine.key] = _wholes(told, machine, ~off)
    step = _step(told.times)
    for metric in Metric:
        values = _values(told, metric, machine)
        if values is None:
            continue
        keep = ~off & size if metric is Metric.CPU_PERCENT else ~off
        if keep.any():
            found.series.append(Samples(machine=machine.key, metric=metric, interval_s=step, times=told.times[keep], values=values[keep]))


def _off(told: FileSeries) -> NDArray[np.bool_]:
    """Samples at which a capacity is told as zero."""
    off = np.zeros(len(told.times), dtype=np.bool_)
    for role in (CORES, CPU_WHOLE, MEMORY_WHOLE):
        if role in told.columns:
            off |= told.columns[role] <= 0
    return off


def _sized(told: FileSeries, there: NDArray[np.bool_], where: str, findings: list[Finding]) -> NDArray[np.bool_]:
    """Samples since the last change of the number of processors."""
    cores = told.columns.get(CORES)
    if cores is None or not there.any():
        return there
    places = np.flatnonzero(there)
    steps = np.flatnonzero(np.diff(cores[places]) != 0)
    if not len(steps):
        return there
    begin = int(places[steps[-1] + 1])
    moment = datetime.fromtimestamp(_seconds(int(told.times[begin])), UTC)
    what = f"{told.file}: the number of processors changes {len(steps):,} times, at last to {cores[begin]:.0f} at {moment:%Y-%m-%d %H:%M}"
    taken = "samples in MHz count as they are, percentages only from the last change on"
    findings.append(_finding("DSC-014", where, what, taken, Gravity.NOTE))
    return there & (np.arange(len(cores)) >= begin)


def _seconds(time: int) -> int:
    return time // 1000 if time > 10**11 else time


def _wholes(told: FileSeries, machine: FoundMachine, there: NDArray[np.bool_]) -> dict[Metric, float]:
    """The largest capacity that was told: it flutters downwards only; else the machine's own."""
    whole = {Metric.CPU_PERCENT: 100.0}
    for role, metric in ((CPU_WHOLE, Metric.CPU_MHZ), (MEMORY_WHOLE, Metric.MEMORY)):
        if role in told.columns and there.any():
            whole[metric] = float(np.nanmax(told.columns[role][there]))
    if Metric.MEMORY not in whole and machine.memory:
        whole[Metric.MEMORY] = float(machine.memory)
    return whole


def _values(told: FileSeries, metric: Metric, machine: FoundMachine) -> NDArray[np.float64] | None:
    if metric.value in told.columns:
        return told.columns[metric.value]
    if metric is Metric.MEMORY and MEMORY_PERCENT in told.columns and machine.memory:
        return told.columns[MEMORY_PERCENT] / 100 * machine.memory
    return None


def _step(times: NDArray[np.int64]) -> int:
    """The usual distance between two samples, in whole minutes; five minutes where nothing can be told."""
    steps = np.diff(np.unique(times))
    if not len(steps):
        return _INTERVAL_S
    usual = int(np.median(steps))
    return max(60, round(_seconds_step(usual, int(np.median(times))) / 60) * 60)


def _seconds_step(step: int, time: int) -> int:
    for least, factor in ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3)):
        if time >= least:
            return step // factor
    return step


def _finding(code: str, where: str, what: str, taken: str, gravity: Gravity = Gravity.WARNING) -> Finding:
    return Finding(code=code, gravity=gravity, where=where, what=what, taken=taken, remedy="see to what wrote the file")
