"""What CloudWatch knows of a region's instances, in 5-minute averages, from where the store's samples end.

The hypervisor sees processor, disks and network; memory only where the CloudWatch agent reports it by instance. 500 metrics a call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from infra.observed.aws_session import AwsSession
from migration.discover.model import FoundMachine, Metric
from migration.discover.samples import Samples
from migration.discover.usage_progress import Progress, untold

PERIOD_S = 300
KEPT = timedelta(days=35)
"""CloudWatch keeps 5-minute values for 63 days; the store keeps these."""
_QUERIES = 500  # of one GetMetricData
ASKED = {
    "cpu": ("AWS/EC2", "CPUUtilization", "Average"),
    "mem": ("CWAgent", "mem_used_percent", "Average"),
    "rop": ("AWS/EC2", "EBSReadOps", "Sum"),
    "wop": ("AWS/EC2", "EBSWriteOps", "Sum"),
    "rby": ("AWS/EC2", "EBSReadBytes", "Sum"),
    "wby": ("AWS/EC2", "EBSWriteBytes", "Sum"),
    "nin": ("AWS/EC2", "NetworkIn", "Sum"),
    "out": ("AWS/EC2", "NetworkOut", "Sum"),
}
Answers = dict[str, dict[int, float]]


def new_samples(
    session: AwsSession,
    machines: Sequence[FoundMachine],
    mhz: Mapping[str, float],
    last: Mapping[tuple[str, Metric, int], datetime],
    *,
    now: datetime,
    progress: Progress = untold,
) -> Iterator[Samples]:
    """The series of all instances since the last sample of each. `mhz`: all processors of a machine together, by key."""
    groups: dict[datetime, list[FoundMachine]] = {}
    for machine in machines:
        ends = [last[machine.key, metric, PERIOD_S] for metric in Metric if (machine.key, metric, PERIOD_S) in last]
        since = max([now - KEPT, *ends])
        if (now - since).total_seconds() >= PERIOD_S:
            groups.setdefault(since if ends else now - KEPT, []).append(machine)
    size = _QUERIES // len(ASKED)
    calls = [(since, some[start : start + size]) for since, some in sorted(groups.items()) for start in range(0, len(some), size)]
    for done, (since, some) in enumerate(calls, start=1):
        answers = _ask(session, some, since, now)
        progress(done, len(calls))
        for n, machine in enumerate(some):
            found = {what: answers.get(f"{what}{n}", {}) for what in ASKED}
            yield from _samples(machine, found, mhz.get(machine.key, 0.0))


def wholes(machines: Sequence[FoundMachine], mhz: Mapping[str, float]) -> dict[str, dict[Metric, float]]:
    """What 100 per cent are, by machine key."""
    found = {}
    for each in machines:
        whole = {Metric.CPU_PERCENT: 100.0, Metric.MEMORY: float(each.memory)}
        if mhz.get(each.key):
            whole[Metric.CPU_MHZ] = mhz[each.key]
        found[each.key] = whole
    return found


def _ask(session: AwsSession, machines: Sequence[FoundMachine], since: datetime, now: datetime) -> Answers:
    queries = [
        {
            "Id": f"{what}{n}",
            "MetricStat": {
                "Metric": {"Namespace": namespace, "MetricName": name, "Dimensions": [{"Name": "InstanceId", "Value": machine.uuid}]},
                "Period": PERIOD_S,
                "Stat": statistic,
            },
        }
        for n, machine in enumerate(machines)
        for what, (namespace, name, statistic) in ASKED.items()
    ]
    span: dict[str, Any] = {"StartTime": since, "EndTime": now, "ScanBy": "TimestampAscending"}
    found: Answers = {}
    for result in session.pages("cloudwatch", "get_metric_data", "MetricDataResults", MetricDataQueries=queries, **span):
        # CloudWatch names a period by its beginning, the store by its end.
        # One that is not over yet is left for the next look: its sums are those of its first minutes.
        told = zip(result.get("Timestamps") or (), result.get("Values") or (), strict=False)
        ends = ((int(moment.timestamp()) + PERIOD_S, float(value)) for moment, value in told)
        found.setdefault(str(result["Id"]), {}).update({end: value for end, value in ends if end <= now.timestamp()})
    return found


def _samples(machine: FoundMachine, told: Answers, mhz: float) -> Iterator[Samples]:
    made = {
        Metric.CPU_PERCENT: told["cpu"],
        Metric.CPU_MHZ: _scaled(told["cpu"], mhz / 100) if mhz else {},
        Metric.MEMORY: _scaled(told["mem"], machine.memory / 100) if machine.memory else {},
        Metric.IOPS: _rate(told["rop"], told["wop"]),
        Metric.DISK_BYTES: _rate(told["rby"], told["wby"]),
        Metric.NET_BYTES: _rate(told["nin"], told["out"]),
    }
    for metric, values in made.items():
        if values:
            moments = sorted(values)
            yield Samples(
                machine=machine.key,
                metric=metric,
                interval_s=PERIOD_S,
                times=np.array(moments, dtype=np.int64),
                values=np.array([values[moment] for moment in moments]),
            )


def _scaled(values: Mapping[int, float], unit: float) -> dict[int, float]:
    return {moment: value * unit for moment, value in values.items()}


def _rate(*parts: Mapping[int, float]) -> dict[int, float]:
    """Per second, of the parts' sum in each period."""
    moments = {moment for part in parts for moment in part}
    return {moment: sum(part.get(moment, 0.0) for part in parts) / PERIOD_S for moment in moments}
