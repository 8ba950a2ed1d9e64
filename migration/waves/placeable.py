"""Which groups can have a night at all, and what leaving one out counts as."""

from __future__ import annotations

import numpy as np

from migration.waves.arrays import Arrays, Bools, Floats, reachable


def placeable(data: Arrays) -> Bools:
    """The nights of each group that its own demands, single limits and the order leave.

    A group that has none holds up nobody but its followers.
    """
    allowed = _alone(data)
    while True:
        narrowed = reachable(data, allowed)
        lost = allowed.any(axis=1) & ~narrowed.any(axis=1)
        if not lost.any():
            return narrowed
        allowed = _without(data, allowed, narrowed)


def _alone(data: Arrays) -> Bools:
    """Nights in which the group would fit if it were the only one."""
    allowed = data.allowed.copy()
    for number in range(len(data.nightly)):
        allowed &= data.amount[number][:, None] <= data.capacity[number][None, :] + 1e-9
    return allowed


def _without(data: Arrays, allowed: Bools, narrowed: Bools) -> Bools:
    """Leave out first those that have no night of their own and their followers; if all have one, the followers that come too late."""
    allowed = allowed.copy()
    none: Bools = ~np.asarray(allowed.any(axis=1), dtype=np.bool_)
    followers: Bools = np.zeros(data.groups, dtype=np.bool_)
    np.logical_or.at(followers, data.then, none[data.first])
    if (followers & ~none).any():
        allowed[followers] = False
        return allowed
    late = ~narrowed.any(axis=1) & ~none
    earliest = np.zeros(data.groups, dtype=np.int64)
    own = np.where(allowed.any(axis=1), allowed.argmax(axis=1), data.nights)
    np.maximum(earliest, own, out=earliest)
    for _ in range(data.groups):
        later = earliest.copy()
        np.maximum.at(later, data.then, earliest[data.first] + data.gap)
        if (later == earliest).all() or later.max() > 4 * data.nights:
            break
        earliest = later
    last = data.nights - 1 - allowed[:, ::-1].argmax(axis=1)
    too_late = late & (earliest > last)
    allowed[too_late if too_late.any() else late] = False
    return allowed


def left_out_costs(data: Arrays) -> Floats:
    """What a group without a night counts as: more than any night of any group, by its servers."""
    dearest = float(np.abs(data.cost).max(initial=1.0))
    return np.maximum(data.servers, 1) * max(1.0, 2.0 * dearest)
