"""The first round: everything that the source's disks hold."""

from __future__ import annotations

from migration.rounds import point_prefix, run_round
from migration.steps.step import Context, Result, Step


def do(ctx: Context) -> Result:
    """Copy the first round, or go on with it. Done once it is finished; later rounds are deltas."""
    if ctx.record.base_round is None:
        run_round(ctx, "seed")
    return {"rounds": len(ctx.record.rounds)}


def undo(ctx: Context) -> None:
    """Remove everything that any round of this move left on either side: points on the source, snapshots on the target."""
    if ctx.source.look(ctx.source_machine) is not None:
        remove_points(ctx)
    if ctx.goes_up:
        for key in sorted(_receipts(ctx) | set(ctx.aws.snapshots_of(ctx.record.id))):
            ctx.target.drop_target(key)


def remove_points(ctx: Context, *, keep: str = "") -> None:
    """Remove this move's points from the source, those of interrupted rounds included, except `keep`."""
    state = ctx.source.look(ctx.source_machine)
    names = {r.point for r in ctx.record.rounds} | set(state.snapshots if state else ())
    for name in sorted(names):
        if name.startswith(point_prefix(ctx.record.id)) and name != keep:
            ctx.source.remove_point(ctx.source_machine, name)


def drop_older_rounds(ctx: Context) -> tuple[str, ...]:
    """Up: remove the snapshots of earlier rounds; the last one holds everything. Answers what was removed."""
    base = ctx.record.base_round
    final = {d.receipt for d in base.disks.values()} if base is not None else set()
    removed = tuple(sorted(_receipts(ctx) - final))
    for key in removed:
        ctx.target.drop_target(key)
    return removed


def _receipts(ctx: Context) -> set[str]:
    keys = {k for r in ctx.record.rounds for k in (*r.targets.values(), *(d.receipt for d in r.disks.values()))}
    return {k for k in keys if k}


STEP = Step("copy_seed", do, undo)
