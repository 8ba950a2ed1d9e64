"""Placing machines on hosts."""

from __future__ import annotations

from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from policies.packing import Load, Misfit, Room, failure_cases, misfits, place


def test_a_sum_that_fits_may_still_not_be_placeable() -> None:
    rooms = [Room("a", 100, 10), Room("b", 100, 10)]

    assert misfits(rooms, [Load("x", 1, 6), Load("y", 1, 6), Load("z", 1, 6)]) == (Misfit("z", "memory"),)


def test_members_of_a_group_do_not_share_a_host() -> None:
    assert misfits([Room("a", 100, 100)], [Load("x", 1, 1, "g"), Load("y", 1, 1, "g")]) == (Misfit("y", "separation"),)


def test_the_binding_resource_is_named() -> None:
    assert misfits([Room("a", 1, 100)], [Load("x", 2, 1)]) == (Misfit("x", "cpu"),)


@given(st.lists(st.integers(1, 20), max_size=12), st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_another_host_never_leaves_more_machines_without_a_place(loads: list[int], rooms: list[int]) -> None:
    machines = [Load(f"m{i}", 0, size) for i, size in enumerate(loads)]
    hosts = [Room(f"h{i}", 1, size) for i, size in enumerate(rooms)]
    everything = Room("huge", 1, sum(loads))

    assert misfits([*hosts, everything], machines) == ()
    assert sum(loads) > sum(rooms) or len(misfits(hosts, machines)) <= len(machines)


sizes = st.tuples(st.integers(1, 8), st.integers(1, 8))
few_rooms = st.lists(sizes, min_size=1, max_size=4).map(lambda found: [Room(f"h{n}", c, m) for n, (c, m) in enumerate(found)])
few_loads = st.lists(st.tuples(sizes, st.sampled_from(["", "g"])), max_size=5).map(
    lambda found: [Load(f"m{n}", c, m, group) for n, ((c, m), group) in enumerate(found)]
)


def fits(rooms: list[Room], loads: list[Load]) -> bool:
    """By trying everything."""
    return any(_holds(rooms, loads, choice) for choice in product(range(len(rooms)), repeat=len(loads)))


def _holds(rooms: list[Room], loads: list[Load], choice: tuple[int, ...]) -> bool:
    for number, room in enumerate(rooms):
        here = [load for load, at in zip(loads, choice, strict=True) if at == number]
        groups = [load.group for load in here if load.group]
        if sum(x.cpus for x in here) > room.cpus or sum(x.memory for x in here) > room.memory or len(groups) > len(set(groups)):
            return False
    return True


@given(few_rooms, few_loads)
def test_few_machines_are_placed_exactly_when_they_can_be(rooms: list[Room], loads: list[Load]) -> None:
    assert (not misfits(rooms, loads)) == fits(rooms, loads)


@given(few_rooms, few_loads)
def test_what_is_left_is_what_was_not_taken(rooms: list[Room], loads: list[Load]) -> None:
    found = place(rooms, loads)
    without = {m.name for m in found.without}

    assert sum(r.memory for r in found.left) == sum(r.memory for r in rooms) - sum(x.memory for x in loads if x.name not in without)
    assert found.hole()[0] == max(r.memory for r in found.left)


@given(few_rooms, few_loads, st.integers(0, 3))
def test_the_failures_given_are_the_worst_of_all(rooms: list[Room], loads: list[Load], failures: int) -> None:
    judged = all(not misfits(case.left, loads) for case in failure_cases(rooms, failures))
    kept = max(0, len(rooms) - failures)

    assert judged == all(not misfits(list(left), loads) for left in combinations(rooms, kept))


def test_equal_hosts_make_one_case_and_the_first_by_name_fails() -> None:
    cases = failure_cases([Room(f"h{n}", 8, 8) for n in (3, 1, 2)], 1)

    assert [[r.name for r in case.failed] for case in cases] == [["h1"]]
