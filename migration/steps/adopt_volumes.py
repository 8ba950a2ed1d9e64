"""Up: have the target's stack adopt the volumes that the launch made. Down: nothing.

After the health check, so that the server is not kept waiting for it.
"""

from __future__ import annotations

from migration.steps.judge_gate import refuse_others
from migration.steps.step import Context, Result, Step, nothing_to_undo


def do(ctx: Context) -> Result:
    """Bring the target's stack up again, now that the placement names the volumes."""
    if not ctx.goes_up:
        return {}
    refuse_others(ctx, ctx.target_stack, ctx.stacks.preview(ctx.target_stack))
    changes = ctx.stacks.up(ctx.target_stack)
    return {"changes": [f"{c.operation} {c.name}" for c in changes]}


# The undo of update_target_stack takes the server out of the stack, its volumes included.
STEP = Step("adopt_volumes", do, nothing_to_undo)
