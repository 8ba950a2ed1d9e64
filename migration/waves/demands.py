"""What a problem demands, taken apart: every demand can be left out by itself, so that a set of them can be asked whether it can hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Literal

import numpy as np

from migration.waves import greedy
from migration.waves.arrays import NOWHERE, arrays
from migration.waves.highs import Limits, choose, relax
from migration.waves.model import Problem
from migration.waves.placeable import placeable
from migration.waves.relaxation import whole

Kind = Literal["move", "nights", "due", "pin", "limit", "order"]


@dataclass(frozen=True, slots=True)
class Demand:
    """One demand: a group that has to move, its nights, its deadline, its pin; a resource's limit; a pair's order (by its number)."""

    kind: Kind
    name: str
    number: int = -1


def demands(problem: Problem, groups: Sequence[str]) -> list[Demand]:
    """All demands on these groups, the ones that say most last: a filter that deletes from the front keeps them."""
    chosen = set(groups)
    every = len(problem.nights)
    found = [Demand("order", "", n) for n, each in enumerate(problem.order) if each.first in chosen and each.then in chosen]
    found += [Demand("nights", g.name) for g in problem.groups if g.name in chosen and len(set(g.nights)) < every]
    found += [Demand("due", g.name) for g in problem.groups if g.name in chosen and g.hard and g.due is not None]
    found += [Demand("pin", g.name) for g in problem.groups if g.name in chosen and g.pinned is not None]
    found += [Demand("limit", resource.name) for resource in problem.resources]
    small_first = sorted((g for g in problem.groups if g.name in chosen), key=lambda g: (len(g.servers), sum(u.amount for u in g.uses)))
    return [Demand("move", g.name) for g in small_first] + found


def only(problem: Problem, kept: Sequence[Demand]) -> Problem:
    """The problem with these demands alone. What is said of a group that need not move goes with it."""
    by_kind: dict[str, set[str]] = {}
    for demand in kept:
        by_kind.setdefault(demand.kind, set()).add(demand.name)
    pairs = {demand.number for demand in kept if demand.kind == "order"}
    every = tuple(range(len(problem.nights)))
    moving = by_kind.get("move", set())
    groups = tuple(
        replace(
            group,
            nights=group.nights if group.name in by_kind.get("nights", ()) else every,
            hard=group.hard and group.name in by_kind.get("due", ()),
            pinned=group.pinned if group.name in by_kind.get("pin", ()) else None,
            per_night=0.0,
            late_per_night=0.0,
        )
        for group in problem.groups
        if group.name in moving
    )
    return replace(
        problem,
        groups=groups,
        resources=tuple(resource for resource in problem.resources if resource.name in by_kind.get("limit", ())),
        order=tuple(each for number, each in enumerate(problem.order) if number in pairs and {each.first, each.then} <= moving),
        stay={},
    )


def can_hold(problem: Problem, seconds: float) -> bool | None:
    """Whether there is any schedule; None when the time was too short to know."""
    data = arrays(problem)
    if not data.groups:
        return all(min(resource.capacity, default=0.0) >= 0 for resource in problem.resources if resource.standing)
    allowed = placeable(data)
    if not allowed.any(axis=1).all():
        return False
    promised = all((resource.capacity >= 0).all() for resource in data.standing)
    nowhere = np.full(data.groups, NOWHERE, dtype=np.int64)
    if promised and (greedy.place(data, allowed, nowhere) != NOWHERE).all():
        return True
    rows = whole(data, allowed)
    if relax(rows, Limits(seconds)).infeasible:
        return False
    answer = choose(rows, Limits(seconds, gap=1.0))
    if answer.infeasible:
        return False
    return True if answer.values is not None and len(answer.values) else None


def smallest(problem: Problem, kept: list[Demand], holds: Callable[[Problem], bool | None], until: float) -> tuple[list[Demand], bool]:
    """A set of demands of which none can be left out, from one that cannot hold; and whether that is proven for each.

    Blocks are tried before single demands: most demands have nothing to do with the conflict.
    """
    size, proven = max(1, len(kept) // 2), True
    needed: set[Demand] = set()
    while True:
        position = 0
        while position < len(kept):
            block = kept[position : position + size]
            rest = kept[:position] + kept[position + size :]
            if needed.issuperset(block):
                position += size
                continue
            held = holds(only(problem, rest)) if monotonic() < until else None
            if held is False:
                kept = rest
                continue
            if size == 1:
                needed.update(block)
                proven = proven and held is True
            position += size
        if size == 1:
            return kept, proven
        size = max(1, size // 2)
