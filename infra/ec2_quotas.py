"""EC2's vCPU quotas: which group of instance families each one limits. Codes and names as Service Quotas publishes them.

The quota of a type follows from the letters before its first digit: m5a is an M, im4gn an I, gr6 a G. Spot, dedicated hosts (mac) and
capacity blocks have quotas of their own, which are not these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuotaGroup:
    """A quota on the vCPUs that run on demand. `families` are the leading letters of the types it counts."""

    code: str
    name: str
    families: tuple[str, ...]


STANDARD = QuotaGroup(
    "L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", ("a", "c", "d", "h", "i", "m", "r", "t", "z")
)
QUOTA_GROUPS: tuple[QuotaGroup, ...] = (
    STANDARD,
    QuotaGroup("L-74FC7D96", "Running On-Demand F instances", ("f",)),
    QuotaGroup("L-DB2E81BA", "Running On-Demand G and VT instances", ("g", "vt")),
    QuotaGroup("L-417A185B", "Running On-Demand P instances", ("p",)),
    QuotaGroup("L-7295265B", "Running On-Demand X instances", ("x",)),
    QuotaGroup("L-43DA4232", "Running On-Demand High Memory instances", ("u",)),
    QuotaGroup("L-1945791B", "Running On-Demand Inf instances", ("inf",)),
    QuotaGroup("L-2C3B7624", "Running On-Demand Trn instances", ("trn",)),
    QuotaGroup("L-6E869C2A", "Running On-Demand DL instances", ("dl",)),
    QuotaGroup("L-F7808C92", "Running On-Demand HPC instances", ("hpc",)),
)
_LETTERS = re.compile(r"[a-z]+")
# Families of more than one letter that are no variant of the family with their first letter.
_WHOLE = {"inf", "trn", "dl", "hpc", "vt", "mac"}
_BY_FAMILY = {family: group for group in QUOTA_GROUPS for family in group.families}


def quota_group(instance_type: str) -> QuotaGroup | None:
    """The quota that an instance type is counted against; None for those counted otherwise."""
    found = _LETTERS.match(instance_type)
    if found is None:
        return None
    letters = found.group()
    return _BY_FAMILY.get(letters if letters in _WHOLE else letters[0])
