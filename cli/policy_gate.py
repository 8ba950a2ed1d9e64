"""The move engine's gate: the rules, asked about the estate as it will stand on trial."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from infra.estate.load import load_estate
from migration.ports import GateAnswer, GateRequest
from policies.evaluate import evaluate
from policies.readers.places import locator
from policies.readers.plan import read_plan


class PolicyGate:
    """Judges a move by the same rules that judge previews. Both machines count: rollback must stay possible.

    Args:
        estate: the estate's folder; it is read afresh for every question.
        today: answers the date that waivers are judged at.
    """

    def __init__(self, estate: Path, today: Callable[[], date]) -> None:
        self._estate = estate
        self._today = today

    def judge(self, request: GateRequest) -> GateAnswer:
        """The counts of verdicts, and a line for each that blocks this move: one about its server or about a site it touches.

        Raises:
            EstateErrors: the estate cannot be read.
        """
        evidence = read_plan(load_estate(self._estate), request.server, request.target, self._today(), locator(self._estate))
        result = evaluate(evidence)
        lines = [f"{v.rule} {v.severity}: {v.message}; see {v.source}; next: {v.remedy}" for v in result.blocking]
        return GateAnswer(counts=result.counts, blocking=tuple(lines))
