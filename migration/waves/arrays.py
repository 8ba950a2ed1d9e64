"""A problem in arrays: what each group costs in each night, where it may go, what it takes. Everything that counts fast stands on this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from infra.errors import InclineError
from migration.waves.model import Group, Problem

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NOWHERE = -1
"""The night of a group that has none."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One standing resource: parallel arrays, one entry per use. A use of group g in night u counts from u + lag on."""

    name: str
    group: Ints
    amount: Floats
    lag: Ints
    capacity: Floats

    @property
    def rises_only(self) -> bool:
        """Nothing is ever given back, so that a limit is only worth a look where it is lowest of all that follow."""
        return bool((self.amount >= 0).all())


@dataclass(frozen=True, slots=True)
class Arrays:
    """The whole problem.

    Attributes:
        cost: groups x nights, everything the objective counts.
        allowed: groups x nights, by the group's own nights, a hard due and a pin; order and capacity are not in it.
        amount: nightly resources x groups.
        capacity: nightly resources x nights.
        first, then, gap: the order, parallel.
    """

    problem: Problem
    index: Mapping[str, int]
    cost: Floats
    allowed: Bools
    servers: Ints
    nightly: tuple[str, ...]
    amount: Floats
    capacity: Floats
    standing: tuple[Standing, ...]
    first: Ints
    then: Ints
    gap: Ints

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return int(self.cost.shape[0])

    @property
    def nights(self) -> int:
        """How many nights there are."""
        return int(self.cost.shape[1])

    def vector(self, at: Mapping[str, int]) -> Ints:
        """A schedule as one night per group; groups that it does not name are nowhere, and so are nights that do not exist."""
        found = (at.get(group.name, NOWHERE) for group in self.problem.groups)
        return np.array([night if 0 <= night < self.nights else NOWHERE for night in found], dtype=np.int64)

    def schedule(self, nights: Ints) -> dict[str, int]:
        """The names and nights of a vector, without the groups that are nowhere."""
        return {group.name: int(night) for group, night in zip(self.problem.groups, nights, strict=True) if night != NOWHERE}

    def total(self, nights: Ints) -> float:
        """What the placed groups cost."""
        placed = np.flatnonzero(nights >= 0)
        return float(self.cost[placed, nights[placed]].sum())


def arrays(problem: Problem) -> Arrays:
    """Read the problem once. Names that an order or a use does not find are left out: the builder reports them."""
    for resource in problem.resources:
        if len(resource.capacity) != len(problem.nights):
            raise InclineError(
                f"{resource.name} has a capacity for {len(resource.capacity)} nights, the plan has {len(problem.nights)}",
                code="INC-7100",
                next_step="give it one figure for each night",
            )
    index = {group.name: number for number, group in enumerate(problem.groups)}
    nightly = [resource for resource in problem.resources if not resource.standing]
    nights = len(problem.nights)
    order = [each for each in problem.order if each.first in index and each.then in index]
    return Arrays(
        problem=problem,
        index=index,
        cost=_costs(problem),
        allowed=np.array([_allowed(group, nights) for group in problem.groups], dtype=np.bool_).reshape(len(problem.groups), nights),
        servers=np.array([len(group.servers) for group in problem.groups], dtype=np.int64),
        nightly=tuple(resource.name for resource in nightly),
        amount=_amounts(problem, [resource.name for resource in nightly]),
        capacity=np.array([resource.capacity for resource in nightly], dtype=np.float64).reshape(len(nightly), nights),
        standing=_standing(problem),
        first=np.array([index[each.first] for each in order], dtype=np.int64),
        then=np.array([index[each.then] for each in order], dtype=np.int64),
        gap=np.array([each.gap for each in order], dtype=np.int64),
    )


