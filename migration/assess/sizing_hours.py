"""Hourly maxima from raw samples, while the store still holds them: an hour is then judged by what happened in it, not by percentiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from infra.estate.model import GIB
from migration.assess.sizing_measured import Measured
from migration.assess.sizing_use import Numbers
from migration.discover.model import FoundMachine, Metric
from migration.discover.samples import Samples

HOUR_S = 3600
LEAST_HOURS = 21 * 24
"""With fewer common hours than three weeks have, percentiles of a longer time say more."""


def with_raw(measured: Mapping[str, Measured], machines: Iterable[FoundMachine], raw: Iterable[Samples]) -> dict[str, Measured]:
    """The same, with hourly maxima for each machine whose raw samples of CPU and memory are there.

    Args:
        measured: by machine key, with the clocks of their hosts.
        machines: what they have.
        raw: series of CPU (MHz or per cent) and memory; of each the finest of an hour or less counts.
    """
    finest: dict[tuple[str, Metric], Samples] = {}
    for series in raw:
        known = finest.get((series.machine, series.metric))
        if series.interval_s <= HOUR_S and len(series.times) and (known is None or series.interval_s < known.interval_s):
            finest[series.machine, series.metric] = series
    found = dict(measured)
    for machine in machines:
        of = found.get(machine.key, Measured())
        hours = _hours(machine, of.core_mhz, finest)
        if hours is not None:
            found[machine.key] = replace(of, series=hours)
    return found


def hourly_maxima(series: Samples) -> tuple[NDArray[np.int64], Numbers]:
    """The hours since 1970 that have a sample, and the largest value of each. A sample belongs to the hour in which its interval ends."""
    hours, starts = np.unique((series.times - 1) // HOUR_S, return_index=True)
    return hours, np.maximum.reduceat(np.nan_to_num(series.values, nan=-np.inf), starts)


def _hours(machine: FoundMachine, core_mhz: float | None, raw: Mapping[tuple[str, Metric], Samples]) -> tuple[Numbers, Numbers] | None:
    mhz, percent = raw.get((machine.key, Metric.CPU_MHZ)), raw.get((machine.key, Metric.CPU_PERCENT))
    memory = raw.get((machine.key, Metric.MEMORY))
    cpu, per_unit = (mhz, 1 / core_mhz) if mhz is not None and core_mhz else (percent, machine.cpus / 100)
    if cpu is None or memory is None:
        return None
    cpu_hours, cores = hourly_maxima(cpu)
    memory_hours, used = hourly_maxima(memory)
    common, at_cpu, at_memory = np.intersect1d(cpu_hours, memory_hours, assume_unique=True, return_indices=True)
    if len(common) < LEAST_HOURS:
        return None
    both = (_measured(cores[at_cpu]) * per_unit, _measured(used[at_memory]) / GIB)
    return both if np.isfinite(both[0] + both[1]).sum() >= LEAST_HOURS else None


def _measured(values: Numbers) -> Numbers:
    return np.where(np.isfinite(values), values, np.nan)
