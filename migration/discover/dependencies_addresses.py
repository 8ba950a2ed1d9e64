"""Whose address it is: by the inventory's cards, by the estate, by what guests say of themselves."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from infra.estate.model import Estate
from migration.discover.model import Finding, FoundMachine, Gravity

INTERNET = "address/internet"
CROWD = 24
"""So many unknown addresses of one network that use one port are one crowd: people's desks, not servers."""

_PREFIX = {4: 24, 6: 64}
_INSIDE = tuple(ipaddress.ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))


@dataclass(slots=True)
class Directory:
    """Machine keys by address."""

    keys: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def end(self, address: str) -> str:
        """The machine at an address, else the address itself, or that it lies outside."""
        key = self.keys.get(address)
        if key:
            return key
        return INTERNET if _outside(address) else f"address/{address}"


def directory(machines: Iterable[FoundMachine], estate: Estate | None, guests: Mapping[str, str]) -> Directory:
    """Everybody's addresses. What two machines claim is the running one's, else nobody's.

    What people declared counts where no machine tells, and a guest's own word where nobody else does.
    """
    found = Directory()
    known = {machine.key: machine for machine in machines if not machine.template}
    claims: dict[str, set[str]] = {}
    for machine in known.values():
        for address in _of(machine):
            claims.setdefault(address, set()).add(machine.key)
    for address, keys in sorted(claims.items()):
        found.keys[address] = _owner(address, keys, known, found.findings)
    for address, key in _declared(known.values(), estate):
        found.keys.setdefault(address, key)
    _guests(found, known.values(), guests)
    found.keys = {address: key for address, key in found.keys.items() if key}
    return found


def crowd(address: str) -> str:
    """The network that stands for the crowd of an unknown address."""
    told = ipaddress.ip_address(address)
    return f"address/{ipaddress.ip_network(f'{address}/{_PREFIX[told.version]}', strict=False)}"


def _of(machine: FoundMachine) -> Iterator[str]:
    for address in {*machine.addresses, *(address for nic in machine.nics for address in nic.addresses)}:
        try:
            told = ipaddress.ip_interface(address).ip
        except ValueError:
            continue
        if not (told.is_loopback or told.is_link_local or told.is_unspecified):
            yield str(told)


def _owner(address: str, keys: set[str], known: Mapping[str, FoundMachine], findings: list[Finding]) -> str:
    if len(keys) == 1:
        return next(iter(keys))
    running = [key for key in sorted(keys) if known[key].power == "on"]
    names = ", ".join(sorted(known[key].name for key in keys)[:4])
    owner = running[0] if len(running) == 1 else ""
    findings.append(
        Finding(
            code="DSC-070",
            gravity=Gravity.WARNING,
            where=f"address {address}",
            what=f"{len(keys)} machines have it: {names}",
            taken=f"it is that of {known[owner].name}, which runs" if owner else "it is nobody's: its conversations name the address",
            remedy="see which of them is stale, or where networks overlap",
        )
    )
    return owner


def _declared(machines: Iterable[FoundMachine], estate: Estate | None) -> Iterator[tuple[str, str]]:
    if estate is None:
        return
    for machine in machines:
        server = estate.servers.get(machine.server)
        place = server.at.get(machine.site) if server else None
        for nic in place.nics if place else ():
            yield str(nic.address), machine.key


def _guests(found: Directory, machines: Iterable[FoundMachine], guests: Mapping[str, str]) -> None:
    """Addresses that only the guest knows, such as a second one of its card; a guest that no machine is named after is said."""
    names: dict[str, set[str]] = {}
    for machine in machines:
        for name in {machine.name, machine.server, machine.dns_name, machine.dns_name.partition(".")[0]}:
            if name:
                names.setdefault(name.lower(), set()).add(machine.key)
    strangers = set()
    for address, guest in guests.items():
        keys = names.get(guest.lower()) or names.get(guest.lower().partition(".")[0], set())
        if len(keys) == 1:
            found.keys.setdefault(address, next(iter(keys)))
        elif address not in found.keys:
            strangers.add(guest)
    for guest in sorted(strangers):
        found.findings.append(
            Finding(
                code="DSC-077",
                gravity=Gravity.WARNING,
                where=f"ss of {guest}",
                what="no machine, or more than one, has this name and its addresses are not known",
                taken="its addresses stand for themselves",
                remedy="name the file after the machine",
            )
        )


@lru_cache(maxsize=65_536)
def _outside(address: str) -> bool:
    told = ipaddress.ip_address(address)
    return not any(told.version == network.version and told in network for network in _INSIDE)
