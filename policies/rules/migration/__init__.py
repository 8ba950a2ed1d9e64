"""Rules of moves, in order of id. A rule that is not listed does not exist."""

from __future__ import annotations

from policies.rule import Rule
from policies.rules.migration.double_running import DOUBLE_RUNNING
from policies.rules.migration.downtime import DOWNTIME
from policies.rules.migration.guest_support import GUEST_SUPPORT
from policies.rules.migration.move_approved import MOVE_APPROVED
from policies.rules.migration.one_side import ONE_SIDE
from policies.rules.migration.rollback_capacity import ROLLBACK_CAPACITY
from policies.rules.migration.source_held import SOURCE_HELD

MIGRATION: tuple[Rule, ...] = (ROLLBACK_CAPACITY, DOWNTIME, SOURCE_HELD, GUEST_SUPPORT, DOUBLE_RUNNING, MOVE_APPROVED, ONE_SIDE)
