"""Remove the source's snapshots after the final read, and on the way up the earlier rounds' EBS snapshots.

The held, powered-off disks themselves are what a rollback returns to; the last round's snapshot holds everything that arrived.
"""

from __future__ import annotations

from migration.steps.copy_seed import drop_older_rounds, remove_points
from migration.steps.step import Context, Result, Step, nothing_to_undo


def do(ctx: Context) -> Result:
    """Remove this move's points. Where the next delta would need the last one itself, that one stays until the move ends."""
    keep = ""
    if ctx.source.point_is_base and ctx.record.base_round is not None:
        keep = ctx.record.base_round.point
    remove_points(ctx, keep=keep)
    return {"snapshots": list(drop_older_rounds(ctx)) if ctx.goes_up else []}


# A point cannot come back; what is left of them goes with the undo of copy_seed.
STEP = Step("remove_source_point", do, nothing_to_undo, repeats=True)
