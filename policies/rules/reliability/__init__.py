"""Reliability rules, in order of id. A rule that is not listed does not exist."""

from __future__ import annotations

from policies.rule import Rule
from policies.rules.reliability.alarms_watch import ALARMS_WATCH
from policies.rules.reliability.backup_meets_rpo import BACKUP_MEETS_RPO
from policies.rules.reliability.chain_availability import CHAIN_AVAILABILITY
from policies.rules.reliability.database_resilience import DATABASE_RESILIENCE
from policies.rules.reliability.dependencies_reachable import DEPENDENCIES_REACHABLE
from policies.rules.reliability.ha_responses import HA_RESPONSES
from policies.rules.reliability.independent_paths import INDEPENDENT_PATHS
from policies.rules.reliability.recovery_objectives import RECOVERY_OBJECTIVES
from policies.rules.reliability.recovery_tested import RECOVERY_TESTED
from policies.rules.reliability.redundancy_separation import REDUNDANCY_SEPARATION
from policies.rules.reliability.restart_after_failure import RESTART_AFTER_FAILURE
from policies.rules.reliability.stateful_protection import STATEFUL_PROTECTION
from policies.rules.reliability.tier_span import TIER_SPAN

RELIABILITY: tuple[Rule, ...] = (
    REDUNDANCY_SEPARATION,
    TIER_SPAN,
    RECOVERY_OBJECTIVES,
    BACKUP_MEETS_RPO,
    CHAIN_AVAILABILITY,
    RESTART_AFTER_FAILURE,
    HA_RESPONSES,
    DATABASE_RESILIENCE,
    INDEPENDENT_PATHS,
    STATEFUL_PROTECTION,
    DEPENDENCIES_REACHABLE,
    RECOVERY_TESTED,
    ALARMS_WATCH,
)
