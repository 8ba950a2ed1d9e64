"""A round of what changed since the last, while the source runs."""

from __future__ import annotations

from migration.rounds import run_round
from migration.steps.step import Context, Result, Step, nothing_to_undo


def do(ctx: Context) -> Result:
    """Copy one more round, or go on with an interrupted one."""
    return {"round": run_round(ctx, "delta").number}


# What rounds leave behind is removed by the undo of copy_seed, which knows them all.
STEP = Step("copy_delta", do, nothing_to_undo, repeats=True)
