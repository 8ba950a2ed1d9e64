"""What a rule is: a pure function over evidence, with all that a page about it needs.

Rules never open files, never look at the clock and never raise for a value they do not know: they answer `undetermined`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from policies.evidence import Evidence
from policies.verdict import Fact, Outcome, Severity, Verdict

Scalar = float | int | str | bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A number that a city may set for itself in `standards.yaml` under `rules:`, and why the default is what it is."""

    default: Scalar
    reason: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. `check` yields a verdict for every object it applies to, passes included, so that silence is never a pass."""

    id: str
    name: str
    title: str
    severity: Severity
    controls: tuple[str, ...]
    formula: str
    source: str
    remedy: str
    check: Callable[[Rule, Evidence, Parameters], Iterable[Verdict]]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def verdict(
        self,
        outcome: Outcome,
        target: str,
        message: str,
        *,
        facts: tuple[Fact, ...] = (),
        formula: str = "",
        missing: tuple[str, ...] = (),
        source: str = "",
        urn: str = "",
    ) -> Verdict:
        """A verdict of this rule: severity and remedy are the rule's own."""
        return Verdict(
            rule=self.id,
            target=target,
            outcome=outcome,
            severity=self.severity,
            message=message,
            formula=formula,
            facts=facts,
            missing=missing,
            source=source,
            urn=urn,
            remedy=self.remedy if outcome is not Outcome.PASS else "",
        )


class Parameters:
    """A rule's parameters: defaults, overridden by the estate's standards."""

    def __init__(self, rule: Rule, overrides: Mapping[str, Scalar]) -> None:
        self._values = {name: overrides.get(name, parameter.default) for name, parameter in rule.parameters.items()}

    def number(self, name: str) -> float:
        """A parameter as a number.

        Raises:
            ValueError: the estate's standards give a value that is no number.
        """
        return float(self._values[name])
