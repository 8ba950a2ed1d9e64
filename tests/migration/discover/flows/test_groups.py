"""What moves together, and what is cut."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from migration.discover.groups import move_groups
from migration.discover.model import Edge, FoundMachine
from tests.migration.discover.flows.packets import NOW


def machines(*names: str) -> list[FoundMachine]:
    return [FoundMachine(key=f"hill/{name}", name=name, site="hill", kind="vsphere", source="test", as_of=NOW) for name in names]


def edge(source: str, target: str, confidence: float = 0.8, port: int = 5432, *, once: bool = False) -> Edge:
    return Edge(source=f"hill/{source}", target=f"hill/{target}", port=port, confidence=confidence, connections=10, once=once)


def members(names: str, *edges: Edge, **options: object) -> dict[str, tuple[str, ...]]:
    found = move_groups(machines(*names), edges, **options)  # type: ignore[arg-type]
    return {name: tuple(key.removeprefix("hill/") for key in keys) for name, keys in found.members().items()}


def test_sure_ties_and_weaker_ones_that_go_both_ways_hold() -> None:
    found = members("abcdefg", edge("a", "b"), edge("c", "d", 0.4), edge("d", "c", 0.4), edge("e", "f", 0.4), edge("f", "g", once=True))

    assert found == {"a": ("a", "b"), "c": ("c", "d")}


def test_hubs_and_what_everybody_uses_tie_nothing() -> None:
    edges = [edge("a", "h"), edge("b", "h"), edge("a", "c", port=53), edge("b", "c", port=3389), edge("a", "d")]

    assert members("abcdh", *edges, hubs={"hill/h"}) == {"a": ("a", "d")}


def test_the_weakest_tie_is_cut_where_a_group_would_be_too_large() -> None:
    edges = [edge("a", "b", 0.9), edge("b", "c", 0.6), edge("c", "d", 0.9)]

    found = move_groups(machines(*"abcd"), edges, largest=3)

    assert sorted(found.members().values()) == [("hill/a", "hill/b"), ("hill/c", "hill/d")]
    assert [(tie.one, tie.other) for tie in found.cut] == [("hill/b", "hill/c")]
    assert [(finding.code, finding.where) for finding in found.findings] == [("DSC-076", "groups a and c")]
    assert "b - c" in found.findings[0].what


def test_ties_of_one_service_hold_before_stronger_ones_between_services() -> None:
    edges = [edge("a", "b", 0.9), edge("b", "c", 0.6)]

    found = move_groups(machines(*"abc"), edges, largest=2, services={"hill/b": "desk", "hill/c": "desk"})

    assert found.members() == {"desk": ("hill/b", "hill/c")}


def test_groups_are_named_after_their_services() -> None:
    services = {"hill/a": "gis", "hill/b": "permits", "hill/c": "permits", "hill/d": "permits"}

    found = move_groups(machines(*"abcd"), [edge("a", "b"), edge("c", "d")], services=services)

    assert set(found.members()) == {"gis+permits", "permits"}


def test_two_groups_of_one_service_have_two_names() -> None:
    found = move_groups(
        machines(*"abcd"), [edge("a", "b"), edge("c", "d")], services=dict.fromkeys(("hill/a", "hill/b", "hill/c", "hill/d"), "desk")
    )

    assert found.members() == {"desk": ("hill/a", "hill/b"), "desk~2": ("hill/c", "hill/d")}


ends = st.integers(0, 25)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(ends, ends, st.sampled_from([0.1, 0.4, 0.6, 0.9])), max_size=60),
    st.integers(1, 8),
    st.randoms(use_true_random=False),
)
def test_no_group_is_too_large_and_order_does_not_matter(pairs: list[tuple[int, int, float]], largest: int, shuffle: random.Random) -> None:
    everybody = machines(*(f"m{n:02}" for n in range(26)))
    edges = [edge(f"m{a:02}", f"m{b:02}", confidence) for a, b, confidence in pairs]

    found = move_groups(everybody, edges, largest=largest)
    mixed = shuffle.sample(edges, len(edges))

    assert move_groups(everybody[::-1], mixed, largest=largest) == found
    assert all(2 <= len(keys) <= largest for keys in found.members().values())
    for tie in found.cut:
        assert found.of.get(tie.one, tie.one) != found.of.get(tie.other, tie.other)


def test_a_chain_of_thousands_is_parted_into_full_groups() -> None:
    names = [f"m{n:05}" for n in range(5000)]

    found = move_groups(machines(*names), [edge(a, b) for a, b in pairwise(names)], largest=50)

    assert max(len(keys) for keys in found.members().values()) <= 50
    assert len(found.of) >= 4900
