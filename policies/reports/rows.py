"""Verdicts as rows: anchors that stay, whose they are, every number with its source and age."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from infra.wording import counted
from policies.evaluate import Result
from policies.evidence import Evidence
from policies.reports.model import FactRow, Trend, VerdictRow
from policies.reports.owners import Ownership
from policies.rules import RULES
from policies.verdict import Fact, Outcome, Verdict, format_number

Repairs = Mapping[tuple[str, str], tuple[str, ...]]
"""Changes that make a failed verdict pass, by rule and target, in words."""
HELD = frozenset({Outcome.PASS, Outcome.NOT_APPLICABLE})
"""Outcomes that ask nobody for anything."""


def titles() -> dict[str, str]:
    """The title of every rule."""
    return {rule.id: rule.title for rule in RULES}


def anchors(result: Result) -> tuple[str, ...]:
    """A name for every verdict that stays while rule and object stay. A rule that speaks twice of an object is counted by place."""
    names = [re.sub(r"[^A-Za-z0-9.-]+", "-", f"{v.rule}-{v.target}") for v in result.verdicts]
    often = {name for name, count in Counter(names).items() if count > 1}
    order = sorted((i for i, name in enumerate(names) if name in often), key=lambda i: _place(result.verdicts[i]))
    seen: Counter[str] = Counter()
    for index in order:
        name = names[index]
        seen[name] += 1
        if seen[name] > 1:
            names[index] = f"{name}--{seen[name]}"
    return tuple(names)


def _place(verdict: Verdict) -> tuple[str, ...]:
    return (verdict.rule, verdict.target, verdict.source, verdict.urn, verdict.formula, verdict.message)


class Rows:
    """Makes rows, with the moment that ages are counted to."""

    def __init__(self, evidence: Evidence | None, trend: Trend | None = None, repairs: Repairs | None = None) -> None:
        self.ownership = Ownership(evidence)
        self._titles = titles()
        self._moment = evidence.moment if evidence else None
        self._repairs = repairs or {}
        self._new = frozenset(trend.new) if trend else None

    def row(self, anchor: str, verdict: Verdict) -> VerdictRow:
        """One verdict as a row."""
        place = self.ownership.of(verdict.target)
        return VerdictRow(
            anchor=anchor,
            rule=verdict.rule,
            title=self._titles.get(verdict.rule, verdict.rule),
            target=verdict.target,
            outcome=verdict.outcome.value,
            severity=verdict.severity.value,
            message=verdict.message,
            service=place.service,
            owner=place.owner,
            tier=place.tier,
            formula=verdict.formula,
            facts=tuple(self._fact(f) for f in verdict.facts),
            missing=verdict.missing,
            source=verdict.source,
            remedy=remedy(verdict),
            repairs=self.repairs(verdict),
            waiver=verdict.waiver,
            lapsed=verdict.lapsed,
            trend=self._trend(verdict),
        )

    def repairs(self, verdict: Verdict) -> tuple[str, ...]:
        """The changes that were found to make a failure pass."""
        return self._repairs.get((verdict.rule, verdict.target), ()) if verdict.outcome is Outcome.FAIL else ()

    def _fact(self, fact: Fact) -> FactRow:
        value = f"{format_number(fact.value)} {fact.unit}".strip()
        return FactRow(name=fact.name, value=value, source=fact.source, age=age(fact.as_of, self._moment))

    def _trend(self, verdict: Verdict) -> str:
        if self._new is None or verdict.outcome not in {Outcome.FAIL, Outcome.WAIVED}:
            return ""
        return "new" if (verdict.rule, verdict.target) in self._new else "old"


def remedy(verdict: Verdict) -> str:
    """What ends a finding. One that could not be decided needs data, not a remedy."""
    return "" if verdict.outcome is Outcome.UNDETERMINED else verdict.remedy


def age(as_of: datetime | None, moment: datetime | None) -> str:
    """How old a datum is, in words: declared, or observed so long ago."""
    if as_of is None:
        return "declared"
    if moment is None:
        return f"observed {as_of:%Y-%m-%d %H:%M %Z}"
    hours = (moment - as_of).total_seconds() / 3600
    if hours < 0:
        return f"observed {as_of:%Y-%m-%d %H:%M %Z}"
    if hours < 1:
        return f"observed {counted(round(hours * 60), 'minute')} before"
    return f"observed {counted(round(hours), 'hour')} before" if hours < 48 else f"observed {counted(round(hours / 24), 'day')} before"
