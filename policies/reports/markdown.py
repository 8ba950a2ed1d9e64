"""A report as Markdown for a pull request: the answer first, worst findings first, details folded, under the forge's limit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from infra.wording import counted
from policies.reports.model import CapacityBar, Decision, MoveSection, Report, ScoreRow, VerdictRow, WaiverRow

LIMIT = 60_000
"""Bytes. GitHub cuts a comment at 64 kB; what is left out here is said."""
DECISIONS = 10
"""More decisions than this are a project, not a comment: the table and the full report hold them."""
MARKER = "<!-- incline: report -->"
"""The first line: a pipeline finds its own comment by it and updates it in place."""
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_LONGEST = 600
_RESERVE = 800


class _Paper:
    """Text that stays under the limit. What did not fit is counted by what it was."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._room = LIMIT - _RESERVE
        self.left_out: dict[str, int] = {}

    def line(self, text: str) -> bool:
        """Add a line if it fits."""
        size = len(text.encode()) + 1
        if size > self._room:
            return False
        self._room -= size
        self._parts.append(text)
        return True

    def block(self, what: str, head: Iterable[str], rows: Iterable[str], tail: str = "") -> None:
        """Add rows under a head while they fit; a block with no row is not begun."""
        todo, head = list(rows), "\n".join(head)
        if not todo:
            return
        cost = len(head.encode()) + len(tail.encode()) + 2
        if cost + len(todo[0].encode()) + 1 > self._room:
            self.left_out[what] = len(todo)
            return
        self._room -= cost
        self._parts.append(head)
        for count, row in enumerate(todo):
            if not self.line(row):
                self.left_out[what] = len(todo) - count
                break
        if tail:
            self._parts.append(tail)

    def text(self) -> str:
        """The whole."""
        return "\n".join([*self._parts, ""])


def to_markdown(report: Report) -> str:
    """The report as text; rows that do not fit are counted, never dropped silently."""
    paper = _Paper()
    for line in _head(report):
        paper.line(line)
    rows = [_row(v) for v in report.findings if v.outcome != "undetermined"]
    paper.block("findings", ["", "| verdict | rule | object | finding |", "|---|---|---|---|"], rows)
    _details(paper, report)
    left = [f"{count:,} more {what}" for what, count in paper.left_out.items()] + list(report.left_out)
    if left:
        text = "; ".join(left[:12]) + (f"; and {len(left) - 12} more kinds" if len(left) > 12 else "")
        ending = " are in the full report.\n"
        return paper.text() + "\nLeft out here: " + _clip(text, _RESERVE - 100) + ending
    return paper.text()


def _head(report: Report) -> Iterator[str]:
    yield MARKER
    yield f"## {_cell(report.title)}\n"
    yield f"**{_cell(report.answer)}**\n"
    yield ", ".join(f"{count:,} {outcome}" for outcome, count in report.counts.items()) + f". {report.generated:%Y-%m-%d %H:%M %Z}\n"
    if report.trend:
        trend = report.trend
        yield f"Against {trend.baseline}: {len(trend.new):,} new, {trend.old:,} old, {len(trend.fixed):,} fixed.\n"
    yield from (_decision(d) for d in report.decisions[:DECISIONS])
    more = len(report.decisions) - DECISIONS
    if more > 0:
        yield f"- and {more:,} more that block, in the table and the full report"
    yield from (_loud(w) for w in [w for w in report.waivers if w.state in {"lapsed", "lapsing"}][:DECISIONS])
    for move in report.moves:
        yield from _move(move)
    if report.previews:
        yield "\n| stack | changes after a refresh |\n|---|---|"
        yield from (f"| {p.stack} | {p.changes} |" for p in report.previews)


