"""Simulated annealing over shifts, swaps and chains. It goes from one assignment that holds to the next, so any moment's best can be used.

A process is not offered one random place but all of them: where it goes is drawn with the odds that the temperature gives each place
(heat bath), which numpy computes for all machines, or for many partners of a swap, in one go.

    shift: a process to another machine
    swap:  two processes change places
    chain: a process takes a place that is full, and as many of those that were there as it takes go on to other machines
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from migration.rebalance.check import simple_bound, violations
from migration.rebalance.model import Assignment, Problem
from migration.rebalance.state import Floats, State

_PARTNERS = 256
"""Partners that a swap looks at."""
_LONGEST = 40
"""Processes that a chain sends on at most."""
_NOISE = 1 << 16
_SHIFTS, _SWAPS = 0.57, 0.38
"""Shares of steps; the rest are chains."""
_ANY = 0.2
"""Share of steps that take any process, whatever its machine costs."""
_HOT, _MILDEST = 0.3, 10.0
"""First temperature: a share of what there is to win per process, and no less than some units."""
_COOLED, _ANNEALING = 1e-3, 0.85
"""The temperature falls to this share of the first in this share of the run."""
_COLD = 0.3
"""The rest of the run: costs are whole numbers, so nothing that costs more is taken any longer."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best assignment met. `history`: seconds and cost of each quarter of the run."""

    at: Assignment
    cost: int
    steps: int
    seconds: float
    history: tuple[tuple[float, int], ...] = field(default=())


def search(problem: Problem, *, seconds: float = 300.0, steps: int | None = None, seed: int = 1) -> Found:
    """The best assignment found until the time or the steps are over. Seed and steps decide it, where time does not end it."""
    broken = violations(problem, problem.start)
    if broken:
        raise ValueError(f"the start breaks a rule, and the search only leads from what holds to what holds: {broken[0]}")
    return _Annealing(problem, seed).run(seconds, steps)


class _Annealing:
    def __init__(self, problem: Problem, seed: int) -> None:
        self.state = State(problem, problem.start)
        self.random = random.Random(seed)  # noqa: S311 - not cryptography
        self.numbers = np.random.default_rng(seed)
        self.noise = self.numbers.gumbel(size=_NOISE)
        self.processes, self.machines = len(problem.processes), len(problem.machines)
        self.partners = min(_PARTNERS, self.processes)
        self.best, self.best_at = self.state.cost, self.state.at.copy()
        self.heat = max(_MILDEST, _HOT * (self.best - simple_bound(problem)) / self.processes)

    def run(self, seconds: float, steps: int | None) -> Found:
        began = time.monotonic()
        done, gone, hot = 0, 0.0, self.heat
        history: list[tuple[float, int]] = []
        while gone < 1.0:
            self.heat = max(_COLD, hot * _COOLED ** (gone / _ANNEALING)) if gone < _ANNEALING else _COLD
            for _ in range(50):
                self._step()
            done += 50
            spent = time.monotonic() - began
            gone = max(spent / seconds, done / steps if steps else 0.0)
            if gone * 4 >= len(history) + 1:
                history.append((round(spent, 2), round(self.best)))
        at = tuple(int(each) for each in self.best_at)
        return Found(at, round(self.best), done, round(time.monotonic() - began, 2), tuple(history))

    def _step(self) -> None:
        process, kind = self._pick(), self.random.random()
        if kind < _SHIFTS:
            self._shift(process)
        elif kind < _SHIFTS + _SWAPS:
            self._swap(process)
        else:
            self._chain(process)
        if self.state.cost < self.best:
            self.best, self.best_at = self.state.cost, self.state.at.copy()

    def _pick(self) -> int:
        """Any process, or one of a machine that costs much: late in the search most others are where they should be."""
        if self.random.random() < _ANY:
            return self.random.randrange(self.processes)
        upto = self.state.machine_cost.cumsum()
        machine = min(int(upto.searchsorted(self.random.random() * upto[-1], side="right")), self.machines - 1)
        there = np.flatnonzero(self.state.at == machine)
        return int(there[self.random.randrange(len(there))]) if len(there) else self.random.randrange(self.processes)

    def _draw(self, change: Floats) -> int:
        """One of these, with odds exp(-change / heat): the smallest after each got noise of its own."""
        first = self.random.randrange(_NOISE - len(change))
        return int((change - self.heat * self.noise[first : first + len(change)]).argmin())

    def _shift(self, process: int) -> None:
        self.state.put(process, self._draw(self.state.shifts(process)))

    def _swap(self, process: int) -> None:
        state = self.state
        others, change = state.swaps(process, self.numbers.integers(self.processes, size=self.partners))
        if not len(others):
            return
        chosen = self._draw(np.append(change, 0.0))  # the last choice is to stay
        if chosen == len(others):
            return
        other = int(others[chosen])
        before, one, two = state.cost, int(state.at[process]), int(state.at[other])
        state.put(process, two)
        state.put(other, one)
        # The draw did not know the cost of the service moved most: this makes up for it.
        beyond = state.cost - before - float(change[chosen])
        services = (int(state.tables.service[process]), int(state.tables.service[other]))
        if not state.sound(services) or (beyond > 0 and self.random.random() >= math.exp(-beyond / self.heat)):
            self._back(((process, one), (other, two)))

    def _chain(self, process: int) -> None:
        """Clear as much of a machine as it takes, so that a big process finds room that no shift and no swap can make."""
        state, old = self.state, int(self.state.at[process])
        target = self._target(process)
        if target is None:
            return
        allowance = state.cost - self.heat * math.log(1.0 - self.random.random())
        moves = [(process, old)]
        state.put(process, target)
        there = np.flatnonzero(state.at == target).tolist()
        self.random.shuffle(there)
        for other in [each for each in there if each != process][:_LONGEST]:
            if self._holds(target, allowance):
                break
            change = state.shifts(other)
            change[target] = np.inf
            chosen = self._draw(change)
            if math.isfinite(change[chosen]):
                moves.append((other, target))
                state.put(other, chosen)
        services = {int(state.tables.service[each]) for each, _ in moves}
        if not self._holds(target, allowance) or not state.sound(sorted(services)):
            self._back(moves[::-1])

    def _target(self, process: int) -> int | None:
        """A machine that the process would fit, were it empty, and where it would cost less than its machine costs now."""
        state, tables = self.state, self.state.tables
        alone = np.maximum(tables.need[process] - tables.threshold, 0.0) @ tables.weight
        fits = (tables.need[process] <= tables.capacity).all(axis=1) & state.allowed(process)
        better = np.flatnonzero(fits & (alone <= state.machine_cost[state.at[process]]))
        return int(better[self.random.randrange(len(better))]) if len(better) else None

    def _holds(self, machine: int, allowance: float) -> bool:
        return self.state.cost <= allowance and bool((self.state.slack[machine] >= 0).all())

    def _back(self, moves: Sequence[tuple[int, int]]) -> None:
        for process, machine in moves:
            self.state.put(process, machine)
