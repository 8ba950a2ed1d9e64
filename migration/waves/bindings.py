"""What holds each night, and what relaxing it buys.

The prices of the relaxation say what one more unit of every limit is worth in every night. The dearest of a night's limits is what binds
it. Where most is to be had, the nights around are solved again with one step more: what the sentence then says a schedule really saves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from time import monotonic

import numpy as np

from infra.wording import counted
from migration.waves.arrays import NOWHERE, Arrays, Bools, Floats, Ints, arrays
from migration.waves.check import amount, when
from migration.waves.highs import Limits
from migration.waves.load import used_nightly, used_standing
from migration.waves.model import Binding, Problem, Resource
from migration.waves.placeable import placeable
from migration.waves.prices import Prices, charged
from migration.waves.relaxation import relaxations
from migration.waves.window import Window, solve_window

FULL = 0.97
"""A standing limit is felt in the nights before its own in which so much of it is taken."""

AROUND = 14
"""Nights after a binding one that are solved again."""

CROWD = 90
WORTH_SAYING = 1e-3


@dataclass(frozen=True, slots=True)
class _Found:
    """A night, what binds it and what the prices say a step is worth."""

    night: int
    resource: Resource
    used: float
    worth: float


def bindings(problem: Problem, at: Mapping[str, int], *, seconds: float = 30.0) -> tuple[Binding, ...]:
    """One for each night that a limit with a price holds, in order. The dearest are solved again as long as there is time."""
    until = monotonic() + seconds
    data = arrays(problem)
    nights = data.vector(at)
    allowed = placeable(data) & (nights != NOWHERE)[:, None]
    if not allowed.any():
        return ()
    last = None
    for relaxed in relaxations(data, allowed, Limits(seconds, threads=2), rounds=1):
        last = relaxed
        if monotonic() > until - 0.5 * seconds:
            break
    if last is None or last.infeasible:
        return ()
    found = list(_binding(data, nights, last.worth))
    resolved: dict[int, tuple[float, float]] = {}
    dear = charged(data, last.worth)
    for each in sorted(found, key=lambda one: -one.worth):
        if monotonic() > until:
            break
        resolved[each.night] = _again(data, nights, allowed, dear, each, Limits(min(4.0, seconds / 4), nodes=300))
    return tuple(_said(problem, each, resolved.get(each.night)) for each in found)


def step_of(resource: Resource) -> float:
    """One step more; a tenth of the most there is where the resource does not say."""
    return resource.step or 0.1 * max(map(abs, resource.capacity), default=0.0)


def _binding(data: Arrays, nights: Ints, worth: Prices) -> Iterator[_Found]:
    """Per night the limit that is worth most."""
    resources = {resource.name: resource for resource in data.problem.resources}
    used = used_nightly(data, nights)
    rows = [(resources[name], used[n], worth.nightly[n]) for n, name in enumerate(data.nightly)]
    for number, standing in enumerate(data.standing):
        total = used_standing(standing, nights)
        rows.append((resources[standing.name], total, _felt(total, standing.capacity, worth.standing[number])))
    for night in range(data.nights):
        values = [price[night] * step_of(resource) for resource, _, price in rows]
        if values and max(values) > WORTH_SAYING:
            resource, taken, _ = rows[int(np.argmax(values))]
            yield _Found(night, resource, float(taken[night]), float(max(values)))


def _felt(total: Floats, capacity: Floats, price: Floats) -> Floats:
    """A standing limit's price stands at its last night; the total may have reached it long before, and holds those nights too."""
    felt = price.copy()
    for night in np.flatnonzero(price > 0).tolist():
        before = night
        while before >= 0 and total[before] >= FULL * capacity[night] - 1e-9 and capacity[before] >= capacity[night] - 1e-9:
            felt[before] = max(felt[before], price[night])
            before -= 1
    return felt


def _again(data: Arrays, nights: Ints, allowed: Bools, dear: Floats, found: _Found, limits: Limits) -> tuple[float, float]:
    """Cost and server-nights of waiting that a step more saves, by solving the nights from this one on again; never less than nothing."""
    inside = np.zeros(data.nights, dtype=np.bool_)
    inside[found.night : found.night + AROUND] = True
    placed = nights != NOWHERE
    here = np.where(allowed[:, found.night], dear[:, found.night], np.inf)
    now = np.where(placed, dear[np.arange(data.groups), nights], np.inf)
    eager = np.flatnonzero(placed & (inside[nights] | (np.isfinite(here) & (here < now) & (nights > found.night))))
    free = np.sort(eager[np.argsort(np.abs(nights[eager] - found.night), kind="stable")][:CROWD])
    open_nights = allowed & inside
    open_nights[free, nights[free]] = True
    window = Window(free=free, allowed=open_nights, cost=data.cost, out=np.full(data.groups, np.inf))
    without = solve_window(data, nights, window, limits)
    more = solve_window(_relaxed(data, found), nights, window, limits)
    if without is None or more is None:
        return 0.0, 0.0
    saved = data.total(without) - data.total(more)
    waited = float((data.servers * (without - more)).sum())
    return (saved, waited) if saved > 0 else (0.0, 0.0)


def _relaxed(data: Arrays, found: _Found) -> Arrays:
    """One step more: of a nightly resource in this night, of a standing one from this night on."""
    step = step_of(found.resource)
    if not found.resource.standing:
        capacity = data.capacity.copy()
        capacity[data.nightly.index(found.resource.name), found.night] += step
        return replace(data, capacity=capacity)
    later = np.arange(data.nights) >= found.night
    return replace(
        data,
        standing=tuple(
            replace(each, capacity=each.capacity + step * later) if each.name == found.resource.name else each for each in data.standing
        ),
    )


def _said(problem: Problem, found: _Found, resolved: tuple[float, float] | None) -> Binding:
    resource = found.resource
    capacity = resource.capacity[found.night]
    step = resource.relax or f"{amount(step_of(resource))} {resource.unit} more"
    head = f"{when(problem, found.night)} is bound by {resource.name} ({amount(found.used)} of {amount(capacity)} {resource.unit}): {step}"
    since = " from that night on" if resource.standing else ""
    worth = found.worth if resolved is None else resolved[0]
    if resolved is None:
        tail = f" would save about {amount(round(worth))}"
    elif worth <= 0:
        tail = " alone saves nothing: no schedule of the nights around it gets better"
    else:
        waited = round(resolved[1])
        tail = f" saves at least {amount(round(worth))}" + (
            f" and {counted(waited, 'night')} of waiting, counted by server" if waited > 0 else ""
        )
    return Binding(
        night=found.night,
        resource=resource.name,
        used=found.used,
        capacity=capacity,
        worth=worth,
        said=head + since + tail,
        resolved=resolved is not None,
    )