def _costs(problem: Problem) -> Floats:
    night = np.arange(len(problem.nights), dtype=np.float64)
    groups = problem.groups
    per_night = np.array([group.per_night for group in groups])
    late = np.array([group.late_per_night if group.due is not None else 0.0 for group in groups])
    due = np.array([group.due if group.due is not None else 0 for group in groups], dtype=np.float64)
    cost = per_night[:, None] * night + late[:, None] * np.maximum(0.0, night - due[:, None])
    if problem.stay and problem.stay_weight:
        weight = np.array([problem.stay_weight * len(group.servers) if group.name in problem.stay else 0.0 for group in groups])
        stay = np.array([problem.stay.get(group.name, NOWHERE) for group in groups])
        cost += weight[:, None] * (night != stay[:, None])
    whole: Floats = cost.reshape(len(groups), len(problem.nights))
    return whole


def _allowed(group: Group, nights: int) -> Bools:
    allowed = np.zeros(nights, dtype=np.bool_)
    allowed[[night for night in group.nights if 0 <= night < nights]] = True
    if group.hard and group.due is not None:
        allowed[max(0, group.due + 1) :] = False
    if group.pinned is not None:
        pinned = np.zeros(nights, dtype=np.bool_)
        if 0 <= group.pinned < nights:
            pinned[group.pinned] = True
        allowed &= pinned
    return allowed


def _amounts(problem: Problem, names: list[str]) -> Floats:
    row = {name: number for number, name in enumerate(names)}
    amount = np.zeros((len(names), len(problem.groups)))
    for number, group in enumerate(problem.groups):
        for use in group.uses:
            if use.resource in row:
                amount[row[use.resource], number] += use.amount
    return amount


def _standing(problem: Problem) -> tuple[Standing, ...]:
    uses: dict[str, list[tuple[int, float, int]]] = {resource.name: [] for resource in problem.resources if resource.standing}
    for number, group in enumerate(problem.groups):
        for use in group.uses:
            if use.resource in uses and use.amount:
                uses[use.resource].append((number, use.amount, use.lag))
    return tuple(
        Standing(
            name=resource.name,
            group=np.array([each[0] for each in uses[resource.name]], dtype=np.int64),
            amount=np.array([each[1] for each in uses[resource.name]], dtype=np.float64),
            lag=np.array([each[2] for each in uses[resource.name]], dtype=np.int64),
            capacity=np.array(resource.capacity, dtype=np.float64),
        )
        for resource in problem.resources
        if resource.standing
    )


def reachable(data: Arrays, allowed: Bools) -> Bools:
    """The nights that the order leaves: none before a forerunner's earliest, none after a follower's latest. Never cuts off a schedule.

    Who has no night holds up the followers and nobody else: forerunners may move whether or not a follower can.
    """
    if not data.nights:
        return allowed.copy()
    return _not_after(data, not_before(data, allowed))


def not_before(data: Arrays, allowed: Bools) -> Bools:
    """Without the nights before a forerunner's earliest. Every group at its earliest that is left then keeps the order."""
    nights = np.arange(data.nights)
    for _ in range(data.groups * data.nights + 1):
        earliest = np.where(allowed.any(axis=1), allowed.argmax(axis=1), data.nights)
        low = np.zeros(data.groups, dtype=np.int64)
        np.maximum.at(low, data.then, earliest[data.first] + data.gap)
        fewer = allowed & (nights >= low[:, None])
        if (fewer == allowed).all():
            break
        allowed = fewer
    return allowed


def _not_after(data: Arrays, allowed: Bools) -> Bools:
    """Without the nights after which a follower that can move would come too late."""
    nights = np.arange(data.nights)
    for _ in range(data.groups * data.nights + 1):
        some = allowed.any(axis=1)
        latest = data.nights - 1 - allowed[:, ::-1].argmax(axis=1)
        high = np.full(data.groups, data.nights - 1, dtype=np.int64)
        moving: Bools = np.asarray(some, dtype=np.bool_)[data.then]
        np.minimum.at(high, data.first[moving], latest[data.then[moving]] - data.gap[moving])
        fewer = allowed & (nights <= high[:, None])
        if (fewer == allowed).all():
            break
        allowed = fewer
    return allowed
