"""The demo's summary and report, from what the commands answered."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.check_evidence import Asked, judged
from cli.demo_stage import Stage
from cli.demo_story import Story
from cli.project import near
from policies.evaluate import Result
from policies.reports.build import build_report
from policies.reports.failures import failure_cases
from policies.reports.html import to_html
from policies.reports.markdown import to_markdown
from policies.reports.model import DiskProof, MoveSection, PreviewSection

SCHEMA = "incline.demo/1"


def write_report(stage: Stage, story: Story, seconds: float) -> dict[str, Any]:
    """Write report.html, report.md and summary.json; answers the summary."""
    now = datetime.now(UTC)
    checked = judged(Asked(estate=stage.estate, capacity=story.capacity, states=tuple(story.states), blind=story.capacity is None))
    moves = [move_summary(move) for move in story.moves]
    report = build_report(
        f"{story.server} went up and came back",
        checked.result,
        now,
        evidence=checked.evidence,
        failures=failure_cases(checked.evidence),
        moves=tuple(_section(summary, move) for summary, move in zip(moves, story.moves, strict=True)),
        previews=tuple(PreviewSection(stack=stack, changes=changes) for stack, changes in story.previews.items()),
    )
    page = stage.out / "report.html"
    page.write_text(to_html(report), encoding="utf-8")
    (stage.out / "report.md").write_text(to_markdown(report), encoding="utf-8")
    summary = _summary(moves, story, checked.result, str(page), seconds)
    (stage.out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    return summary


def _summary(moves: list[dict[str, Any]], story: Story, result: Result, report: str, seconds: float) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "server": story.server,
        "moves": moves,
        "previews": story.previews,
        "policy": result.counts,
        "report": report,
        "architects": str(story.architects) if story.architects else "",
        "seconds": round(seconds, 1),
    }


def move_summary(status: dict[str, Any]) -> dict[str, Any]:
    """One move as the summary has it: blocks sent by kind of round, downtime, and the roots of every disk."""
    sent = dict.fromkeys(("seed", "delta", "final"), 0)
    for copied in status["rounds"]:
        sent[copied["kind"]] += sum(disk["blocks_sent"] for disk in copied["disks"])
    return {
        "server": status["server"],
        "direction": status["direction"],
        **{f"{kind}_blocks": blocks for kind, blocks in sent.items()},
        "downtime_s": status["downtime_s"],
        "disks": [{key: disk[key] for key in ("name", "source_root", "target_root")} for disk in status["disks"]],
    }


def _section(summary: dict[str, Any], status: dict[str, Any]) -> MoveSection:
    return MoveSection(
        server=status["server"],
        direction=status["direction"],
        source=status["source"],
        target=status["target"],
        seed_blocks=summary["seed_blocks"],
        delta_blocks=summary["delta_blocks"],
        final_blocks=summary["final_blocks"],
        downtime_s=summary["downtime_s"],
        disks=tuple(DiskProof(**{k: disk[k] for k in ("name", "size", "source_root", "target_root")}) for disk in status["disks"]),
    )


def summary_text(summary: dict[str, Any]) -> str:
    """One screen: what travelled, how long the server was down, whether everything is equal and nothing is left to do."""
    lines = [""]
    for move in summary["moves"]:
        equal = all(d["source_root"] == d["target_root"] for d in move["disks"])
        lines.append(
            f"{move['server']} {move['direction']:<4} seed {move['seed_blocks']:>5,} blocks, deltas {move['delta_blocks']:>4,}, "
            f"final {move['final_blocks']:>4,}; down {move['downtime_s']:.0f} s; "
            f"{'every block equal on both sides' if equal else 'BLOCKS DIFFER'}"
        )
    left = {stack: changes for stack, changes in summary["previews"].items() if changes}
    lines.append(
        f"previews  {len(summary['previews'])} stacks refreshed, " + (f"changes left: {left}" if left else "nothing left to change")
    )
    lines.append("rules     " + ", ".join(f"{count} {outcome}" for outcome, count in summary["policy"].items() if count))
    lines.append(f"report    {near(Path(summary['report']))}")
    if summary.get("architects"):
        lines.append(f"plan      {near(Path(summary['architects']))}")
    return "\n".join(lines)
