"""Checks a schedule against the problem, with arithmetic of its own: nothing here is shared with what made the schedule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, fsum

from infra.wording import counted, listed
from migration.waves.model import Group, Problem, Resource, Violation

TOLERANCE = 1e-6

_Taken = tuple[str, int, int, float]
"""Who, in which night, how many nights later it counts, how much."""


def check(problem: Problem, at: Mapping[str, int]) -> tuple[Violation, ...]:
    """Every demand that the schedule breaks; empty when it holds."""
    groups = {group.name: group for group in problem.groups}
    found = list(_nights(problem, groups, at))
    nights = len(problem.nights)
    valid = {name: night for name, night in at.items() if name in groups and 0 <= night < nights}
    uses = _uses(groups, valid)
    for resource in problem.resources:
        taken = uses.get(resource.name, [])
        found.extend(_standing(problem, resource, taken) if resource.standing else _nightly(problem, resource, taken))
    found.extend(_order(problem, valid))
    return tuple(found)


def when(problem: Problem, night: int) -> str:
    """A night in words: its number, counted from 1, and its date."""
    if night < 0 and problem.nights:
        return f"the day before the first night ({problem.nights[0].isoformat()})"
    if 0 <= night < len(problem.nights):
        return f"night {night + 1} ({problem.nights[night].isoformat()})"
    return f"night {night + 1} (outside the plan)"


def amount(value: float) -> str:
    """A figure without digits that say nothing."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.2f}"


def spans(problem: Problem, nights: tuple[int, ...]) -> str:
    """Nights in words: single ones, or first to last of each stretch."""
    stretches: list[tuple[int, int]] = []
    for night in nights:
        if stretches and night == stretches[-1][1] + 1:
            stretches[-1] = (stretches[-1][0], night)
        else:
            stretches.append((night, night))
    words = [
        when(problem, a) if a == b else f"nights {a + 1} to {b + 1} ({problem.nights[a]} to {problem.nights[b]})" for a, b in stretches
    ]
    return listed(words)


def more_of(resource: Resource, missing: float) -> str:
    """How much more of a resource would do, and how many of its steps that is."""
    words = f"raise {resource.name} by {amount(missing)} {resource.unit}"
    if resource.step and resource.relax:
        steps = ceil(missing / resource.step - 1e-9)
        words += f" ({resource.relax})" if steps <= 1 else f" ({steps} times: {resource.relax})"
    return words


def _gap(nights: int) -> str:
    return f"it has to be at least {counted(nights, 'night')} after" if nights else "it may not move before it"


def _nights(problem: Problem, groups: Mapping[str, Group], at: Mapping[str, int]) -> Iterator[Violation]:
    for name in at:
        if name not in groups:
            yield Violation(
                kind="missing", night=at[name], groups=(name,), what=f"the plan places {name}, which is no group of this problem"
            )
    for group in problem.groups:
        if group.name not in at:
            yield Violation(kind="missing", night=None, groups=(group.name,), what=f"{group.name} has no night")
            continue
        yield from _own_night(problem, group, at[group.name])


def _own_night(problem: Problem, group: Group, night: int) -> Iterator[Violation]:
    if night not in group.nights or not 0 <= night < len(problem.nights):
        why = next((f": {reason}" for first, last, reason in group.barred if first <= night <= last), "")
        what = f"{group.name} may not move in {when(problem, night)}{why}"
        yield Violation(kind="night", night=night, groups=(group.name,), what=what)
    if group.hard and group.due is not None and night > group.due:
        after = counted(night - group.due, "night")
        what = f"{group.name} moves in {when(problem, night)}, {after} after {when(problem, group.due)}, its deadline"
        yield Violation(kind="due", night=night, groups=(group.name,), what=what, over=float(night - group.due))
    if group.pinned is not None and night != group.pinned:
        what = f"{group.name} is pinned to {when(problem, group.pinned)} and moves in {when(problem, night)}"
        yield Violation(kind="pin", night=night, groups=(group.name,), what=what)


def _uses(groups: Mapping[str, Group], at: Mapping[str, int]) -> dict[str, list[_Taken]]:
    """By resource: who takes how much, in which night, and how much later it counts."""
    uses: dict[str, list[_Taken]] = {}
    for name, night in at.items():
        for use in groups[name].uses:
            if use.amount:
                uses.setdefault(use.resource, []).append((name, night, use.lag, use.amount))
    return uses


def _nightly(problem: Problem, resource: Resource, uses: Sequence[_Taken]) -> Iterator[Violation]:
    by_night: dict[int, list[tuple[str, float]]] = {}
    for name, night, _, taken in uses:
        by_night.setdefault(night, []).append((name, taken))
    for night, users in sorted(by_night.items()):
        total = fsum(taken for _, taken in users)
        if total > resource.capacity[night] + TOLERANCE:
            yield _over(problem, resource, night, total, [name for name, _ in sorted(users, key=lambda each: -each[1])])


def _standing(problem: Problem, resource: Resource, uses: Sequence[_Taken]) -> Iterator[Violation]:
    """The first night of every stretch in which the limit is passed, with the worst of it."""
    starts: dict[int, list[float]] = {}
    for _, night, lag, taken in uses:
        starts.setdefault(night + lag, []).append(taken)
    total, worst, worst_by = 0.0, -1, 0.0
    for night in range(len(problem.nights)):
        total = fsum((total, *starts.get(night, ())))
        by = total - resource.capacity[night]
        if by > TOLERANCE and by > worst_by:
            worst, worst_by = night, by
        ends = by <= TOLERANCE or night == len(problem.nights) - 1
        if ends and worst >= 0:
            users = [name for name, since, lag, taken in uses if since + lag <= worst and taken > 0]
            yield _over(problem, resource, worst, worst_by + resource.capacity[worst], users[-8:])
            worst, worst_by = -1, 0.0


def _over(problem: Problem, resource: Resource, night: int, total: float, users: list[str]) -> Violation:
    limit = resource.capacity[night]
    return Violation(
        kind="standing" if resource.standing else "nightly",
        night=night,
        groups=tuple(users),
        what=f"{when(problem, night)} takes {amount(total)} {resource.unit} of {resource.name}, "
        f"there are {amount(limit)}: {listed(users, 5)}",
        over=total - limit,
    )


def _order(problem: Problem, at: Mapping[str, int]) -> Iterator[Violation]:
    for each in problem.order:
        if each.then not in at:
            continue
        why = f" ({each.why})" if each.why else ""
        if each.first not in at:
            what = f"{each.then} moves in {when(problem, at[each.then])}, but {each.first}, which comes before it, has no night{why}"
            yield Violation(kind="order", night=at[each.then], groups=(each.first, each.then), what=what)
        elif at[each.then] - at[each.first] < each.gap:
            short = each.gap - (at[each.then] - at[each.first])
            what = (
                f"{each.then} moves in {when(problem, at[each.then])}, {each.first} in {when(problem, at[each.first])}: "
                f"{_gap(each.gap)}{why}"
            )
            yield Violation(kind="order", night=at[each.then], groups=(each.first, each.then), what=what, over=float(short))
