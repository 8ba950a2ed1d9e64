"""Running all rules over one body of evidence, in one pass, and applying the waivers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policies import waivers
from policies.evidence import Evidence
from policies.rule import Parameters, Rule
from policies.rules import RULES
from policies.verdict import Outcome, Verdict

_WORST_FIRST = (Outcome.FAIL, Outcome.UNDETERMINED, Outcome.WAIVED, Outcome.PASS, Outcome.NOT_APPLICABLE)
_ORDER = {outcome: place for place, outcome in enumerate(_WORST_FIRST)}
_LONGEST_DEFECT = 300
_BY_ID = {rule.id: rule for rule in RULES}


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
    """Every rule over every object, with the estate's parameters and waivers. A rule with a defect voids neither the others nor the run."""
    verdicts: list[Verdict] = []
    for rule in rules:
        verdicts.extend(waivers.apply(v, evidence.waivers, evidence.today) for v in judge(rule, evidence))
    verdicts.sort(key=lambda v: (_ORDER[v.outcome], v.severity.rank, v.rule, v.target))
    return Result(evidence.reader, tuple(verdicts), (*evidence.findings, *_misspelt(evidence)))


def _misspelt(evidence: Evidence) -> Iterator[str]:
    """Parameters and waivers that name what no rule has: without a word, a threshold would stay at its default and nobody would know."""
    for rule_id, given in sorted(evidence.standards.rules.items()):
        rule = _BY_ID.get(rule_id)
        for name in sorted(given):
            if rule is None:
                yield f"parameter {name} of {rule_id}: there is no such rule"
            elif name not in rule.parameters:
                has = ", ".join(rule.parameters) or "none"
                yield f"parameter {name} of {rule_id}: the rule has none of that name and did not read it; it has: {has}"
    for waiver in evidence.waivers:
        for rule_id in sorted(set(waiver.rules) - _BY_ID.keys()):
            yield f"waiver {waiver.id} names {rule_id}: there is no such rule, so that it excuses nothing of it"


def judge(rule: Rule, evidence: Evidence) -> list[Verdict]:
    """One rule's verdicts, before waivers.

    This is the one place where any exception of a rule is caught: under Pulumi an exception would abort the whole preview, and a rule that
    nobody can rely on must not take away the others. What it had found before stands, and one undetermined verdict names the defect.
    """
    verdicts: list[Verdict] = []
    try:
        parameters = Parameters(rule, evidence.standards.rules.get(rule.id, {}))
        verdicts.extend(rule.check(rule, evidence, parameters))
    except Exception as error:  # noqa: BLE001 - the boundary: whatever a rule raises is said, and the other rules are asked
        verdicts.append(_defect(rule, error))
    return verdicts


def _defect(rule: Rule, error: Exception) -> Verdict:
    said = " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST_DEFECT]
    return rule.verdict(
        Outcome.UNDETERMINED,
        "estate",
        f"{rule.id} broke off with an error of its own or of a parameter given to it: {said}",
        missing=(f"an answer of {rule.id} ({said})",),
        remedy=f"correct the parameters of {rule.id} in estate/standards.yaml, or report the error with the input that leads to it",
    )
