"""Network cards: the network is one of the site's, the address lies in it, may be given out, and is given to one server alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from ipaddress import IPv4Address

from infra.addressing import AddressingError, free_address, reserved
from infra.estate.checks import networks
from infra.estate.draft import Draft, Entry
from infra.estate.model import AwsSite, Network, Nic, Server, VsphereSite
from infra.estate.problems import Problem, did_you_mean

_Used = dict[tuple[str, IPv4Address], str]


def check(draft: Draft) -> Iterator[Problem]:
    """Every problem of network cards."""
    used: _Used = {}
    unclear = networks.disputed(draft)
    taken: dict[str, set[IPv4Address]] = defaultdict(set)
    for entry in draft.servers.values():
        for place, attachment in entry.value.at.items():
            taken[place].update(nic.address for nic in attachment.nics)
    for name, entry in draft.servers.items():
        for site_name, attachment in entry.value.at.items():
            if site_name in draft.sites:
                site = draft.sites[site_name].value
                for index, nic in enumerate(attachment.nics):
                    if (site_name, nic.network) not in unclear:
                        yield from _nic(name, entry, site, index, nic, taken[site_name])
                    yield from _twice(name, entry, site_name, index, nic, used)


def _nic(name: str, entry: Entry[Server], site: VsphereSite | AwsSite, index: int, nic: Nic, taken: set[IPv4Address]) -> Iterator[Problem]:
    path = ("at", site.name, "nics", index)
    known = {each.name: each for each in site.networks}
    network = known.get(nic.network)
    if network is None:
        what = f"server {name}: unknown network {nic.network!r} at {site.name}"
        yield entry.problem(what, did_you_mean(nic.network, known), "INC-1011", *path, "network")
        return
    if nic.address not in network.cidr:
        home = next((each.name for each in site.networks if nic.address in each.cidr), "")
        what = f"server {name}: {nic.address} is not in network {network.name} ({network.cidr})"
        advice = (
            f"write network: {home}, or an address of {network.name}{_free(network, site, taken)}"
            if home
            else _advice(network, site, taken)
        )
        yield entry.problem(what, advice, "INC-1021", *path, "address")
        return
    reason = reserved(network, site).get(nic.address)
    if reason is not None:
        what = f"server {name}: {nic.address} of network {network.name} cannot be given out: it is {reason}"
        yield entry.problem(what, _advice(network, site, taken), "INC-1021", *path, "address")


def _twice(name: str, entry: Entry[Server], site: str, index: int, nic: Nic, used: _Used) -> Iterator[Problem]:
    place = entry.where("at", site, "nics", index, "address")
    first = used.setdefault((site, nic.address), f"{name} ({place})")
    if first != f"{name} ({place})":
        what = f"server {name}: {nic.address} belongs to {first} already"
        yield entry.problem(what, "give each server its own address", "INC-1022", "at", site, "nics", index, "address")


def _advice(network: Network, site: VsphereSite | AwsSite, taken: set[IPv4Address]) -> str:
    return f"write an address of {network.cidr}{_free(network, site, taken)}"


def _free(network: Network, site: VsphereSite | AwsSite, taken: set[IPv4Address]) -> str:
    try:
        return f", such as {free_address(network, site, taken)}, which is free"
    except AddressingError:
        return " (it is full)"
