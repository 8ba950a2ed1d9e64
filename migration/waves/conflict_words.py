"""A conflict in sentences: what is demanded, with names, dates and numbers, and what would resolve it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from infra.wording import counted
from migration.waves.check import amount, more_of, spans, when
from migration.waves.demands import Demand, can_hold, only
from migration.waves.model import Conflict, Group, Problem, Resource

SECONDS = 2.0
"""For each question about a way out."""

FINE = 40
"""Halvings of the range in which a missing amount is looked for, at most; they end at a thousandth."""


def in_words(problem: Problem, kept: Sequence[Demand], *, proven: bool) -> Conflict:
    """The sentences of an irreducible set."""
    groups = tuple(dict.fromkeys(demand.name for demand in kept if demand.kind == "move"))
    ordered = sorted(kept, key=lambda demand: ("move", "nights", "due", "pin", "order", "limit").index(demand.kind))
    return Conflict(
        demands=tuple(_said(problem, kept, demand) for demand in ordered),
        groups=groups,
        ways=tuple(_way(problem, kept, demand) for demand in reversed(ordered)),
        proven=proven,
    )


def _group(problem: Problem, name: str) -> Group:
    return next(group for group in problem.groups if group.name == name)


def _resource(problem: Problem, name: str) -> Resource:
    return next(resource for resource in problem.resources if resource.name == name)


def _limits(kept: Sequence[Demand]) -> set[str]:
    return {demand.name for demand in kept if demand.kind == "limit"}


def _concerned(problem: Problem, kept: Sequence[Demand]) -> list[int]:
    """The nights that the groups of the conflict could take, going by the demands that are in it."""
    nights: set[int] = set()
    for group in only(problem, kept).groups:
        own = {group.pinned} if group.pinned is not None else set(group.nights)
        nights |= {
            night for night in own if 0 <= night < len(problem.nights) and (not group.hard or group.due is None or night <= group.due)
        }
    return sorted(nights)


def _said(problem: Problem, kept: Sequence[Demand], demand: Demand) -> str:
    if demand.kind == "order":
        each = problem.order[demand.number]
        apart = "in the same night or later than" if each.gap <= 0 else f"at least {each.gap} night{'s' if each.gap > 1 else ''} after"
        return f"{each.then} moves {apart} {each.first}" + (f" ({each.why})" if each.why else "")
    if demand.kind == "limit":
        return _limit(problem, kept, _resource(problem, demand.name))
    group = _group(problem, demand.name)
    if demand.kind == "move":
        return _move(problem, kept, group)
    if demand.kind == "due":
        return f"{group.name} has to have moved by {when(problem, group.due or 0)}"
    if demand.kind == "pin":
        return f"{group.name} is pinned to {when(problem, group.pinned or 0)}"
    why = "; ".join(dict.fromkeys(reason for _, _, reason in group.barred))
    nights = tuple(sorted(night for night in group.nights if 0 <= night < len(problem.nights)))
    where = f"may move only in {spans(problem, nights)}" if nights else "may move in no night at all"
    return f"{group.name} {where}" + (f" ({why})" if why else "")


def _move(problem: Problem, kept: Sequence[Demand], group: Group) -> str:
    takes: dict[str, float] = {}
    for use in group.uses:
        if use.resource in _limits(kept):
            takes[use.resource] = takes.get(use.resource, 0.0) + use.amount
    words = " and ".join(f"{amount(value)} {_resource(problem, name).unit} of {name}" for name, value in takes.items())
    servers = counted(len(group.servers), "server")
    return f"{group.name} ({servers}) has to move as a whole" + (f" and takes {words}" if words else "")


def _limit(problem: Problem, kept: Sequence[Demand], resource: Resource) -> str:
    nights = _concerned(problem, kept)
    limits = [resource.capacity[night] for night in nights] or [0.0]
    if resource.standing:
        last = min(nights, default=0)
        return f"{resource.name} holds at most {_between(resource.capacity[last:])} {resource.unit} from {when(problem, last)} on"
    most = _between(limits)
    return f"{resource.name} has {most} {resource.unit} a night in {spans(problem, tuple(nights))}"


def _between(limits: Sequence[float]) -> str:
    low, high = min(limits), max(limits)
    return amount(high) if low == high else f"{amount(low)} to {amount(high)}"


def _way(problem: Problem, kept: Sequence[Demand], demand: Demand) -> str:
    if demand.kind == "limit":
        resource = _resource(problem, demand.name)
        return more_of(resource, _missing(problem, kept, resource))
    if demand.kind == "order":
        each = problem.order[demand.number]
        return f"let {each.then} move before {each.first}" + (f", although {each.why}" if each.why else "")
    group = _group(problem, demand.name)
    if demand.kind == "move":
        many = len(group.servers) > 1
        return f"split {group.name} into smaller groups, or leave it out of this plan" if many else f"leave {group.name} out of this plan"
    if demand.kind == "due":
        return f"extend the deadline of {group.name}" + _other(problem, kept, demand, group)
    if demand.kind == "pin":
        return f"take the pin off {group.name}" + _other(problem, kept, demand, group)
    return f"give {group.name} other nights" + _other(problem, kept, demand, group)


def _other(problem: Problem, kept: Sequence[Demand], demand: Demand, group: Group) -> str:
    """The night nearest to the one demanded that all the other demands of this conflict allow."""
    rest = [each for each in kept if each != demand]
    wanted = group.pinned if demand.kind == "pin" else group.due
    start = wanted if wanted is not None else next(iter(sorted(group.nights)), 0)
    for night in _by_distance(len(problem.nights), start):
        trial = replace(group, pinned=night)
        asked = replace(problem, groups=tuple(trial if each.name == group.name else each for each in problem.groups))
        if can_hold(only(asked, [*rest, Demand("pin", group.name)]), SECONDS):
            return f": {when(problem, night)} would do"
    return ""


def _by_distance(nights: int, start: int) -> Iterator[int]:
    for distance in range(min(nights, 60)):
        for night in dict.fromkeys((start + distance, start - distance)):
            if 0 <= night < nights:
                yield night


def _missing(problem: Problem, kept: Sequence[Demand], resource: Resource) -> float:
    """The least that the limit has to rise in every night for this conflict to be gone; what the groups take at most."""
    moving = {demand.name for demand in kept if demand.kind == "move"}
    low, high = 0.0, sum(abs(use.amount) for g in problem.groups if g.name in moving for use in g.uses if use.resource == resource.name)
    high += max(0.0, -min(resource.capacity, default=0.0))
    for _ in range(FINE):
        if high - low <= max(1e-6, high * 1e-3):
            break
        middle = (low + high) / 2
        raised = replace(resource, capacity=tuple(each + middle for each in resource.capacity))
        asked = replace(problem, resources=tuple(raised if each.name == resource.name else each for each in problem.resources))
        if can_hold(only(asked, kept), SECONDS):
            high = middle
        else:
            low = middle
    return high
