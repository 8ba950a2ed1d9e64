"""What a rule of readiness is: one limit, from one published source, with one remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from migration.assess.model import Reason
from migration.assess.subject import Subject

Check = Callable[[Subject], Iterator[str]]
"""Says what is wrong with the numbers in it, once for each thing that is; nothing when all is well or not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessRule:
    """One rule.

    Attributes:
        code: RDY-###, stable.
        title: what it looks for, a clause.
        direction: which way it speaks of.
        blocks: the move cannot be made before it is settled; else it can be planned, and must be settled before the night.
        remedy: what to do.
        source: who published the limit, or which part of Incline sets it.
    """

    code: str
    title: str
    direction: Literal["up", "down", "both"]
    blocks: bool
    remedy: str
    source: str
    check: Check

    def reasons(self, subject: Subject) -> Iterator[Reason]:
        """What this rule says of a machine."""
        if self.direction not in {subject.direction, "both"}:
            return
        for what in self.check(subject):
            yield Reason(code=self.code, what=what, remedy=self.remedy, blocks=self.blocks, source=self.source)
