"""Packing machines on hosts, with a bound."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.sizing_data import demands as demands_of_traces
from migration.assess.packing import Demand, DoesNotFitError, HostSize, pack
from migration.assess.packing import _shares as shares_of
from migration.assess.packing_exact import packed_into

GIB = 1 << 30
HOST = HostSize(cores=32, memory=256 * GIB)
demands = st.lists(
    st.tuples(st.integers(1, 32), st.integers(1, 256), st.integers(0, 20), st.sampled_from(["", "", "", "db", "web"])), max_size=25
).map(lambda rows: [Demand(name=f"m{n}", cpus=c, memory=m * GIB, used=float(min(u, c)), group=g) for n, (c, m, u, g) in enumerate(rows)])


@settings(max_examples=60, deadline=None)
@given(demands)
def test_no_host_is_overfull_and_none_is_missing(machines):
    packing = pack(machines, HOST, seconds=0.2)
    by_name = {d.name: d for d in machines}
    assert sorted(name for members in packing.hosts for name in members) == sorted(by_name)
    for members in packing.hosts:
        inside = [by_name[name] for name in members]
        assert sum(d.cpus for d in inside) <= 32 * 4 + 1e-6
        assert sum(d.memory for d in inside) <= 256 * GIB + 1
        assert sum(d.used for d in inside) <= 32 * 0.7 + 1e-6
        groups = [d.group for d in inside if d.group]
        assert len(groups) == len(set(groups))
    assert packing.bound <= len(packing.hosts)


def test_the_exact_search_agrees_with_the_bound():
    machines = [Demand(name=str(n), cpus=1, memory=share * GIB) for n, share in enumerate([128, 64, 64, 96, 80, 80, 100, 90, 66])]
    packing = pack(machines, HOST)
    assert (len(packing.hosts), packing.proven, packing.needed, packing.way) == (3, True, 4, "exact search")


def test_three_of_more_than_a_half_need_three_hosts():
    packing = pack([Demand(name=str(n), cpus=1, memory=130 * GIB) for n in range(3)], HOST, spare=0)
    assert (packing.bound, packing.proven, packing.needed) == (3, True, 3)


def test_impossible_is_not_found():
    machines = [Demand(name=str(n), cpus=1, memory=100 * GIB) for n in range(5)]
    assert packed_into(shares_of(machines, HOST), [""] * 5, 2, 5.0) is None
    assert len(pack(machines, HOST).hosts) == 3


def test_a_machine_larger_than_a_host_is_named():
    with pytest.raises(DoesNotFitError) as caught:
        pack([Demand(name="giant", cpus=1, memory=300 * GIB)], HOST)
    assert caught.value.details == ("giant",)


def test_no_machines_need_no_hosts():
    assert pack([], HOST).needed == 0


def test_the_machines_of_the_traces_need_no_host_more_than_any_packing_must():
    machines = [d for d in demands_of_traces() if d.memory <= HOST.memory]
    packing = pack(machines, HOST)
    assert len(machines) == 399
    assert (len(packing.hosts), packing.bound) == (14, 14)
