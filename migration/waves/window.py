"""A part of the problem, exactly: some groups may go to some nights, all others stay where they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from migration.waves.arrays import NOWHERE, Arrays, Bools, Floats, Ints
from migration.waves.highs import Limits, choose
from migration.waves.load import Load
from migration.waves.rows import build


@dataclass(frozen=True, slots=True)
class Window:
    """What is open.

    Attributes:
        free: the groups that may move; not placed for now.
        allowed: groups x nights; only rows of free groups are looked at.
        cost: what a night counts as.
        out: by group what having no night counts as; infinite where a group must have one.
    """

    free: Ints
    allowed: Bools
    cost: Floats
    out: Floats


def solve_window(data: Arrays, at: Ints, window: Window, limits: Limits) -> Ints | None:
    """The free groups' best nights, the others as in `at`; None when nothing was found in time."""
    fixed = at.copy()
    fixed[window.free] = NOWHERE
    load = Load(data, fixed)
    allowed = np.zeros_like(window.allowed)
    for group in window.free.tolist():
        allowed[group] = window.allowed[group] & _order_with_fixed(load, group, window.free)
    out = np.full(data.groups, np.inf)
    out[window.free] = window.out[window.free]
    everyone = np.isfinite(out[window.free]).any()
    rows = build(data, allowed, load.nightly, tuple(load.standing), cost=window.cost, out=out if everyone else None)
    if len(rows.members) < len(window.free):
        return None
    answer = choose(rows, limits, start=rows.columns(at) if _complete(rows.members, at, everyone=bool(everyone)) else None)
    if answer.values is None or len(answer.values) == 0:
        return None
    return rows.nights(answer.values, fixed)


def _complete(members: Ints, at: Ints, *, everyone: bool) -> bool:
    """The present schedule is a start: every member has a night, or may have none."""
    return everyone or bool((at[members] != NOWHERE).all())


def _order_with_fixed(load: Load, group: int, free: Ints) -> Bools:
    """What the order with groups outside the window leaves."""
    return load.in_order(group, apart=frozenset(free.tolist()))
