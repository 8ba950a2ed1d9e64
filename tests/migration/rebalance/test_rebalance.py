"""Re-balancing: costs counted by hand, rules, changes that cost what was said, and a search that never leaves what holds."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration.rebalance.check import cost, simple_bound, violations
from migration.rebalance.model import Balance, Machine, Problem, Process, Resource, Service, parse
from migration.rebalance.search import search
from migration.rebalance.state import State

# Disk stays on the old machine until a move is over; processors do not.
MODEL = """
2
1 1
0 10
4
0 0  10 10  6 5  0 1 2 2
0 1  10 10  6 5  1 0 2 2
1 0   8 10  6 5  2 2 0 1
1 1  10  8  6 5  2 2 1 0
3
2 0
1 1 0
1 0
5
0  4 3  5
0  4 3  5
1  3 4  2
2  2 2  1
2  4 2  3
1
0 1 1
2
2 3 1
"""
START = "0 1 0 0 2"


@pytest.fixture(name="small", scope="module")
def _small():
    return parse(MODEL, START)


def test_cost_of_the_start_by_hand(small):
    # Machine 0 is 3 over safety on disk (1 each) and 4 on processors (10 each); machine 3 has 2 more disk than processors free (2 each).
    assert cost(small, small.start) == 3 + 40 + 4
    assert violations(small, small.start) == ()


def test_cost_of_a_move_by_hand(small):
    # Machine 0: 1 + 20 over; machine 3: 4 unbalanced; the process 2 x 1, its service 3 x 1, between the machines 1 x 2.
    assert cost(small, (0, 1, 0, 3, 2)) == 21 + 4 + 2 + 3 + 2


def test_bound_by_hand(small):
    # 17 of 24 disk and 14 of 20 processors are taken within safety; 21 disk and 24 processors stay free.
    assert simple_bound(small) == 0


@pytest.mark.parametrize(
    ("at", "said"),
    [
        # Process 2 has left, 10 of 10 would fit; but its 3 are still there while it moves.
        ((0, 1, 1, 0, 0), "machine 0: 13 of 10 taken of resource 0"),
        ((0, 0, 0, 2, 2), "service 0: two processes share a machine"),
        ((0, 2, 0, 0, 1), "service 0: in 1 of 2 locations"),
        ((0, 1, 3, 0, 2), "service 1: nothing of service 0 in neighbourhood 1"),
    ],
)
def test_a_broken_rule_is_named(small, at, said):
    assert said in violations(small, at)


def test_the_search_finds_the_best_of_all(small):
    every = [tuple(int(each) for each in at) for at in np.ndindex(*[4] * 5)]
    best = min(cost(small, at) for at in every if not violations(small, at))
    assert search(small, seconds=60, steps=2_000).cost == best


@pytest.mark.parametrize(
    ("model", "start", "said"),
    [
        (MODEL.rsplit(maxsplit=1)[0], START, "ends too early"),
        (MODEL + "7", START, "goes on after its end"),
        (MODEL, "0 1 0 0 4", "one of 4 machines for each of 5 processes"),
        (MODEL, "0 1 0 0", "one of 4 machines for each of 5 processes"),
    ],
)
def test_a_file_that_is_wrong_is_told(model, start, said):
    with pytest.raises(ValueError, match=said):
        parse(model, start)


def test_a_start_that_breaks_a_rule_is_refused():
    with pytest.raises(ValueError, match="two processes share a machine"):
        search(parse(MODEL, "1 1 0 0 2"), seconds=1)


def instance(seed: int) -> Problem:
    """A small problem around a start that holds: capacity, spread and needs are what the start has, or a little less strict."""
    numbers = Random(seed)
    kinds, hosts, services = numbers.randint(1, 3), numbers.randint(3, 6), numbers.randint(2, 4)
    where = [(numbers.randrange(2), numbers.randrange(3)) for _ in range(hosts)]
    placed = [(s, m) for s in range(services) for m in numbers.sample(range(hosts), numbers.randint(1, 3))]
    need = [tuple(numbers.randint(0, 9) for _ in range(kinds)) for _ in placed]
    areas = [{where[m][0] for each, m in placed if each == s} for s in range(services)]
    machines = []
    for index, (area, location) in enumerate(where):
        used = [sum(n[k] for n, (_, m) in zip(need, placed, strict=True) if m == index) for k in range(kinds)]
        capacity = tuple(each + numbers.randint(0, 12) for each in used)
        safety = tuple(numbers.randint(0, each) for each in capacity)
        machines.append(Machine(area, location, capacity, safety, tuple(numbers.randint(0, 3) * (k != index) for k in range(hosts))))
    return Problem(
        resources=tuple(Resource(numbers.random() < 0.5, numbers.randint(0, 5)) for _ in range(kinds)),
        machines=tuple(machines),
        services=tuple(
            Service(
                numbers.randint(0, len({where[m][1] for each, m in placed if each == s})),
                tuple(t for t in range(services) if areas[s] <= areas[t] and numbers.random() < 0.4),
            )
            for s in range(services)
        ),
        processes=tuple(Process(s, n, numbers.randint(0, 4)) for n, (s, _) in zip(need, placed, strict=True)),
        balances=tuple(
            Balance(numbers.randrange(kinds), numbers.randrange(kinds), numbers.randint(1, 3), numbers.randint(1, 9))
            for _ in range(numbers.randint(0, 2))
        ),
        process_weight=numbers.randint(0, 3),
        service_weight=numbers.randint(0, 9),
        machine_weight=numbers.randint(0, 3),
        start=tuple(m for _, m in placed),
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_a_shift_costs_what_was_said_and_is_offered_exactly_when_it_holds(seed):
    problem, numbers = instance(seed), Random(seed)
    state, at = State(problem, problem.start), list(problem.start)
    assert state.cost == cost(problem, at)
    for _ in range(8):
        process = numbers.randrange(len(at))
        change = state.shifts(process)
        for machine, said in enumerate(change):
            then = [*at[:process], machine, *at[process + 1 :]]
            assert np.isfinite(said) == (not violations(problem, then))
            assert not np.isfinite(said) or said == cost(problem, then) - cost(problem, at)
        at[process] = numbers.choice(np.flatnonzero(np.isfinite(change)).tolist())
        state.put(process, at[process])
        assert state.cost == cost(problem, at)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_a_swap_costs_what_was_said_and_is_sound_exactly_when_it_holds(seed):
    problem, numbers = instance(seed), Random(seed)
    state, at = State(problem, problem.start), list(problem.start)
    for _ in range(3):
        process = numbers.randrange(len(at))
        change = state.shifts(process)
        at[process] = numbers.choice(np.flatnonzero(np.isfinite(change)).tolist())
        state.put(process, at[process])
    for process in range(len(at)):
        others, costs = state.swaps(process, np.arange(len(at)))
        offered = dict(zip(others.tolist(), costs.tolist(), strict=True))
        for other in range(len(at)):
            if at[other] != at[process]:
                _swapped_and_back(problem, state, at, (process, other), offered.get(other))


def _swapped_and_back(problem, state, at, pair, said):
    one, two = pair
    then, before, most = list(at), state.cost, state.most_moved
    then[one], then[two] = at[two], at[one]
    broken = violations(problem, then)
    if said is None:
        assert broken or problem.processes[one].service == problem.processes[two].service
        return
    state.put(one, at[two])
    state.put(two, at[one])
    assert state.cost == cost(problem, then) == before + said + problem.service_weight * (state.most_moved - most)
    assert state.sound([problem.processes[each].service for each in pair]) == (not broken)
    state.put(two, at[two])
    state.put(one, at[one])
    assert state.cost == before


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_the_search_never_leaves_what_holds_and_repeats_itself(seed):
    problem = instance(seed)
    found = search(problem, seconds=60, steps=400, seed=seed)
    assert violations(problem, found.at) == ()
    assert simple_bound(problem) <= found.cost == cost(problem, found.at) <= cost(problem, problem.start)
    assert search(problem, seconds=60, steps=400, seed=seed).at == found.at
