"""What a rule answers: a verdict with the evidence that a person can check by hand.

A verdict is three-valued where it is born (pass, fail, undetermined) and may become `waived` or be `not-applicable`. It always carries the
formula with the numbers that were put in, so that a reader never has to trust it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from infra.estate.model import GIB


class Outcome(StrEnum):
    """The five answers."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    WAIVED = "waived"
    NOT_APPLICABLE = "not-applicable"
    UNDETERMINED = "undetermined"


class Severity(StrEnum):
    """How much a failure matters; critical and high ones block."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def blocks(self) -> bool:
        """Whether a failure of this severity stops a change."""
        return self in {Severity.CRITICAL, Severity.HIGH}

    @property
    def rank(self) -> int:
        """0 for the worst, so that sorting puts it first."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One number or name that a verdict rests on, with its unit, where it came from and when it was observed (None: declared)."""

    name: str
    value: str | int | float
    unit: str = ""
    source: str = ""
    as_of: datetime | None = None

    def __str__(self) -> str:
        """As printed in reports: `memory needed 412 GiB`."""
        return f"{self.name} {format_number(self.value)}{' ' + self.unit if self.unit else ''}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One rule's answer about one object.

    Args:
        rule: the rule's id, such as CAP-001.
        target: the object, such as cluster/downtown/general.
        message: one line: what, with the numbers.
        formula: the formula with the numbers filled in.
        missing: for an undetermined verdict, each datum that the reader lacks.
        source: file:line of the estate entry or URN of the resource that the reader should look at.
        waiver: id of the waiver that applies, or that did until it lapsed.
        lapsed: why a waiver that names this verdict no longer counts.
    """

    rule: str
    target: str
    outcome: Outcome
    severity: Severity
    message: str
    formula: str = ""
    facts: tuple[Fact, ...] = ()
    missing: tuple[str, ...] = ()
    source: str = ""
    urn: str = ""
    remedy: str = ""
    waiver: str = ""
    lapsed: str = ""

    @property
    def blocks(self) -> bool:
        """Whether this verdict stops a change."""
        return self.outcome is Outcome.FAIL and self.severity.blocks

    def waived_by(self, waiver: str, until: str) -> Verdict:
        """The same finding, no longer blocking; it stays visible."""
        return replace(self, outcome=Outcome.WAIVED, waiver=waiver, message=f"{self.message} (waived by {waiver} until {until})")

    def lapsed_waiver(self, waiver: str, why: str) -> Verdict:
        """The same failure, saying that the waiver which used to cover it is no longer valid."""
        return replace(self, waiver=waiver, lapsed=why, message=f"{self.message}; waiver {waiver} does not count: {why}")


def format_number(value: str | float) -> str:
    """Thousands separated, at most one decimal, no trailing zero."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.1f}"


def gib(size: float) -> str:
    """Bytes as GiB, as messages and repairs write them."""
    return f"{format_number(size / GIB)} GiB"


def ghz(mhz: float) -> str:
    """A clock as GHz."""
    return f"{format_number(mhz / 1000)} GHz"
