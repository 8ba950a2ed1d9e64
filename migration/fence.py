"""The fence: source and target are never both reachable with one identity, and only one engine moves a server.

It is looked at before every step and every few seconds while a round is copied. What it finds wrong blocks every further step; it never
mends anything by itself, because a machine that somebody started by hand may hold writes that nobody has a copy of.
"""

from __future__ import annotations

from infra.errors import InclineError
from migration.control.interface import LeaseTakenError, MachineState
from migration.moves import MoveState
from migration.steps.step import Context


class FenceBrokenError(InclineError):
    """A machine that must be off and cut off is not."""


POLL_S = 10.0
UNFENCED = frozenset({MoveState.ROLLING_BACK, MoveState.STUCK})


def check(ctx: Context) -> None:
    """Look at the lease and at the machines that must be off; raises and notes it when something is wrong."""
    record = ctx.record
    if record.state in UNFENCED:
        return
    if not record.done("check_source"):
        return
    source = ctx.source.look(ctx.source_machine)
    if record.done("take_lease") and "end_hold" not in record.begun:
        _check_lease(ctx, source)
    if record.done("cut_off_source") and source is not None:
        _check_off(ctx, source, record.source, f"cutover {record.server}")
    prepared = ctx.prepared_machine
    if prepared is not None and "start_target" not in record.begun:
        target = ctx.target.look(prepared)
        if target is not None:
            _check_off(ctx, target, record.target, f"sync {record.server}")


class Watch:
    """Looks at the fence now and then while blocks are on their way. Called for every report of the copy, by one thread at a time."""

    def __init__(self, ctx: Context) -> None:
        self._ctx, self._last = ctx, ctx.clock.now()

    def look(self) -> None:
        """Raise when the fence is broken. A site that does not answer now is no news: the next step asks again."""
        now = self._ctx.clock.now()
        if (now - self._last).total_seconds() < POLL_S:
            return
        self._last = now
        try:
            check(self._ctx)
        except (FenceBrokenError, LeaseTakenError):
            raise
        except InclineError:
            return


def _check_lease(ctx: Context, source: MachineState | None) -> None:
    record = ctx.record
    if source is None:
        raise FenceBrokenError(
            f"{record.server}: its machine on {record.source} has disappeared",
            code="INC-2102",
            next_step="find out who removed it; the move goes no further",
        )
    lease = source.lease
    epoch = record.result("take_lease").get("epoch")
    if lease is None or (lease.move, lease.owner, lease.epoch) != (record.id, record.owner, epoch):
        found = f"move {lease.move}, owner {lease.owner}, epoch {lease.epoch}" if lease else "no lease at all"
        raise LeaseTakenError(
            f"{record.server}: this engine's lease is not on the machine any more",
            code="INC-2103",
            details=(f"found {found}; ours is move {record.id}, owner {record.owner}, epoch {epoch}",),
            next_step="find out who took it before anything else is done to this server",
        )


def _check_off(ctx: Context, state: MachineState, site: str, command: str) -> None:
    if state.power == "off" and state.cut_off:
        return
    server = ctx.record.server
    seen = f"power {state.power}, {'cut off' if state.cut_off else 'connected'}"
    ctx.note("fence-broken", site=site, seen=seen)
    raise FenceBrokenError(
        f"{server}: its machine on {site} must be off and cut off, and is not ({seen})",
        code="INC-2101",
        details=(
            "somebody started or connected it by hand: both sides might answer as one server, and its disks may differ from the copy",
        ),
        next_step=f"power it off and disconnect its network cards on {site}, then  incline move {command} --yes",
    )
