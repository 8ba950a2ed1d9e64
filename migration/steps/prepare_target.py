"""Make ready what will be written.

Up: nothing, snapshots are made round by round. Down to a held source (a return): its disks are grown to the volumes' size. Down without
one: a machine with empty disks, off and cut off, in the shape in which the stack will adopt it.
"""

from __future__ import annotations

from infra.estate.model import Machine
from migration.steps.step import Context, Result, Step, StepRefusedError

GIB = 1 << 30


def do(ctx: Context) -> Result:
    """Make or ready the machine whose disks are written in place."""
    if ctx.goes_up:
        return {}
    held = ctx.held_before
    machine = _ready_held(ctx, held) if held else ctx.vsphere.create_machine(ctx.server, _sizes(ctx), ctx.record.id)
    return {"machine": machine.model_dump(mode="json"), "made": held is None}


def _ready_held(ctx: Context, held: Machine) -> Machine:
    state = ctx.target.look(held)
    if state is None or state.power != "off" or not state.cut_off:
        raise StepRefusedError(
            f"{ctx.record.server}: its held machine on {ctx.record.target} is gone, running or connected",
            code="INC-2030",
            next_step="power it off and disconnect its network cards, then run the same command again",
        )
    if state.snapshots:
        raise StepRefusedError(
            f"{ctx.record.server}: its held machine on {ctx.record.target} has snapshots: {', '.join(state.snapshots)}",
            code="INC-2031",
            details=("writing a disk below a snapshot would corrupt the chain",),
            next_step="remove the snapshots, then run the same command again",
        )
    sizes = _sizes(ctx)
    for disk in held.disks:
        if disk.size < sizes[disk.name]:
            ctx.vsphere.grow_disk(held, disk, sizes[disk.name])
    grown = tuple(d.model_copy(update={"size": max(d.size, sizes[d.name])}) for d in held.disks)
    return held.model_copy(update={"disks": grown})


def _sizes(ctx: Context) -> dict[str, int]:
    """Sizes in whole GiB: the volumes', whose rounded tail may have been written."""
    return {d.name: -(-d.size // GIB) * GIB for d in ctx.source_machine.disks}


def undo(ctx: Context) -> None:
    """Remove a machine that this step made; a held one stays, its disks cannot shrink again."""
    result = ctx.record.result(STEP.name)
    if result.get("made"):
        ctx.vsphere.destroy_machine(Machine.model_validate(result["machine"]))
    elif not ctx.goes_up and ctx.held_before is None:
        # Begun and never finished: the machine may exist under the server's name.
        half_made = ctx.vsphere.find_made(ctx.server, ctx.record.id)
        if half_made is not None:
            ctx.vsphere.destroy_machine(half_made)


STEP = Step("prepare_target", do, undo)
