"""Capacity rules, in order of id. A rule that is not listed does not exist."""

from __future__ import annotations

from policies.rule import Rule
from policies.rules.capacity.admission_control import ADMISSION_CONTROL
from policies.rules.capacity.cpu_overcommit import CPU_OVERCOMMIT
from policies.rules.capacity.datastore_space import DATASTORE_SPACE
from policies.rules.capacity.demand_after_failure import DEMAND_AFTER_FAILURE
from policies.rules.capacity.disk_performance import DISK_PERFORMANCE
from policies.rules.capacity.ec2_quota import EC2_QUOTA
from policies.rules.capacity.failover_capacity import FAILOVER_CAPACITY
from policies.rules.capacity.machine_size import MACHINE_SIZE
from policies.rules.capacity.move_date_demand import MOVE_DATE_DEMAND
from policies.rules.capacity.pool_reservations import POOL_RESERVATIONS
from policies.rules.capacity.reserved_recovery import RESERVED_RECOVERY
from policies.rules.capacity.right_size import RIGHT_SIZE
from policies.rules.capacity.snapshot_age import SNAPSHOT_AGE
from policies.rules.capacity.static_stability import STATIC_STABILITY
from policies.rules.capacity.subnet_addresses import SUBNET_ADDRESSES
from policies.rules.capacity.tier_memory import TIER_MEMORY
from policies.rules.capacity.time_remaining import TIME_REMAINING
from policies.rules.capacity.zone_offering import ZONE_OFFERING

CAPACITY: tuple[Rule, ...] = (
    FAILOVER_CAPACITY,
    ADMISSION_CONTROL,
    DEMAND_AFTER_FAILURE,
    MOVE_DATE_DEMAND,
    TIME_REMAINING,
    DATASTORE_SPACE,
    CPU_OVERCOMMIT,
    TIER_MEMORY,
    MACHINE_SIZE,
    POOL_RESERVATIONS,
    EC2_QUOTA,
    ZONE_OFFERING,
    SUBNET_ADDRESSES,
    STATIC_STABILITY,
    RESERVED_RECOVERY,
    DISK_PERFORMANCE,
    RIGHT_SIZE,
    SNAPSHOT_AGE,
)
