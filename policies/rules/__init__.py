"""The rule set: one file a rule, listed here in order of id. A rule that is not listed does not exist."""

from __future__ import annotations

from policies.rule import Rule
from policies.rules.capacity.admission_control import ADMISSION_CONTROL
from policies.rules.capacity.datastore_space import DATASTORE_SPACE
from policies.rules.capacity.failover_capacity import FAILOVER_CAPACITY
from policies.rules.reliability.backup_meets_rpo import BACKUP_MEETS_RPO
from policies.rules.reliability.redundancy_separation import REDUNDANCY_SEPARATION
from policies.rules.security.admin_ports import ADMIN_PORTS
from policies.rules.tagging.required_tags import REQUIRED_TAGS

RULES: tuple[Rule, ...] = (
    FAILOVER_CAPACITY,
    ADMISSION_CONTROL,
    DATASTORE_SPACE,
    REDUNDANCY_SEPARATION,
    BACKUP_MEETS_RPO,
    ADMIN_PORTS,
    REQUIRED_TAGS,
)
