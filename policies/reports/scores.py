"""The score of services and tiers: how much of what applies to them holds, weighed by severity.

A waived finding does not hold: somebody accepted it, the risk is still there. What is undetermined does not hold either: nobody knows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from infra.estate.model import Tier
from policies.evaluate import Result
from policies.evidence import Evidence
from policies.reports.model import ScoreRow
from policies.reports.owners import SHARED_OWNER, Ownership
from policies.verdict import Outcome, Severity, Verdict

WEIGHTS = {Severity.CRITICAL: 8, Severity.HIGH: 4, Severity.MEDIUM: 2, Severity.LOW: 1}
"""Every step of severity counts twice the next: one critical failure is not outweighed by a handful of mild passes."""
SHARED = "shared infrastructure"
_OPEN = (Outcome.FAIL, Outcome.UNDETERMINED, Outcome.WAIVED)


@dataclass
class _Sum:
    holds: int = 0
    applies: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    worst: tuple[tuple[int, int], str, str] | None = None

    def add(self, verdict: Verdict, anchor: str) -> None:
        self.counts[verdict.outcome.value] += 1
        if verdict.outcome is Outcome.NOT_APPLICABLE:
            return
        weight = WEIGHTS[verdict.severity]
        self.applies += weight
        self.holds += weight if verdict.outcome is Outcome.PASS else 0
        if verdict.outcome in _OPEN:
            rank = (_OPEN.index(verdict.outcome), verdict.severity.rank)
            if self.worst is None or rank < self.worst[0]:
                self.worst = (rank, anchor, f"{verdict.rule} {verdict.outcome.value}")

    def row(self, name: str, owner: str = "", tier: str = "") -> ScoreRow:
        return ScoreRow(
            name=name,
            owner=owner,
            tier=tier,
            # Rounded down: 100 means that nothing is open.
            score=100 * self.holds // self.applies if self.applies else None,
            holds=self.holds,
            applies=self.applies,
            counts={outcome.value: self.counts[outcome.value] for outcome in Outcome},
            worst=self.worst[1] if self.worst else "",
            worst_text=self.worst[2] if self.worst else "",
        )


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of tiers in order of tier, of services with the worst first."""

    tiers: tuple[ScoreRow, ...]
    services: tuple[ScoreRow, ...]


def scores(result: Result, names: tuple[str, ...], evidence: Evidence, ownership: Ownership) -> Scores:
    """The scores of all services, and of what they share."""
    by_tier: dict[str, _Sum] = {}
    by_service: dict[str, _Sum] = {}
    for anchor, verdict in zip(names, result.verdicts, strict=True):
        place = ownership.of(verdict.target)
        by_service.setdefault(place.service, _Sum()).add(verdict, anchor)
        by_tier.setdefault(place.tier, _Sum()).add(verdict, anchor)
    services = [
        found.row(name, *_answers(evidence, name)) if name else found.row(SHARED, SHARED_OWNER)
        for name, found in by_service.items()
        if found.applies
    ]
    tiers = [by_tier[t].row(t) for t in (*(tier.value for tier in Tier), "") if t in by_tier and by_tier[t].applies]
    return Scores(
        tuple(row if row.name else row.model_copy(update={"name": SHARED}) for row in tiers),
        tuple(sorted(services, key=lambda row: (row.score if row.score is not None else 101, row.name))),
    )


def _answers(evidence: Evidence, service: str) -> tuple[str, str]:
    found = evidence.services.get(service)
    return (found.owner, found.tier.value) if found else ("", "")
