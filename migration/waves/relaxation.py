"""The linear relaxation of the whole problem, sharpened where it cheats on the order, and the bound that its prices prove."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from migration.waves.arrays import Arrays, Bools, Floats, Ints
from migration.waves.highs import Limits, relax
from migration.waves.prices import Prices, bound, charged, prices
from migration.waves.pricing import Priced, opened, priced, short
from migration.waves.rows import NO_CUTS, Cuts, Rows, build

APART = 6
"""Nights between two cuts of one pair in one round: neighbours say much the same."""

CHEAT = 0.02
PER_ROUND = 4

MANY = 300_000
"""Choices from which on only those are looked at that prices leave open."""

PART = 0.3
"""The share of the time that each of the two steps may take there: a schedule has to be found too."""


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
    part = replace(limits, seconds=PART * limits.seconds)
    chosen = opened(data, allowed, part) if allowed.sum() > MANY else None
    for number in range(rounds + 1):
        found = _at_once(data, allowed, cuts, limits) if chosen is None else priced(data, allowed, chosen, cuts, part)
        share = found.share(data)
        none = found.answer.infeasible or (found.lacks and short(data, allowed, found.open_choices, part))
        yield Relaxed(worth=found.worth, bound=found.bound, share=share, cuts=cuts, infeasible=none)
        if found.answer.status != "Optimal" or number == rounds:
            return
        chosen = None if chosen is None else found.open_choices
        more = _violated(data, share)
        if not len(more.pair):
            return
        cuts = Cuts(pair=np.concatenate([cuts.pair, more.pair]), night=np.concatenate([cuts.night, more.night]))


def _at_once(data: Arrays, allowed: Bools, cuts: Cuts, limits: Limits) -> Priced:
    rows = whole(data, allowed, cuts)
    answer = relax(rows, limits)
    worth = prices(data, rows, answer)
    return Priced(rows, answer, worth, bound(data, worth, allowed, charged(data, worth)), allowed)


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
