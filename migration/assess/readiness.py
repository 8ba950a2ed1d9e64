"""Whether a machine can go as it is, and why not. The limits stand in `migration.assess.limits`, one rule each."""

from __future__ import annotations

from collections.abc import Iterable

from migration.assess.limits.registry import ALL
from migration.assess.model import Readiness, Reason
from migration.assess.subject import Subject


def judge(subject: Subject) -> tuple[Readiness, tuple[Reason, ...]]:
    """The readiness of a machine and its reasons, those that block first."""
    found = sorted((reason for rule in ALL for reason in rule.reasons(subject)), key=lambda r: (not r.blocks, r.code))
    return readiness(found), tuple(found)


def readiness(reasons: Iterable[Reason]) -> Readiness:
    """What a list of reasons comes to."""
    listed = list(reasons)
    if any(reason.blocks for reason in listed):
        return Readiness.NOT_READY
    return Readiness.CONDITIONS if listed else Readiness.READY
