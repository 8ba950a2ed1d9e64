"""The way back: every step that was begun is undone, last first, and then it is proven that everything is as it was.

A failed undo makes the move stuck, never half forgotten: the same command tries again from there.
"""

from __future__ import annotations

from datetime import datetime

from infra.errors import InclineError
from migration.executor import Call
from migration.moves import MoveRecord, MoveState
from migration.steps import copy_final, registry
from migration.steps.check_health import PATIENCE_S, POLL_S
from migration.steps.prove_previews import differences, refreshed_previews
from migration.steps.step import Context, Step, StepRefusedError, nothing_to_undo


class RollbackRefusedError(InclineError):
    """A rollback that would lose something that was not said aloud, or cannot be done truthfully."""


def refuse_unasked(ctx: Context) -> None:
    """Refuse to throw writes away unasked, and to start a source whose disks hold parts of another move."""
    record = ctx.record
    if record.held_disks_written and record.direction == "up" and "cut_off_source" in record.begun:
        raise RollbackRefusedError(
            f"{record.server}: the held disks on {record.source} were written since the cut-over and are not its old data any more",
            code="INC-2130",
            details=("a return that was not finished wrote on them, or the machine ran by hand",),
            next_step=f"incline move start {record.server} --to {record.source} --yes   brings everything back, nothing lost",
        )
    under_way = record.state in {MoveState.ROLLING_BACK, MoveState.STUCK}
    if not ctx.discard_writes and not under_way and _may_hold_writes(ctx):
        raise RollbackRefusedError(
            f"{record.server}: a rollback would throw away everything written on {record.target} since the cut-over",
            code="INC-2131",
            details=(f"the source's data on {record.source} is {source_age(ctx)} old (cut off {record.cut_off_at})",),
            next_step=f"{_without_loss(record)};  incline move rollback {record.server} --discard-writes --yes   throws the writes away",
        )


def _without_loss(record: MoveRecord) -> str:
    """The command that keeps the writes: a return begins only once the server is on trial."""
    if record.state is MoveState.ON_TRIAL:
        return f"incline move start {record.server} --to {record.source} --yes   returns it and loses nothing"
    return f"incline move cutover {record.server} --yes   goes on and loses nothing"


def _may_hold_writes(ctx: Context) -> bool:
    """Whether the target has answered for the server. An instance does so from its launch on, noted or not."""
    if "start_target" in ctx.record.begun:
        return True
    image = str(ctx.record.result("register_image").get("image", ""))
    return ctx.record.served and bool(image) and ctx.aws.find_launched(ctx.server, image) is not None


def source_age(ctx: Context) -> str:
    """How old the source's data is, as people say it."""
    cut = ctx.record.cut_off_at
    if not cut:
        return "0 s"
    seconds = int((ctx.clock.now() - datetime.fromisoformat(cut)).total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def calls(ctx: Context) -> list[Call]:
    """The whole way back, as calls for the executor."""
    record = ctx.record
    touched = bool(record.connections_before or record.cut_off_at) or "power_off_source" in record.begun
    undo = [Call(f"undo-{s.name}", lambda s=s: _undo(ctx, s)) for s in _undoable(ctx)]  # type: ignore[misc]
    begin = Call("rollback-begin", lambda: _begin(ctx))
    end = Call("rollback-end", lambda: _end(ctx, touched=touched))
    return [begin, *undo, end]


def calls_to_copy_again(ctx: Context) -> list[Call]:
    """After the source ran by hand in the middle of a cut-over: what was made of its final round is undone, so that it is copied again."""
    names = registry.names_from(registry.CUTOVER, copy_final.STEP.name)
    steps = [s for s in reversed(registry.CUTOVER) if s.name in names and s.name in ctx.record.begun]
    return [Call(f"undo-{s.name}", lambda s=s: _undo(ctx, s)) for s in steps]  # type: ignore[misc]


def _undoable(ctx: Context) -> list[Step]:
    """What was begun and has anything to undo, last first. Steps that only looked keep their results: the way back needs them."""
    return [s for s in reversed(registry.UNDOABLE) if s.name in ctx.record.begun and s.undo is not nothing_to_undo]


def _begin(ctx: Context) -> None:
    if ctx.record.state is not MoveState.ROLLING_BACK:
        ctx.note("state", state=MoveState.ROLLING_BACK.value)


def _undo(ctx: Context, step: Step) -> None:
    name = step.name
    if name not in ctx.record.begun:
        return
    ctx.stop_if_asked()
    try:
        step.undo(ctx)
    except InclineError as exc:
        _stuck(ctx, name, exc.what)
        raise
    except Exception as exc:
        _stuck(ctx, name, f"{type(exc).__name__}: {exc}")
        raise RollbackRefusedError(
            f"{ctx.record.server}: undoing {name} broke off: {type(exc).__name__}: {exc}",
            code="INC-2132",
            next_step=f"incline move rollback {ctx.record.server} --yes   tries again from there",
        ) from exc
    ctx.note("step-undone", step=name)
    ctx.listener.step(ctx.record.server, name, "undone")


def _stuck(ctx: Context, step: str, what: str) -> None:
    ctx.note("step-failed", step=step, what=f"undo: {what}")
    ctx.note("state", state=MoveState.STUCK.value)
    ctx.listener.step(ctx.record.server, step, "failed", what)


def _end(ctx: Context, *, touched: bool) -> None:
    """The source serves again, both stacks agree with reality, nothing is left."""
    if touched:
        ctx.stacks.up(ctx.source_stack)
        _await_source(ctx)
        _prove(ctx)
    ctx.estate.commit(f"{ctx.record.server}: move {ctx.record.id} rolled back")
    ctx.note("state", state=MoveState.ROLLED_BACK.value)


def _await_source(ctx: Context) -> None:
    began = ctx.clock.now()
    state = ctx.source.look(ctx.source_machine)
    if state is None or state.power == "off":
        return  # it was off before the move, too
    while not (health := ctx.source.health(ctx.server, ctx.source_machine)).ok:
        if (ctx.clock.now() - began).total_seconds() >= PATIENCE_S:
            raise StepRefusedError(
                f"{ctx.record.server}: was started again on {ctx.record.source} and does not come up",
                code="INC-2133",
                details=(health.detail,),
                next_step=f"look at its console, then  incline move rollback {ctx.record.server} --yes",
            )
        ctx.clock.sleep(POLL_S)


def _prove(ctx: Context) -> None:
    details = tuple(differences(refreshed_previews(ctx)))
    if details:
        raise StepRefusedError(
            f"{ctx.record.server}: is back on {ctx.record.source}, but code and reality differ",
            code="INC-2134",
            details=details,
            next_step=f"bring the named objects back, then  incline move rollback {ctx.record.server} --yes",
        )
