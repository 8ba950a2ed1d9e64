"""What a schedule costs and takes, at once: after an edit by hand a person should not wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from migration.waves.arrays import NOWHERE, Ints, arrays
from migration.waves.load import SLACK, used_nightly, used_standing
from migration.waves.model import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A schedule in figures.

    Attributes:
        objective: what the solver minimises: cost + change_cost. Groups without a night add nothing.
        cost: waiting + late.
        waiting: what the nights cost that groups wait.
        late: what nights after a due night cost.
        change_cost: what leaving nights of the earlier plan counts as.
        changes: groups that are not in their night of the earlier plan.
        changed_servers: how many servers these have.
        missing: groups without a night.
        late_groups: groups after their due night.
        used: by resource, per night; the running total for standing ones.
        over: resource, night and by how much a limit is passed.
        servers: how many move in each night.
        curve: cost (waiting and late) of the groups that have moved by the end of each night.
    """

    objective: float
    cost: float
    waiting: float
    late: float
    change_cost: float
    changes: tuple[str, ...]
    changed_servers: int
    missing: tuple[str, ...]
    late_groups: tuple[str, ...]
    used: Mapping[str, tuple[float, ...]]
    over: tuple[tuple[str, int, float], ...]
    servers: tuple[int, ...]
    curve: tuple[float, ...]


class Scorer:
    """Reads a problem once and scores any number of schedules."""

    def __init__(self, problem: Problem) -> None:
        self._data = arrays(problem)
        groups = problem.groups
        self._names = np.array([group.name for group in groups], dtype=object)
        self._per_night = np.array([group.per_night for group in groups])
        self._due = np.array([group.due if group.due is not None else len(problem.nights) for group in groups], dtype=np.int64)
        self._late_rate = np.array([group.late_per_night for group in groups])
        self._stay = np.array([problem.stay.get(group.name, NOWHERE) for group in groups], dtype=np.int64)

    def score(self, at: Mapping[str, int]) -> Score:
        """The figures of a schedule; nights that do not exist count as none."""
        nights = self._data.vector(at)
        placed = nights != NOWHERE
        moved = np.where(placed, nights, 0)
        waiting = np.where(placed, self._per_night * moved, 0.0)
        late_nights = np.where(placed, np.maximum(0, moved - self._due), 0)
        late = late_nights * self._late_rate
        changed = placed & (self._stay != NOWHERE) & (nights != self._stay)
        weight = self._data.problem.stay_weight * float(self._data.servers[changed].sum())
        spent = np.bincount(moved[placed], weights=(waiting + late)[placed], minlength=self._data.nights)
        servers = np.bincount(moved[placed], weights=self._data.servers[placed], minlength=self._data.nights)
        used, over = self._use(nights)
        cost = float(waiting.sum() + late.sum())
        return Score(
            objective=cost + weight,
            cost=cost,
            waiting=float(waiting.sum()),
            late=float(late.sum()),
            change_cost=weight,
            changes=tuple(self._names[changed]),
            changed_servers=int(self._data.servers[changed].sum()),
            missing=tuple(self._names[~placed]),
            late_groups=tuple(self._names[late_nights > 0]),
            used=used,
            over=over,
            servers=tuple(int(each) for each in servers),
            curve=tuple(np.cumsum(spent).tolist()),
        )

    def _use(self, nights: Ints) -> tuple[dict[str, tuple[float, ...]], tuple[tuple[str, int, float], ...]]:
        data = self._data
        use = dict(zip(data.nightly, used_nightly(data, nights), strict=True))
        limit = dict(zip(data.nightly, data.capacity, strict=True))
        for resource in data.standing:
            use[resource.name] = used_standing(resource, nights)
            limit[resource.name] = resource.capacity
        over = [
            (resource.name, int(night), float(use[resource.name][night] - limit[resource.name][night]))
            for resource in data.problem.resources
            for night in np.flatnonzero(use[resource.name] > limit[resource.name] + SLACK)
        ]
        return {resource.name: tuple(use[resource.name].tolist()) for resource in data.problem.resources}, tuple(over)


def score(problem: Problem, at: Mapping[str, int]) -> Score:
    """The figures of one schedule."""
    return Scorer(problem).score(at)
