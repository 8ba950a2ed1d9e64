"""Conflicts: proven, irreducible (leaving out any one demand resolves them), and said so that a person can act."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from bench.waves.generate import instance
from migration.waves.conflict import conflicting, explain
from migration.waves.demands import only
from migration.waves.model import Before, Conflict, Problem, Resource

from .tiny import group, nights, possible, problems

LINE = Resource(name="bandwidth", unit="GB", capacity=(10.0, 10.0, 10.0), relax="1 Gbit/s more", step=5.0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(problems())
def test_no_demand_of_a_conflict_can_be_left_out(problem: Problem) -> None:
    found = conflicting(problem)
    if found is None:
        assert possible(problem)
        return
    assert not isinstance(found, Conflict)
    kept, proven = found
    assert proven
    assert not possible(only(problem, kept))
    for demand in kept:
        assert possible(only(problem, [each for each in kept if each != demand]))


def test_a_group_larger_than_any_window() -> None:
    problem = Problem(nights=nights(3), groups=(group("hr", (0, 1, 2), servers=4, uses={"bandwidth": 42.0}),), resources=(LINE,))
    found = explain(problem)
    assert found is not None
    assert found.groups == ("hr",)
    assert found.demands == (
        "hr (4 servers) has to move as a whole and takes 42 GB of bandwidth",
        "bandwidth has 10 GB a night in nights 1 to 3 (2027-01-04 to 2027-01-06)",
    )
    assert found.ways[0].startswith("raise bandwidth by 32")
    assert found.ways[0].endswith("(7 times: 1 Gbit/s more)")
    assert "split hr into smaller groups" in found.ways[1]


def test_pins_against_the_order() -> None:
    every = (0, 1, 2, 3, 4)
    groups = (group("db", every, pinned=2), group("web", every, pinned=1))
    problem = Problem(nights=nights(5), groups=groups, resources=(), order=(Before(first="db", then="web", why="it reads it"),))
    found = explain(problem)
    assert found is not None
    assert "db is pinned to night 3 (2027-01-06)" in found.demands
    assert "web is pinned to night 2 (2027-01-05)" in found.demands
    assert "web moves at least 1 night after db (it reads it)" in found.demands
    assert any(way.startswith("take the pin off db: night 1") for way in found.ways)


def test_an_order_that_bites_its_tail() -> None:
    groups = tuple(group(name, (0, 1, 2)) for name in "abc")
    order = tuple(Before(first=a, then=b) for a, b in ("ab", "bc", "ca"))
    found = explain(Problem(nights=nights(3), groups=groups, resources=(), order=order))
    assert found is not None
    assert len([each for each in found.demands if "at least 1 night after" in each]) == 3


def test_a_freeze_and_a_deadline() -> None:
    frozen = group("tax", (2,), due=1, hard=True, barred=((0, 1, "year-end freeze"),))
    found = explain(Problem(nights=nights(3), groups=(frozen,), resources=()))
    assert found is not None
    assert "tax may move only in night 3 (2027-01-06) (year-end freeze)" in found.demands
    assert "tax has to have moved by night 2 (2027-01-05)" in found.demands
    assert "extend the deadline of tax: night 3 (2027-01-06) would do" in found.ways


def test_pieces_that_do_not_share_a_night() -> None:
    """In parts they would fit: three of 6 GB into two nights of 10."""
    groups = tuple(group(name, (0, 1), uses={"bandwidth": 6.0}) for name in "abc")
    found = explain(Problem(nights=nights(3), groups=groups, resources=(LINE,)))
    assert found is not None
    assert found.proven
    assert set(found.groups) == {"a", "b", "c"}


def test_a_crowd_is_spoken_of_as_one() -> None:
    problem = instance(500)
    tight = tuple(
        replace(each, capacity=tuple(min(limit, 9.0) for limit in each.capacity)) if each.name == "crew" else each
        for each in problem.resources
    )
    small = tuple(each for each in problem.groups if len(each.servers) <= 9)
    found = explain(replace(problem, groups=small, resources=tight, order=()))
    assert found is not None
    assert len(found.demands) == 2
    assert "crew" in found.demands[1]
    assert found.proven


def test_what_fits_has_no_conflict() -> None:
    assert explain(instance(100)) is None
