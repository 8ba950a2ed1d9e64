"""Places what it can, one group after the other: the fallback, and the repair of a start that a person gave."""

from __future__ import annotations

import heapq

import numpy as np

from migration.waves.arrays import NOWHERE, Arrays, Bools, Floats, Ints
from migration.waves.load import Load

TRIES = 4
"""Passes more while groups are left over that have not chosen first yet."""


def place(data: Arrays, allowed: Bools, start: Ints, *, price: Floats | None = None) -> Ints:
    """A schedule that keeps every limit, with as many groups as fit. Groups keep the night of `start` if that still holds.

    Args:
        data: the problem.
        allowed: the nights of each group.
        start: nights to keep where possible, NOWHERE for the others.
        price: what a group's night counts as when nights are compared; the objective if not given.
    """
    price = data.cost if price is None else price
    hard = np.zeros(data.groups, dtype=np.bool_)
    members = allowed.any(axis=1)
    best = _placed(data, allowed, start, price, hard)
    for _ in range(TRIES):
        lacking = members & (best == NOWHERE)
        if not (lacking & ~hard).any():
            break
        hard |= _with_forerunners(data, lacking)
        again = _placed(data, allowed, start, price, hard)
        if (members & (again == NOWHERE)).sum() < lacking.sum():
            best = again
    return best


def _with_forerunners(data: Arrays, groups: Bools) -> Bools:
    """These and everybody who has to move before."""
    while True:
        more = groups.copy()
        np.logical_or.at(more, data.first, groups[data.then])
        if (more == groups).all():
            return more
        groups = more


def _placed(data: Arrays, allowed: Bools, start: Ints, price: Floats, hard: Bools) -> Ints:
    """One pass; who is `hard` to place chooses first."""
    load = Load(data, np.full(data.groups, NOWHERE, dtype=np.int64))
    keep = start.copy()
    keep[(start != NOWHERE) & ~allowed[np.arange(data.groups), start]] = NOWHERE
    for group in _queue(data, allowed, price, np.where(hard, NOWHERE, np.where(keep == NOWHERE, data.nights, keep))):
        fitting = load.fits(group, allowed[group])
        if not fitting.any():
            continue
        wanted = int(keep[group])
        night = wanted if wanted != NOWHERE and fitting[wanted] else int(np.argmin(np.where(fitting, price[group], np.inf)))
        load.put(group, night)
    return load.at


def _queue(data: Arrays, allowed: Bools, price: Floats, kept: Ints) -> list[int]:
    """Forerunners first; groups with a night to keep before the others, by that night; then those with few nights, then the costly ones."""
    waiting = np.bincount(data.then, minlength=data.groups) if len(data.then) else np.zeros(data.groups, dtype=np.int64)
    followers: dict[int, list[int]] = {}
    for first, then in zip(data.first.tolist(), data.then.tolist(), strict=True):
        followers.setdefault(first, []).append(then)
    last = data.nights - 1 - allowed[:, ::-1].argmax(axis=1)
    size = data.amount.max(axis=0, initial=1.0) if len(data.nightly) else np.ones(data.groups)
    slope = (price[:, -1] - price[:, 0]) / np.maximum(size, 1e-9)
    rank = list(zip(kept.tolist(), (last // 7).tolist(), (-slope).tolist(), range(data.groups), strict=True))
    ready = [rank[group] for group in range(data.groups) if not waiting[group]]
    heapq.heapify(ready)
    order = []
    while ready:
        group = heapq.heappop(ready)[-1]
        order.append(group)
        for then in followers.get(group, ()):
            waiting[then] -= 1
            if not waiting[then]:
                heapq.heappush(ready, rank[then])
    return order + [group for group in range(data.groups) if waiting[group]]
