"""Finds a schedule and proves how good it is: relaxation, blocks, windows, and one exact program where what is left is small enough.

The order of work is the same for every size. The relaxation gives prices and a bound; blocks of nights give a first schedule; windows
make it better; every choice that the prices rule out is dropped for good; and what is left is solved as a whole if it is small. Large
problems stay with windows until the gap or the time is reached. With one seed the same steps follow each other; only the clock decides
how many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from time import monotonic

import numpy as np

from migration.waves import greedy
from migration.waves.arrays import NOWHERE, Arrays, Bools, Floats, Ints, arrays
from migration.waves.highs import Limits, choose
from migration.waves.model import Problem, Solution
from migration.waves.placeable import left_out_costs, movable, placeable
from migration.waves.polish import Polisher
from migration.waves.prices import charged, no_prices
from migration.waves.relaxation import MANY, Relaxed, relaxations, whole
from migration.waves.rows import build
from migration.waves.two_level import place_by_blocks

Watch = Callable[[float, float, float], None]
"""Told of progress: seconds, objective, bound."""

WHOLE = 9_000
"""Choices that one exact program may have."""

SMALL = 3_000
"""Choices that need no rounds of polish before."""

PATIENCE = 40
"""Rounds without gain after which a schedule that cannot be whole is left as it is."""

WINDOW_SECONDS = 12.0
WINDOW_NODES = 20
"""Of one window: its first nodes find nearly all there is, and a next window is worth more than proving this one."""

POLISHING = 0.7
"""The share of the time that is kept for making the schedule better, whatever sharper prices would be worth."""

ROUGH = 1e-2
FINE = 2e-3
"""How near to its best a block of nights is solved. Of many small groups none is worth a window; finer blocks are worth their time."""

WARM_UP = 6
"""Rounds of polish before the exact program: enough to rule out most choices."""


@dataclass(slots=True)
class _Run:
    """One call: what is known so far. Nothing is told of schedules that lack groups, unless it is known that some must be lacking."""

    data: Arrays
    allowed: Bools
    seconds: float
    gap: float
    watch: Watch | None
    stop: Event | None
    seed: int
    threads: int
    began: float = field(default_factory=monotonic)
    at: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    bound: float = -np.inf
    history: list[tuple[float, float, float]] = field(default_factory=list)
    how: list[str] = field(default_factory=list)
    partial: bool = False

    @property
    def left(self) -> float:
        """Seconds that remain."""
        return self.seconds - (monotonic() - self.began)

    @property
    def stopped(self) -> bool:
        """Somebody said stop."""
        return self.stop is not None and self.stop.is_set()

    @property
    def complete(self) -> bool:
        """Every group has a night that can have one at all."""
        return bool((self.at[self.members] != NOWHERE).all())

    @property
    def members(self) -> Ints:
        """The groups that can have a night at all."""
        return np.flatnonzero(self.allowed.any(axis=1))

    @property
    def objective(self) -> float:
        """Cost of the best schedule so far."""
        return self.data.total(self.at)

    @property
    def done(self) -> bool:
        """Good enough, too late, or stopped."""
        close = self.complete and self.objective - self.bound <= self.gap * abs(self.objective) + 1e-9
        return close or self.left <= 0 or self.stopped

    def limits(self, seconds: float, *, gap: float = 1e-4, nodes: int | None = None, threads: int | None = None) -> Limits:
        """Limits of one step within those of the whole."""
        return Limits(min(seconds, max(0.1, self.left)), gap, nodes, threads or self.threads, self.seed, self.stop)

    def offer(self, at: Ints) -> None:
        """Take a schedule that keeps everything if it places more servers, or as many at less cost."""
        if _worth(self.data, at) < _worth(self.data, self.at):
            self.at = at
            self._note()

    def prove(self, bound: float) -> None:
        """A bound that holds."""
        if bound > self.bound:
            self.bound = bound
            self._note()

    def _note(self) -> None:
        if not (self.complete or self.partial):
            return
        entry = (round(monotonic() - self.began, 3), self.objective, self.bound)
        self.history.append(entry)
        if self.watch is not None:
            self.watch(*entry)


def solve(
    problem: Problem,
    *,
    seconds: float = 120.0,
    gap: float = 0.001,
    start: Mapping[str, int] | None = None,
    watch: Watch | None = None,
    stop: Event | None = None,
    seed: int = 0,
    threads: int = 2,
) -> Solution:
    """The best schedule found in the time, with its bound. Groups that no night is left for are absent; `conflict.explain` says why.

    Args:
        problem: what is to be planned.
        seconds: when to give the best so far at the latest.
        gap: when to stop earlier: (objective - bound) / objective.
        start: an earlier schedule; may be partial, and what no longer holds in it is repaired.
        watch: told of every improvement.
        stop: set from elsewhere, ends the search with the best so far.
        seed: the same steps for the same seed.
        threads: processors to use.
    """
    data = arrays(problem)
    run = _Run(data, placeable(data), seconds, gap, watch, stop, seed, threads)
    run.at = np.full(data.groups, NOWHERE, dtype=np.int64)
    run.bound = float(np.where(run.allowed, data.cost, np.inf).min(axis=1, initial=np.inf)[run.members].sum())
    if len(run.members):
        _first(run, start)
        relaxed = _bounds_and_blocks(run)
        _improve(run, relaxed)
    return _solution(run)


def _first(run: _Run, start: Mapping[str, int] | None) -> None:
    """Something to fall back on at once."""
    given = run.data.vector(start or {})
    run.offer(greedy.place(run.data, run.allowed, given))
    run.how.append("greedy")


def _bounds_and_blocks(run: _Run) -> Relaxed | None:
    """The first level's prices, and a schedule from them by blocks; again with sharper prices if groups were left over."""
    out = left_out_costs(run.data)
    last: Relaxed | None = None
    for number, relaxed in enumerate(relaxations(run.data, run.allowed, run.limits(run.seconds))):
        if relaxed.infeasible:
            return last
        last = relaxed
        run.prove(relaxed.bound)
        if number == 0 and not run.done:
            for gap in (ROUGH, FINE) if run.allowed.sum() > MANY else (ROUGH,):
                _blocks(run, relaxed, out, gap)
        if run.done or run.left < POLISHING * run.seconds:
            break
    if last is not None and not run.complete and not run.done:
        _blocks(run, last, out, ROUGH)
    return last


