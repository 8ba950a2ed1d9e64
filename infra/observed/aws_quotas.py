"""EC2's limits on running on-demand instances: vCPUs by group of instance families, and how many of them run now.

Each quota counts families by their first letters (EC2 user guide, *On-Demand instance limits*). Spot instances and those that are not
running do not count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from infra.observed.aws_session import AwsSession
from infra.observed.capacity import ObservedQuota

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "L-1216C47A": ("a", "c", "d", "h", "i", "m", "r", "t", "z"),
    "L-DB2E81BA": ("g", "vt"),
    "L-417A185B": ("p",),
    "L-74FC7D96": ("f",),
    "L-7295265B": ("x",),
    "L-1945791B": ("inf",),
    "L-2C3B7624": ("trn",),
    "L-6E869C2A": ("dl",),
    "L-43DA4232": ("u",),
    "L-F7808C92": ("hpc",),
}
"""First letters of the families that each quota counts, by its code."""


def read_quotas(session: AwsSession, running: Sequence[tuple[str, int]]) -> tuple[ObservedQuota, ...]:
    """The quotas with their use. `running`: type and vCPUs of each on-demand instance that runs."""
    limits = {str(q["QuotaCode"]): q for q in session.pages("service-quotas", "list_service_quotas", "Quotas", ServiceCode="ec2")}
    used: dict[str, float] = {}
    for instance_type, cpus in running:
        code = quota_code(instance_type)
        used[code] = used.get(code, 0.0) + cpus
    return tuple(_quota(code, limits[code], used.get(code, 0.0)) for code in FAMILIES if code in limits)


def quota_code(instance_type: str) -> str:
    """The quota that counts a type, empty when none that is known does: `r6a.large` counts as standard, `inf2.xlarge` as inf."""
    letters = re.match(r"[a-z]+", instance_type)
    family = letters[0] if letters else ""
    if family == "mac":
        return ""  # runs on dedicated hosts only, which have quotas of their own
    exact = next((code for code, families in FAMILIES.items() if family in families), "")
    if exact:
        return exact
    # Letters after the family's own mark a variant: im4gn is an i, hpc is not an h.
    return next((code for code, families in FAMILIES.items() if any(family.startswith(f) for f in families if len(f) == 1)), "")


def _quota(code: str, told: Mapping[str, Any], used: float) -> ObservedQuota:
    return ObservedQuota(code=code, name=str(told.get("QuotaName", code)), families=FAMILIES[code], limit=float(told["Value"]), used=used)
