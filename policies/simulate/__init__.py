"""Failure simulation on the planned state: what stops, what starts again where, what finds no place and why, what it means for services.

Pure and deterministic: the same evidence gives the same answer.
"""

from __future__ import annotations

from policies.simulate.failure import Failure, Kind, every_failure, host_failures, shared_fates
from policies.simulate.hosts import every_host
from policies.simulate.outcome import Fates, Outcome, Restart, ServiceFate, State, Stranded, Way
from policies.simulate.recovery import Ready
from policies.simulate.simulate import Settings, recovery, simulate

__all__ = [
    "Failure",
    "Fates",
    "Kind",
    "Outcome",
    "Ready",
    "Restart",
    "ServiceFate",
    "Settings",
    "State",
    "Stranded",
    "Way",
    "every_failure",
    "every_host",
    "host_failures",
    "recovery",
    "shared_fates",
    "simulate",
]
