"""The planner's problem and its answer: groups of servers, nights, resources. It knows neither estate nor solver.

A night is an index from 0. A resource has a capacity for each night. What a group uses of a *nightly* resource (bandwidth of the window,
people) is used in its own night only; of a *standing* resource (CPU and memory of the target, space, a quota) from its night on, `lag`
nights later, and a negative amount gives back (the source, when the hold ends).

    sum over groups in night t of amount <= capacity[t]                        nightly
    sum over groups in nights u with u + lag <= t of amount <= capacity[t]     standing

The objective is a cost, to be minimised: for each group its cost of every night it waits, what lateness costs, and what leaving the
night of an earlier plan costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Something that runs out. `relax` says in people's words what more of it would be, and `step` how much of it that is."""

    name: str
    unit: str
    capacity: tuple[float, ...]
    standing: bool = False
    relax: str = ""
    step: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a group takes of a resource. `lag` only for standing ones."""

    resource: str
    amount: float
    lag: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Servers that move in one night.

    Attributes:
        nights: the nights in which it may move, ascending. Empty is an infeasibility that is explained, never an error.
        per_night: what one night of waiting costs (running cost not saved, risk of old hardware).
        due: the last night that is not late; None: whenever.
        late_per_night: what each night after `due` costs.
        hard: `due` may not be missed at all (a licence or a contract ends).
        barred: why nights are missing from `nights`: reason by first and last night, for explanations.
    """

    name: str
    servers: tuple[str, ...]
    nights: tuple[int, ...]
    uses: tuple[Use, ...] = ()
    per_night: float = 0.0
    due: int | None = None
    late_per_night: float = 0.0
    hard: bool = False
    pinned: int | None = None
    barred: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """`first` moves at least `gap` nights before `then`; gap 0: the same night will do."""

    first: str
    then: str
    gap: int = 1
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """All of it. `stay` names the nights of an earlier plan, `stay_weight` what moving one server away from its night costs."""

    nights: tuple[date, ...]
    groups: tuple[Group, ...]
    resources: tuple[Resource, ...]
    order: tuple[Before, ...] = ()
    stay: Mapping[str, int] = field(default_factory=dict)
    stay_weight: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A demand that a schedule breaks, in words that name groups, night and numbers."""

    kind: Literal["missing", "night", "nightly", "standing", "order", "due", "pin"]
    night: int | None
    groups: tuple[str, ...]
    what: str
    over: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """A schedule with its proof.

    Attributes:
        at: the night of each group; a group that could not be placed is absent.
        objective: cost of the schedule; bound: no schedule can cost less; gap: (objective - bound) / objective.
        history: (seconds, objective, bound) as they improved.
        method: how it was found.
        stopped: somebody stopped it early; the schedule is the best so far.
    """

    at: Mapping[str, int]
    objective: float
    bound: float
    seconds: float
    method: str
    history: tuple[tuple[float, float, float], ...] = ()
    stopped: bool = False

    @property
    def gap(self) -> float:
        """How far from the best possible at most, 0 to 1."""
        return max(0.0, (self.objective - self.bound) / abs(self.objective)) if self.objective else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What holds a night, and what relaxing it buys.

    `worth` is the objective saved by one `step` more of the resource in this night: from the prices of the relaxation, or, where
    `resolved`, by solving the nights around it again with that step. `said` is the sentence.
    """

    night: int
    resource: str
    used: float
    capacity: float
    worth: float
    said: str
    resolved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """The smallest set of demands that cannot hold together: none can be left out. Each is a sentence; `ways` are ways out."""

    demands: tuple[str, ...]
    groups: tuple[str, ...]
    ways: tuple[str, ...]
    proven: bool = True
