"""Running all rules over one body of evidence, in one pass, and applying the waivers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from policies import waivers
from policies.evidence import Evidence
from policies.rule import Parameters, Rule
from policies.rules import RULES
from policies.verdict import Outcome, Verdict

_ORDER = [Outcome.FAIL, Outcome.UNDETERMINED, Outcome.WAIVED, Outcome.PASS, Outcome.NOT_APPLICABLE]


@dataclass(frozen=True, slots=True)
class Result:
    """All verdicts of one evaluation, worst first."""

    reader: str
    verdicts: tuple[Verdict, ...]
    findings: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many verdicts of each outcome; every outcome is named, zeros too."""
        found = Counter(v.outcome for v in self.verdicts)
        return {outcome.value: found.get(outcome, 0) for outcome in Outcome}

    @property
    def blocking(self) -> tuple[Verdict, ...]:
        """The verdicts that stop a change."""
        return tuple(v for v in self.verdicts if v.blocks)

    def of(self, outcome: Outcome) -> tuple[Verdict, ...]:
        """The verdicts of one outcome, worst first."""
        return tuple(v for v in self.verdicts if v.outcome is outcome)


def evaluate(evidence: Evidence, rules: Sequence[Rule] = RULES) -> Result:
    """Every rule over every object, with the estate's parameters and waivers.

    Raises:
        ValueError: the standards give a rule a parameter of the wrong kind.
    """
    verdicts: list[Verdict] = []
    for rule in rules:
        parameters = Parameters(rule, evidence.standards.rules.get(rule.id, {}))
        verdicts.extend(waivers.apply(v, evidence.waivers, evidence.today) for v in rule.check(rule, evidence, parameters))
    verdicts.sort(key=lambda v: (_ORDER.index(v.outcome), v.severity.rank, v.rule, v.target))
    return Result(evidence.reader, tuple(verdicts), evidence.findings)
