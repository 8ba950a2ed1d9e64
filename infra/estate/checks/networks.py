"""Ranges of addresses: no two networks of the estate overlap, within a site or between two, since sites are linked and servers move."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network

from infra.estate.draft import Draft, Entry
from infra.estate.model import AwsSite, VsphereSite
from infra.estate.problems import Problem


@dataclass(frozen=True)
class _Range:
    cidr: IPv4Network
    label: str
    entry: Entry[VsphereSite | AwsSite]
    path: tuple[Hashable, ...]
    network: str = ""

    @property
    def site(self) -> str:
        return self.entry.value.name


def check(draft: Draft) -> Iterator[Problem]:
    """Every overlap, once, at the later of the two places."""
    for first, second in _overlaps(draft):
        yield _overlap(first, second)


def disputed(draft: Draft) -> set[tuple[str, str]]:
    """Site and name of every network that overlaps another: which addresses belong to it is not clear yet."""
    ranges = (each for pair in _overlaps(draft) for each in pair if each.network)
    return {(each.site, each.network) for each in ranges}


def _overlaps(draft: Draft) -> Iterator[tuple[_Range, _Range]]:
    """Pairs in the order of the files."""
    # Sorted by first address, a range can only overlap those that began before it and have not ended: near linear for any estate.
    open_ranges: list[_Range] = []
    for current in sorted(_ranges(draft), key=lambda each: (each.cidr.network_address, each.cidr.prefixlen)):
        open_ranges = [each for each in open_ranges if each.cidr.broadcast_address >= current.cidr.network_address]
        for other in open_ranges:
            if not _belongs(other, current):
                first, second = sorted((other, current), key=_place)
                yield first, second
        open_ranges.append(current)


def _ranges(draft: Draft) -> Iterator[_Range]:
    for entry in draft.sites.values():
        site = entry.value
        if isinstance(site, AwsSite):
            yield _Range(site.vpc_cidr, f"the VPC of {site.name}", entry, ("vpc_cidr",))
        for index, network in enumerate(site.networks):
            yield _Range(network.cidr, f"network {network.name} of {site.name}", entry, ("networks", index, "cidr"), network.name)


def _belongs(one: _Range, other: _Range) -> bool:
    """A subnet lies in the VPC of its own site, as it must."""
    return one.site == other.site and ("vpc_cidr" in one.path or "vpc_cidr" in other.path)


def _place(each: _Range) -> tuple[str, int]:
    return each.entry.document.file, each.entry.line(*each.path)


def _overlap(first: _Range, second: _Range) -> Problem:
    what = f"{second.label} ({second.cidr}) overlaps {first.label} ({first.cidr}, {first.entry.where(*first.path)})"
    return second.entry.problem(what, "choose a range that no other network of the estate uses", "INC-1020", *second.path)
