"""Bring the target's stack to the placement: up, it launches the instance; down, it adopts the machine."""

from __future__ import annotations

from migration.steps import write_placement
from migration.steps.judge_gate import is_own, others_of, refuse_busy_stacks
from migration.steps.step import Context, Result, Step, StepRefusedError


def do(ctx: Context) -> Result:
    """Preview both stacks, refuse anything that is not this server's, then bring the target's up."""
    others = others_of(ctx)
    refuse_busy_stacks(ctx, ctx.target_stack, ctx.source_stack)
    refuse_unknown_launch(ctx, f"incline move cutover {ctx.record.server} --yes")
    changes = ctx.stacks.up(ctx.target_stack)
    return {"changes": [f"{c.operation} {c.name}" for c in changes], "others": others}


def undo(ctx: Context) -> None:
    """Take the server out of the target's stack: placement first, since the stack follows it; protection lifted one URN at a time.

    A machine that was held there before the move is still declared, as held; nothing of it is taken away.
    """
    write_placement.undo(ctx)
    refuse_unknown_launch(ctx, f"incline move rollback {ctx.record.server} --yes")
    if ctx.held_before is None:
        release(ctx, ctx.target_stack)
    ctx.stacks.up(ctx.target_stack)
    if ctx.goes_up:
        base = ctx.record.base_round
        snapshots = [d.receipt for d in base.disks.values()] if base is not None else []
        ctx.aws.delete_volumes_of(snapshots)


def refuse_unknown_launch(ctx: Context, command: str) -> None:
    """Refuse while an instance runs from this move's image that the stack knows nothing of: an update was killed as it launched it.

    The stack would launch another one, or on the way back leave this one running beside the source.
    """
    image = ctx.record.result("register_image").get("image")
    launched = ctx.aws.find_launched(ctx.server, image) if ctx.goes_up and image else None
    if launched is None or launched.instance_id in {r.id for r in ctx.stacks.resources(ctx.target_stack)}:
        return
    raise StepRefusedError(
        f"{ctx.record.server}: instance {launched.instance_id} runs from its image, and stack {ctx.target_stack} does not know it",
        code="INC-2084",
        details=("a pulumi up was killed while it launched it", f"what was written on it since is not on {ctx.record.source}"),
        next_step=f"aws ec2 terminate-instances --instance-ids {launched.instance_id}   and, when it is terminated,   {command}",
    )


def release(ctx: Context, stack: str) -> None:
    """Lift the protection of this server's resources in a stack, one URN at a time."""
    for resource in ctx.stacks.resources(stack):
        if resource.protect and is_own(ctx, resource):
            ctx.stacks.unprotect(stack, resource.urn)


STEP = Step("update_target_stack", do, undo)
