"""The engine: takes a move from where its journal says it stands to where the command asks for, step by step.

It owns the order of steps, the journal around each of them, the fence between them, and the way back. It knows no site, no Pulumi and no
policy; those come through `migration.ports` and `migration.control.interface`.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from infra.errors import InclineError
from infra.estate.model import Estate, Placement
from migration import fence, rollback
from migration.control.interface import Side
from migration.executor import Call, Executor
from migration.journal import Journal, StateError, StateFolder
from migration.moves import FINAL, MoveRecord, MoveState
from migration.ports import Clock, EstateStore, Gate, Listener, Stacks
from migration.steps import registry
from migration.steps.step import Context, InterruptedMoveError, Prover, Step

# What has begun to be given up or taken back is finished first: no new move begins on top of it, in either direction.
HALF_WAY = frozenset({MoveState.ROLLING_BACK, MoveState.STUCK, MoveState.ACCEPTING})


class MoveRefusedError(InclineError):
    """The command does not fit where the server or its move stands."""


class StepFailedError(InclineError):
    """A step broke off for a reason that no other error describes."""


@dataclass
class Deps:
    """Everything the engine is given. `side` makes the control of a site, by name."""

    folder: StateFolder
    estate: EstateStore
    stacks: Stacks
    gate: Gate
    prover: Prover
    clock: Clock
    listener: Listener
    executor: Executor
    side: Callable[[str], Side]
    stop: threading.Event = field(default_factory=threading.Event)
    workers: int = 8


class Engine:
    """One engine over one state folder. Every method may be called again after any interruption."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    def start(self, server: str, to: str) -> MoveRecord:
        """Plan the move if there is none, and copy the seed; goes on with a seed that was interrupted."""
        with self._deps.folder.lock():
            ctx = self._context(self._open_or_plan(server, to))
            if ctx.record.state is MoveState.PLANNED:
                ctx.note("state", state=MoveState.SEEDING.value)
            if ctx.record.state is MoveState.SEEDING:
                self._run(ctx, "seed", registry.SEED)
                ctx.note("state", state=MoveState.SYNCED.value)
            return ctx.record

    def sync(self, server: str) -> MoveRecord:
        """One more delta round while the source runs; finishes the seed first when that was interrupted."""
        record = self._record(server)
        if record.state in {MoveState.PLANNED, MoveState.SEEDING}:
            return self.start(server, record.target)
        with self._deps.folder.lock():
            ctx = self._opened(record, {MoveState.SYNCED, MoveState.REHEARSED}, "sync")
            self._run(ctx, f"sync-{ctx.record.rounds_begun + 1}", registry.SYNC)
            ctx.note("state", state=MoveState.SYNCED.value)
            return ctx.record

    def cutover(self, server: str) -> MoveRecord:
        """The last delta, the proof, the change of hands; ends on trial."""
        with self._deps.folder.lock():
            allowed = {MoveState.SYNCED, MoveState.REHEARSED, MoveState.CUTTING_OVER}
            ctx = self._opened(self._record(server), allowed, "cutover")
            if ctx.record.state is not MoveState.CUTTING_OVER:
                self._run(ctx, f"approach-{ctx.record.rounds_begun + 1}", registry.APPROACH)
                ctx.note("state", state=MoveState.CUTTING_OVER.value)
            if ctx.record.source_ran:
                self._deps.executor.run(self._run_id(ctx, "final-again"), rollback.calls_to_copy_again(ctx))
            self._run(ctx, "cutover", registry.CUTOVER)
            self._mark_first(ctx, MoveState.ON_TRIAL, MoveState.RETURNED)
            ctx.note("state", state=MoveState.ON_TRIAL.value)
            return ctx.record

    def accept(self, server: str) -> MoveRecord:
        """End the trial: the source goes away for good."""
        with self._deps.folder.lock():
            ctx = self._opened(self._record(server), {MoveState.ON_TRIAL, MoveState.ACCEPTING}, "accept")
            if ctx.record.state is MoveState.ON_TRIAL:
                fence.check(ctx)
                ctx.note("state", state=MoveState.ACCEPTING.value)
            self._run(ctx, "accept", registry.ACCEPT)
            ctx.note("state", state=MoveState.ACCEPTED.value)
            ctx.estate.commit(f"{server}: move {ctx.record.id} accepted")
            return ctx.record

    def rollback(self, server: str, *, discard_writes: bool = False) -> MoveRecord:
        """Everything as it was before the move. On trial that throws away what was written since, and must be asked for."""
        with self._deps.folder.lock():
            record = self._record(server)
            if record.state in FINAL:
                raise MoveRefusedError(
                    f"{server}: its move is {record.state.value}; there is nothing to roll back",
                    code="INC-2110",
                    next_step=f"incline move list shows all moves; to go back:  incline move start {server} --to {record.source} --yes",
                )
            ctx = self._context(self._deps.folder.open(record.id))
            ctx.discard_writes = discard_writes
            rollback.refuse_unasked(ctx)
            calls = rollback.calls(ctx)
            self._mark_first(ctx, MoveState.RETURNED, MoveState.ON_TRIAL, written=True)
            self._deps.executor.run(self._run_id(ctx, "rollback"), calls)
            return ctx.record

    def _context(self, journal: Journal) -> Context:
        deps, record = self._deps, journal.record
        return Context(
            journal=journal,
            folder=deps.folder,
            estate=deps.estate,
            stacks=deps.stacks,
            gate=deps.gate,
            prover=deps.prover,
            clock=deps.clock,
            listener=deps.listener,
            source=deps.side(record.source),
            target=deps.side(record.target),
            stop=deps.stop,
            workers=deps.workers,
        )

    def _record(self, server: str) -> MoveRecord:
        record = self._deps.folder.latest(server)
        if record is None:
            raise MoveRefusedError(
                f"{server}: has no move in {self._deps.folder.root}",
                code="INC-2111",
                next_step=f"incline move plan {server} --to SITE",
            )
        return record

    def _opened(self, record: MoveRecord, allowed: set[MoveState], command: str) -> Context:
        if record.state not in allowed:
            raise MoveRefusedError(
                f"{record.server}: its move is {record.state.value}, so {command} does not apply",
                code="INC-2112",
                next_step=next_command(record),
            )
        return self._context(self._deps.folder.open(record.id))

    def _open_or_plan(self, server: str, to: str) -> Journal:
        estate = self._deps.estate.load()
        latest = self._deps.folder.latest(server)
        if latest is not None and (latest.state in HALF_WAY or (latest.state is MoveState.CUTTING_OVER and latest.target != to)):
            raise MoveRefusedError(f"{server}: its move is {latest.state.value}", code="INC-2113", next_step=next_command(latest))
        if latest is not None and latest.state not in FINAL and latest.target == to and latest.state is not MoveState.ON_TRIAL:
            return self._deps.folder.open(latest.id)
        placement = check_new_move(estate, server, to, latest)
        return self._plan(estate, placement, to)

    def _plan(self, estate: Estate, placement: Placement, to: str) -> Journal:
        now = self._deps.clock.now()
        move = f"mv-{now:%Y%m%d%H%M%S}-{secrets.token_hex(3)}"  # short: snapshot names and idempotency tokens are made from it
        journal = self._deps.folder.create(move)
        returns = placement.held.move if placement.held is not None and placement.held.machine.site == to else ""
        journal.append(
            now,
            "planned",
            id=move,
            server=placement.server,
            source=placement.site,
            target=to,
            direction="up" if estate.sites[to].kind == "aws" else "down",
            owner=self._deps.folder.owner,
            placement_before=placement.model_dump(mode="json"),
            site_before=placement.site,
            returns=returns,
        )
        return journal

    def _run(self, ctx: Context, phase: str, steps: Sequence[Step]) -> None:
        calls = [Call(step.name, lambda step=step: run_step(ctx, step)) for step in steps]  # type: ignore[misc]
        self._deps.executor.run(self._run_id(ctx, phase), calls)

    def _run_id(self, ctx: Context, phase: str) -> str:
        return f"{ctx.record.id}:{phase}"

    def _mark_first(self, ctx: Context, was: MoveState, becomes: MoveState, *, written: bool = False) -> None:
        """On a return: the first move's journal follows. Before this move's own last line: after a kill nobody would do it any more."""
        first = ctx.record.returns
        if not first or not (self._deps.folder.folder(first) / "journal.jsonl").exists():
            return
        journal = self._deps.folder.open(first)
        if written and ctx.record.held_disks_written and not journal.record.held_disks_written:
            journal.append(ctx.clock.now(), "held-disks-written", by=ctx.record.id)
        if journal.record.state is was:
            journal.append(ctx.clock.now(), "state", state=becomes.value)


