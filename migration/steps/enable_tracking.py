"""Make the source's disks record what changes, so that later rounds need not read everything."""

from __future__ import annotations

from migration.steps.step import Context, Result, Step


def do(ctx: Context) -> Result:
    """Switch tracking on where it is off; `check_source` has noted how it was."""
    ctx.source.enable_tracking(ctx.source_machine)
    return {}


def undo(ctx: Context) -> None:
    """Switch it off again where it was off before the move."""
    if ctx.record.result("check_source").get("tracking") is False and ctx.source.look(ctx.source_machine) is not None:
        ctx.source.disable_tracking(ctx.source_machine)


STEP = Step("enable_tracking", do, undo)
