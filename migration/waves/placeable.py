"""Which groups can have a night at all, and what leaving one out counts as."""

from __future__ import annotations

import numpy as np

from migration.waves.arrays import Arrays, Bools, Floats, not_before, reachable


def placeable(data: Arrays) -> Bools:
    """The nights of each group that its own demands, single limits and the order leave.

    A group that has none holds up nobody but its followers.
    """
    return reachable(data, placeable_alone(data))


def movable(data: Arrays) -> Bools:
    """The same for schedules that leave groups out: a forerunner need not hurry for a follower that may be left out."""
    return not_before(data, placeable_alone(data))


def placeable_alone(data: Arrays) -> Bools:
    """The nights in which a group would fit if it were the only one."""
    allowed = data.allowed.copy()
    for number in range(len(data.nightly)):
        allowed &= data.amount[number][:, None] <= data.capacity[number][None, :] + 1e-9
    return allowed


def left_out_costs(data: Arrays) -> Floats:
    """What a group without a night counts as: more than any night of any group, by its servers."""
    dearest = float(np.abs(data.cost).max(initial=1.0))
    return np.maximum(data.servers, 1) * max(1.0, 2.0 * dearest)
