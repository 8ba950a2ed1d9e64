"""Reliability rules, in order of id. A rule that is not listed does not exist."""

from __future__ import annotations

from policies.rule import Rule
from policies.rules.reliability.backup_meets_rpo import BACKUP_MEETS_RPO
from policies.rules.reliability.redundancy_separation import REDUNDANCY_SEPARATION

RELIABILITY: tuple[Rule, ...] = (
    REDUNDANCY_SEPARATION,
    BACKUP_MEETS_RPO,
)
