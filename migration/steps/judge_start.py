"""Ask the policies before a single byte is copied: a refusal now costs nothing."""

from __future__ import annotations

from migration.ports import GateRequest
from migration.steps.judge_gate import refuse_blocked
from migration.steps.step import Context, Result, Step, nothing_to_undo


def do(ctx: Context) -> Result:
    """Judge the estate as it would be after the move."""
    record = ctx.record
    answer = ctx.gate.judge(GateRequest(server=record.server, source=record.source, target=record.target, move=record.id))
    refuse_blocked(record.server, record.target, answer)
    return {"counts": dict(answer.counts)}


STEP = Step("judge_start", do, nothing_to_undo, repeats=True)
