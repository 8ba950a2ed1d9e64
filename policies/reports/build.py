"""Making a report from one evaluation: the opening sentence, what needs a decision and by whom, and every section behind it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from policies.baseline import Comparison
from policies.evaluate import Result
from policies.evidence import Evidence
from policies.moments import Moment
from policies.reports.capacity import capacity_bars, forecast_fans
from policies.reports.excuses import waiver_rows
from policies.reports.gaps import missing_groups
from policies.reports.model import (
    Decision,
    FailureCase,
    FixedFinding,
    HeldRule,
    MomentRow,
    MoveSection,
    PreviewSection,
    Report,
    Trend,
    VerdictRow,
)
from policies.reports.rows import HELD, Repairs, Rows, anchors, titles
from policies.reports.scores import Scores, scores
from policies.reports.summary import answer, director, sentence
from policies.verdict import Outcome, Verdict

FINDINGS = 600
"""Findings that a page lists with their evidence, worst first. More are counted by rule: a browser on a phone must open the page."""
UNDETERMINED_A_RULE = 25
"""What is undetermined is grouped by missing datum; of each rule so many are shown as examples."""
HELD_A_RULE = 20
"""What holds is shown by example; every one stands in report.json."""
FANS = 18
"""Projections drawn, those nearest to their line first."""
DECISIONS = 100
"""Decisions named one by one."""


def build_report(
    title: str,
    result: Result,
    generated: datetime,
    *,
    evidence: Evidence | None = None,
    before: Evidence | None = None,
    moments: Sequence[Moment] = (),
    moves: tuple[MoveSection, ...] = (),
    previews: tuple[PreviewSection, ...] = (),
    failures: tuple[FailureCase, ...] = (),
    comparison: Comparison | None = None,
    repairs: Repairs | None = None,
    notes: tuple[str, ...] = (),
    source_base: str = "",
) -> Report:
    """The report of one evaluation, with the moves and previews it goes with.

    Args:
        title: its heading.
        result: the verdicts.
        generated: when it was made.
        moments: the moments of a plan, of which the verdicts are the worst.
        moves: the moves it goes with.
        previews: the refreshed stacks it goes with.
        notes: sentences to add at its end.
        evidence: what the verdicts were made from; without it the report has verdicts only: no scores, bars, fans or waivers.
        before: the evidence without the change, for bars of before and after.
        failures: the simulated failures of this evidence.
        comparison: the findings against a baseline.
        repairs: changes that make failed verdicts pass.
        source_base: address that file names of the estate are put behind, to link them.
    """
    names, trend = anchors(result), _trend(comparison) if comparison else None
    rows = Rows(evidence, trend, repairs)
    found, left_out = _findings(result, names, rows)
    held, more = _held(result, names, rows)
    scored = scores(result, names, evidence, rows.ownership) if evidence else Scores((), ())
    fans = forecast_fans(evidence) if evidence else ()
    decisions = _decisions(result, names, rows)
    waivers = waiver_rows(result, names, evidence) if evidence else ()
    return Report(
        title=title,
        answer=answer(result, moves, previews),
        generated=generated,
        reader=result.reader,
        summary=director(result, evidence, scored, waivers, failures, trend) if evidence else (),
        decisions=decisions[:DECISIONS],
        moves=moves,
        previews=previews,
        counts=result.counts,
        moments=tuple(MomentRow(name=m.name, counts=m.result.counts, blocking=len(m.result.blocking)) for m in moments),
        tiers=scored.tiers,
        services=scored.services,
        findings=found,
        held=held,
        capacity=capacity_bars(evidence, result, before) if evidence else (),
        failures=failures,
        forecasts=fans[:FANS],
        waivers=waivers,
        undetermined=missing_groups(result.verdicts, evidence) if evidence else (),
        trend=trend,
        notes=notes + result.findings,
        left_out=(
            *_more("decisions", len(decisions) - DECISIONS),
            *_more("forecasts, with room to spare", len(fans) - FANS),
            *left_out,
            *more,
        ),
        source_base=source_base,
        **({"before_means": "before the change", "after_means": "after the change"} if before else {}),
    )


def _trend(comparison: Comparison) -> Trend:
    return Trend(
        baseline=f"the baseline of {comparison.taken}",
        new=tuple(sorted({(v.rule, v.target) for v in comparison.new})),
        old=len(comparison.old),
        fixed=tuple(FixedFinding(rule=f.rule, target=f.target, message=f.message) for f in comparison.fixed),
        unjudged=len(comparison.unjudged),
    )


def _decisions(result: Result, names: tuple[str, ...], rows: Rows) -> tuple[Decision, ...]:
    return tuple(_decision(name, v, rows) for name, v in zip(names, result.verdicts, strict=True) if v.blocks)


def _decision(name: str, verdict: Verdict, rows: Rows) -> Decision:
    place = rows.ownership.of(verdict.target)
    return Decision(
        anchor=name,
        rule=verdict.rule,
        severity=verdict.severity.value,
        what=sentence(verdict.message),
        remedy=sentence(verdict.remedy),
        owner=place.owner,
        concerns=place.concerns,
        source=verdict.source,
        repairs=rows.repairs(verdict),
    )


def _more(what: str, count: int) -> tuple[str, ...]:
    return (f"{count:,} more {what}",) if count > 0 else ()


def _findings(result: Result, names: tuple[str, ...], rows: Rows) -> tuple[tuple[VerdictRow, ...], tuple[str, ...]]:
    """The findings that the page lists, and a line for every rule of which some are left out.

    What fails has room first, then what is waived: a waiver takes the blocking away, never the finding from sight.
    """
    room = {Outcome.FAIL: FINDINGS, Outcome.WAIVED: 0, Outcome.UNDETERMINED: 0}
    room[Outcome.WAIVED] = max(0, FINDINGS - len(result.of(Outcome.FAIL)))
    room[Outcome.UNDETERMINED] = max(0, room[Outcome.WAIVED] - len(result.of(Outcome.WAIVED)))
    shown: list[VerdictRow] = []
    open_a_rule: Counter[str] = Counter()
    left: Counter[tuple[str, str]] = Counter()
    for name, verdict in zip(names, result.verdicts, strict=True):
        if verdict.outcome in HELD:
            continue
        undetermined = verdict.outcome is Outcome.UNDETERMINED
        open_a_rule[verdict.rule] += undetermined
        if room[verdict.outcome] <= 0 or (undetermined and open_a_rule[verdict.rule] > UNDETERMINED_A_RULE):
            left[verdict.rule, verdict.outcome.value] += 1
        else:
            room[verdict.outcome] -= 1
            shown.append(rows.row(name, verdict))
    return tuple(shown), tuple(f"{rule}: {count:,} more {outcome}" for (rule, outcome), count in left.items())


def _held(result: Result, names: tuple[str, ...], rows: Rows) -> tuple[tuple[HeldRule, ...], tuple[str, ...]]:
    """What holds, folded by rule: nobody reads a hundred passes one by one, but some can be looked at."""
    by_rule: dict[str, list[tuple[str, Verdict]]] = defaultdict(list)
    for name, verdict in zip(names, result.verdicts, strict=True):
        if verdict.outcome in HELD:
            by_rule[verdict.rule].append((name, verdict))
    known = titles()
    held = tuple(
        HeldRule(
            rule=rule,
            title=known.get(rule, rule),
            count=len(found),
            rows=tuple(rows.row(*pair) for pair in found[:HELD_A_RULE]),
            left_out=max(0, len(found) - HELD_A_RULE),
        )
        for rule, found in sorted(by_rule.items())
    )
    more = sum(rule.left_out for rule in held)
    return held, (f"{more:,} more verdicts that hold, {HELD_A_RULE} of each rule are shown",) if more else ()
