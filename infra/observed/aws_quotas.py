"""EC2's limits on running on-demand instances: vCPUs by group of instance families, and how many of them run now.

Each quota counts families by their first letters (EC2 user guide, *On-Demand instance limits*). Spot instances and those that are not
running do not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra.ec2_quotas import QUOTA_GROUPS, QuotaGroup, quota_group
from infra.observed.aws_session import AwsSession
from infra.observed.capacity import ObservedQuota


def read_quotas(session: AwsSession, running: Sequence[tuple[str, int]]) -> tuple[ObservedQuota, ...]:
    """The quotas with their use. `running`: type and vCPUs of each on-demand instance that runs."""
    limits = {str(q["QuotaCode"]): q for q in session.pages("service-quotas", "list_service_quotas", "Quotas", ServiceCode="ec2")}
    used: dict[str, float] = {}
    for instance_type, cpus in running:
        code = quota_code(instance_type)
        used[code] = used.get(code, 0.0) + cpus
    return tuple(_quota(group, limits[group.code], used.get(group.code, 0.0)) for group in QUOTA_GROUPS if group.code in limits)


def quota_code(instance_type: str) -> str:
    """The quota that counts a type, empty when none that is known does: `r6a.large` counts as standard, `inf2.xlarge` as inf."""
    group = quota_group(instance_type)
    return group.code if group else ""


def _quota(group: QuotaGroup, told: Mapping[str, Any], used: float) -> ObservedQuota:
    name = str(told.get("QuotaName", group.name))
    return ObservedQuota(code=group.code, name=name, families=group.families, limit=float(told["Value"]), used=used)
