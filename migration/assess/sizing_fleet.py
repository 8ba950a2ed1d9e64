"""One budget of risk for a whole fleet, spent where it saves most: a knapsack, not the same percentile for all.

Every machine begins at its safest size. Steps down its hull are taken in the order of dollars saved per unit of risk, until the next one
would take the expected hours over capacity of all machines together over the budget. So one price on risk sizes every machine, and the
answer is that of the relaxed problem but for one step; the bound says how far it can be from the best of all. The rest of the budget is
not filled up with poorer steps: that would save little and make sizes jump when the budget moves. Equal input gives an equal answer.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from migration.assess.frontier import lower_hull
from migration.assess.model import SizeOption


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetChoice:
    """The sizes of a fleet.

    Attributes:
        chosen: by key.
        usd_month: what they cost.
        risk: expected share of hours over capacity, mean of the machines.
        within: whether that is within the budget; false when even the safest sizes are not.
        price_on_risk: dollars a month saved by the last step per unit of risk of one machine: choosing by it gives the same sizes.
        usd_least: no choice within the budget costs less.
    """

    chosen: dict[str, SizeOption]
    usd_month: float
    risk: float
    within: bool
    price_on_risk: float
    usd_least: float


@dataclass(frozen=True, slots=True, order=True)
class _Step:
    """A step down one machine's hull; `rate` is negative dollars per risk so that the best comes first."""

    rate: float
    key: str
    number: int


def choose_fleet(frontiers: Mapping[str, Sequence[SizeOption]], budget: float) -> FleetChoice:
    """The cheapest sizes whose expected share of hours over capacity is within the budget.

    Args:
        frontiers: options by machine, each by cost with falling risk (`frontier.pareto`).
        budget: share of hours, 0.0015 is 0.15 %.
    """
    hulls = {key: lower_hull(options)[::-1] for key, options in frontiers.items() if options}
    at = dict.fromkeys(hulls, 0)
    room = budget * len(hulls) - sum(_risk(hull[0]) for hull in hulls.values())
    within, price, part = room >= -1e-12, 0.0, 0.0
    steps = _Steps(hulls)
    for step in steps:
        saved, risk = _gain(hulls[step.key], step.number)
        if risk > room + 1e-15:
            part = saved * max(room, 0.0) / risk  # the relaxed problem takes the part of the step that still fits
            break
        room -= risk
        at[step.key] = step.number
        price = -step.rate
        steps.follow(step)
    chosen = {key: hulls[key][number] for key, number in at.items()}
    usd = sum(option.usd_month for option in chosen.values())
    mean = sum(_risk(option) for option in chosen.values()) / len(chosen) if chosen else 0.0
    return FleetChoice(chosen=chosen, usd_month=usd, risk=mean, within=within, price_on_risk=price, usd_least=usd - part)


class _Steps:
    """The next step of every machine, best first. One follows only where the one before it was taken."""

    def __init__(self, hulls: Mapping[str, Sequence[SizeOption]]) -> None:
        self._hulls = hulls
        self._heap: list[_Step] = []
        for key in hulls:
            self._add(key, 1)

    def __iter__(self) -> Iterator[_Step]:
        while self._heap:
            yield heapq.heappop(self._heap)

    def follow(self, step: _Step) -> None:
        """The step was taken: the one after it may be."""
        self._add(step.key, step.number + 1)

    def _add(self, key: str, number: int) -> None:
        hull = self._hulls[key]
        if number < len(hull):
            saved, risk = _gain(hull, number)
            heapq.heappush(self._heap, _Step(-saved / max(risk, 1e-15), key, number))


def _gain(hull: Sequence[SizeOption], number: int) -> tuple[float, float]:
    """Dollars saved and risk taken by the step to that point."""
    return hull[number - 1].usd_month - hull[number].usd_month, _risk(hull[number]) - _risk(hull[number - 1])


def _risk(option: SizeOption) -> float:
    return option.risk or 0.0
