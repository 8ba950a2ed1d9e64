"""Curves of money: what all of it costs month by month with the move and without it, and what a fleet's safety costs.

with the move(month) = sum of what each server costs on the side where it is, plus one-off and double running in its month
frontier: for every price on risk, each server takes the size with the least (cost + price x risk); Pareto points of the fleet
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from infra.prices import DAYS_PER_MONTH
from migration.assess.model import Assessment, SizeOption

MONTHS = 36
_PRICES = tuple(10 ** (exponent / 4) for exponent in range(-4, 33))
"""Prices on risk, USD a month for an hour in each hour: from caring for nothing to never too small."""


@dataclass(frozen=True, slots=True)
class Curves:
    """Cumulative USD by month from 0: staying, and moving. `even`: the month from which moving has paid for itself for good, or None."""

    stay: tuple[float, ...]
    move: tuple[float, ...]
    even: int | None


@dataclass(frozen=True, slots=True)
class FleetPoint:
    """A fleet's cost and the share of hours in which some server would be too small."""

    usd_month: float
    risk: float


def curves(assessments: Sequence[Assessment], when: Mapping[str, date], today: date, months: int = MONTHS) -> Curves:
    """Costs of the servers that have a night in `when` (by server name); all that stays costs the same either way and is left out."""
    moving = [
        (each, max(0.0, (when[each.server] - today).days / DAYS_PER_MONTH)) for each in assessments if each.server in when and each.cost
    ]
    stay, move = [0.0], [0.0]
    for month in range(1, months + 1):
        staying = going = 0.0
        for each, at in moving:
            cost = each.cost
            if cost is None:
                continue
            before = min(1.0, max(0.0, at - (month - 1)))
            staying += cost.now_usd_month
            going += before * cost.now_usd_month + (1 - before) * cost.then_usd_month
            if month - 1 <= at < month:
                going += cost.once_usd + cost.double_usd
        stay.append(stay[-1] + staying)
        move.append(move[-1] + going)
    unpaid = max((month for month in range(months + 1) if move[month] >= stay[month]), default=0)
    return Curves(tuple(stay), tuple(move), unpaid + 1 if unpaid < months else None)


def fleet_frontier(assessments: Sequence[Assessment]) -> tuple[FleetPoint, ...]:
    """Cheapest first; of the servers whose sizes have a risk. Each point is the best of all at its price."""
    fleets = [tuple(o for o in each.sizing.frontier if o.risk is not None) for each in assessments if each.sizing is not None]
    known = [options for options in fleets if options]
    found: dict[tuple[float, float], FleetPoint] = {}
    for price in _PRICES if known else ():
        taken = [min(options, key=lambda o: (o.usd_month + price * (o.risk or 0.0), o.usd_month)) for options in known]
        point = _of(taken)
        found[round(point.usd_month, 2), round(point.risk, 8)] = point
    return tuple(sorted(found.values(), key=lambda p: (p.usd_month, p.risk)))


def fleet_chosen(assessments: Sequence[Assessment]) -> FleetPoint | None:
    """Where the chosen sizes lie; None when no size has a risk."""
    taken = [each.sizing.chosen for each in assessments if each.sizing is not None and each.sizing.chosen.risk is not None]
    return _of(taken) if taken else None


def _of(taken: Sequence[SizeOption]) -> FleetPoint:
    return FleetPoint(sum(o.usd_month for o in taken), sum(o.risk or 0.0 for o in taken) / len(taken))
