"""What breaks when waivers lapse: every waiver's last day, and the findings that fail again on the day after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from infra.estate.model import Waiver
from policies.evaluate import Result
from policies.verdict import Outcome, Verdict
from policies.waivers import lapses


@dataclass(frozen=True, slots=True)
class Lapse:
    """A waiver that covers something today, the last day it does, and what fails after it.

    Args:
        blocking: how many of the findings would then stop a change.
    """

    waiver: Waiver
    last_day: date
    days_left: int
    findings: tuple[Verdict, ...]

    @property
    def blocking(self) -> int:
        """How many of its findings stop a change once it is gone."""
        return sum(v.severity.blocks for v in self.findings)


def outlook(result: Result, waivers: tuple[Waiver, ...], today: date) -> tuple[Lapse, ...]:
    """The waivers in use, those that lapse next first."""
    found = []
    for waiver in waivers:
        covered = tuple(v for v in result.of(Outcome.WAIVED) if v.waiver == waiver.id)
        last_day = lapses(waiver)
        if covered and last_day is not None:
            found.append(Lapse(waiver, last_day, (last_day - today).days, covered))
    return tuple(sorted(found, key=lambda lapse: (lapse.last_day, lapse.waiver.id)))


def unused(result: Result, waivers: tuple[Waiver, ...]) -> tuple[Waiver, ...]:
    """Waivers that cover nothing any more: what they excused is mended, or their target is misspelt."""
    named = {v.waiver for v in result.verdicts if v.waiver}
    return tuple(w for w in waivers if w.id not in named)
