"""All rules of readiness, by code."""

from __future__ import annotations

from migration.assess.limits import down, machine, up_disks, up_machine
from migration.assess.limits.rule import ReadinessRule

ALL: tuple[ReadinessRule, ...] = (*machine.RULES, *up_disks.RULES, *up_machine.RULES, *down.RULES)
