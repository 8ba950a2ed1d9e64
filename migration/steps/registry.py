"""All steps in their one order, and which of them each command runs. Undo walks the same order backwards."""

from __future__ import annotations

from migration.steps import (
    check_health,
    check_source,
    clear_leftovers,
    commit_estate,
    copy_delta,
    copy_final,
    copy_seed,
    cut_off_source,
    enable_tracking,
    end_hold,
    judge_gate,
    judge_start,
    power_off_source,
    prepare_target,
    prove_previews,
    record_intent,
    record_volumes,
    register_image,
    remove_source_point,
    settle_stacks,
    start_target,
    take_lease,
    update_target_stack,
    verify_target,
    write_placement,
)
from migration.steps.step import Step

SEED: tuple[Step, ...] = (
    check_source.STEP,
    judge_start.STEP,
    take_lease.STEP,
    record_intent.STEP,
    enable_tracking.STEP,
    prepare_target.STEP,
    copy_seed.STEP,
)
SYNC: tuple[Step, ...] = (copy_delta.STEP,)
# While the source still runs: what can refuse, refuses here, without downtime.
APPROACH: tuple[Step, ...] = (judge_gate.STEP, copy_delta.STEP, verify_target.VERIFY_SEED)
CUTOVER: tuple[Step, ...] = (
    power_off_source.STEP,
    cut_off_source.STEP,
    copy_final.STEP,
    remove_source_point.STEP,
    verify_target.STEP,
    register_image.STEP,
    write_placement.STEP,
    update_target_stack.STEP,
    record_volumes.STEP,
    start_target.STEP,
    check_health.STEP,
    settle_stacks.STEP,
    prove_previews.STEP,
    commit_estate.STEP,
)
ACCEPT: tuple[Step, ...] = (end_hold.STEP, clear_leftovers.STEP, prove_previews.STEP)


def names_from(steps: tuple[Step, ...], first: str) -> tuple[str, ...]:
    """The names of a phase's steps from `first` on."""
    names = tuple(s.name for s in steps)
    return names[names.index(first) :]


UNDOABLE: tuple[Step, ...] = (*SEED, *SYNC, verify_target.VERIFY_SEED, judge_gate.STEP, *CUTOVER)
ALL: dict[str, Step] = {s.name: s for s in (*UNDOABLE, *ACCEPT)}
