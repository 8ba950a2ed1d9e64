"""Bring the target's stack to the placement: up, it launches the instance; down, it adopts the machine."""

from __future__ import annotations

from migration.steps import write_placement
from migration.steps.judge_gate import is_own, refuse_busy_stacks
from migration.steps.step import Context, Result, Step


def do(ctx: Context) -> Result:
    """Preview both stacks, refuse anything that is not this server's, then bring the target's up."""
    refuse_busy_stacks(ctx, ctx.target_stack, ctx.source_stack)
    changes = ctx.stacks.up(ctx.target_stack)
    return {"changes": [f"{c.operation} {c.name}" for c in changes]}


def undo(ctx: Context) -> None:
    """Take the server out of the target's stack: placement first, since the stack follows it; protection lifted one URN at a time.

    A machine that was held there before the move is still declared, as held; nothing of it is taken away.
    """
    write_placement.undo(ctx)
    if ctx.held_before is None:
        release(ctx, ctx.target_stack)
    ctx.stacks.up(ctx.target_stack)
    if ctx.goes_up:
        base = ctx.record.base_round
        snapshots = [d.receipt for d in base.disks.values()] if base is not None else []
        ctx.aws.delete_volumes_of(snapshots)


def release(ctx: Context, stack: str) -> None:
    """Lift the protection of this server's resources in a stack, one URN at a time."""
    for resource in ctx.stacks.resources(stack):
        if resource.protect and is_own(ctx, resource):
            ctx.stacks.unprotect(stack, resource.urn)


STEP = Step("update_target_stack", do, undo)
