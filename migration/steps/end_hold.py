"""End the hold: the source goes away for good, through the stack that declares it. Part of accept; has no undo, and says so first."""

from __future__ import annotations

from migration.steps.judge_gate import is_foreign
from migration.steps.step import Context, Result, Step, StepRefusedError, nothing_to_undo
from migration.steps.update_target_stack import release


def do(ctx: Context) -> Result:
    """Lift the protection of the held machine's URNs, write the placement without it, and bring the stack up."""
    _, server, placement = ctx.load()
    held = placement.held
    if held is not None and held.machine.site == ctx.record.source:
        _refuse_unhealthy(ctx)
        ctx.estate.write_placement(placement.model_copy(update={"held": None, "move": None}))
    release(ctx, ctx.source_stack)
    changes = ctx.stacks.preview(ctx.source_stack)
    foreign = [c for c in changes if is_foreign(ctx, c)]
    if foreign:
        raise StepRefusedError(
            f"stack {ctx.source_stack} has other changes waiting than the end of the hold of {server.name}",
            code="INC-2082",
            details=tuple(f"{c.operation} {c.name}" for c in foreign),
            next_step=f"bring the stack up to date:  pulumi up --stack {ctx.source_stack}, then run the same command again",
        )
    done = ctx.stacks.up(ctx.source_stack)
    return {"changes": [f"{c.operation} {c.name}" for c in done]}


def _refuse_unhealthy(ctx: Context) -> None:
    machine = ctx.target_machine
    health = ctx.target.health(ctx.server, machine) if machine is not None else None
    if health is None or not health.ok:
        raise StepRefusedError(
            f"{ctx.record.server}: is not healthy on {ctx.record.target}, so its source is not given up",
            code="INC-2083",
            details=(health.detail if health else "no machine",),
            next_step=f"mend it, or return:  incline move start {ctx.record.server} --to {ctx.record.source} --yes",
        )


STEP = Step("end_hold", do, nothing_to_undo)
