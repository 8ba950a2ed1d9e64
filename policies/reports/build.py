"""Making a report from an evaluation: rows, capacity bars, the opening sentence and what needs a decision."""

from __future__ import annotations

from datetime import datetime

from policies.evaluate import Result
from policies.reports.model import CapacityBar, MoveSection, PreviewSection, Report, VerdictRow
from policies.rules import RULES
from policies.verdict import Outcome, Verdict, format_number

_TITLES = {rule.id: rule.title for rule in RULES}


def build_report(
    title: str,
    result: Result,
    generated: datetime,
    *,
    moves: tuple[MoveSection, ...] = (),
    previews: tuple[PreviewSection, ...] = (),
    notes: tuple[str, ...] = (),
) -> Report:
    """The report of one evaluation, with the moves and previews it goes with."""
    return Report(
        title=title,
        answer=_answer(result, moves, previews),
        generated=generated,
        decisions=tuple(f"{_sentence(v.message)} {_sentence(v.remedy)}".strip() for v in result.blocking),
        moves=moves,
        previews=previews,
        counts=result.counts,
        verdicts=tuple(_row(v) for v in result.verdicts),
        capacity=tuple(bar for v in result.verdicts if (bar := _bar(v)) is not None),
        notes=notes + result.findings,
    )


def _answer(result: Result, moves: tuple[MoveSection, ...], previews: tuple[PreviewSection, ...]) -> str:
    parts = []
    if moves:
        whole = sum(all(d.equal for d in m.disks) for m in moves)
        parts.append(f"{whole} of {len(moves)} moves arrived with every block proven")
    if previews:
        clean = sum(p.changes == 0 for p in previews)
        parts.append(f"{clean} of {len(previews)} stacks have nothing left to change")
    blocking = len(result.blocking)
    parts.append("no rule stands in the way" if not blocking else f"{blocking} finding{'s' if blocking > 1 else ''} must be decided first")
    return _sentence("; ".join(parts))


def _sentence(text: str) -> str:
    """With a capital and a full stop; nothing stays nothing."""
    return text[:1].upper() + text[1:].rstrip(".") + "." if text else ""


def _row(verdict: Verdict) -> VerdictRow:
    return VerdictRow(
        rule=verdict.rule,
        title=_TITLES[verdict.rule],
        target=verdict.target,
        outcome=verdict.outcome.value,
        severity=verdict.severity.value,
        message=verdict.message,
        formula=verdict.formula,
        facts=tuple((f.name, f"{format_number(f.value)} {f.unit}".strip(), f.source) for f in verdict.facts),
        missing=verdict.missing,
        source=verdict.source,
        remedy=verdict.remedy if verdict.outcome is Outcome.FAIL else "",
    )


def _bar(verdict: Verdict) -> CapacityBar | None:
    if verdict.rule != "CAP-001":
        return None
    numbers = {f.name: float(f.value) for f in verdict.facts if not isinstance(f.value, str)}
    return CapacityBar(
        name=verdict.target.removeprefix("cluster/"),
        needed_gib=numbers["memory needed"],
        left_gib=numbers["memory left after the failure"],
        total_gib=numbers["memory in all"],
    )
