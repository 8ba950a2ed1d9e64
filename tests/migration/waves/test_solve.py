"""The solver against the truth on tiny problems, and what it does with starts, stops, pins and problems that do not fit."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from bench.waves.generate import instance
from migration.waves.arrays import arrays, reachable
from migration.waves.check import check
from migration.waves.conflict import explain
from migration.waves.demands import can_hold
from migration.waves.highs import Limits
from migration.waves.model import Before, Problem, Resource
from migration.waves.prices import Prices, bound, charged, no_prices
from migration.waves.relaxation import Relaxed, relaxations
from migration.waves.rows import NO_CUTS
from migration.waves.score import score
from migration.waves.solve import _improve as improve
from migration.waves.solve import _Run as Run
from migration.waves.solve import solve

from .tiny import cost, group, nights, problems, schedules

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, phases=[Phase.generate])


@QUICK
@given(problems())
def test_the_optimum_is_found_or_a_conflict_is(problem: Problem) -> None:
    every = list(schedules(problem))
    found = solve(problem, seconds=10, gap=0.0)
    broken = [each for each in check(problem, found.at) if each.kind != "missing"]
    assert can_hold(problem, 5.0) is bool(every)
    if every:
        best = min(cost(problem, at) for at in every)
        assert not broken
        assert len(found.at) == len(problem.groups)
        assert found.objective == pytest.approx(best, abs=1e-6)
        assert found.bound == pytest.approx(best, abs=1e-4 + 1e-4 * best)
        assert explain(problem) is None
    else:
        assert len(found.at) < len(problem.groups) or broken
        conflict = explain(problem)
        assert conflict is not None
        assert conflict.proven
        assert conflict.demands


@QUICK
@given(problems())
def test_a_part_of_a_plan_breaks_nothing_else(problem: Problem) -> None:
    assert not [each for each in check(problem, solve(problem, seconds=5).at) if each.kind != "missing"]


@pytest.mark.parametrize(
    ("allowed", "order", "placed"),
    [
        ({"a": (0,), "b": (0,)}, [("a", "b", 2)], {"a": 0}),
        ({"a": (1,), "b": (0, 2), "c": (2,)}, [("a", "b", 1), ("b", "c", 1)], {"a": 1, "b": 2}),
        ({"a": (0,), "b": (0,), "c": (1,)}, [("a", "b", 1), ("b", "c", 0)], {"a": 0}),
    ],
)
def test_who_comes_too_late_holds_up_nobody_before_it(
    allowed: dict[str, tuple[int, ...]], order: list[tuple[str, str, int]], placed: dict[str, int]
) -> None:
    groups = tuple(group(name, at) for name, at in allowed.items())
    pairs = tuple(Before(first=first, then=then, gap=gap) for first, then, gap in order)
    assert solve(Problem(nights=nights(3), groups=groups, resources=(), order=pairs), seconds=5).at == placed


def test_a_forerunner_need_not_hurry_for_a_follower_that_is_left_out() -> None:
    groups = (
        group("large", (0,), uses={"night": 1}, servers=3),
        group("first", (0, 1), uses={"night": 1}, servers=2),
        group("then", (0,), uses={"night": 1}),
    )
    tight = Resource(name="night", unit="GB", capacity=(1.0, 1.0))
    problem = Problem(nights=nights(2), groups=groups, resources=(tight,), order=(Before(first="first", then="then", gap=0),))
    assert solve(problem, seconds=5).at == {"large": 0, "first": 1}


def test_choices_are_dropped_by_what_the_prices_at_hand_prove_and_not_by_a_better_bound() -> None:
    """Otherwise the best schedule is dropped, and what is left is told as proven."""
    one, other = (group(name, (0, 1), uses={"night": 1}, per_night=cost) for name, cost in (("a", 10.0), ("b", 9.0)))
    data = arrays(Problem(nights=nights(2), groups=(one, other), resources=(Resource(name="night", unit="GB", capacity=(1.0, 1.0)),)))
    worth = no_prices(data)
    run = Run(data, data.allowed, 10.0, 0.0, None, None, 0, 1)
    run.at = data.vector({"a": 1, "b": 0})
    run.prove(8.9)
    improve(run, Relaxed(worth, bound(data, worth, data.allowed, charged(data, worth)), np.zeros_like(data.cost), NO_CUTS))
    assert run.objective == pytest.approx(9.0)
    assert run.bound <= 9.0 + 1e-6


def test_every_bound_holds_whatever_the_prices() -> None:
    problem = instance(100)
    data = arrays(problem)
    allowed = reachable(data, data.allowed)
    best = solve(problem, seconds=3, gap=2e-2).objective
    chance = np.random.default_rng(7)
    shape = (len(data.nightly), data.nights)
    for scale in (0.01, 1.0, 30.0):
        worth = Prices(
            nightly=scale * chance.random(shape),
            standing=scale * chance.random((len(data.standing), data.nights)),
            order=scale * chance.random(len(data.first)),
            cuts=scale * chance.random((len(data.first), data.nights)),
        )
        assert bound(data, worth, allowed, charged(data, worth)) <= best + 1e-6


def test_sharper_rows_raise_the_bound() -> None:
    data = arrays(instance(500))
    bounds = [each.bound for each in relaxations(data, reachable(data, data.allowed), Limits(20.0))]
    assert len(bounds) > 1
    assert bounds == sorted(bounds)


def test_a_hundred_servers_are_solved_and_told_of_as_it_goes() -> None:
    told: list[tuple[float, float, float]] = []
    found = solve(instance(100), seconds=60, gap=0.02, watch=lambda *entry: told.append(entry))
    assert found.gap <= 0.02
    assert not check(instance(100), found.at)
    assert tuple(told) == found.history
    assert all(later[1] <= earlier[1] and later[2] >= earlier[2] for earlier, later in pairwise(told))


def test_the_same_seed_gives_the_same_plan() -> None:
    first, second = (solve(instance(100), seconds=60, gap=0.02, seed=3) for _ in range(2))
    assert first.at == second.at


def test_a_start_is_kept_and_made_better() -> None:
    problem = instance(100)
    start = solve(problem, seconds=60, gap=0.05)
    again = solve(problem, seconds=1, gap=0.05, start=start.at)
    assert again.history[0][1] == pytest.approx(start.objective)
    assert again.objective <= start.objective


def test_a_start_that_no_longer_holds_is_repaired() -> None:
    problem = instance(100)
    start = dict.fromkeys((each.name for each in problem.groups), 0) | {"unknown": 3}
    assert not check(problem, solve(problem, seconds=3, gap=0.1, start=start).at)


def test_stop_gives_the_best_so_far() -> None:
    stop = threading.Event()
    problem = instance(1_000)
    timer = threading.Timer(1.0, stop.set)
    timer.start()
    found = solve(problem, seconds=120, gap=0.0, stop=stop)
    timer.join()
    assert found.stopped
    assert found.seconds < 20
    assert not check(problem, found.at)


def test_a_plan_that_is_stopped_at_once_is_still_one() -> None:
    stop = threading.Event()
    stop.set()
    problem = instance(100)
    found = solve(problem, stop=stop)
    assert found.stopped
    assert not check(problem, found.at)


def test_one_pin_changes_little() -> None:
    problem = instance(100)
    before = solve(problem, seconds=30, gap=0.02)
    tied = {name for each in problem.order for name in (each.first, each.then)}
    loose = next(each for each in problem.groups if each.name not in tied and len(each.servers) < 4)
    other = next(night for night in reversed(loose.nights) if night != before.at[loose.name])
    pinned = tuple(replace(each, pinned=other) if each.name == loose.name else each for each in problem.groups)
    edited = replace(problem, groups=pinned, stay=dict(before.at), stay_weight=1_000.0)
    after = solve(edited, seconds=30, gap=0.01, start=before.at)
    figures = score(edited, after.at)
    assert not check(edited, after.at)
    assert loose.name in figures.changes
    assert len(figures.changes) <= 4
    assert figures.objective == pytest.approx(figures.cost + figures.change_cost)
    assert figures.change_cost == 1_000.0 * figures.changed_servers


def test_what_does_not_fit_is_left_out_and_the_rest_planned() -> None:
    room = Resource(name="bandwidth", unit="GB", capacity=(10.0, 10.0))
    groups = (
        group("big", (0, 1), uses={"bandwidth": 50.0}),
        group("after", (0, 1), uses={"bandwidth": 1.0}),
        group("free", (0, 1), uses={"bandwidth": 10.0}, per_night=1.0),
    )
    problem = Problem(nights=nights(2), groups=groups, resources=(room,), order=(Before(first="big", then="after"),))
    found = solve(problem, seconds=5)
    assert dict(found.at) == {"free": 0}
    assert found.gap == 0.0
    assert {each.kind for each in check(problem, found.at)} == {"missing"}


def test_as_many_servers_as_possible_are_placed() -> None:
    room = Resource(name="bandwidth", unit="GB", capacity=(10.0,))
    groups = (group("few", (0,), uses={"bandwidth": 6.0}), group("many", (0,), servers=3, uses={"bandwidth": 6.0}))
    found = solve(Problem(nights=nights(1), groups=groups, resources=(room,)), seconds=5)
    assert dict(found.at) == {"many": 0}


def test_what_has_to_be_given_back_by_a_night_is() -> None:
    lent = Resource(name="source", unit="GB", capacity=(0.0, 0.0, -5.0), standing=True)
    groups = (group("old", (0, 1, 2), uses={"source": -5.0}, per_night=-1.0),)
    problem = Problem(nights=nights(3), groups=groups, resources=(lent,))
    found = solve(problem, seconds=5)
    assert dict(found.at) == {"old": 2}
    assert not check(problem, found.at)


def test_no_groups_and_no_nights_are_no_error() -> None:
    assert solve(Problem(nights=nights(3), groups=(), resources=())).at == {}
    nothing = solve(Problem(nights=(), groups=(group("a", ()),), resources=()))
    assert nothing.at == {}
