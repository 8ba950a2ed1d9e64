"""Many small groups: only some choices are looked at, and what is found is worth as much."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from bench.waves.generate import instance
from migration.waves import relaxation
from migration.waves.arrays import NOWHERE, arrays
from migration.waves.check import check
from migration.waves.highs import Limits
from migration.waves.model import Problem
from migration.waves.placeable import placeable
from migration.waves.pricing import kinds, opened, priced, short
from migration.waves.relaxation import relaxations
from migration.waves.rows import NO_CUTS
from migration.waves.solve import solve

from .test_solve import QUICK
from .tiny import cost, problems, schedules

LIMITS = Limits(20.0)


@pytest.mark.parametrize("singles", [True, False])
def test_the_bound_is_nearly_that_of_all_choices(*, singles: bool) -> None:
    data = arrays(instance(200, singles=singles))
    allowed = placeable(data)
    whole = next(relaxations(data, allowed, LIMITS)).bound
    chosen = opened(data, allowed, LIMITS)
    found = priced(data, allowed, chosen, NO_CUTS, LIMITS)
    assert found.bound == pytest.approx(whole, rel=1e-3)
    assert chosen.sum() < allowed.sum()
    assert not found.lacks
    assert (found.share(data)[~allowed] == 0).all()


@QUICK
@given(problems())
def test_no_schedule_is_below_the_bound_and_none_is_there_when_that_is_proven(problem: Problem) -> None:
    data = arrays(problem)
    allowed = placeable(data)
    if not allowed.any(axis=1).all():
        return
    found = priced(data, allowed, opened(data, allowed, LIMITS), NO_CUTS, LIMITS)
    every = [cost(problem, at) for at in schedules(problem)]
    if every:
        assert found.bound <= min(every) + 1e-4
    assert not (every and found.lacks and short(data, allowed, found.open_choices, LIMITS))


def test_that_not_all_can_be_placed_is_proven() -> None:
    """Servers of the weekends are a little more than weekends hold."""
    data = arrays(instance(200, seed=3, singles=True))
    allowed = placeable(data)
    found = priced(data, allowed, opened(data, allowed, LIMITS), NO_CUTS, LIMITS)
    assert found.lacks
    assert short(data, allowed, found.open_choices, LIMITS)


def test_groups_of_a_kind_have_the_same_nights() -> None:
    data = arrays(instance(1_500, singles=True))
    allowed = placeable(data)
    kind = kinds(data, allowed)
    assert (kind != NOWHERE).all()
    assert kind.max() + 1 < data.groups
    for each in range(int(kind.max()) + 1):
        members = np.flatnonzero(kind == each)
        assert len(members)
        assert (allowed[members] == allowed[members[0]]).all()


def test_servers_without_known_dependencies_get_a_plan_that_holds() -> None:
    problem = instance(200, singles=True)
    found = solve(problem, seconds=20, gap=0.02)
    assert found.gap <= 0.02
    assert not check(problem, found.at)
    assert len(problem.groups) == 200
    assert not problem.order
    assert relaxation.MANY < 5_000 * 200
