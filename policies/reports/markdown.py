"""A report as Markdown for a pull request: the answer first, worst findings first, under the forge's limit."""

from __future__ import annotations

from collections.abc import Iterator

from policies.reports.model import MoveSection, Report, VerdictRow

LIMIT = 60_000
"""Bytes. GitHub cuts a comment at 64 kB; what is left out here is said."""

DECISIONS = 10
"""More decisions than this are a project, not a comment: the table and the full report hold them."""


def to_markdown(report: Report) -> str:
    """The report as text; rows that do not fit are counted, never dropped silently."""
    head = "\n".join(_head(report))
    rows = [_row(v) for v in report.verdicts if v.outcome != "pass"]
    kept: list[str] = []
    room = LIMIT - len(head.encode()) - 300
    for row in rows:
        room -= len(row.encode()) + 1
        if room < 0:
            break
        kept.append(row)
    table = ["", "| verdict | rule | object | finding |", "|---|---|---|---|", *kept] if kept else []
    left_out = [f"\n{len(rows) - len(kept)} more findings are in the full report."] if len(kept) < len(rows) else []
    return "\n".join([head, *table, *left_out, ""])


def _head(report: Report) -> Iterator[str]:
    yield f"## {report.title}\n"
    yield f"**{report.answer}**\n"
    yield ", ".join(f"{count} {outcome}" for outcome, count in report.counts.items()) + f". {report.generated:%Y-%m-%d %H:%M %Z}\n"
    yield from (f"- {decision}" for decision in report.decisions[:DECISIONS])
    if len(report.decisions) > DECISIONS:
        yield f"- and {len(report.decisions) - DECISIONS:,} more that block, in the table and the full report"
    for move in report.moves:
        yield from _move(move)
    if report.previews:
        yield "\n| stack | changes after a refresh |\n|---|---|"
        yield from (f"| {p.stack} | {p.changes} |" for p in report.previews)


def _move(move: MoveSection) -> Iterator[str]:
    yield f"\n### {move.server}: {move.source} -> {move.target}\n"
    yield f"seed {move.seed_blocks:,}, delta {move.delta_blocks:,}, final {move.final_blocks:,} blocks; down for {move.downtime_s:.0f} s\n"
    yield "| disk | Merkle root | arrived |\n|---|---|---|"
    yield from (f"| {d.name} | `{d.source_root[:16]}` | {'every block' if d.equal else '**NOT EQUAL**'} |" for d in move.disks)


def _row(verdict: VerdictRow) -> str:
    cell = verdict.message.replace("|", "\\|").replace("\n", " ")
    where = f" ({verdict.source})" if verdict.source else ""
    return f"| {verdict.outcome} | {verdict.rule} {verdict.severity} | {verdict.target} | {cell}{where} |"
