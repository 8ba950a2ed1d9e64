"""The one place that speaks to HiGHS: a model in, values and duals out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

import highspy
import numpy as np

from infra.errors import InclineError
from migration.waves.arrays import Floats
from migration.waves.rows import Rows

POLL = 0.2
"""Seconds after which a waiting main thread looks whether Ctrl-C was pressed."""

Improved = Callable[[float, float, Floats], None]
"""Objective, bound and values of a better schedule, while the solver still runs."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how well. `nodes` bounds the work without a clock, so that the same seed gives the same answer."""

    seconds: float
    gap: float = 1e-4
    nodes: int | None = None
    threads: int = 1
    seed: int = 0
    stop: Event | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came out. `values` is None without a feasible point; `infeasible` means proven so."""

    status: str
    values: Floats | None
    objective: float
    bound: float
    row_dual: Floats
    column_dual: Floats

    @property
    def infeasible(self) -> bool:
        """Proven: no point satisfies the rows."""
        return self.status in {"Infeasible", "Primal infeasible or unbounded"}


class _Quiet(highspy.Highs):  # type: ignore[misc]
    """HiGHS prints a header when its Python class enables callbacks, before anybody could switch output off."""

    def enableCallbacks(self) -> None:  # noqa: N802
        """Silence first."""
        self.silent()
        super().enableCallbacks()


def relax(rows: Rows, limits: Limits) -> Answer:
    """The linear relaxation. An interior point is enough: bounds are computed from its duals by `prices`, whatever their accuracy."""
    answer = _run(rows, limits, {"solver": "hipo", "run_crossover": "off"}, integer=False)
    if answer.status in {"Optimal", "Time limit reached", "Interrupted by user"} or answer.infeasible:
        return answer
    return _run(rows, limits, {"solver": "ipx", "run_crossover": "on"}, integer=False)


def relax_vertex(rows: Rows, limits: Limits) -> Answer:
    """The relaxation at a vertex, whose duals name as few rows as a vertex can."""
    return _run(rows, limits, {"solver": "choose"}, integer=False)


def choose(rows: Rows, limits: Limits, *, start: Floats | None = None, improved: Improved | None = None) -> Answer:
    """The integer program; `start` are values of the choices."""
    return _run(rows, limits, {"mip_rel_gap": limits.gap}, integer=True, start=start, improved=improved)


def _run(
    rows: Rows,
    limits: Limits,
    options: dict[str, object],
    *,
    integer: bool,
    start: Floats | None = None,
    improved: Improved | None = None,
) -> Answer:
    solver = _Quiet()
    fixed = {"output_flag": False, "threads": limits.threads, "random_seed": limits.seed, "time_limit": max(0.05, limits.seconds)}
    if limits.nodes is not None:
        fixed["mip_max_nodes"] = limits.nodes
    for name, value in {**fixed, **options}.items():
        solver.setOptionValue(name, value)
    if solver.passModel(_model(rows, integer=integer)) == highspy.HighsStatus.kError:
        raise InclineError("HiGHS refuses the rows of this plan", code="INC-7101", next_step="report it with the plan's inputs")
    if start is not None:
        given = highspy.HighsSolution()
        given.col_value = _completed(rows, start)
        solver.setSolution(given)
    _apart(solver, limits.stop, improved)
    return _answer(solver, integer=integer)


def _model(rows: Rows, *, integer: bool) -> Any:
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(rows.cost), len(rows.row_low)
    model.col_cost_, model.col_lower_, model.col_upper_ = rows.cost, rows.low, rows.high
    model.row_lower_, model.row_upper_ = rows.row_low, rows.row_high
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = rows.start, rows.index, rows.value
    if integer:
        kinds = highspy.HighsVarType
        model.integrality_ = [kinds.kInteger] * rows.choices + [kinds.kContinuous] * rows.ranges
    return model


def _completed(rows: Rows, start: Floats) -> list[float]:
    """The running totals that belong to a schedule, each from its own row, in order."""
    values = np.concatenate([start, np.zeros(rows.ranges)])
    first = len(rows.members) + sum(len(block.night) for block in rows.blocks if block.kind == "nightly")
    for number in range(rows.ranges):
        entries = slice(rows.start[first + number], rows.start[first + number + 1])
        values[rows.choices + number] = -float(rows.value[entries] @ values[rows.index[entries]])
    return [float(value) for value in values]


def _apart(solver: Any, stop: Event | None, improved: Improved | None) -> None:
    """Run in a thread of its own: HiGHS ties its workers to the calling thread, once for all, and this one has to hear Ctrl-C."""
    given_up = Event()
    _listen(solver, (given_up, stop) if stop is not None else (given_up,), improved)
    work = Thread(target=solver.run, daemon=True)
    work.start()
    try:
        while work.is_alive():
            work.join(POLL)
    finally:
        given_up.set()
        work.join()


def _listen(solver: Any, stops: tuple[Event, ...], improved: Improved | None) -> None:
    def interrupt(said: Any) -> None:
        if any(event.is_set() for event in stops):
            said.interrupt()

    solver.cbMipInterrupt += interrupt
    solver.cbIpmInterrupt += interrupt
    solver.cbSimplexInterrupt += interrupt
    if improved is not None:
        tell = improved

        def better(said: Any) -> None:
            tell(said.data_out.objective_function_value, said.data_out.mip_dual_bound, np.array(said.data_out.mip_solution))

        solver.cbMipImprovingSolution += better


def _answer(solver: Any, *, integer: bool) -> Answer:
    """An interior point of a relaxation may be a little off its rows and still be of use; a schedule has to be one."""
    info, solution = solver.getInfo(), solver.getSolution()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.array(solution.col_value) if found or (not integer and solution.value_valid) else None
    return Answer(
        status=solver.modelStatusToString(solver.getModelStatus()),
        values=values,
        objective=info.objective_function_value,
        bound=info.mip_dual_bound,
        row_dual=np.array(solution.row_dual),
        column_dual=np.array(solution.col_dual),
    )
