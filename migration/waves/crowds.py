"""Nights that are too small for the groups that must move in them: one resource, one set of nights, one sum."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from infra.wording import listed
from migration.waves.arrays import Arrays, Bools, Floats, Ints
from migration.waves.check import amount, more_of, spans, when
from migration.waves.highs import Limits, relax_vertex
from migration.waves.model import Conflict, Problem
from migration.waves.rows import build


@dataclass(frozen=True, slots=True)
class Crowd:
    """These groups can only move in these nights (or must have moved by the last of them), and take more than there is.

    The groups are as few as show it; `short` is what all that are bound to these nights lack.
    """

    resource: str
    nights: tuple[int, ...]
    groups: tuple[int, ...]
    needed: float
    there: float
    short: float
    standing: bool

    def conflict(self, problem: Problem) -> Conflict:
        """In words. Two demands: that all these groups move, and the limit; without either there is no conflict."""
        resource = next(each for each in problem.resources if each.name == self.resource)
        names = tuple(problem.groups[group].name for group in self.groups)
        servers = sum(len(problem.groups[group].servers) for group in self.groups)
        nights = spans(problem, self.nights)
        limit = f"{self.resource} holds {amount(self.there)} {resource.unit} "
        limit += f"by {when(problem, self.nights[-1])}" if self.standing else f"in all of these nights together ({nights})"
        who = f"{len(names):,} groups ({servers:,} servers: {listed(names, 5)})"
        move = f"{who} may move only in {nights} and take {amount(self.needed)} {resource.unit}"
        more = amount(self.short)
        return Conflict(
            demands=(move, limit),
            groups=names,
            ways=(
                f"{more_of(resource, self.short)}, over these nights together",
                f"leave out groups that take {more} {resource.unit} of {self.resource} between them, or give them other nights",
            ),
        )


def crowded(data: Arrays, alone: Bools) -> Crowd | None:
    """The first resource that alone makes a schedule impossible, groups taken in parts."""
    for number in range(len(data.nightly)):
        found = _nightly(data, alone, number)
        if found is not None:
            return found
    for number, resource in enumerate(data.standing):
        if resource.rises_only:
            found = _standing(data, alone, number)
            if found is not None:
                return found
    return None


def _nightly(data: Arrays, alone: Bools, number: int) -> Crowd | None:
    members = data.amount[number] > 0
    if data.amount[number].sum() <= data.capacity[number].min(initial=np.inf):
        return None
    part = replace(
        data, nightly=data.nightly[number : number + 1], amount=data.amount[number : number + 1], standing=(), first=data.first[:0]
    )
    part = replace(part, then=data.then[:0], gap=data.gap[:0])
    capacity = data.capacity[number : number + 1]
    nothing = np.zeros_like(data.cost)
    rows = build(part, alone & members[:, None], capacity, (), cost=nothing, out=np.where(members, data.amount[number], np.inf))
    answer = relax_vertex(rows, Limits(20.0))
    if answer.status != "Optimal" or answer.objective < 1e-6:
        return None
    dual = np.zeros(data.nights)
    block = next(each for each in rows.blocks if each.kind == "nightly")
    dual[block.night] = -answer.row_dual[block.row : block.row + len(block.night)]
    full = dual > 1e-7
    confined = np.flatnonzero(members & alone.any(axis=1) & ~(alone & ~full).any(axis=1))
    needed, there = float(data.amount[number][confined].sum()), float(data.capacity[number][full].sum())
    if needed <= there + 1e-9:
        return None
    groups, short = _fewest(confined, data.amount[number], there), needed - there
    needed = float(data.amount[number][list(groups)].sum())
    return Crowd(data.nightly[number], _ints(np.flatnonzero(full)), groups, needed, there, short, standing=False)


def _standing(data: Arrays, alone: Bools, number: int) -> Crowd | None:
    """What must have come by a night, because no later night is allowed, against the limit of that night."""
    resource = data.standing[number]
    last = data.nights - 1 - alone[:, ::-1].argmax(axis=1)
    from_night = last[resource.group] + resource.lag
    placeable: Bools = np.asarray(alone.any(axis=1), dtype=np.bool_)
    counts = (from_night < data.nights) & placeable[resource.group]
    by_night = np.cumsum(np.bincount(from_night[counts], weights=resource.amount[counts], minlength=data.nights))
    over = np.flatnonzero(by_night > resource.capacity + 1e-9)
    if not len(over):
        return None
    night = int(over[0])
    taken = np.where(counts & (from_night <= night), resource.amount, 0.0)
    by_group = np.bincount(resource.group, weights=taken, minlength=data.groups).astype(np.float64)
    groups = _fewest(np.flatnonzero(by_group > 0), by_group, float(resource.capacity[night]))
    needed, there = float(by_group[list(groups)].sum()), float(resource.capacity[night])
    return Crowd(resource.name, tuple(range(night + 1)), groups, needed, there, float(by_group.sum()) - there, standing=True)


def _fewest(groups: Ints, take: Floats, there: float) -> tuple[int, ...]:
    """As few as already take too much: the largest."""
    order = groups[np.argsort(-take[groups], kind="stable")]
    enough = int(np.searchsorted(np.cumsum(take[order]), there + 1e-9, side="right")) + 1
    return _ints(np.sort(order[:enough]))


def _ints(values: Ints) -> tuple[int, ...]:
    return tuple(int(each) for each in values)
