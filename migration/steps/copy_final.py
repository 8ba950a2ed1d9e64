"""The last round, from a source that is off: after it both sides hold the same bytes."""

from __future__ import annotations

from migration.rounds import abandon_open_round, run_round
from migration.steps.copy_seed import remove_points
from migration.steps.step import Context, Result, Step, StepRefusedError, nothing_to_undo


def do(ctx: Context) -> Result:
    """Copy the final round, unless it is finished already; found wrong by the proof, it is done again.

    An interrupted live round is finished first and does not count as final.
    """
    record, base = ctx.record, ctx.record.base_round
    if base is not None and base.kind == "final" and not (record.open_round or record.mismatches or record.source_ran):
        return {"round": base.number}
    state = ctx.source.look(ctx.source_machine)
    if state is None or state.power != "off":
        raise StepRefusedError(
            f"{ctx.record.server}: the source is not off, so its last changes cannot be taken",
            code="INC-2041",
            next_step="power it off and run the same command again",
        )
    if ctx.record.source_ran:
        # What the points hold is older than what the source wrote when it was started by hand.
        abandon_open_round(ctx, "the source ran by hand")
        remove_points(ctx, keep=base.point if base is not None and ctx.source.point_is_base else "")
    finished = run_round(ctx, "final")
    if finished.kind != "final":
        finished = run_round(ctx, "final")
    return {"round": finished.number}


# What rounds leave behind is removed by the undo of copy_seed, which knows them all.
STEP = Step("copy_final", do, nothing_to_undo, repeats=True)