def _details(paper: _Paper, report: Report) -> None:
    """What stands behind the answer, folded, in order of how often it is asked for."""
    fold, end = "\n<details><summary>{}</summary>\n", "\n</details>"
    paper.block("pieces of evidence", [fold.format("Evidence of what fails")], filter(None, map(_evidence, report.findings)), end)
    scores = [
        fold.format("Scores by tier and service"),
        "| | owner | score | fail | waived | undetermined | pass |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    paper.block("scores", scores, map(_score, (*report.tiers, *report.services)), end)
    bars = [fold.format("Capacity"), f"| | {report.before_means} | {report.after_means} | line | in all | |", "|---|--:|--:|--:|--:|---|"]
    paper.block("capacity rows", bars, map(_bar, report.capacity), end)
    waivers = [fold.format("Waivers"), "| waiver | state | expires | for | reason |", "|---|---|---|---|---|"]
    paper.block("waivers", waivers, map(_waiver, report.waivers), end)
    gaps = [fold.format("What could not be decided, by missing datum"), "| missing | verdicts | what would provide it |", "|---|--:|---|"]
    rows = (f"| {_cell(g.datum)} ({_cell(g.why)}) | {g.count:,} | `{g.command}` |" for g in report.undetermined)
    paper.block("kinds of missing data", gaps, rows, end)
    examples = [fold.format("What could not be decided, by object"), "| verdict | rule | object | finding |", "|---|---|---|---|"]
    paper.block("undetermined verdicts", examples, (_row(v) for v in report.findings if v.outcome == "undetermined"), end)


def _decision(decision: Decision) -> str:
    text = f"{decision.what} Would pass with: {decision.repairs[0]}" if decision.repairs else decision.text
    return f"- **{_cell(decision.owner)}**: {_cell(text)}"


def _loud(waiver: WaiverRow) -> str:
    if waiver.state == "lapsed":
        return f"- **waiver {_cell(waiver.id)} lapsed**: {_cell(waiver.why)}"
    covered = counted(len(waiver.covers) + waiver.left_out, "finding")
    return f"- **waiver {_cell(waiver.id)} lapses on {_cell(waiver.expires)}**: {covered} would fail then"


def _move(move: MoveSection) -> Iterator[str]:
    yield f"\n### {move.server}: {move.source} -> {move.target}\n"
    yield f"seed {move.seed_blocks:,}, delta {move.delta_blocks:,}, final {move.final_blocks:,} blocks; down for {move.downtime_s:.0f} s\n"
    yield "| disk | Merkle root | arrived |\n|---|---|---|"
    yield from (f"| {d.name} | `{d.source_root[:16]}` | {'every block' if d.equal else '**NOT EQUAL**'} |" for d in move.disks)


def _row(verdict: VerdictRow) -> str:
    where = f" ({verdict.source})" if verdict.source else ""
    new = " **new**" if verdict.trend == "new" else ""
    return f"| {verdict.outcome}{new} | {verdict.rule} {verdict.severity} | {_cell(verdict.target)} | {_cell(verdict.message + where)} |"


def _evidence(verdict: VerdictRow) -> str:
    if verdict.outcome != "fail" or not verdict.formula:
        return ""
    facts = ", ".join(f"{f.name} {f.value}" for f in verdict.facts)
    return f"- **{verdict.rule} {_cell(verdict.target)}**: {_cell(verdict.formula)}" + (f"; {_cell(facts)}" if facts else "")


def _score(row: ScoreRow) -> str:
    counts = " | ".join(f"{row.counts.get(o, 0):,}" for o in ("fail", "waived", "undetermined", "pass"))
    return f"| {_cell(row.name)} | {_cell(row.owner)} | {'-' if row.score is None else f'{row.score} %'} | {counts} |"


def _bar(bar: CapacityBar) -> str:
    numbers = " | ".join(f"{value:,.0f}" for value in (bar.before, bar.after, bar.line, bar.total))
    state = {"fits": "fits", "over": "**does not fit**", "unknown": "cannot be told"}[bar.state]
    return f"| {bar.kind} of {_cell(bar.name)}, {bar.unit} | {numbers} | {state} |"


def _waiver(waiver: WaiverRow) -> str:
    covers = f"{', '.join(waiver.rules)} {waiver.target}"
    return f"| {_cell(waiver.id)} | {waiver.state} | {_cell(waiver.expires)} | {_cell(covers)} | {_cell(waiver.reason)} |"


def _cell(text: str) -> str:
    """Text that cannot end its cell, its line or become markup; very long texts are cut."""
    # `<=` is no tag; a letter, a slash or a mark behind it may begin one.
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    safe = _clip(plain, _LONGEST).replace("\\", "\\\\").replace("|", "\\|").replace("`", "'")
    return _TAG.sub("&lt;", safe)


def _clip(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
