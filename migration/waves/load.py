"""What a partial schedule has taken and what is left, and where one more group would fit."""

from __future__ import annotations

import numpy as np

from migration.waves.arrays import NOWHERE, Arrays, Bools, Floats, Ints, Standing

SLACK = 1e-6
"""What sums of floating-point numbers may be over a limit."""


class Load:
    """Capacity left, kept up to date as groups are placed and taken away."""

    def __init__(self, data: Arrays, at: Ints) -> None:
        self.data = data
        self.at: Ints = at.copy()
        self.nightly: Floats = data.capacity - used_nightly(data, at)
        self.standing = [resource.capacity - used_standing(resource, at) for resource in data.standing]
        self._uses = [_by_group(resource) for resource in data.standing]
        self._before: dict[int, list[tuple[int, int]]] = {}
        self._after: dict[int, list[tuple[int, int]]] = {}
        for first, then, gap in zip(data.first.tolist(), data.then.tolist(), data.gap.tolist(), strict=True):
            self._before.setdefault(then, []).append((first, gap))
            self._after.setdefault(first, []).append((then, gap))

    def fits(self, group: int, allowed: Bools) -> Bools:
        """The nights in which the group, nowhere so far, breaks nothing that holds now; `allowed` are its nights."""
        fitting = allowed & self.in_order(group)
        amount = self.data.amount[:, group]
        for number in np.flatnonzero(amount).tolist():
            fitting &= self.nightly[number] + SLACK >= amount[number]
        for number, left in enumerate(self.standing):
            if group in self._uses[number]:
                fitting &= _fits_standing(self._uses[number][group], left)
        return fitting

    def in_order(self, group: int, *, apart: frozenset[int] = frozenset()) -> Bools:
        """The nights that keep the order with the groups already placed; none while a forerunner is nowhere.

        Pairs with groups of `apart` do not count.
        """
        fitting = np.ones(self.data.nights, dtype=np.bool_)
        for first, gap in self._before.get(group, ()):
            if first not in apart:
                fitting[: int(self.at[first]) + gap if self.at[first] != NOWHERE else None] = False
        for then, gap in self._after.get(group, ()):
            if then not in apart and self.at[then] != NOWHERE:
                fitting[max(0, int(self.at[then]) - gap + 1) :] = False
        return fitting

    def put(self, group: int, night: int) -> None:
        """Place it, or with NOWHERE take it away."""
        old = int(self.at[group])
        if old != NOWHERE:
            self._count(group, old, 1.0)
        if night != NOWHERE:
            self._count(group, night, -1.0)
        self.at[group] = night

    def _count(self, group: int, night: int, sign: float) -> None:
        self.nightly[:, night] += sign * self.data.amount[:, group]
        for number, left in enumerate(self.standing):
            for amount, lag in self._uses[number].get(group, ()):
                left[night + lag :] += sign * amount


def used_nightly(data: Arrays, at: Ints) -> Floats:
    """Nightly resources x nights."""
    placed = np.flatnonzero(at != NOWHERE)
    used = np.zeros((len(data.nightly), data.nights))
    for number in range(len(data.nightly)):
        used[number] = np.bincount(at[placed], weights=data.amount[number][placed], minlength=data.nights)
    return used


def used_standing(resource: Standing, at: Ints) -> Floats:
    """The running total of a standing resource."""
    nights = len(resource.capacity)
    from_night = at[resource.group] + resource.lag
    counts = (at[resource.group] != NOWHERE) & (from_night < nights)
    return np.cumsum(np.bincount(from_night[counts], weights=resource.amount[counts], minlength=nights))


def kept(data: Arrays, at: Ints) -> bool:
    """All groups that are placed keep all limits and the order. Nights that are allowed are not looked at."""
    if (used_nightly(data, at) > data.capacity + SLACK).any():
        return False
    if any((used_standing(resource, at) > resource.capacity + SLACK).any() for resource in data.standing):
        return False
    first, then = at[data.first], at[data.then]
    return not ((then != NOWHERE) & ((first == NOWHERE) | (then - first < data.gap))).any()


def _by_group(resource: Standing) -> dict[int, list[tuple[float, int]]]:
    uses: dict[int, list[tuple[float, int]]] = {}
    for group, amount, lag in zip(resource.group.tolist(), resource.amount.tolist(), resource.lag.tolist(), strict=True):
        uses.setdefault(group, []).append((amount, lag))
    return uses


def _fits_standing(uses: list[tuple[float, int]], left: Floats) -> Bools:
    """By night of moving: no night ends up below its limit that was not below it before, and none that was gets worse."""
    nights = len(left)
    room = np.maximum(left, 0.0) + SLACK
    if len(uses) == 1 and uses[0][0] >= 0:
        amount, lag = uses[0]
        least: Floats = np.append(np.minimum.accumulate(room[::-1])[::-1], np.inf)
        return least[np.minimum(np.arange(nights) + lag, nights)] >= amount
    since = np.arange(nights)[None, :] - np.arange(nights)[:, None]
    taken = np.zeros((nights, nights))
    for amount, lag in uses:
        taken += amount * (since >= lag)
    return np.asarray((taken <= room[None, :]).all(axis=1), dtype=np.bool_)
