"""Waivers as a report shows them: which count, which lapse soon, which have lapsed, and what fails then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fnmatch import fnmatchcase
from typing import Literal

from infra.estate.model import Waiver
from policies.evaluate import Result
from policies.evidence import Evidence
from policies.reports.model import WaiverRow
from policies.verdict import Outcome, Severity, Verdict
from policies.waivers import SOON_DAYS, day_of, lapses, standing

COVERED = 20
"""Findings listed under one waiver; the rest are counted."""
_ORDER = ("lapsed", "lapsing", "early", "valid")
State = Literal["valid", "lapsing", "lapsed", "early"]


def waiver_rows(result: Result, names: tuple[str, ...], evidence: Evidence) -> tuple[WaiverRow, ...]:
    """All waivers of the estate, those that lapsed first."""
    spoken = [(name, v) for name, v in zip(names, result.verdicts, strict=True) if v.outcome in {Outcome.FAIL, Outcome.WAIVED}]
    rows = [_row(waiver, spoken, evidence.today) for waiver in evidence.waivers]
    return tuple(sorted(rows, key=lambda r: (_ORDER.index(r.state), r.days_left if r.days_left is not None else -1, r.id)))


def _row(waiver: Waiver, spoken: Sequence[tuple[str, Verdict]], today: date) -> WaiverRow:
    covered = [(name, v) for name, v in spoken if v.rule in waiver.rules and fnmatchcase(v.target, waiver.target)]
    # The gravest finding decides how long a waiver may live; one that covers nothing is judged by its dates alone.
    severity = min((v.severity for _, v in covered), key=lambda s: s.rank, default=Severity.LOW)
    found = standing(waiver, severity, today)
    expires = lapses(waiver)
    left = (expires - today).days if expires is not None else None
    return WaiverRow(
        id=waiver.id,
        rules=waiver.rules,
        target=waiver.target,
        category=waiver.category,
        reason=waiver.reason,
        requested_by=waiver.requested_by,
        approved_by=waiver.approved_by,
        ticket=waiver.ticket,
        created=waiver.created,
        expires=waiver.expires,
        state=_state(waiver, left, today, counts=found.counts),
        days_left=left,
        why=found.why,
        covers=tuple((name, f"{v.rule} {v.severity} {v.target}") for name, v in covered[:COVERED]),
        left_out=max(0, len(covered) - COVERED),
    )


def _state(waiver: Waiver, left: int | None, today: date, *, counts: bool) -> State:
    if counts:
        return "lapsing" if left is not None and left <= SOON_DAYS else "valid"
    created = day_of(waiver.created)
    return "early" if left is not None and left >= 0 and created is not None and created > today else "lapsed"
