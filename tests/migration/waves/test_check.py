"""The checker: a plan that holds has no violation, and every kind of fault that is put into one is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from migration.waves.check import amount, check, more_of, spans, when
from migration.waves.model import Before, Group, Problem, Resource, Use

from .tiny import group, nights

ORDER = (Before(first="base", then="web", gap=2, why="the database first"),)
ROOM = (
    Resource(name="bandwidth", unit="GB", capacity=(10.0, 10.0, 10.0, 10.0)),
    Resource(name="space", unit="GiB", capacity=(5.0, 5.0, 8.0, 8.0), standing=True),
)
BASE = group("base", (0, 1, 2), servers=2, uses={"bandwidth": 6.0, "space": 5.0})
WEB = group("web", (1, 2, 3), uses={"bandwidth": 6.0, "space": 3.0}, barred=((0, 0, "month end"),))
PROBLEM = Problem(nights=nights(4), groups=(BASE, WEB), resources=ROOM, order=ORDER)
PLAN = {"base": 0, "web": 2}


def _with(**changes: Group) -> Problem:
    return replace(PROBLEM, groups=tuple(changes.get(each.name, each) for each in PROBLEM.groups))


def test_a_plan_that_holds_has_no_violation() -> None:
    assert check(PROBLEM, PLAN) == ()


@pytest.mark.parametrize(
    ("problem", "at", "kind", "said"),
    [
        (PROBLEM, {"web": 2}, "missing", "base has no night"),
        (PROBLEM, PLAN | {"ghost": 1}, "missing", "ghost, which is no group"),
        (PROBLEM, PLAN | {"web": 0}, "night", "web may not move in night 1 (2027-01-04): month end"),
        (PROBLEM, PLAN | {"web": 9}, "night", "outside the plan"),
        (PROBLEM, PLAN | {"base": 1}, "order", "at least 2 nights after (the database first)"),
        (PROBLEM, {"web": 2}, "order", "base, which comes before it, has no night"),
        (_with(base=replace(BASE, due=0, hard=True)), {"base": 1, "web": 3}, "due", "1 night after night 1"),
        (_with(base=replace(BASE, pinned=1)), PLAN, "pin", "pinned to night 2 (2027-01-05)"),
        (replace(PROBLEM, order=()), {"base": 2, "web": 2}, "nightly", "12 GB of bandwidth, there are 10: base, web"),
        (_with(web=replace(WEB, uses=(Use(resource="space", amount=3.5),))), PLAN, "standing", "8.50 GiB of space, there are 8"),
        (_with(web=replace(WEB, uses=(Use(resource="space", amount=3.5, lag=1),))), PLAN, "standing", "night 4 (2027-01-07)"),
    ],
)
def test_every_fault_is_found(problem: Problem, at: Mapping[str, int], kind: str, said: str) -> None:
    found = [each for each in check(problem, at) if each.kind == kind]
    assert any(said in each.what for each in found), [each.what for each in check(problem, at)]


def test_a_stretch_over_a_limit_is_one_violation_with_its_worst_night() -> None:
    tight = replace(PROBLEM, resources=(replace(ROOM[1], capacity=(5.0, 5.0, 7.0, 6.0)),))
    found = check(tight, PLAN)
    assert [(each.kind, each.night, each.over) for each in found] == [("standing", 3, 2.0)]


def test_what_is_given_back_counts() -> None:
    back = replace(BASE, uses=(Use(resource="space", amount=5.0), Use(resource="space", amount=-5.0, lag=1)))
    problem = replace(_with(base=back), resources=(replace(ROOM[1], capacity=(5.0, 0.0, 3.0, 3.0)),))
    assert check(problem, PLAN) == ()


def test_words() -> None:
    assert when(PROBLEM, 1) == "night 2 (2027-01-05)"
    assert [amount(each) for each in (12.0, 1234.5, 0.25)] == ["12", "1,234", "0.25"]
    assert spans(PROBLEM, (0, 1, 3)) == "nights 1 to 2 (2027-01-04 to 2027-01-05), night 4 (2027-01-07)"
    line = replace(ROOM[0], relax="1 Gbit/s more", step=400.0)
    assert more_of(line, 900.0) == "raise bandwidth by 900 GB (3 times: 1 Gbit/s more)"
    assert more_of(line, 90.0) == "raise bandwidth by 90 GB (1 Gbit/s more)"
    assert more_of(ROOM[0], 90.0) == "raise bandwidth by 90 GB"