def _blocks(run: _Run, relaxed: Relaxed, out: Floats, gap: float) -> None:
    found = place_by_blocks(run.data, run.allowed, relaxed, out, run.limits(4.0, gap=gap))
    if (found == NOWHERE).any():
        found = greedy.place(run.data, run.allowed, found, price=charged(run.data, relaxed.worth))
    run.offer(found)
    run.how.append("two levels")


def _improve(run: _Run, relaxed: Relaxed | None) -> None:
    """Windows, and one exact program when what the prices leave open is small."""
    if relaxed is None:
        _elastic(run)
        return
    polisher = Polisher(run.data, run.allowed, relaxed.worth, run.at, seed=run.seed, threads=run.threads)
    rounds = 0
    while not run.done:
        if run.allowed.sum() > SMALL:
            polisher.round(run.limits(WINDOW_SECONDS, nodes=WINDOW_NODES, threads=1))
            run.offer(polisher.at)
        rounds += 1
        if rounds == WARM_UP or run.allowed.sum() <= SMALL or rounds % 100 == 0:
            open_choices = polisher.narrowed(run.objective - relaxed.bound) if run.complete else run.allowed
            if open_choices.sum() <= WHOLE and not run.done:
                _exactly(run, relaxed, open_choices)
                return
    run.how.append("polish")


def _exactly(run: _Run, relaxed: Relaxed, choices: Bools) -> None:
    """One program over all that is still open. Its bound holds for every schedule better than the present one."""
    rows = whole(run.data, choices, relaxed.cuts)
    answer = choose(
        rows,
        run.limits(run.seconds, gap=run.gap * 0.9),
        start=rows.columns(run.at) if run.complete else None,
        improved=lambda _objective, _bound, values: run.offer(rows.nights(values, run.at)),
    )
    if answer.infeasible:
        _elastic(run)
        return
    if answer.values is not None and len(answer.values):
        run.offer(rows.nights(answer.values, run.at))
    if np.isfinite(answer.bound) and run.complete:
        run.prove(min(answer.bound, run.objective))
    run.how.append("exact")


def _elastic(run: _Run) -> None:
    """Not everything fits: as many servers as possible, then as cheap as possible."""
    out = left_out_costs(run.data)
    run.partial, run.allowed = True, movable(run.data)
    if run.allowed.sum() <= WHOLE:
        capacity = tuple(resource.capacity for resource in run.data.standing)
        rows = build(run.data, run.allowed, run.data.capacity, capacity, out=np.where(run.allowed.any(axis=1), out, np.inf))
        answer = choose(rows, run.limits(run.seconds, gap=1e-6))
        if answer.values is not None and len(answer.values):
            run.offer(rows.nights(answer.values, np.full(run.data.groups, NOWHERE, dtype=np.int64)))
        run.how.append("as many as fit, exact")
        return
    polisher = Polisher(run.data, run.allowed, no_prices(run.data), run.at, seed=run.seed, threads=run.threads)
    idle = 0
    while idle < PATIENCE and not run.done:
        idle = 0 if polisher.round(run.limits(WINDOW_SECONDS, nodes=WINDOW_NODES, threads=1)) else idle + 1
        run.offer(polisher.at)
    run.how.append("as many as fit, polish")


def _worth(data: Arrays, at: Ints) -> tuple[int, float]:
    """Less is better: servers without a night, then cost."""
    return int(np.maximum(data.servers, 1)[at == NOWHERE].sum()), data.total(at)


def _solution(run: _Run) -> Solution:
    """With groups left out, the bound is that of a problem without them."""
    bound = run.bound
    if not run.complete:
        subset = run.allowed & (run.at != NOWHERE)[:, None]
        bound = max((each.bound for each in relaxations(run.data, subset, run.limits(max(1.0, run.left)), rounds=0)), default=-np.inf)
    return Solution(
        at=run.data.schedule(run.at),
        objective=run.objective,
        bound=min(bound, run.objective),
        seconds=monotonic() - run.began,
        method=", ".join(dict.fromkeys(run.how)),
        history=tuple(run.history),
        stopped=run.stopped,
    )
