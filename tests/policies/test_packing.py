"""Placing machines on hosts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policies.packing import Load, Misfit, Room, misfits


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
