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
    """One rule. `check` yields a verdict for every object it applies to, passes included, so that silence is never a pass.

    Args:
        side: what it speaks of: vsphere, aws, both or move.
        controls: ids of `policies.controls` that it serves.
        needs: the evidence it reads, in words, for its page.
    """

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
    side: str = "both"
    needs: tuple[str, ...] = ()

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
        severity: Severity | None = None,
        remedy: str = "",
    ) -> Verdict:
        """A verdict of this rule. Severity and remedy are the rule's own unless this finding is milder or has a better one."""
        return Verdict(
            rule=self.id,
            target=target,
            outcome=outcome,
            severity=severity or self.severity,
            message=message,
            formula=formula,
            facts=facts,
            missing=missing,
            source=source,
            urn=urn,
            remedy="" if outcome in {Outcome.PASS, Outcome.NOT_APPLICABLE} else remedy or self.remedy,
        )

    def not_applicable(self, why: str) -> Verdict:
        """The one verdict of a rule that finds nothing to judge; `why` names what is not there."""
        return self.verdict(Outcome.NOT_APPLICABLE, "estate", why)


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

    def text(self, name: str) -> str:
        """A parameter as text."""
        return str(self._values[name])

    def flag(self, name: str) -> bool:
        """A parameter as yes or no.

        Raises:
            TypeError: the estate's standards give a value that is neither.
        """
        value = self._values[name]
        if not isinstance(value, bool):
            raise TypeError(f"{name} must be true or false, not {value!r}")
        return value
