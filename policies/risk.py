"""The risk register: every open or accepted finding as a risk with likelihood, impact, owner and date. It keeps itself.

Levels and the matrix are those of NIST SP 800-30 revision 1, table I-2 (very low to very high). Likelihood is read from the rule's
severity, one step lower for a finding whose waiver says that it is mitigated; impact from the most important service that the object
carries: its tier, and one step more for restricted data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum

from infra.estate.model import Tier, Waiver
from policies.concerns import concerns
from policies.evaluate import Result
from policies.evidence import Evidence
from policies.reports.owners import Ownership
from policies.verdict import Outcome, Severity, Verdict
from policies.waivers import LONGEST


class Level(IntEnum):
    """The five levels of NIST SP 800-30."""

    VERY_LOW = 0
    LOW = 1
    MODERATE = 2
    HIGH = 3
    VERY_HIGH = 4

    @property
    def words(self) -> str:
        """As the register prints it."""
        return self.name.lower().replace("_", " ")

    def step(self, by: int) -> Level:
        """So many steps up or down, within the scale."""
        return Level(min(max(self + by, Level.VERY_LOW), Level.VERY_HIGH))


_LIKELIHOOD = {Severity.CRITICAL: Level.VERY_HIGH, Severity.HIGH: Level.HIGH, Severity.MEDIUM: Level.MODERATE, Severity.LOW: Level.LOW}
_IMPACT = {Tier.GOLD: Level.HIGH, Tier.SILVER: Level.MODERATE, Tier.BRONZE: Level.LOW}
_MATRIX = ((0, 0, 0, 1, 1), (0, 1, 1, 1, 2), (0, 1, 2, 2, 3), (0, 1, 2, 3, 4), (0, 1, 2, 3, 4))
"""Table I-2: a row for each likelihood from very low up, a column for each impact."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Risk:
    """One line of the register.

    Args:
        id: stays while rule and object stay.
        services: those it matters to, the most important first.
        owner: the department of the service whose object it is; the infrastructure team for what services share.
        treatment: reduce (open), or accept until a day (waived).
        since: the day it was first seen, where a baseline tells; else the day of this register.
        due: the day by which it is to be decided again: the waiver's last, or the longest that its severity may stay open.
    """

    id: str
    rule: str
    target: str
    description: str
    services: tuple[str, ...]
    owner: str
    likelihood: Level
    impact: Level
    treatment: str
    measure: str
    since: str
    due: str
    waiver: str = ""
    ticket: str = ""
    source: str = ""

    @property
    def level(self) -> Level:
        """Likelihood and impact together."""
        return risk_level(self.likelihood, self.impact)


def risk_level(likelihood: Level, impact: Level) -> Level:
    """NIST SP 800-30 revision 1, table I-2."""
    return Level(_MATRIX[likelihood][impact])


def register(result: Result, evidence: Evidence, first_days: Mapping[tuple[str, str], str] | None = None) -> tuple[Risk, ...]:
    """The risks, gravest first. `first_days`: when findings were first seen, from a baseline."""
    services, waivers, owners = concerns(evidence), {w.id: w for w in evidence.waivers}, Ownership(evidence)
    findings = (v for v in result.verdicts if v.outcome in {Outcome.FAIL, Outcome.WAIVED})
    risks = (_risk(v, services.get(v.target, ()), owners.of(v.target).owner, evidence, waivers, first_days or {}) for v in findings)
    return tuple(sorted(risks, key=lambda r: (-r.level, -r.impact, r.owner, r.rule, r.target)))


def _risk(
    verdict: Verdict,
    services: tuple[str, ...],
    owner: str,
    evidence: Evidence,
    waivers: Mapping[str, Waiver],
    first_days: Mapping[tuple[str, str], str],
) -> Risk:
    waived = verdict.outcome is Outcome.WAIVED
    waiver = waivers.get(verdict.waiver) if waived else None
    since = first_days.get((verdict.rule, verdict.target), evidence.today.isoformat())
    mitigated = waiver is not None and waiver.category == "mitigated"
    return Risk(
        id="R-" + hashlib.sha256(f"{verdict.rule} {verdict.target}".encode()).hexdigest()[:8],
        rule=verdict.rule,
        target=verdict.target,
        description=verdict.message,
        services=services,
        owner=owner,
        likelihood=_LIKELIHOOD[verdict.severity].step(-1 if mitigated else 0),
        impact=_impact(services, evidence),
        treatment=f"accept until {waiver.expires}" if waiver else "reduce",
        measure=waiver.reason if waiver else verdict.remedy,
        since=since,
        due=waiver.expires if waiver else (date.fromisoformat(since) + timedelta(days=LONGEST[verdict.severity].days)).isoformat(),
        waiver=verdict.waiver,
        ticket=waiver.ticket if waiver else "",
        source=verdict.source,
    )


def _impact(services: tuple[str, ...], evidence: Evidence) -> Level:
    """What nobody's service stands on harms nobody at once: low."""
    levels = [
        _IMPACT[evidence.services[name].tier].step(1 if evidence.services[name].data_class == "restricted" else 0) for name in services
    ]
    return max(levels, default=Level.LOW)
