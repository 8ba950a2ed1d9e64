"""What running machines really use: 95th percentiles of a week of half-hour averages, as vCenter stores them at every statistics level.

Memory is what the guest touches (`mem.active`); where a vCenter stores only what it holds (`mem.consumed`, level 1), that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pyVmomi import vim

from infra.observed.capacity import Usage
from infra.observed.percentile import p95
from infra.observed.vsphere_performance import Performance, Question, Series

CPU, ACTIVE, CONSUMED = "cpu.usagemhz.average", "mem.active.average", "mem.consumed.average"
OPERATIONS = ("virtualDisk.numberReadAveraged.average", "virtualDisk.numberWriteAveraged.average")
RATES = ("virtualDisk.read.average", "virtualDisk.write.average")
COUNTERS = {CPU: "", ACTIVE: "", CONSUMED: "", **dict.fromkeys((*OPERATIONS, *RATES), "*")}
INTERVAL_S = 1800
DAYS = 7
_KIB = 1024.0


def machine_usage(performance: Performance, morefs: Sequence[str], *, now: datetime | None = None) -> dict[str, Usage]:
    """Usage by machine; one that has no stored samples is absent."""
    since = (now or datetime.now(UTC)) - timedelta(days=DAYS)
    asked = Question(kind=vim.VirtualMachine, morefs=morefs, counters=COUNTERS, interval_s=INTERVAL_S, since=since)
    return {moref: _usage(series) for moref, series in performance.read(asked).items()}


def _usage(series: Series) -> Usage:
    memory = _p95(series, ACTIVE) or _p95(series, CONSUMED)
    rate = _p95(series, *RATES)
    seconds = (series.moments[-1] - series.moments[0]).total_seconds() + INTERVAL_S
    return Usage(
        cpu_mhz_p95=_p95(series, CPU),
        memory_p95=None if memory is None else memory * _KIB,
        iops_p95=_p95(series, *OPERATIONS),
        throughput_p95=None if rate is None else rate * _KIB,
        days=round(seconds / 86400, 1),
    )


def _p95(series: Series, *counters: str) -> float | None:
    """Of the counters' sum in each interval."""
    sums: dict[datetime, float] = {}
    for counter in counters:
        for moment, value in series.of(counter):
            sums[moment] = sums.get(moment, 0.0) + value
    return p95(list(sums.values()))
