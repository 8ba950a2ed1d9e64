"""The same machines as if only their stored percentiles were left, as they are once raw samples have aged out of the store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from infra.estate.model import GIB
from migration.assess.sizing_use import Numbers, Use, use_of_percentiles
from migration.discover.model import FoundMachine, Metric, Percentiles

_NOW = datetime(2013, 9, 1, tzinfo=UTC)


def from_percentiles(uses: Mapping[str, Use]) -> dict[str, Use]:
    """Use rebuilt from mean, p50, p90, p95, p99 and maximum of each."""
    found = {}
    for vm, use in uses.items():
        machine = FoundMachine(
            key=vm,
            name=vm,
            site="",
            kind="vsphere",
            source="traces",
            as_of=_NOW,
            cpus=int(use.has_cpus),
            memory=int(use.has_memory * GIB),
        )
        usage = {
            Metric.CPU_PERCENT: _percentiles(vm, Metric.CPU_PERCENT, use.cpus / use.has_cpus * 100),
            Metric.MEMORY: _percentiles(vm, Metric.MEMORY, use.memory * GIB),
        }
        rebuilt = use_of_percentiles(machine, usage)
        if rebuilt is not None:
            found[vm] = rebuilt
    return found


def _percentiles(vm: str, metric: Metric, values: Numbers) -> Percentiles:
    p50, p90, p95, p99 = (float(each) for each in np.quantile(values, (0.5, 0.9, 0.95, 0.99)))
    return Percentiles(
        machine=vm,
        metric=metric,
        interval_s=3600,
        samples=len(values),
        expected=len(values),
        first=_NOW - timedelta(days=62),
        last=_NOW,
        mean=float(values.mean()),
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99,
        maximum=float(values.max()),
        peaks=True,
    )
