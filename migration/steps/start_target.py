"""Let the target answer for the server: connect it and start it. Only while the source is off and cut off."""

from __future__ import annotations

from migration.steps.step import Context, Result, Step, StepRefusedError


def do(ctx: Context) -> Result:
    """Connect and start the target's machine; one that the launch has started already is left alone."""
    machine = ctx.target_machine
    if machine is None:
        raise StepRefusedError(f"{ctx.record.server}: has no machine on {ctx.record.target} yet", code="INC-2076")
    refuse_live_source(ctx)
    state = ctx.target.look(machine)
    if state is None:
        raise StepRefusedError(f"{ctx.record.server}: its machine on {ctx.record.target} is gone", code="INC-2077")
    if state.cut_off:
        ctx.target.reconnect(machine, _connections(ctx))
    if state.power != "on":
        ctx.target.power_on(machine)
    return {"at": ctx.clock.now().isoformat()}


def refuse_live_source(ctx: Context) -> None:
    """Refuse while the source may answer."""
    state = ctx.source.look(ctx.source_machine)
    if state is not None and (state.reachable or state.power != "off"):
        raise StepRefusedError(
            f"{ctx.record.server}: its machine on {ctx.record.source} is not off and cut off",
            code="INC-2078",
            next_step=f"power it off and disconnect it, then  incline move cutover {ctx.record.server} --yes",
        )


def _connections(ctx: Context) -> dict[str, object]:
    """How a held machine was connected before it was held, where this state folder knows it."""
    first = ctx.record.returns
    if ctx.held_before is None or not first or not (ctx.folder.folder(first) / "journal.jsonl").exists():
        return {}
    return dict(ctx.folder.read(first).connections_before)


def undo(ctx: Context) -> None:
    """Stop the target and cut it off, before anything else is undone."""
    machine = ctx.target_machine
    if machine is None or ctx.target.look(machine) is None:
        return
    ctx.target.power_off(machine)
    ctx.target.cut_off(machine)


STEP = Step("start_target", do, undo)
