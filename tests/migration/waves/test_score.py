"""Scores agree with the slow way of counting; what binds a night does so when solved again."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import HealthCheck, assume, given, settings

from migration.waves.bindings import bindings
from migration.waves.check import check
from migration.waves.model import Problem, Resource
from migration.waves.score import Scorer, score
from migration.waves.solve import solve

from .tiny import cost, group, nights, problems, schedules

LINE = Resource(name="bandwidth", unit="GB", capacity=(10.0, 10.0, 10.0), relax="10 GB more", step=10.0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(problems())
def test_a_score_counts_what_the_slow_way_counts(problem: Problem) -> None:
    some = list(islice(schedules(problem), 5))
    assume(some)
    scorer = Scorer(problem)
    for at in some:
        figures = scorer.score(at)
        assert figures.objective == pytest.approx(cost(problem, at))
        assert not figures.over
        assert not figures.missing
        assert sum(figures.servers) == sum(len(each.servers) for each in problem.groups)
        assert figures.curve[-1] == pytest.approx(figures.cost)
        assert set(figures.changes) == {name for name, night in problem.stay.items() if name in at and at[name] != night}


def test_what_is_over_and_late_and_missing_is_said() -> None:
    late = group("late", (0, 1, 2), uses={"bandwidth": 8.0}, due=0, late_per_night=5.0, per_night=1.0)
    other = group("other", (0, 1, 2), uses={"bandwidth": 8.0})
    problem = Problem(nights=nights(3), groups=(late, other, group("gone", (0,))), resources=(LINE,), stay={"late": 0}, stay_weight=7.0)
    figures = score(problem, {"late": 2, "other": 2, "gone": 17})
    assert figures.over == (("bandwidth", 2, 6.0),)
    assert figures.late_groups == ("late",)
    assert figures.missing == ("gone",)
    assert (figures.waiting, figures.late, figures.change_cost) == (2.0, 10.0, 7.0)
    assert figures.used["bandwidth"] == (0.0, 0.0, 16.0)
    assert {each.kind for each in check(problem, {"late": 2, "other": 2, "gone": 17})} == {"nightly", "night"}


def test_what_a_binding_promises_is_had_by_solving_again() -> None:
    groups = tuple(group(f"g{n}", (0, 1, 2), servers=2, uses={"bandwidth": 5.0}, per_night=10.0) for n in range(5))
    problem = Problem(nights=nights(3), groups=groups, resources=(LINE,))
    plan = solve(problem, seconds=5, gap=0.0)
    first = bindings(problem, plan.at)[0]
    assert (first.night, first.resource, first.resolved) == (0, "bandwidth", True)
    raised = replace(LINE, capacity=(20.0, 10.0, 10.0))
    again = solve(replace(problem, resources=(raised,)), seconds=5, gap=0.0)
    assert first.worth == pytest.approx(plan.objective - again.objective)
    assert first.said == (
        "night 1 (2027-01-04) is bound by bandwidth (10 of 10 GB): 10 GB more saves at least 30 and 6 nights of waiting, counted by server"
    )


def test_nothing_binds_a_plan_with_room() -> None:
    problem = Problem(nights=nights(3), groups=(group("a", (0, 1), uses={"bandwidth": 1.0}, per_night=1.0),), resources=(LINE,))
    assert bindings(problem, {"a": 0}) == ()
    assert bindings(problem, {}) == ()
