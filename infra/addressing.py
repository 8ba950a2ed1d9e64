"""Addresses: which ones a network can give out, and how a range is cut into networks. Pure; no client is asked.

AWS keeps five addresses of every subnet for itself: the first four and the last. A port group keeps three: its own, the gateway's and the
broadcast address.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network

from infra.errors import InclineError
from infra.estate.model import AwsSite, Network, VsphereSite

AWS_RESERVED_AT_START = 4  # network, router, DNS, future use
AWS_LARGEST_PREFIX = 28  # AWS takes subnets of /16 to /28
AWS_SMALLEST_PREFIX = 16


class AddressingError(InclineError):
    """A range has no room for what is asked of it."""


def gateway(network: Network) -> IPv4Address:
    """The network's gateway: as written, or the first host address."""
    return network.gateway or network.cidr.network_address + 1


def reserved(network: Network, site: VsphereSite | AwsSite) -> dict[IPv4Address, str]:
    """The addresses of a network that no server may have, and why."""
    first, last = network.cidr.network_address, network.cidr.broadcast_address
    if isinstance(site, AwsSite):
        reasons = ("the subnet's own address", "AWS's router", "AWS's name server", "kept by AWS for future use")
        return {first + offset: reason for offset, reason in enumerate(reasons)} | {last: "the broadcast address, kept by AWS"}
    return {first: "the network's own address", last: "the broadcast address", gateway(network): "the gateway"}


def usable(network: Network, site: VsphereSite | AwsSite) -> Iterator[IPv4Address]:
    """The addresses that servers may have, in order."""
    kept = reserved(network, site)
    return (address for address in network.cidr if address not in kept)


def free_address(network: Network, site: VsphereSite | AwsSite, used: Collection[IPv4Address]) -> IPv4Address:
    """The lowest address that may be given out and is not in use.

    Raises:
        AddressingError: INC-1060 when the network is full.
    """
    taken = frozenset(used)
    for address in usable(network, site):
        if address not in taken:
            return address
    raise AddressingError(
        f"network {network.name} of {site.name} ({network.cidr}) has no free address",
        code="INC-1060",
        details=(f"{len(taken & set(network.cidr))} in use, {len(reserved(network, site))} reserved",),
        next_step=f"add a network to sites/{site.name}.yaml, or retire a server that stands in this one",
    )


def subtract(space: IPv4Network, taken: Iterable[IPv4Network]) -> list[IPv4Network]:
    """What is left of a range, as the fewest networks, in order."""
    left = [space]
    for other in taken:
        left = [part for each in left for part in _without(each, other)]
    return sorted(left)


def allocate(space: IPv4Network, prefixes: Sequence[int], taken: Iterable[IPv4Network] = ()) -> list[IPv4Network]:
    """Networks of the given prefix lengths, in the order asked for, none overlapping another or what is taken.

    The largest are placed first, each in the smallest gap that holds it, lowest first: so large gaps stay whole, and the same request
    always has the same answer.

    Raises:
        AddressingError: INC-1061 when the range has no room.
    """
    gaps = subtract(space, taken)
    placed: dict[int, IPv4Network] = {}
    for index in sorted(range(len(prefixes)), key=lambda each: (prefixes[each], each)):
        prefix = prefixes[index]
        fitting = [gap for gap in gaps if gap.prefixlen <= prefix]
        if not fitting:
            raise AddressingError(
                f"{space} has no room for another /{prefix}",
                code="INC-1061",
                details=(f"asked for {', '.join(f'/{each}' for each in prefixes)}; {len(placed)} of {len(prefixes)} placed",),
                next_step="ask for smaller networks or take a larger range",
            )
        gap = max(fitting, key=lambda each: (each.prefixlen, -int(each.network_address)))
        placed[index] = IPv4Network((gap.network_address, prefix))
        gaps = sorted([each for each in gaps if each != gap] + _without(gap, placed[index]))
    return [placed[index] for index in range(len(prefixes))]


def plan_zone_networks(
    vpc_cidr: IPv4Network, zones: Sequence[str], tiers: Sequence[str], *, prefix: int, taken: Iterable[IPv4Network] = ()
) -> dict[tuple[str, str], IPv4Network]:
    """One subnet per tier and zone: (`app`, `us-east-1a`) -> its network. The zones of a tier lie together: one rule can name them all."""
    if not AWS_SMALLEST_PREFIX <= prefix <= AWS_LARGEST_PREFIX:
        raise AddressingError(
            f"a subnet of AWS cannot be a /{prefix}", code="INC-1062", next_step=f"choose /{AWS_SMALLEST_PREFIX} to /{AWS_LARGEST_PREFIX}"
        )
    keys = [(tier, zone) for tier in tiers for zone in zones]
    return dict(zip(keys, allocate(vpc_cidr, [prefix] * len(keys), taken), strict=True))


def _without(network: IPv4Network, other: IPv4Network) -> list[IPv4Network]:
    if not network.overlaps(other):
        return [network]
    if network.subnet_of(other):
        return []
    return sorted(network.address_exclude(other))
