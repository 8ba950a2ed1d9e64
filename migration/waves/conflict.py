"""Says why not everything can be planned: the smallest set of demands that cannot hold together, in sentences, and ways out.

Suspects come first, from the cheapest question to the dearest: a group that no night takes even alone, a chain of the order that does
not fit into its nights, nights that are too small for the groups that must move in them, the duals of the whole. A filter then leaves
out every demand that the conflict does not need, each time asking again whether the rest can hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import numpy as np

from migration.waves import greedy
from migration.waves.arrays import NOWHERE, Arrays, Bools, arrays, reachable
from migration.waves.conflict_words import in_words
from migration.waves.crowds import crowded
from migration.waves.demands import Demand, can_hold, demands, only, smallest
from migration.waves.highs import Limits, relax_vertex
from migration.waves.model import Conflict, Problem
from migration.waves.placeable import placeable, placeable_alone
from migration.waves.rows import build

FEW = 12
"""Groups that are asked about one by one; larger crowds are spoken of by their nights."""

ALL = 200
"""Groups of a problem that is asked about as a whole when nothing else was found."""

ONE_QUESTION = 8.0


def explain(problem: Problem, *, seconds: float = 60.0) -> Conflict | None:
    """One conflict, irreducible, or None when every group can have a night or no contradiction was found in the time."""
    found = conflicting(problem, seconds=seconds)
    if isinstance(found, Conflict) or found is None:
        return found
    kept, proven = found
    return in_words(problem, kept, proven=proven)


def conflicting(problem: Problem, *, seconds: float = 60.0) -> tuple[list[Demand], bool] | Conflict | None:
    """The demands of a conflict and whether they are proven irreducible; a crowd's conflict comes in words at once."""
    until = monotonic() + seconds
    data = arrays(problem)
    if _fits(data):
        return None
    for suspects in _suspects(data, until):
        if isinstance(suspects, Conflict):
            return suspects
        kept = demands(problem, suspects)
        if _holds(only(problem, kept)) is False:
            return smallest(problem, kept, _holds, until)
        if monotonic() > until:
            break
    return None


def _holds(problem: Problem) -> bool | None:
    return can_hold(problem, ONE_QUESTION)


def _fits(data: Arrays) -> bool:
    """The quick way finds a night for everybody."""
    allowed = placeable(data)
    promised = all((resource.capacity >= 0).all() for resource in data.standing)
    placed = greedy.place(data, allowed, np.full(data.groups, NOWHERE, dtype=np.int64))
    return promised and bool((placed != NOWHERE).all())


def _suspects(data: Arrays, until: float) -> Iterator[list[str] | Conflict]:
    """Names of groups among whose demands a conflict may be, small sets first."""
    names = [group.name for group in data.problem.groups]
    alone = placeable_alone(data)
    for group in np.flatnonzero(~alone.any(axis=1))[:1].tolist():
        yield [names[group]]
    chain = _chain(data, alone)
    if chain:
        yield [names[group] for group in chain]
    crowd = crowded(data, alone)
    if crowd is not None:
        if len(crowd.groups) > FEW:
            yield crowd.conflict(data.problem)
        else:
            yield [names[group] for group in crowd.groups]
    certificate = _certificate(data, alone, until)
    if certificate:
        yield [names[group] for group in certificate]
    yield from ([names[group] for group in each] for each in _around(data, alone))
    if data.groups <= ALL:
        yield names


def _chain(data: Arrays, alone: Bools) -> list[int]:
    """Groups of one connected part of the order that cannot keep it within their own nights."""
    own = alone.any(axis=1)
    narrowed = reachable(data, alone)
    lost = np.flatnonzero(own & ~narrowed.any(axis=1))
    if not len(lost) or not own.all():
        return []
    part = {int(lost[0])}
    while True:
        near = {int(then) for first, then in zip(data.first, data.then, strict=True) if first in part}
        near |= {int(first) for first, then in zip(data.first, data.then, strict=True) if then in part}
        if near <= part:
            return sorted(part)
        part |= near


def _certificate(data: Arrays, alone: Bools, until: float) -> list[int]:
    """Groups that the duals name when the relaxation leaves out as little as it can; none if it need not leave out any."""
    capacity = tuple(resource.capacity for resource in data.standing)
    rows = build(data, alone, data.capacity, capacity, cost=np.zeros_like(data.cost), out=np.ones(data.groups))
    answer = relax_vertex(rows, Limits(max(1.0, until - monotonic())))
    if answer.status != "Optimal" or answer.objective < 1e-6:
        return []
    named = np.flatnonzero(np.abs(answer.row_dual[: len(rows.members)]) > 1e-7)
    return [int(each) for each in rows.members[named]]


def _around(data: Arrays, alone: Bools) -> Iterator[list[int]]:
    """Growing neighbourhoods of a group that found no night: those with whom it shares nights, the least free first."""
    placed = greedy.place(data, placeable(data), np.full(data.groups, NOWHERE, dtype=np.int64))
    homeless = np.flatnonzero(placed == NOWHERE)
    if not len(homeless):
        return
    center = int(homeless[np.argmin(alone[homeless].sum(axis=1))])
    shared = (alone & alone[center]).sum(axis=1) > 0
    freedom = (alone & ~alone[center]).sum(axis=1) + np.where(np.arange(data.groups) == center, -data.nights, 0)
    near = np.flatnonzero(shared)
    near = near[np.argsort(freedom[near], kind="stable")]
    for size in (4, 8, 16, 48):
        if size < 2 * len(near):
            yield sorted(int(each) for each in near[:size])
