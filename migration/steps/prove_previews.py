"""Prove that code and reality agree: refresh previews of both servers stacks are empty, and the machines are as the placement says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from migration.parallel import together
from migration.ports import Change
from migration.steps.step import Context, Result, Step, StepRefusedError, nothing_to_undo


def do(ctx: Context) -> Result:
    """Preview both stacks against reality; look at power, connections and disks of both machines."""
    found = refreshed_previews(ctx)
    details = differences(found)
    details += look_at_machines(ctx)
    if details:
        raise StepRefusedError(
            f"{ctx.record.server}: code and reality differ after the move",
            code="INC-2081",
            details=tuple(details),
            next_step="bring the named objects back to what the estate declares, then run the same command again",
        )
    return {"previews": {stack: len(changes) for stack, changes in found.items()}}


def refreshed_previews(ctx: Context) -> dict[str, tuple[Change, ...]]:
    """What both servers stacks would change against reality, by stack."""
    stacks = (ctx.source_stack, ctx.target_stack)
    found = together(*(partial(ctx.stacks.preview, stack, refresh=True) for stack in stacks))
    return dict(zip(stacks, found, strict=True))


def differences(found: Mapping[str, tuple[Change, ...]]) -> list[str]:
    """The changes as lines for people."""
    return [f"{stack}: {c.operation} {c.name} {' '.join(c.fields)}".rstrip() for stack, cs in found.items() for c in cs]


def look_at_machines(ctx: Context) -> list[str]:
    """What is not as the placement says; the engine's own look, since a preview knows neither power nor cards nor bytes."""
    _, server, placement = ctx.load()
    side = {ctx.source.site: ctx.source, ctx.target.site: ctx.target}
    wrong: list[str] = []
    state = side[placement.site].look(placement.machine)
    if state is None:
        return [f"{server.name}: its machine on {placement.site} is gone"]
    if state.power != "on" or state.cut_off:
        wrong.append(f"{server.name} on {placement.site}: power {state.power}, {'cut off' if state.cut_off else 'connected'}")
    here = {d.uuid or d.volume_id for d in state.disks}
    wrong += [
        f"{server.name} on {placement.site}: disk {d.name} is not the recorded one"
        for d in placement.machine.disks
        if (d.uuid or d.volume_id) and (d.uuid or d.volume_id) not in here
    ]
    held = placement.held
    if held is not None:
        before = side[held.machine.site].look(held.machine)
        if before is None or before.power != "off" or not before.cut_off:
            wrong.append(f"{server.name}: its held machine on {held.machine.site} is not off and cut off")
    return wrong


STEP = Step("prove_previews", do, nothing_to_undo, repeats=True)