def run_step(ctx: Context, step: Step) -> None:
    """Run one step with the journal around it, unless it is done already."""
    record = ctx.record
    if record.done(step.name) and not step.repeats:
        ctx.listener.step(record.server, step.name, "skipped")
        return
    ctx.stop_if_asked()
    fence.check(ctx)
    ctx.note("step-started", step=step.name)
    ctx.listener.step(record.server, step.name, "started")
    try:
        result = step.do(ctx)
    except InterruptedMoveError:
        ctx.note("interrupted", step=step.name)
        raise
    except InclineError as exc:
        _note_failure(ctx, step, exc.what, exc.details)
        raise
    except Exception as exc:
        _note_failure(ctx, step, f"{type(exc).__name__}: {exc}")
        raise StepFailedError(
            f"{record.server}: step {step.name} broke off: {type(exc).__name__}: {exc}",
            code="INC-2090",
            next_step="run the same command again; it goes on where it stopped. --debug writes the whole story",
        ) from exc
    ctx.note("step-done", step=step.name, result=dict(result))
    ctx.listener.step(record.server, step.name, "done")


def _note_failure(ctx: Context, step: Step, what: str, details: tuple[str, ...] = ()) -> None:
    # The journal itself may be what failed (a full disk): the first error is the one to show.
    with suppress(StateError):
        ctx.note("step-failed", step=step.name, what="; ".join((what, *details)))
    ctx.listener.step(ctx.record.server, step.name, "failed", what)


