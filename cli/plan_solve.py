"""Solves a plan while a person watches: objective, bound and gap as they improve, and Ctrl-C keeps the best so far."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import timedelta
from math import isfinite

from cli.output import is_terminal, say
from cli.plan_inputs import Gathered
from infra.wording import counted
from migration.waves.bindings import bindings
from migration.waves.build import Built, build
from migration.waves.check import check
from migration.waves.conflict import explain
from migration.waves.document import WavePlan
from migration.waves.document_make import Making, document_of
from migration.waves.edits import with_edits
from migration.waves.model import Conflict, Solution, Violation
from migration.waves.solve import solve

MANY = 200
"""So many groups take longer than the two seconds for which a command may be silent."""

EVERY = 2.0
"""Seconds between two lines of progress."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A new plan with all that led to it."""

    built: Built
    solution: Solution
    plan: WavePlan
    conflict: Conflict | None
    violations: tuple[Violation, ...]


def make(gathered: Gathered, before: WavePlan | None, *, seconds: float, gap: float, fresh: bool = False, quiet: bool = False) -> Made:
    """A plan of these inputs, near the one before and with the edits that people made in it."""
    inputs = with_edits(gathered.inputs, before) if before else gathered.inputs
    if fresh:
        inputs = replace(inputs, stay={})
    built = build(inputs)
    start = dict(built.problem.stay) or None
    solution = _solved(built, seconds=seconds, gap=gap, start=start, quiet=quiet)
    missing = [group.name for group in built.problem.groups if group.name not in solution.at]
    conflict = explain(built.problem, seconds=min(60.0, max(5.0, seconds / 2))) if missing and not solution.stopped else None
    found = bindings(built.problem, solution.at, seconds=min(30.0, max(3.0, seconds / 4))) if solution.at and not solution.stopped else ()
    making = Making(goal=gathered.goal, now=gathered.now, before=before, inputs=gathered.fingerprints, bindings=found, conflict=conflict)
    plan = document_of(built, solution, making)
    return Made(built=built, solution=solution, plan=plan, conflict=conflict, violations=_broken(built, solution))


def _broken(built: Built, solution: Solution) -> tuple[Violation, ...]:
    """What an independent look at the schedule finds, apart from groups that have no night: those are said elsewhere."""
    return tuple(each for each in check(built.problem, solution.at) if each.kind != "missing")


def _solved(built: Built, *, seconds: float, gap: float, start: Mapping[str, int] | None, quiet: bool) -> Solution:
    """The solver in a thread of its own, so that Ctrl-C reaches it between two steps."""
    stop, told = threading.Event(), _Progress(quiet=quiet)
    if len(built.problem.groups) >= MANY and not quiet:
        say(f"plan {counted(len(built.problem.groups), 'group')} in {counted(len(built.problem.nights), 'night')}, {seconds:g} s at most")
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="solver") as pool:
        working = pool.submit(solve, built.problem, seconds=seconds, gap=gap, start=start, watch=told.tell, stop=stop)
        while True:
            try:
                wait((working,), timeout=0.1)
                if working.done():
                    break
            except KeyboardInterrupt:
                if stop.is_set():
                    raise
                stop.set()
                say("stopping: the best plan so far is taken; once more to give up", style="yellow")
    solution = working.result()
    told.last(solution)
    return solution


class _Progress:
    """One line when something improved, at most every two seconds; on a terminal it is written over."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._at = time.monotonic()  # what is solved at once needs no line
        self._line = ""
        self._over = is_terminal(sys.stderr)
        self._shown = False

    def tell(self, seconds: float, objective: float, bound: float) -> None:
        """What the solver reports."""
        gap = max(0.0, (objective - bound) / abs(objective)) if objective else 0.0
        proof = f"at least {bound:,.0f}, gap {gap:.2%}" if isfinite(bound) else "no bound yet"
        self._line = f"{timedelta(seconds=round(seconds))}  cost {objective:,.0f} USD, {proof}"
        now = time.monotonic()
        if not self._quiet and now - self._at >= EVERY:
            self._at = now
            self._show()

    def _show(self) -> None:
        if self._over:
            sys.stderr.write(f"\r\x1b[K{self._line}")
            sys.stderr.flush()
        else:
            say(self._line)
        self._shown = True

    def last(self, solution: Solution) -> None:
        """End the line that was written over; where lines follow each other, the last one says how it ended."""
        if not self._shown:
            return
        if self._over:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        else:
            self._at = -EVERY
            self.tell(solution.seconds, solution.objective, solution.bound)
