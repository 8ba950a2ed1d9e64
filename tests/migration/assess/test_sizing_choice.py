"""The frontier and the knapsack over it: properties that hold for any machines."""

from itertools import pairwise, product

from hypothesis import given
from hypothesis import strategies as st

from migration.assess.frontier import Candidate, cheapest_covering, chosen_by, lower_hull, pareto, worthwhile
from migration.assess.model import SizeOption
from migration.assess.sizing_fleet import choose_fleet

GIB = 1 << 30
options = st.builds(
    lambda usd, risk: SizeOption(name=f"{usd}-{risk}", cpus=1, memory=GIB, usd_month=float(usd), risk=risk / 1000),
    st.integers(1, 60),
    st.integers(0, 500),
)
frontiers = st.lists(options, min_size=1, max_size=8).map(pareto)
candidates = st.builds(
    lambda c, m, usd: Candidate(name=f"{c}x{m}@{usd}", cpus=c, memory=m * GIB, usd_month=float(usd)),
    st.integers(1, 8),
    st.integers(1, 16),
    st.integers(1, 40),
)


@given(st.lists(options, max_size=12))
def test_a_frontier_is_dearer_and_safer_step_by_step_and_beats_all_others(every):
    found = pareto(every)
    assert all(a.usd_month < b.usd_month and a.risk > b.risk for a, b in pairwise(found))
    assert all(any(f.usd_month <= o.usd_month and f.risk <= o.risk for f in found) for o in every)


@given(st.lists(candidates, max_size=12), st.integers(1, 8), st.integers(1, 16))
def test_what_is_left_out_never_was_the_cheapest(every, cpus, memory):
    all_of_them, kept = cheapest_covering(every, cpus, memory * GIB), cheapest_covering(worthwhile(every), cpus, memory * GIB)
    assert (all_of_them and all_of_them.usd_month) == (kept and kept.usd_month)


@given(frontiers, st.integers(0, 5000))
def test_a_price_on_risk_chooses_a_point_of_the_hull(frontier, price):
    assert chosen_by(frontier, price).usd_month in {o.usd_month for o in lower_hull(frontier)} or price == 0


@given(st.lists(frontiers, min_size=1, max_size=5), st.integers(0, 400))
def test_the_fleet_keeps_its_budget_or_says_that_it_cannot(fleet, thousandths):
    named = {str(n): frontier for n, frontier in enumerate(fleet)}
    budget = thousandths / 1000
    choice = choose_fleet(named, budget)
    least = sum(f[-1].risk for f in fleet) / len(fleet)
    assert choice.within == (least <= budget + 1e-9)
    assert choice.risk <= max(budget, least) + 1e-9
    assert choice.chosen == choose_fleet(dict(reversed(named.items())), budget).chosen


@given(st.lists(frontiers, min_size=1, max_size=3), st.integers(0, 400))
def test_no_choice_within_the_budget_costs_less_than_the_bound(fleet, thousandths):
    named = {str(n): frontier for n, frontier in enumerate(fleet)}
    choice = choose_fleet(named, thousandths / 1000)
    within = [c for c in product(*fleet) if sum(o.risk for o in c) <= thousandths / 1000 * len(fleet) + 1e-12]
    if within:
        best = min(sum(o.usd_month for o in c) for c in within)
        assert choice.usd_least <= best + 1e-6 <= choice.usd_month + 1e-6


def test_the_budget_goes_where_it_saves_most():
    def frontier(saved: float) -> tuple[SizeOption, ...]:
        small = SizeOption(name="small", cpus=1, memory=GIB, usd_month=100 - saved, risk=0.01)
        return small, SizeOption(name="large", cpus=2, memory=GIB, usd_month=100.0, risk=0.0)

    choice = choose_fleet({"a": frontier(10), "b": frontier(50), "c": frontier(20)}, 0.02 / 3)
    assert {key: option.name for key, option in choice.chosen.items()} == {"a": "large", "b": "small", "c": "small"}
    assert choice.price_on_risk == 2000
