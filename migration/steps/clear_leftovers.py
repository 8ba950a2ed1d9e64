"""After acceptance: remove what only a rollback or a return would have needed.

Up: the image and its final snapshots stay, because the placement names them and the instance is declared from them; earlier rounds'
snapshots go. Down: the rounds' snapshots, and the image and snapshots that the instance had come from, since nothing uses them any more.
"""

from __future__ import annotations

from migration.steps.copy_seed import drop_older_rounds, remove_points
from migration.steps.step import Context, Result, Step, nothing_to_undo


def do(ctx: Context) -> Result:
    """Remove leftovers on the AWS side. The source's machine, and its lease with it, is gone already."""
    removed = list(drop_older_rounds(ctx)) if ctx.goes_up else _image_of_source(ctx)
    _drop_lease_of_first_move(ctx)
    if not ctx.goes_up and ctx.target_machine is not None:
        ctx.vsphere.unmark_machine(ctx.target_machine)
    return {"removed": removed}


def _drop_lease_of_first_move(ctx: Context) -> None:
    """After a return the target, once the source of the first move, still carries that move's lease."""
    machine = ctx.target_machine
    state = ctx.target.look(machine) if machine is not None else None
    if machine is not None and state is not None and state.lease is not None and state.lease.owner == ctx.record.owner:
        ctx.target.write_lease(machine, None, expected=state.lease)


def _image_of_source(ctx: Context) -> list[str]:
    remove_points(ctx)
    machine = ctx.source_machine
    if machine.image_id:
        ctx.aws.deregister_image(machine.image_id)
    snapshots = [d.snapshot_id for d in machine.disks if d.snapshot_id]
    for snapshot in snapshots:
        ctx.source.drop_target(snapshot)
    return [machine.image_id, *snapshots] if machine.image_id else []


STEP = Step("clear_leftovers", do, nothing_to_undo)
