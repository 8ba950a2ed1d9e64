"""Addresses and ranges: what holds for every request, not for one."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from infra.addressing import AddressingError, allocate, free_address, gateway, plan_zone_networks, reserved, subtract, usable
from infra.estate.model import AwsSite, Network, VsphereSite

SPACE = IPv4Network("10.60.0.0/16")
AWS = AwsSite.model_construct(kind="aws", name="cloud")
VSPHERE = VsphereSite.model_construct(kind="vsphere", name="hall")


@st.composite
def subnets(draw: st.DrawFn, smallest: int = 28, largest: int = SPACE.prefixlen + 1) -> IPv4Network:
    prefix = draw(st.integers(largest, smallest))
    index = draw(st.integers(0, (1 << (prefix - SPACE.prefixlen)) - 1))
    return IPv4Network((int(SPACE.network_address) + index * (1 << (32 - prefix)), prefix))


requests = st.lists(st.integers(18, 28), max_size=12)


@given(prefixes=requests, taken=st.lists(subnets(), max_size=5))
def test_networks_lie_in_the_range_have_the_size_asked_for_and_never_overlap(prefixes: list[int], taken: list[IPv4Network]) -> None:
    try:
        given_out = allocate(SPACE, prefixes, taken)
    except AddressingError:
        assume(False)

    assert [network.prefixlen for network in given_out] == prefixes
    assert all(network.subnet_of(SPACE) for network in given_out)
    assert not any(one.overlaps(other) for one, other in combinations(given_out, 2))
    assert not any(network.overlaps(other) for network in given_out for other in taken)


@given(prefixes=requests)
def test_a_range_is_refused_only_when_the_sizes_do_not_fit(prefixes: list[int]) -> None:
    fits = sum(1 << (32 - prefix) for prefix in prefixes) <= SPACE.num_addresses

    if fits:
        assert len(allocate(SPACE, prefixes)) == len(prefixes)
    else:
        with pytest.raises(AddressingError, match="has no room"):
            allocate(SPACE, prefixes)


@given(prefixes=requests, taken=st.lists(subnets(), max_size=5))
def test_the_same_request_has_the_same_answer_in_any_order_of_what_is_taken(prefixes: list[int], taken: list[IPv4Network]) -> None:
    def answer(others: list[IPv4Network]) -> list[IPv4Network] | None:
        try:
            return allocate(SPACE, prefixes, others)
        except AddressingError:
            return None

    assert answer(taken) == answer(taken[::-1])


@given(taken=st.lists(subnets(24), max_size=6))
def test_what_is_left_and_what_is_taken_make_the_whole(taken: list[IPv4Network]) -> None:
    left = subtract(SPACE, taken)

    assert not any(one.overlaps(other) for one, other in combinations(left, 2))
    assert not any(one.overlaps(other) for one in left for other in taken)
    union = sum(network.num_addresses for network in left) + len({address for network in taken for address in range(*_span(network))})
    assert union == SPACE.num_addresses


def _span(network: IPv4Network) -> tuple[int, int]:
    return int(network.network_address), int(network.broadcast_address) + 1


@given(cidr=subnets(largest=24), used=st.integers(0, 40))
def test_aws_addresses_are_never_the_first_four_nor_the_last(cidr: IPv4Network, used: int) -> None:
    network = Network(name="n", cidr=cidr)
    given_out: set[IPv4Address] = set()
    for _ in range(min(used, cidr.num_addresses - 5)):
        given_out.add(free_address(network, AWS, given_out))

    offsets = {int(address) - int(cidr.network_address) for address in given_out}
    assert offsets.isdisjoint({0, 1, 2, 3, cidr.num_addresses - 1})
    assert len(given_out) == min(used, cidr.num_addresses - 5)


@given(cidr=subnets(largest=24), index=st.integers(0, 1 << 14))
def test_a_port_group_never_gives_out_its_gateway(cidr: IPv4Network, index: int) -> None:
    network = Network(name="n", cidr=cidr, gateway=cidr.network_address + index % cidr.num_addresses)

    assert gateway(network) not in set(usable(network, VSPHERE))
    assert cidr.network_address not in set(usable(network, VSPHERE))
    assert len(reserved(network, VSPHERE)) <= 3


def test_a_full_network_says_how_full() -> None:
    network = Network(name="small", cidr=IPv4Network("10.60.0.0/28"))

    with pytest.raises(AddressingError, match=r"network small of cloud .* has no free address") as caught:
        free_address(network, AWS, set(usable(network, AWS)))

    assert caught.value.details == ("11 in use, 5 reserved",)


def test_a_tier_lies_together_over_its_zones() -> None:
    plan = plan_zone_networks(SPACE, ["a", "b"], ["app", "data"], prefix=24, taken=[IPv4Network("10.60.0.0/24")])

    assert {key: str(network) for key, network in plan.items()} == {
        ("app", "a"): "10.60.1.0/24",
        ("app", "b"): "10.60.2.0/24",
        ("data", "a"): "10.60.3.0/24",
        ("data", "b"): "10.60.4.0/24",
    }


@pytest.mark.parametrize("prefix", [15, 29])
def test_a_size_that_aws_does_not_know_is_refused(prefix: int) -> None:
    with pytest.raises(AddressingError, match=f"cannot be a /{prefix}"):
        plan_zone_networks(SPACE, ["a"], ["app"], prefix=prefix)
