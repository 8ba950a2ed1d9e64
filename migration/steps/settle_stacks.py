"""Bring both stacks to the placement: on the source's the machine becomes held, on the target's the launched volumes are adopted.

Comes after the health check, so that the server is not kept waiting. What it may change was looked at before the target's first update;
it is looked at again only when the rest of the estate was edited since, which a cut-over that was interrupted gives days for.
"""

from __future__ import annotations

from functools import partial

from migration.parallel import together
from migration.steps import update_target_stack
from migration.steps.judge_gate import others_of, refuse_busy_stacks
from migration.steps.step import Context, Result, Step, nothing_to_undo


def do(ctx: Context) -> Result:
    """Update the source's stack, and on the way up the target's again, side by side. A held machine comes through untouched."""
    stacks = (ctx.source_stack, ctx.target_stack) if ctx.goes_up else (ctx.source_stack,)
    if others_of(ctx) != ctx.record.result(update_target_stack.STEP.name).get("others"):
        refuse_busy_stacks(ctx, *stacks)
    changes = together(*(partial(ctx.stacks.up, stack) for stack in stacks))
    return {"changes": [f"{c.operation} {c.name}" for found in changes for c in found]}


# The undo of update_target_stack takes the server out of the target's stack; the rollback's end brings the source's up again.
STEP = Step("settle_stacks", do, nothing_to_undo)
