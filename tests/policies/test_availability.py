"""Availability: the published vectors exactly, and what must hold for any numbers."""

from __future__ import annotations

from math import comb, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.availability import Element, Link, at_least, chain, downtime_minutes, from_times, redundant, series, total

SHARES = st.floats(0.0, 1.0)
SITES = {"a": 0.99, "b": 0.95, "c": 0.9}
ELEMENTS = st.builds(Element, st.just("e"), SHARES, st.sampled_from(["", "a", "b", "c"]))
LINKS = st.builds(
    lambda elements, spare: Link("l", tuple(elements), max(1, len(elements) - spare)),
    st.lists(ELEMENTS, min_size=1, max_size=4),
    st.integers(0, 3),
)
ROUNDING = 1e-12


@pytest.mark.parametrize(
    ("percent", "minutes"), [(99, (3 * 24 + 15) * 60), (99.9, 8 * 60 + 45), (99.95, 4 * 60 + 22), (99.99, 52), (99.999, 5)]
)
def test_downtime_of_a_year_as_published(percent: float, minutes: int) -> None:
    """Published times are cut to the minute, those in days and hours to the hour."""
    step = 60 if percent == 99 else 1

    assert 0 <= downtime_minutes(percent / 100) - minutes < step + 0.99


def test_availability_from_times() -> None:
    assert from_times(999, 1) == pytest.approx(0.999, abs=ROUNDING)


def test_three_hard_dependencies_of_four_nines() -> None:
    assert round(series([0.9999] * 3), 4) == 0.9997
    assert 157 < downtime_minutes(series([0.9999] * 3)) < 158  # 2 h 37 min


def test_two_of_two_nines_are_four_and_a_database_behind_them_ends_it() -> None:
    assert redundant([0.99, 0.99]) == pytest.approx(0.9999, abs=ROUNDING)
    assert round(series([redundant([0.99, 0.99]), 0.99]), 4) == 0.9899  # 98.99 %


@given(st.integers(0, 6), st.integers(1, 6), SHARES)
def test_equal_members_are_the_binomial(needed: int, members: int, share: float) -> None:
    binomial = sum(comb(members, k) * share**k * (1 - share) ** (members - k) for k in range(needed, members + 1))

    assert at_least(needed, [share] * members) == pytest.approx(binomial, abs=1e-9)


def test_two_of_three_by_hand() -> None:
    by_hand = 0.9 * 0.8 * 0.7 + 0.9 * 0.8 * 0.3 + 0.9 * 0.2 * 0.7 + 0.1 * 0.8 * 0.7

    assert at_least(2, [0.9, 0.8, 0.7]) == pytest.approx(by_hand, abs=ROUNDING)
    assert at_least(3, [0.9, 0.8, 0.7]) == pytest.approx(0.9 * 0.8 * 0.7, abs=ROUNDING)
    assert at_least(4, [0.9, 0.8, 0.7]) == 0.0
    assert at_least(0, []) == 1.0


def test_a_site_is_counted_once_for_all_that_stands_on_it() -> None:
    links = [Link("db", (Element("db", 0.9, "a"),)), Link("app", (Element("app", 0.8, "a"),))]

    assert total(chain(links, SITES)) == pytest.approx(0.99 * 0.9 * 0.8, abs=ROUNDING)


def test_members_on_two_sites_by_hand() -> None:
    link = Link("app", (Element("one", 0.9, "a"), Element("two", 0.8, "b")))
    by_hand = 0.99 * 0.95 * (1 - 0.1 * 0.2) + 0.99 * 0.05 * 0.9 + 0.01 * 0.95 * 0.8
    terms = chain([link], SITES)

    assert total(terms) == pytest.approx(by_hand, abs=ROUNDING)
    assert [term.up for term in terms] == [("a", "b"), ("a",), ("b",)]


def test_more_sites_than_are_summed_over_only_lower_the_result() -> None:
    sites = {f"s{n:02}": 0.9 for n in range(12)}
    member = [Element(name, 0.5, name) for name in sites]
    links = [Link("everywhere", tuple(member))]
    exact = 1 - prod(1 - 0.9 * 0.5 for _ in sites)

    assert 0 < total(chain(links, sites)) < exact


def test_a_chain_of_nothing_is_always_up() -> None:
    assert total(chain([], SITES)) == 1.0


@given(st.lists(LINKS, max_size=4))
def test_an_availability_is_a_share(links: list[Link]) -> None:
    assert -ROUNDING <= total(chain(links, SITES)) <= 1 + ROUNDING


@given(st.lists(LINKS, min_size=1, max_size=4), ELEMENTS, st.data())
def test_one_member_more_never_lowers_it(links: list[Link], member: Element, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(links) - 1))
    chosen = links[at]
    more = [*links[:at], Link(chosen.name, (*chosen.elements, member), chosen.needed), *links[at + 1 :]]

    assert total(chain(more, SITES)) >= total(chain(links, SITES)) - ROUNDING


@given(st.lists(LINKS, max_size=4), LINKS)
def test_one_hard_dependency_more_never_raises_it(links: list[Link], dependency: Link) -> None:
    assert total(chain([*links, dependency], SITES)) <= total(chain(links, SITES)) + ROUNDING


@given(st.lists(LINKS, min_size=1, max_size=4), SHARES)
def test_a_better_site_never_lowers_it(links: list[Link], share: float) -> None:
    low, high = sorted((share, SITES["a"]))

    assert total(chain(links, {**SITES, "a": low})) <= total(chain(links, {**SITES, "a": high})) + ROUNDING
