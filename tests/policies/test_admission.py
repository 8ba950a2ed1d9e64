"""VMware's own worked example, exact: vSphere Availability, "Slot Policy Admission Control" and "Cluster Resources Percentage"."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.admission import Capacity, largest_share, percentage, slots

HOSTS = [Capacity(9, 9), Capacity(9, 6), Capacity(6, 6)]
MACHINES = [Capacity(2, 1), Capacity(2, 1), Capacity(1, 2), Capacity(1, 1), Capacity(1, 1)]


def test_percentage_of_the_worked_example_is_70_and_71() -> None:
    capacity = percentage(HOSTS, MACHINES)

    assert capacity.percent() == (70, 71)
    assert capacity.cpu == Fraction(17, 24)
    assert capacity.memory == Fraction(15, 21)


def test_the_worked_example_leaves_45_and_46_per_cent_above_a_configured_25() -> None:
    cpu, memory = percentage(HOSTS, MACHINES).percent()

    assert (cpu - 25, memory - 25) == (45, 46)


def test_slots_of_the_worked_example() -> None:
    counted = slots(HOSTS, MACHINES)

    assert (counted.cpu, counted.memory) == (2, 2)
    assert counted.per_host == (4, 3, 3)
    assert counted.failover_capacity == 1


def test_ten_equal_hosts_and_two_failures_reserve_twenty_per_cent() -> None:
    assert largest_share([Capacity(10, 10)] * 10, 2).percent() == (20, 20)


def test_a_cluster_without_capacity_is_refused() -> None:
    with pytest.raises(ValueError, match="without capacity"):
        percentage([], [])


@given(st.lists(st.tuples(st.integers(1, 64), st.integers(1, 64)), min_size=1, max_size=8), st.integers(0, 7))
def test_a_bigger_host_never_lowers_the_percentage(hosts: list[tuple[int, int]], which: int) -> None:
    which %= len(hosts)
    before = percentage([Capacity(*h) for h in hosts], MACHINES)
    bigger = [Capacity(c + (i == which), m + (i == which)) for i, (c, m) in enumerate(hosts)]

    assert percentage(bigger, MACHINES).cpu >= before.cpu
