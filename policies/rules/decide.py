"""How a rule comes from grounds to a verdict: what certainly speaks against an object decides first, then what is not known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from policies.evidence import ServerEvidence, Unknown
from policies.evidence.machines import UNSEEN
from policies.rule import Rule
from policies.verdict import Fact, Outcome, Severity, Verdict


class Subject(Protocol):
    """What verdicts are about: a server, a move, a link."""

    @property
    def target(self) -> str:
        """The name that verdicts and waivers use."""

    @property
    def source(self) -> str:
        """Where it is written."""


@dataclass(slots=True)
class Grounds:
    """What speaks against an object, what is not known of it, and what was looked at.

    Args:
        problems: each a reason to fail by itself, in words with numbers.
        missing: data without which the rest cannot be decided.
        formulas: the parts of the rule's formula with the numbers filled in.
    """

    problems: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    formulas: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def lacks(self, *values: object) -> None:
        """Notes those of the values that are unknown."""
        self.missing.extend(str(v) for v in values if isinstance(v, Unknown))

    def lacks_of(self, what: str, value: object) -> None:
        """Notes a setting that is unknown under its own name, where the reader only says that it saw no settings."""
        if isinstance(value, Unknown):
            self.missing.append(f"{what} ({value.why})" if value.datum == UNSEEN.datum else str(value))

    def add(self, other: Grounds) -> None:
        """Takes over all of another's."""
        self.problems += other.problems
        self.missing += other.missing
        self.formulas += other.formulas
        self.facts += other.facts


def ours(server: ServerEvidence) -> bool:
    """Whether the estate or the stack declares a machine; others that a snapshot shows count as load, but are not ours to set up."""
    return bool(server.service or server.urn)


def decide(rule: Rule, subject: Subject, name: str, grounds: Grounds, passed: str, severity: Severity | None = None) -> Verdict:
    """Fail on any problem, undetermined on anything missing, else pass with the given words. `name` begins every message."""
    if grounds.problems:
        outcome, message = Outcome.FAIL, f"{name} {'; it '.join(grounds.problems)}"
    elif grounds.missing:
        outcome, message = Outcome.UNDETERMINED, f"{name}: not known yet: {grounds.missing[0].partition(' (')[0]}{_more(grounds.missing)}"
    else:
        outcome, message = Outcome.PASS, f"{name} {passed}"
    return rule.verdict(
        outcome,
        subject.target,
        message,
        facts=tuple(grounds.facts),
        formula="; ".join(grounds.formulas),
        missing=tuple(dict.fromkeys(grounds.missing)) if outcome is Outcome.UNDETERMINED else (),
        source=subject.source,
        urn=getattr(subject, "urn", ""),
        severity=severity,
    )


def _more(missing: list[str]) -> str:
    others = len(set(missing)) - 1
    return f" and {others} more" if others > 0 else ""
