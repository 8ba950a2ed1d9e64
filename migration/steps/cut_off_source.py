"""Cut the source off from every network, so that a start by hand harms nobody."""

from __future__ import annotations

from migration.steps.power_off_source import refuse_two_alive
from migration.steps.step import Context, Result, Step


def do(ctx: Context) -> Result:
    """Cut it off. How it was connected is noted before, for the undo."""
    noted = ctx.record.connections_before
    if not noted:
        noted = dict(ctx.source.connections(ctx.source_machine))
        ctx.note("connections-noted", connections=noted)
    ctx.source.cut_off(ctx.source_machine)
    return {"connections": dict(noted)}


def undo(ctx: Context) -> None:
    """Connect the source as it was, when the target cannot answer for it. Nothing noted: it was never cut off."""
    refuse_two_alive(ctx)
    if not ctx.record.connections_before:
        return
    ctx.source.reconnect(ctx.source_machine, ctx.record.connections_before)


STEP = Step("cut_off_source", do, undo)
