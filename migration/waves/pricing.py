"""The relaxation of a problem with many small groups: most of its choices are never looked at, because prices rule them out.

Groups alike move together at first, in parts: that is a small program, and its prices are close. Then every group has the few nights that
are cheapest at these prices, and gets more where the prices of the next solution say so. The bound counts every choice at the prices
found, so it holds whenever this ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import monotonic

import numpy as np

from migration.waves.arrays import NOWHERE, Arrays, Bools, Floats, Ints, Standing
from migration.waves.highs import Answer, Limits, relax
from migration.waves.prices import Prices, bound, charged, prices
from migration.waves.rows import NO_CUTS, Cuts, Rows, build

KINDS = 600
"""Kinds of groups in the first program, about."""

FIRST = 8
MORE = 4
"""Nights of a group at first, and how many more at once."""

ROUNDS = 8

CLOSE = 5e-4
"""When the bound is this close to the relaxation of the choices looked at, no more are wanted."""

SHARE = 1e-3


@dataclass(frozen=True, slots=True)
class Priced:
    """The relaxation of all, found on some choices: `open_choices` are these."""

    rows: Rows
    answer: Answer
    worth: Prices
    bound: float
    open_choices: Bools

    def share(self, data: Arrays) -> Floats:
        """Groups x nights: how much of a group moves there."""
        share = np.zeros_like(data.cost)
        if self.answer.values is not None and len(self.answer.values):
            real = self.rows.night != NOWHERE
            taken = np.clip(self.answer.values[: self.rows.choices], 0.0, 1.0)[real]
            share[self.rows.group[real], self.rows.night[real]] = taken
        return share

    @property
    def lacks(self) -> bool:
        """Some groups are left out, at least in parts."""
        if self.answer.values is None or not len(self.answer.values):
            return False
        return bool((self.answer.values[: self.rows.choices][self.rows.night == NOWHERE]).sum() > SHARE)


def opened(data: Arrays, allowed: Bools, limits: Limits) -> Bools:
    """The choices to begin with, by the prices of the small program."""
    kind = kinds(data, allowed)
    small, nights = _by_kind(data, allowed, kind)
    rows = build(small, nights, small.capacity, tuple(each.capacity for each in small.standing))
    answer = relax(rows, limits)
    worth = prices(small, rows, answer)
    whole = Prices(
        nightly=worth.nightly, standing=worth.standing, order=np.zeros(len(data.first)), cuts=np.zeros((len(data.first), data.nights))
    )
    chosen = _cheapest(allowed, charged(data, whole), FIRST)
    if answer.values is not None and len(answer.values):
        share = np.zeros_like(small.cost)
        share[rows.group, rows.night] = answer.values[: rows.choices]
        chosen |= allowed & (share > SHARE)[np.maximum(kind, 0)]
    return chosen


def priced(data: Arrays, allowed: Bools, chosen: Bools, cuts: Cuts, limits: Limits) -> Priced:
    """The relaxation of all of `allowed`, beginning with the choices in `chosen`."""
    began = monotonic()
    top = np.abs(data.cost).max(axis=1, initial=0.0)
    out = np.where(allowed.any(axis=1), 2.0 * top + np.abs(data.cost).max(initial=1.0), np.inf)
    best, dear = _solved(data, allowed, chosen, cuts, out, limits)
    latest = best
    for _ in range(ROUNDS):
        left = limits.seconds - (monotonic() - began)
        proven = latest.answer.objective - latest.bound <= CLOSE * abs(latest.answer.objective)
        if latest.answer.status != "Optimal" or proven or left <= 0:
            break
        paid = np.where(chosen, dear, np.inf).min(axis=1)
        chosen = chosen | (_cheapest(allowed, dear, MORE) & (dear < paid[:, None] - 1e-9))
        latest, dear = _solved(data, allowed, chosen, cuts, out, replace(limits, seconds=left))
        best = latest if latest.bound > best.bound else best
    return best


def _solved(data: Arrays, allowed: Bools, chosen: Bools, cuts: Cuts, out: Floats, limits: Limits) -> tuple[Priced, Floats]:
    """One program, and what every choice costs at its prices. Leaving groups out is allowed, dearly, so that there is always an answer."""
    rows = build(data, chosen, data.capacity, tuple(each.capacity for each in data.standing), out=out, cuts=cuts)
    answer = relax(rows, limits)
    worth = prices(data, rows, answer)
    dear = charged(data, worth)
    return Priced(rows, answer, worth, bound(data, worth, allowed, dear), chosen), dear


def short(data: Arrays, allowed: Bools, chosen: Bools, limits: Limits) -> bool:
    """Proven: there is no schedule of all groups. Where nights cost nothing, prices would otherwise prove no bound above nothing."""
    free = replace(data, cost=np.zeros_like(data.cost))
    return priced(free, allowed, chosen, NO_CUTS, limits).bound > SHARE


def kinds(data: Arrays, allowed: Bools) -> Ints:
    """The kind of each group, NOWHERE for those that have no night: same nights, same lateness, and next to each other in cost by use."""
    members = np.flatnonzero(allowed.any(axis=1))
    kind = np.full(data.groups, NOWHERE, dtype=np.int64)
    size = np.zeros(data.groups)
    for number in range(len(data.nightly)):
        size += data.amount[number] / max(1e-9, float(data.amount[number].sum()))
    for resource in data.standing:
        size += np.bincount(resource.group, weights=np.abs(resource.amount), minlength=data.groups) / max(
            1e-9, float(np.abs(resource.amount).sum())
        )
    packed = np.packbits(allowed[members], axis=1)
    _, nights = np.unique(packed, axis=0, return_inverse=True)
    padded = np.pad(data.cost[members], ((0, 0), (0, 2)), mode="edge")[:, : data.nights + 1]
    bends = np.argmax(np.abs(np.diff(padded, n=2, axis=1))[:, : max(1, data.nights - 2)], axis=1)
    slope = (data.cost[members].max(axis=1) - data.cost[members].min(axis=1)) / np.maximum(size[members], 1e-12)
    order = np.lexsort((slope, bends, nights.ravel()))
    each = max(1, len(members) // KINDS)
    same = np.flatnonzero(np.append(True, (np.diff(nights.ravel()[order]) != 0) | (np.diff(bends[order]) != 0)))
    place = np.arange(len(order)) - np.repeat(same, np.diff(np.append(same, len(order))))
    kind[members[order]] = np.cumsum(place % each == 0) - 1
    return kind


def _by_kind(data: Arrays, allowed: Bools, kind: Ints) -> tuple[Arrays, Bools]:
    """The problem of the kinds: each takes and costs what its groups do together. The order is not in it."""
    members = np.flatnonzero(kind != NOWHERE)
    count = int(kind.max(initial=NOWHERE)) + 1
    cost = np.zeros((count, data.nights))
    np.add.at(cost, kind[members], data.cost[members])
    amount = np.array([np.bincount(kind[members], weights=each[members], minlength=count) for each in data.amount])
    nights = np.zeros((count, data.nights), dtype=np.bool_)
    nights[kind[members]] = allowed[members]
    none = np.zeros(0, dtype=np.int64)
    small = replace(
        data,
        cost=cost,
        allowed=nights,
        amount=amount.reshape(len(data.nightly), count),
        servers=np.bincount(kind[members], weights=data.servers[members], minlength=count).astype(np.int64),
        standing=tuple(_together(resource, kind) for resource in data.standing),
        first=none,
        then=none,
        gap=none,
    )
    return small, nights


def _together(resource: Standing, kind: Ints) -> Standing:
    counted = kind[resource.group] != NOWHERE
    keys = np.stack([kind[resource.group], resource.lag])[:, counted]
    each, place = np.unique(keys, axis=1, return_inverse=True)
    amount = np.bincount(place.ravel(), weights=resource.amount[counted], minlength=each.shape[1]).astype(np.float64)
    return replace(resource, group=each[0], amount=amount, lag=each[1])


def _cheapest(allowed: Bools, dear: Floats, count: int) -> Bools:
    """So many nights of each group, by what they cost with all that is paid for."""
    count = min(count, allowed.shape[1])
    cost = np.where(allowed, dear, np.inf)
    taken = np.zeros_like(allowed)
    np.put_along_axis(taken, np.argpartition(cost, count - 1, axis=1)[:, :count], True, axis=1)
    return taken & allowed
