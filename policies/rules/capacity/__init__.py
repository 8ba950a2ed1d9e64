"""Capacity rules, in order of id. A rule that is not listed does not exist."""

from __future__ import annotations

from policies.rule import Rule
from policies.rules.capacity.admission_control import ADMISSION_CONTROL
from policies.rules.capacity.datastore_space import DATASTORE_SPACE
from policies.rules.capacity.failover_capacity import FAILOVER_CAPACITY

CAPACITY: tuple[Rule, ...] = (
    FAILOVER_CAPACITY,
    ADMISSION_CONTROL,
    DATASTORE_SPACE,
)
