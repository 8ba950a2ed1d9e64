"""The linear relaxation of the whole problem, sharpened where it cheats on the order, and the bound that its prices prove."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from migration.waves.arrays import Arrays, Bools, Floats, Ints
from migration.waves.highs import Limits, relax
from migration.waves.prices import Prices, bound, charged, prices
from migration.waves.rows import NO_CUTS, Cuts, Rows, build

APART = 6
"""Nights between two cuts of one pair in one round: neighbours say much the same."""

CHEAT = 0.02
PER_ROUND = 4


@dataclass(frozen=True, slots=True)
class Relaxed:
    """One solved relaxation.

    Attributes:
        worth: prices.
        bound: what they prove.
        share: groups x nights, how much of a group the relaxation moves there.
        cuts: the sharper rows it had.
        infeasible: proven: there is no schedule, not even with groups in parts.
    """

    worth: Prices
    bound: float
    share: Floats
    cuts: Cuts
    infeasible: bool = False


def whole(data: Arrays, allowed: Bools, cuts: Cuts = NO_CUTS) -> Rows:
    """The rows of all of it."""
    return build(data, allowed, data.capacity, tuple(resource.capacity for resource in data.standing), cuts=cuts)


def relaxations(data: Arrays, allowed: Bools, limits: Limits, *, rounds: int = 3) -> Iterator[Relaxed]:
    """Relaxations, each with more cuts than the one before, while there is anything to cut. Ends early where the solver was stopped."""
    cuts = NO_CUTS
    for number in range(rounds + 1):
        rows = whole(data, allowed, cuts)
        answer = relax(rows, limits)
        share = np.zeros_like(data.cost)
        if answer.values is not None and len(answer.values):
            share[rows.group, rows.night] = np.clip(answer.values[: rows.choices], 0.0, 1.0)
        worth = prices(data, rows, answer)
        proven = bound(data, worth, allowed, charged(data, worth))
        yield Relaxed(worth=worth, bound=proven, share=share, cuts=cuts, infeasible=answer.infeasible)
        if answer.status != "Optimal" or number == rounds:
            return
        more = _violated(data, share)
        if not len(more.pair):
            return
        cuts = Cuts(pair=np.concatenate([cuts.pair, more.pair]), night=np.concatenate([cuts.night, more.night]))


def _violated(data: Arrays, share: Floats) -> Cuts:
    """Where a follower is ahead of its forerunner: per pair the worst nights, some apart."""
    moved = np.concatenate([np.zeros((data.groups, 1)), np.cumsum(share, axis=1)], axis=1)
    pairs: list[int] = []
    nights: list[int] = []
    for pair, (first, then, gap) in enumerate(zip(data.first.tolist(), data.then.tolist(), data.gap.tolist(), strict=True)):
        until = np.maximum(np.arange(data.nights) - gap + 1, 0)
        ahead = moved[then, 1:] - moved[first, until]
        for night in _worst(ahead):
            pairs.append(pair)
            nights.append(night)
    return Cuts(pair=np.array(pairs, dtype=np.int64), night=np.array(nights, dtype=np.int64))


def _worst(ahead: Floats) -> list[int]:
    if ahead.max(initial=0.0) < CHEAT:
        return []
    taken: list[int] = []
    order: Ints = np.argsort(-ahead, kind="stable")
    for night in order.tolist():
        if ahead[night] < CHEAT or len(taken) == PER_ROUND:
            break
        if all(abs(night - other) > APART for other in taken):
            taken.append(night)
    return taken
