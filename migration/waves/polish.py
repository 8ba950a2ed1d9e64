"""Makes a schedule better, window by window: the groups of some nights and those that would rather be there are placed anew, exactly.

Where to look is no guess: at the relaxation's prices the gap between schedule and bound is a sum over groups (how much dearer
their night is than their cheapest) and over limits (what is left of a limit that has a price). Windows are drawn where that sum is.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from migration.waves.arrays import NOWHERE, Arrays, Bools, Floats, Ints
from migration.waves.highs import Limits
from migration.waves.load import kept, used_nightly
from migration.waves.placeable import left_out_costs
from migration.waves.prices import Prices, charged
from migration.waves.window import Window, solve_window


@dataclass(frozen=True, slots=True)
class Reach:
    """How many groups a window opens at most, and how many nights to either side of its middle."""

    crowd: int
    widths: tuple[int, ...]


NEAR = Reach(crowd=70, widths=(2, 4, 7))
FAR = Reach(crowd=200, widths=(5, 10, 15))

HUGE = 1e18

EARLY = 6
"""Rounds of near windows: a rough schedule gets better fastest in small ones, a good one only in large ones."""


class Polisher:
    """One schedule on its way. `round` improves it; the same seed and the same number of rounds give the same schedule."""

    def __init__(self, data: Arrays, allowed: Bools, worth: Prices, at: Ints, *, seed: int, threads: int) -> None:
        self.data, self.allowed, self.worth, self.at, self.threads = data, allowed, worth, at, threads
        self.out = left_out_costs(data)
        self._chance = np.random.default_rng(seed)
        dear = charged(data, worth)
        cheapest = np.minimum(np.where(allowed, dear, np.inf).min(axis=1), HUGE)
        self._loss: Floats = np.where(allowed, dear - cheapest[:, None], np.inf)
        self._tired = np.ones(data.nights)
        self._reach = NEAR
        self._rounds = 0

    @property
    def objective(self) -> float:
        """The cost, and what leaving groups out counts as."""
        return self.data.total(self.at) + float(self.out[self.at == NOWHERE].sum())

    def round(self, limits: Limits) -> bool:
        """Some windows at once, one per thread; each is taken if it still holds beside the others. True if anything got better."""
        self._reach = NEAR if self._rounds < EARLY else FAR
        self._rounds += 1
        windows = [self._draw() for _ in range(self.threads)]
        with ThreadPoolExecutor(max_workers=self.threads) as pool:
            found = list(pool.map(lambda drawn: solve_window(self.data, self.at, drawn[1], limits), windows))
        before, start = self.objective, self.at
        for (center, window), at in zip(windows, found, strict=True):
            better = at is not None and self._take(start, at, window.free)
            self._tired[center] = 1.0 if better else self._tired[center] * 0.5
        return self.objective < before

    def narrowed(self, room: float) -> Bools:
        """The choices that a schedule cheaper by up to `room` could make: at the prices, all others cost more than there is to win."""
        open_choices = self.allowed & (self._loss <= room + 1e-6)
        placed = np.flatnonzero(self.at != NOWHERE)
        open_choices[placed, self.at[placed]] = True
        return open_choices

    def _take(self, start: Ints, found: Ints, free: Ints) -> bool:
        """What the window changed, on top of what others changed meanwhile."""
        changed = free[found[free] != start[free]]
        if not len(changed):
            return False
        merged = self.at.copy()
        merged[changed] = found[changed]
        trial = self.data.total(merged) + float(self.out[merged == NOWHERE].sum())
        if trial >= self.objective - 1e-9 or not kept(self.data, merged):
            return False
        self.at = merged
        return True

    def _draw(self) -> tuple[int, Window]:
        nights = np.arange(self.data.nights)
        center = int(self._chance.choice(self.data.nights, p=self._where()))
        width = int(self._chance.choice(self._reach.widths))
        inside = np.abs(nights - center) <= width
        if self._chance.random() < 0.4:
            inside |= np.abs(nights - int(self._chance.choice(self.data.nights, p=self._where()))) <= width // 2
        return center, self._open(inside)

    def _where(self) -> Floats:
        """The chance of each night: its share of the gap, less where windows found nothing."""
        placed = np.flatnonzero(self.at != NOWHERE)
        loss = np.bincount(self.at[placed], weights=self._loss[placed, self.at[placed]], minlength=self.data.nights)
        loss += (self.worth.nightly * (self.data.capacity - used_nightly(self.data, self.at))).sum(axis=0)
        for group in np.flatnonzero(self.at == NOWHERE):
            loss += np.where(self.allowed[group], self.out[group] / max(1, self.allowed[group].sum()), 0.0)
        smooth = np.convolve(np.maximum(loss, 0.0), np.ones(5))[2 : self.data.nights + 2] * self._tired + 1e-9
        chances: Floats = smooth / smooth.sum()
        return chances

    def _open(self, inside: Bools) -> Window:
        """Groups that are inside, have no night, or lose by not being inside; each may also stay."""
        placed = self.at != NOWHERE
        now = np.where(placed, self._loss[np.arange(len(self.at)), self.at], self.out)
        there = np.where(inside, self._loss, np.inf).min(axis=1)
        resident = placed & inside[self.at]
        gain = now - there
        rank = np.where(resident, -1e12 * self._chance.random(len(gain)) - 1.0, -gain)
        eager = np.flatnonzero((resident | (gain > 0)) & self.allowed.any(axis=1))
        free = np.sort(eager[np.argsort(rank[eager], kind="stable")][: self._reach.crowd])
        allowed = self.allowed & inside
        home = free[placed[free]]
        allowed[home, self.at[home]] = True
        out = np.where(placed, np.inf, self.out)
        return Window(free=free, allowed=allowed, cost=self.data.cost, out=out)
