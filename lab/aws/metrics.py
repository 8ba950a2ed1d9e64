"""CloudWatch statistics of EC2 instances. No guest runs here, so nothing is measured: the numbers are SYNTHETIC.

They are made from the instance's id and the time of day, the same whenever they are asked for, from the launch on (or `metrics_days` of the
settings before it): office hours, quiet week-ends, half to three fifths of the processors at the busiest. Metrics that somebody put with
PutMetricData are moto's and unchanged.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch import urls
from moto.cloudwatch.models import CloudWatchBackend
from moto.ec2.models import ec2_backends

from lab.aws.settings import Settings

NAMESPACES = {"mem_used_percent": "CWAgent"}
_KIB_PER_OPERATION = 16
METRICS: dict[str, Callable[[str, datetime], float]] = {
    "CPUUtilization": lambda name, at: 100 * between(f"{name}/cpu", 0.52, 0.60) * busyness(name, at),
    "mem_used_percent": lambda name, at: 100 * between(f"{name}/mem", 0.55, 0.70) * (0.85 + 0.15 * busyness(name, at)),
    "EBSReadOps": lambda name, at: 0.6 * operations(name, at),
    "EBSWriteOps": lambda name, at: 0.4 * operations(name, at),
    "EBSReadBytes": lambda name, at: 0.6 * operations(name, at) * _KIB_PER_OPERATION * 1024,
    "EBSWriteBytes": lambda name, at: 0.4 * operations(name, at) * _KIB_PER_OPERATION * 1024,
}
"""Processor and memory (as the CloudWatch agent reports it) in per cent; the others per second, for which a Sum counts a whole period."""


class LabCloudWatch(CloudWatchBackend):
    """One account's CloudWatch in one region."""

    def __init__(self, settings: Settings, region_name: str, account_id: str) -> None:
        self.settings = settings
        super().__init__(region_name, account_id)

    @property
    def _url_module(self) -> Any:
        return urls

    def get_metric_data(
        self, queries: list[dict[str, Any]], start_time: datetime, end_time: datetime, scan_by: str = "TimestampAscending"
    ) -> list[dict[str, Any]]:
        """GetMetricData: the lab's own for instances, moto's for everything else."""
        own = {str(q["Id"]): _instance(q) for q in queries}
        rest = [q for q in queries if not own[str(q["Id"])]]
        found: list[dict[str, Any]] = super().get_metric_data(rest, start_time, end_time, scan_by) if rest else []
        newest_first, span = "Desc" in scan_by, (start_time, end_time)
        mine = [(query, own[str(query["Id"])]) for query in queries if own[str(query["Id"])]]
        return [*found, *(self._series(query, instance, span, newest_first=newest_first) for query, instance in mine)]

    def _series(self, query: dict[str, Any], instance: str, span: tuple[datetime, datetime], *, newest_first: bool) -> dict[str, Any]:
        asked = query["MetricStat"]
        metric, period = str(asked["Metric"]["MetricName"]), int(asked["Period"])
        scale = period if asked["Stat"] == "Sum" and metric.startswith("EBS") else 1
        moments = self._moments(instance, span, period)
        values = [METRICS[metric](instance, at) * scale for at in moments]
        if newest_first:
            moments, values = moments[::-1], values[::-1]
        return {"Id": query["Id"], "Label": metric, "StatusCode": "Complete", "Timestamps": moments, "Values": values}

    def _moments(self, instance: str, span: tuple[datetime, datetime], period: int) -> list[datetime]:
        """The beginnings of the whole periods in which the instance was there."""
        begin, end = (_aware(each) for each in span)
        found = ec2_backends[self.account_id][self.region_name].get_instance_by_id(instance)
        if found is None:
            return []
        launched = _aware(found.launch_time) - timedelta(days=self.settings.metrics_days)
        end = min(end, datetime.fromtimestamp(self.settings.now(), UTC))
        first = math.ceil(max(begin, launched).timestamp() / period) * period
        return [datetime.fromtimestamp(at, UTC) for at in range(first, int(end.timestamp()) - period + 1, period)]


def busyness(name: str, at: datetime) -> float:
    """From a third at night to one in the early afternoon of a working day, give or take a twentieth."""
    hour = at.hour + at.minute / 60
    level = 0.35 + 0.65 * max(0.0, math.sin(math.pi * (hour - 6) / 14))
    if at.weekday() >= 5:
        level *= 0.6
    return level * between(f"{name}/{int(at.timestamp()) // 300}", 0.95, 1.0)


def operations(name: str, at: datetime) -> float:
    """Disk operations a second."""
    return between(f"{name}/io", 40, 360) * busyness(name, at)


def between(name: str, low: float, high: float) -> float:
    """A number that belongs to a name."""
    digest = hashlib.sha256(name.encode()).digest()
    return low + (high - low) * int.from_bytes(digest[:8], "big") / 2**64


def _instance(query: dict[str, Any]) -> str:
    """The instance that a query asks one of the lab's metrics of, or nothing."""
    metric = (query.get("MetricStat") or {}).get("Metric") or {}
    name = metric.get("MetricName")
    if name not in METRICS or metric.get("Namespace") != NAMESPACES.get(name, "AWS/EC2"):
        return ""
    return next((str(d["Value"]) for d in metric.get("Dimensions") or () if d["Name"] == "InstanceId"), "")


def _aware(at: Any) -> datetime:
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(str(at))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
