"""What machines like this one do: a machine that was quiet for two months may still do tomorrow what its like do every day.

A machine's own tail says nothing of what it never did. Over a fleet it can be seen: the share of a machine's size that machines of like
size and like use exceed, weighted by likeness. With few machines of one's own to compare, the curves of a public fleet stand in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from migration.assess.sizing_use import Numbers, Use

GRID = np.linspace(0.0, 1.0, 101)
MOST_PEERS = 1000
"""With more each question takes longer and no answer changes: a thousand machines hold every kind that a fleet has."""
ENOUGH = 30
"""Fewer machines than these say less than a public fleet does."""
WIDTH = 0.8
"""How far likeness reaches, in doublings of size and use; found on months of the traces that the test month is not one of."""
_SHARES = (0.5, 0.9, 0.99, 1.0)
_SIZE_WEIGHT = 0.7
_LEAST = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """How large a share of hours like machines exceed each hundredth of their size.

    `trust`: how much that says, 1 for machines that are alike, less for a whole fleet of all kinds.
    """

    cpus: Numbers
    memory: Numbers
    trust: float = 1.0

    def above(self, cpus: Numbers, memory: Numbers) -> tuple[Numbers, Numbers]:
        """Share of hours above these shares of the size; nothing is ever above the whole."""
        return self.trust * _at(self.cpus, cpus), self.trust * _at(self.memory, memory)


def curves(fleet: Mapping[str, Use], *, width: float = WIDTH) -> dict[str, Curve]:
    """The curve of each machine's peers, itself left out.

    Of a large fleet every n-th machine stands for its neighbours: all against all would take minutes for ten thousand.
    """
    if len(fleet) < ENOUGH:
        return {key: public_curve() for key in fleet}
    uses = list(fleet.values())
    step = -(-len(uses) // MOST_PEERS)
    traits = np.array([_traits(use) for use in uses])
    peers, standing = traits[::step], uses[::step]
    cpus = np.array([_survival(use.cpus / use.has_cpus) for use in standing])
    memory = np.array([_survival(use.memory / use.has_memory) for use in standing])
    found = {}
    for number, key in enumerate(fleet):
        far = ((peers - traits[number]) ** 2).sum(axis=1) / (2 * width * width * traits.shape[1])
        like = np.exp(-far)
        if number % step == 0:
            like[number // step] = 0.0
        total = like.sum()
        found[key] = Curve(cpus=like @ cpus / total, memory=like @ memory / total) if total > _LEAST else public_curve()
    return found


def public_curve() -> Curve:
    """The curve of the 323 machines of a hosting company (GWA-T-12 Bitbrains rnd, July and August 2013)."""
    return Curve(cpus=np.interp(GRID, _PUBLIC_AT, _PUBLIC_CPU), memory=np.interp(GRID, _PUBLIC_AT, _PUBLIC_MEMORY), trust=_PUBLIC_TRUST)


def _traits(use: Use) -> Numbers:
    """What likeness is judged by: the size, and how much of it is used at several shares of the time, each in doublings."""
    sizes = _SIZE_WEIGHT * np.log2([use.has_cpus, use.has_memory])
    used = [np.log2(np.quantile(of, _SHARES) / has + _LEAST) for of, has in ((use.cpus, use.has_cpus), (use.memory, use.has_memory))]
    return np.concatenate([sizes, *used])


def _survival(relative: Numbers) -> Numbers:
    ordered = np.sort(relative)
    return 1 - np.searchsorted(ordered, GRID + 1e-9, side="right") / len(ordered)


def _at(curve: Numbers, shares: Numbers) -> Numbers:
    return np.where(shares >= 1 - 1e-6, 0.0, np.interp(shares, GRID, curve))


_PUBLIC_TRUST = 0.25  # found like the other figures: a whole fleet needs a quarter of the weight of peers
_PUBLIC_AT = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_PUBLIC_CPU = (0.8846, 0.1778, 0.1199, 0.1012, 0.0838, 0.0602, 0.0477, 0.0398, 0.0268, 0.0237, 0.0214, 0.0193, 0.0)
_PUBLIC_MEMORY = (0.9919, 0.6668, 0.4168, 0.2986, 0.2474, 0.1908, 0.1201, 0.0429, 0.0087, 0.0027, 0.0017, 0.0008, 0.0)
