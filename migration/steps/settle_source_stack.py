"""Bring the source's stack to the placement: the source becomes held there, with no change to the machine."""

from __future__ import annotations

from migration.steps.judge_gate import belongs_to, refuse_others
from migration.steps.step import Context, Result, Step


def do(ctx: Context) -> Result:
    """Refresh what the stack knows of the server (it is off now), then bring it up; a held machine must come through untouched."""
    refresh_server(ctx, ctx.source_stack)
    refuse_others(ctx, ctx.source_stack, ctx.stacks.preview(ctx.source_stack))
    ctx.stacks.up(ctx.source_stack)
    return {}


def undo(ctx: Context) -> None:
    """The source is declared as before; what the stack knows of it is refreshed by the rollback's last step."""


def refresh_server(ctx: Context, stack: str) -> None:
    """Read this server's resources into the stack's state."""
    urns = [r.urn for r in ctx.stacks.resources(stack) if belongs_to(r.name, ctx.record.server) and r.id]
    if urns:
        ctx.stacks.refresh(stack, urns)


STEP = Step("settle_source_stack", do, undo)
