"""What CloudWatch knows: which alarms watch an instance, and what it used in the last week.

The hypervisor sees processor and disks; memory it does not see: that is known only where the CloudWatch agent reports it by instance
(`aggregation_dimensions: [["InstanceId"]]` of its configuration).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from infra.observed.aws_session import AwsSession
from infra.observed.capacity import Usage
from infra.observed.percentile import p95

DAYS = 7
PERIOD_S = 1800
_QUERIES = 500  # of one GetMetricData
METRICS = {
    "cpu": ("AWS/EC2", "CPUUtilization", "Average"),
    "memory": ("CWAgent", "mem_used_percent", "Average"),
    "reads": ("AWS/EC2", "EBSReadOps", "Sum"),
    "writes": ("AWS/EC2", "EBSWriteOps", "Sum"),
    "read": ("AWS/EC2", "EBSReadBytes", "Sum"),
    "written": ("AWS/EC2", "EBSWriteBytes", "Sum"),
}
WATCHED = {"cpu": ("cpu",), "memory": ("mem",), "disk": ("disk", "volume"), "reachability": ("statuscheck",)}
"""What an alarm watches, by how its metric's name begins."""


@dataclass(frozen=True, slots=True)
class Whole:
    """What 100 per cent of an instance are: the clock of all its processors together, and its memory in bytes."""

    mhz: float
    memory: int


@dataclass(frozen=True, slots=True)
class Watch:
    """Alarms by instance, and the instances that an alarm recovers."""

    alarms: Mapping[str, tuple[str, ...]]
    recovered: frozenset[str]


def read_alarms(session: AwsSession) -> Watch:
    """All metric alarms that do something and name an instance."""
    found: dict[str, set[str]] = {}
    recovered: set[str] = set()
    for alarm in session.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmTypes=["MetricAlarm"]):
        instance = next((str(d["Value"]) for d in alarm.get("Dimensions") or () if d["Name"] == "InstanceId"), "")
        actions = [str(action) for action in alarm.get("AlarmActions") or ()]
        if not instance or not alarm.get("ActionsEnabled", True) or not actions:
            continue
        metric = str(alarm.get("MetricName", "")).lower()
        kind = next((kind for kind, starts in WATCHED.items() if metric.startswith(starts)), "")
        if kind:
            found.setdefault(instance, set()).add(kind)
        if any(":ec2:recover" in action for action in actions):
            recovered.add(instance)
    return Watch({instance: tuple(sorted(kinds)) for instance, kinds in found.items()}, frozenset(recovered))


def read_usage(session: AwsSession, wholes: Mapping[str, Whole], now: datetime) -> dict[str, Usage]:
    """Usage by instance that has any samples."""
    ids = sorted(wholes)
    questions = [(f"{key}{n}", instance, *METRICS[key]) for n, instance in enumerate(ids) for key in METRICS]
    answers: dict[str, dict[datetime, float]] = {}
    for start in range(0, len(questions), _QUERIES):
        answers.update(_ask(session, questions[start : start + _QUERIES], now))
    found = {instance: _usage({key: answers.get(f"{key}{n}", {}) for key in METRICS}, wholes[instance]) for n, instance in enumerate(ids)}
    return {instance: usage for instance, usage in found.items() if usage is not None}


def _ask(session: AwsSession, questions: Sequence[tuple[str, str, str, str, str]], now: datetime) -> dict[str, dict[datetime, float]]:
    queries = [
        {
            "Id": key,
            "MetricStat": {
                "Metric": {"Namespace": namespace, "MetricName": metric, "Dimensions": [{"Name": "InstanceId", "Value": instance}]},
                "Period": PERIOD_S,
                "Stat": statistic,
            },
        }
        for key, instance, namespace, metric, statistic in questions
    ]
    span: dict[str, Any] = {"StartTime": now - timedelta(days=DAYS), "EndTime": now, "ScanBy": "TimestampAscending"}
    found: dict[str, dict[datetime, float]] = {}
    for result in session.pages("cloudwatch", "get_metric_data", "MetricDataResults", MetricDataQueries=queries, **span):
        samples = zip(result.get("Timestamps") or (), result.get("Values") or (), strict=False)
        found.setdefault(str(result["Id"]), {}).update({moment: float(value) for moment, value in samples})
    return found


def _usage(samples: Mapping[str, Mapping[datetime, float]], whole: Whole) -> Usage | None:
    cpu = samples["cpu"]
    if not cpu:
        return None
    span = (max(cpu) - min(cpu)).total_seconds() + PERIOD_S
    return Usage(
        cpu_mhz_p95=_share(cpu, whole.mhz),
        memory_p95=_share(samples["memory"], whole.memory),
        iops_p95=_rate(samples["reads"], samples["writes"]),
        throughput_p95=_rate(samples["read"], samples["written"]),
        days=round(span / 86400, 1),
    )


def _share(percents: Mapping[datetime, float], whole: float) -> float | None:
    """Per cent of what is known; nothing of what is not."""
    found = p95(list(percents.values()))
    return found / 100 * whole if found is not None and whole else None


def _rate(*parts: Mapping[datetime, float]) -> float | None:
    """Per second, of the parts' sum in each period."""
    moments = {moment for part in parts for moment in part}
    return p95([sum(part.get(moment, 0.0) for part in parts) / PERIOD_S for moment in moments])
