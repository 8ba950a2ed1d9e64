"""Power the source off, and know that it is off."""

from __future__ import annotations

from migration.steps.step import Context, Result, Step, StepRefusedError


def do(ctx: Context) -> Result:
    """Shut the source down; returns when off is seen, not when it was asked for."""
    ctx.source.power_off(ctx.source_machine)
    state = ctx.source.look(ctx.source_machine)
    if state is None or state.power != "off":
        raise StepRefusedError(
            f"{ctx.record.server}: was told to shut down and is still {state.power if state else 'gone'}",
            code="INC-2060",
            next_step="look at its console, then run the same command again",
        )
    return {"at": ctx.clock.now().isoformat()}


def undo(ctx: Context) -> None:
    """Start the source again if it ran when the move began, and only when the target cannot answer for it."""
    refuse_two_alive(ctx)
    if ctx.record.result("check_source").get("power", "on") == "on":
        ctx.source.power_on(ctx.source_machine)


def refuse_two_alive(ctx: Context) -> None:
    """Refuse while the target may answer: never two machines with one identity."""
    machine = ctx.target_machine
    state = ctx.target.look(machine) if machine is not None else None
    if state is not None and state.reachable:
        raise StepRefusedError(
            f"{ctx.record.server}: its machine on {ctx.record.target} still runs, so the one on {ctx.record.source} stays off",
            code="INC-2061",
            next_step=f"stop the one on {ctx.record.target}, then run the same command again",
        )


STEP = Step("power_off_source", do, undo)
