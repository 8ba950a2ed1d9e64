"""What each limit is worth: prices of resources by night and of the order, and the bound they prove.

For any prices that are not negative, every group in its cheapest night, paying for what it takes, less the worth of all limits, costs no
more than the best schedule: the bound holds whatever a solver made of its duals. The closer the prices, the closer the bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from migration.waves.arrays import Arrays, Bools, Floats, Standing
from migration.waves.highs import Answer
from migration.waves.rows import Rows


@dataclass(frozen=True, slots=True)
class Prices:
    """Worth of one more unit.

    Attributes:
        nightly: nightly resources x nights.
        standing: standing resources x nights.
        order: by pair, of one night less between the two.
        cuts: pairs x nights.
    """

    nightly: Floats
    standing: Floats
    order: Floats
    cuts: Floats


def prices(data: Arrays, rows: Rows, answer: Answer) -> Prices:
    """The prices in a relaxation's duals. What has a wrong sign by rounding counts as none."""
    nightly = np.zeros((len(data.nightly), data.nights))
    standing = np.zeros((len(data.standing), data.nights))
    order = np.zeros(len(data.first))
    cuts = np.zeros((len(data.first), data.nights))
    if len(answer.row_dual):
        number = {name: place for place, name in enumerate(data.nightly)}
        for block in rows.blocks:
            dual = answer.row_dual[block.row : block.row + max(len(block.night), len(block.pair))]
            if block.kind == "nightly":
                nightly[number[block.name], block.night] = np.maximum(0.0, -dual)
            elif block.kind == "order":
                order[block.pair] = np.maximum(0.0, dual)
            else:
                cuts[block.pair, block.night] = np.maximum(0.0, -dual)
        for place, block in enumerate(rows.totals):
            standing[place, block.night] = np.maximum(0.0, -answer.column_dual[block.row : block.row + len(block.night)])
    return Prices(nightly=nightly, standing=standing, order=order, cuts=cuts)


def no_prices(data: Arrays) -> Prices:
    """Nothing is worth anything: the bound is then every group in its own cheapest night."""
    pairs, nights = len(data.first), data.nights
    return Prices(
        nightly=np.zeros((len(data.nightly), nights)),
        standing=np.zeros((len(data.standing), nights)),
        order=np.zeros(pairs),
        cuts=np.zeros((pairs, nights)),
    )


def charged(data: Arrays, worth: Prices, *, nightly: bool = True, standing_from: int = 0) -> Floats:
    """Groups x nights: the cost and the worth of what the group takes there, the order included."""
    cost = data.cost.copy()
    if nightly and len(data.nightly):
        cost += data.amount.T @ worth.nightly
    for resource, price in zip(data.standing, worth.standing, strict=True):
        cost += of_standing(resource, np.where(np.arange(data.nights) >= standing_from, price, 0.0), cost.shape[0])
    night = np.arange(data.nights)
    weight = np.zeros(data.groups)
    np.add.at(weight, data.first, worth.order)
    np.add.at(weight, data.then, -worth.order)
    cost += weight[:, None] * night
    priced = np.flatnonzero(worth.cuts.any(axis=1))
    until = np.cumsum(worth.cuts[priced, ::-1], axis=1)[:, ::-1]
    np.add.at(cost, data.then[priced], until)
    before = np.concatenate([until, np.zeros((len(priced), 1))], axis=1)
    shifted = np.minimum(night[None, :] + data.gap[priced][:, None], data.nights)
    np.subtract.at(cost, data.first[priced], np.take_along_axis(before, shifted, axis=1))
    return cost


def of_standing(resource: Standing, price: Floats, groups: int) -> Floats:
    """What groups pay for a standing resource by the night they move in: its price in all nights from then on."""
    nights = len(price)
    from_night = np.append(np.cumsum(price[::-1])[::-1], 0.0)
    cost = np.zeros((groups, nights))
    for lag in np.unique(resource.lag):
        taken = resource.lag == lag
        amount = np.bincount(resource.group[taken], weights=resource.amount[taken], minlength=groups)
        cost += amount[:, None] * from_night[np.clip(np.arange(nights) + lag, 0, nights)]
    return cost


def bound(data: Arrays, worth: Prices, allowed: Bools, cost: Floats) -> float:
    """No schedule within `allowed` costs less. `cost` is what `charged` gives for these prices."""
    members = allowed.any(axis=1)
    cheapest = np.where(allowed, cost, np.inf).min(axis=1)[members].sum()
    limits = (worth.nightly * data.capacity).sum() + sum(
        (price * resource.capacity).sum() for price, resource in zip(worth.standing, data.standing, strict=True)
    )
    return float(cheapest - limits + (worth.order * data.gap).sum())
