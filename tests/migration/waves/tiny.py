"""Tiny problems of wave planning, and the truth about them by trying everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import product

from hypothesis import strategies as st

from migration.waves.check import check
from migration.waves.model import Before, Group, Problem, Resource, Use


def nights(count: int) -> tuple[date, ...]:
    return tuple(date(2027, 1, 4) + timedelta(days=n) for n in range(count))


def group(name: str, at: tuple[int, ...], *, servers: int = 1, uses: Mapping[str, float] | None = None, **more: object) -> Group:
    taken = tuple(Use(resource=resource, amount=amount) for resource, amount in (uses or {}).items())
    return Group(name=name, servers=tuple(f"{name}-{n}" for n in range(servers)), nights=at, uses=taken, **more)  # type: ignore[arg-type]


def schedules(problem: Problem) -> Iterator[dict[str, int]]:
    """All schedules that place every group and hold, by the checker's arithmetic."""
    names = [each.name for each in problem.groups]
    for chosen in product(*(each.nights for each in problem.groups)):
        at = dict(zip(names, chosen, strict=True))
        if not check(problem, at):
            yield at


def possible(problem: Problem) -> bool:
    """Whether there is any; a problem without groups has the empty one."""
    return next(schedules(problem), None) is not None


def cost(problem: Problem, at: Mapping[str, int]) -> float:
    """The objective, counted the slow way."""
    total = 0.0
    for each in problem.groups:
        night = at[each.name]
        total += each.per_night * night
        if each.due is not None:
            total += each.late_per_night * max(0, night - each.due)
        if each.name in problem.stay and problem.stay[each.name] != night:
            total += problem.stay_weight * len(each.servers)
    return total


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Up to five groups in up to five nights, with everything that the model has."""
    count = draw(st.integers(2, 5))
    names = [f"g{n}" for n in range(draw(st.integers(1, 5)))]
    every = list(range(count))
    whole = st.integers(0, 4)
    groups = []
    for name in names:
        due = draw(st.none() | st.integers(0, count - 1))
        uses = [Use(resource="night", amount=float(draw(whole)))]
        uses.append(Use(resource="space", amount=float(draw(whole)), lag=draw(st.integers(0, 1))))
        if draw(st.booleans()):
            uses.append(Use(resource="space", amount=-float(draw(st.integers(1, 2))), lag=draw(st.integers(1, 3))))
        groups.append(
            Group(
                name=name,
                servers=tuple(f"{name}-{n}" for n in range(draw(st.integers(1, 3)))),
                nights=tuple(sorted(draw(st.sets(st.sampled_from(every), min_size=1)))),
                uses=tuple(uses),
                per_night=float(draw(whole)),
                due=due,
                late_per_night=float(draw(whole)),
                hard=draw(st.booleans()) if due is not None else False,
                pinned=draw(st.none() | st.none() | st.none() | st.sampled_from(every)),
            )
        )
    pairs = [(a, b) for a in range(len(names)) for b in range(a + 1, len(names))]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=3, unique=True)) if pairs else []
    order = tuple(Before(first=names[a], then=names[b], gap=draw(st.integers(0, 2))) for a, b in chosen)
    stay = draw(st.dictionaries(st.sampled_from(names), st.sampled_from(every)))
    limits = st.lists(st.integers(2, 9), min_size=count, max_size=count)
    resources = (
        Resource(name="night", unit="GB", capacity=tuple(map(float, draw(limits)))),
        Resource(name="space", unit="GiB", capacity=tuple(map(float, draw(limits))), standing=True),
    )
    return Problem(nights=nights(count), groups=tuple(groups), resources=resources, order=order, stay=stay, stay_weight=1.0)