def check_new_move(estate: Estate, server: str, to: str, latest: MoveRecord | None) -> Placement:
    """Refuse a move that makes no sense, before anything is written; answers the placement it starts from."""
    if server not in estate.servers or server not in estate.placements:
        raise MoveRefusedError(f"{server}: no such server, or it has no placement", code="INC-2114", next_step="incline estate show")
    if to not in estate.sites:
        raise MoveRefusedError(f"{to}: no such site", code="INC-2115", next_step=f"one of {', '.join(sorted(estate.sites))}")
    placement = estate.placements[server]
    if placement.site == to:
        raise MoveRefusedError(f"{server}: is on {to} already", code="INC-2116", next_step=f"incline move status {server}")
    kinds = {estate.sites[placement.site].kind, estate.sites[to].kind}
    if kinds == {"vsphere"}:
        raise MoveRefusedError(
            f"{server}: {placement.site} and {to} are both vSphere",
            code="INC-2117",
            next_step="move it with vMotion, then settle the estate",
        )
    if len(kinds) != 2:
        raise MoveRefusedError(f"{server}: {placement.site} and {to} are both AWS; Incline moves between vSphere and AWS", code="INC-2118")
    _check_holds(estate, placement, to, latest)
    return placement


def _check_holds(estate: Estate, placement: Placement, to: str, latest: MoveRecord | None) -> None:
    server, held, move = placement.server, placement.held, placement.move
    if held is not None and (held.machine.site != to or estate.sites[to].kind == "aws"):
        raise MoveRefusedError(
            f"{server}: its last move is on trial, its source held on {held.machine.site}",
            code="INC-2119",
            next_step=f"incline move accept {server} --yes   or   incline move rollback {server} --discard-writes --yes",
        )
    if move is not None and (latest is None or latest.id != move.id):
        raise MoveRefusedError(
            f"{server}: has an open move {move.id} that this state folder does not know",
            code="INC-2022",
            details=("it was started from another machine or with another INCLINE_STATE",),
            next_step="go on from there, or roll it back there",
        )
    if move is not None and held is None:
        raise MoveRefusedError(f"{server}: has an open move to {move.target}", code="INC-2120", next_step=f"incline move status {server}")


def next_command(record: MoveRecord) -> str:
    """The command that makes sense next."""
    server = record.server
    match record.state:
        case MoveState.PLANNED | MoveState.SEEDING:
            return f"incline move start {server} --to {record.target} --yes"
        case MoveState.SYNCED | MoveState.REHEARSED:
            return f"incline move sync {server} --yes   or   incline move cutover {server} --yes"
        case MoveState.CUTTING_OVER:
            return f"incline move cutover {server} --yes"
        case MoveState.ON_TRIAL:
            return f"incline move accept {server} --yes   or   incline move start {server} --to {record.source} --yes"
        case MoveState.ROLLING_BACK | MoveState.STUCK:
            return f"incline move rollback {server} --yes"
        case MoveState.ACCEPTING:
            return f"incline move accept {server} --yes"
        case MoveState.ROLLED_BACK:
            return f"incline move plan {server} --to {record.target}"
        case _:
            return f"incline move plan {server} --to {record.source}"
