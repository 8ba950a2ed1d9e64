"""Take the lease on the source machine itself: two engineers with two laptops share no database."""

from __future__ import annotations

from migration.control.interface import Lease, LeaseTakenError
from migration.steps.step import Context, Result, Step


def do(ctx: Context) -> Result:
    """Set the lease unless another owner has it. The same owner takes over its own lease with a higher epoch."""
    machine, record = ctx.source_machine, ctx.record
    state = ctx.source.look(machine)
    found = state.lease if state else None
    mine = record.owner
    if found is not None and found.owner != mine:
        raise taken(record.server, found)
    if found is not None and found.move not in {record.id, record.returns}:
        raise taken(record.server, found)
    _refuse_foreign_hold(ctx)
    lease = Lease(move=record.id, owner=mine, epoch=(found.epoch if found else 0) + 1)
    ctx.source.write_lease(machine, lease, expected=found)
    return {"epoch": lease.epoch}


def _refuse_foreign_hold(ctx: Context) -> None:
    """On a return the held machine still carries the first move's lease: it must be this engine's own."""
    held = ctx.held_before
    state = ctx.target.look(held) if held is not None else None
    if state is not None and state.lease is not None and state.lease.owner != ctx.record.owner:
        raise taken(ctx.record.server, state.lease)


def undo(ctx: Context) -> None:
    """Remove the lease if it is ours."""
    machine = ctx.source_machine
    state = ctx.source.look(machine)
    if state is not None and state.lease is not None and state.lease.move == ctx.record.id:
        ctx.source.write_lease(machine, None, expected=state.lease)


def taken(server: str, lease: Lease) -> LeaseTakenError:
    """Another engine has the server."""
    return LeaseTakenError(
        f"{server}: is being moved by another engine",
        code="INC-2020",
        details=(f"move {lease.move}, owner {lease.owner}, epoch {lease.epoch}: written on the machine itself",),
        next_step="go on from the machine and state folder where that move was started (INCLINE_STATE), or roll it back there",
    )


STEP = Step("take_lease", do, undo)
