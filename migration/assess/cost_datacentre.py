"""What a server costs in a month in a data centre: its share of the hosts, and its bytes.

Two different numbers, both shown. *Allocated*: what a host costs is divided among the machines that run, half by memory and half by
processors, so that the shares of a cluster add up to the whole. *Really freed*: nothing is saved before a whole host goes, and VMware is
billed by the core of hosts, not by the machine: `freed` says which hosts would go when these machines leave.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.prices import Price, Prices
from migration.assess.cost_lines import Side, monthly
from migration.assess.model import CostLine
from migration.assess.subject import TIB, Subject
from migration.discover.model import FoundHost, FoundMachine, Inventory

HOURS_PER_YEAR = 8760
_VCPUS_PER_CORE = 4.0  # what a general cluster carries (CAP-007)
_SPARE_HOSTS = 1


@dataclass(frozen=True, slots=True)
class Share:
    """A machine's part of a cluster's hosts. `of`: how the cluster is called in a line."""

    share: float
    of: str
    hosts: int
    usd_year: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Freed:
    """Hosts of one cluster that would be empty when machines leave, with their cores as VMware bills them."""

    site: str
    cluster: str
    hosts: tuple[str, ...]
    of: int
    cores: int
    usd_month: float


class DataCentre:
    """The hosts and running machines of an inventory, counted once, so that many machines can be asked about."""

    def __init__(self, inventory: Inventory, prices: Prices) -> None:
        self._prices = prices
        self._hosts: dict[tuple[str, str], list[FoundHost]] = {}
        for host in inventory.hosts:
            self._hosts.setdefault((host.site, host.cluster), []).append(host)
        names = {(host.site, host.name): host.cluster for host in inventory.hosts}
        self._place = {m.key: (m.site, m.cluster or names.get((m.site, m.host), "")) for m in inventory.machines}
        self._cpus: dict[tuple[str, str], int] = {}
        self._memory: dict[tuple[str, str], int] = {}
        self._running: dict[tuple[str, str], list[FoundMachine]] = {}
        for machine in inventory.machines:
            if machine.power == "on" and not machine.template and machine.kind == "vsphere":
                place = self._place[machine.key]
                self._running.setdefault(place, []).append(machine)
                self._cpus[place] = self._cpus.get(place, 0) + max(machine.cpus, 0)
                self._memory[place] = self._memory.get(place, 0) + max(machine.memory, 0)

    def share_of(self, machine: FoundMachine) -> Share | None:
        """A running machine's part of its cluster; None when its hosts are not known."""
        place = self._place.get(machine.key, (machine.site, machine.cluster))
        hosts = self._hosts.get(place)
        if machine.power != "on" or not hosts:
            return None
        used = ((machine.cpus, self._cpus.get(place, 0)), (machine.memory, self._memory.get(place, 0)))
        parts = [value / total for value, total in used if total]
        return self._share(sum(parts) / len(parts) if parts else 0.0, place, hosts)

    def share_at(self, site: str, cluster: str, cpus: int, memory: int) -> Share | None:
        """What a machine that is not there yet would take: its part of what the cluster has (four vCPUs a core), not of what is used."""
        places = [place for place in self._hosts if place[0] == site and cluster in {"", place[1]}]
        hosts = [host for place in places for host in self._hosts[place]]
        cores, total = sum(host.cores for host in hosts), sum(host.memory for host in hosts)
        if not cores or not total:
            return None
        part = (cpus / (cores * _VCPUS_PER_CORE) + memory / total) / 2
        return self._share(min(1.0, part), (site, cluster or "all clusters"), hosts)

    def _share(self, part: float, place: tuple[str, str], hosts: Sequence[FoundHost]) -> Share:
        name = f"{place[1] or 'the hosts'} at {place[0]} ({len(hosts)} hosts)"
        return Share(part, name, len(hosts), host_costs(hosts, self._prices))

    def freed(self, leaving: Collection[str]) -> tuple[Freed, ...]:
        """Which whole hosts go, cluster by cluster, when these machines have left and what stays survives the loss of the largest host.

        Hosts that could go today already are not counted: no move frees them.
        """
        found = []
        for place, hosts in sorted(self._hosts.items()):
            running = self._running.get(place, [])
            stay = [m for m in running if m.key not in leaving]
            if len(stay) == len(running):
                continue
            idle = _superfluous(hosts, running)
            after = _superfluous(hosts, stay)
            go = [host for host in after if host not in idle][: max(0, len(after) - len(idle))]
            cost = sum(host_costs(go, self._prices).values()) / 12
            cores = sum(billed_cores(host, self._prices) for host in go)
            found.append(Freed(place[0], place[1], tuple(host.name for host in go), len(hosts), cores, cost))
        return tuple(found)


def _superfluous(hosts: Sequence[FoundHost], stay: Sequence[FoundMachine]) -> list[FoundHost]:
    """Hosts that the rest does not need: it must fit into what is left without the largest of those (N+1), by memory and by vCPUs."""
    memory, cpus = sum(m.memory for m in stay), sum(m.cpus for m in stay)
    left = sorted(hosts, key=lambda h: (-h.cores, -h.memory, h.name))
    gone: list[FoundHost] = []
    if not stay:
        return left
    for host in list(left):
        rest = [each for each in left if each is not host]
        if len(rest) <= _SPARE_HOSTS or not _carries(rest, memory, cpus):
            continue
        left = rest
        gone.append(host)
    return gone


def _carries(hosts: Sequence[FoundHost], memory: int, cpus: int) -> bool:
    safe_memory = sum(h.memory for h in hosts) - max(h.memory for h in hosts)
    safe_cores = sum(h.cores for h in hosts) - max(h.cores for h in hosts)
    return memory <= safe_memory and cpus <= safe_cores * _VCPUS_PER_CORE


def billed_cores(host: FoundHost, prices: Prices) -> int:
    """A host's cores as VMware bills them: at least so many for each processor."""
    least = int(prices["vmware-cores-per-cpu"].value) * (host.sockets or 2)
    return max(host.cores, least)


def host_costs(hosts: Sequence[FoundHost], prices: Prices) -> dict[str, float]:
    """What hosts cost in a year, by price name; electricity stands under `power-kwh`."""
    count = len(hosts)
    kwh = count * prices["host-kw"].value * HOURS_PER_YEAR * prices["power-pue"].value
    return {
        "host-year": count * prices["host-year"].value,
        "host-maintenance-year": count * prices["host-maintenance-year"].value,
        "host-rack-year": count * prices["host-rack-year"].value,
        "power-kwh": kwh * prices["power-kwh"].value,
        "vmware-core-year": sum(billed_cores(host, prices) for host in hosts) * prices["vmware-core-year"].value,
    }


_SAID = {
    "host-year": "hardware",
    "host-maintenance-year": "maintenance",
    "host-rack-year": "room and rack",
    "power-kwh": "electricity",
    "vmware-core-year": "VMware licence, allocated (really saved only with a whole host)",
}


def run_cost(subject: Subject, share: Share | None, provisioned: int, prices: Prices, side: Side) -> Iterator[CostLine]:
    """The lines of a month. A machine that is off, or whose hosts nobody knows, costs its storage only."""
    if share is not None:
        for name, year in share.usd_year.items():
            text = f"{_SAID[name]}: {share.share:.2%} of {share.of}"
            yield monthly(text, share.share, "share", prices[name], side, usd=year / 12 * share.share)
    elif subject.machine.power == "on" or side == "target":
        yield from _guessed(subject, prices, side)
    tib = provisioned / TIB
    if tib > 0:
        yield _yearly("storage", tib, "TiB", prices["storage-tib-year"], side)
        yield _yearly("backup", tib, "TiB", prices["datacentre-backup-tib-year"], side)


def _yearly(what: str, amount: float, unit: str, price: Price, side: Side) -> CostLine:
    return monthly(what, amount, unit, price, side, usd=amount * price.value / 12)


def _guessed(s: Subject, prices: Prices, side: Side) -> Iterator[CostLine]:
    """Hosts are not known: the share of a host with 32 cores and 256 GiB stands in, and says so."""
    stand_in = FoundHost(name="stand-in", site="", sockets=2, cores=32, memory=256 << 30)
    part = min(1.0, (s.machine.cpus / (32 * _VCPUS_PER_CORE) + s.machine.memory / (256 << 30)) / 2)
    for name, year in host_costs([stand_in], prices).items():
        text = f"{_SAID[name]}: {part:.2%} of a host of 32 cores and 256 GiB, since its hosts are not known"
        yield monthly(text, part, "share", prices[name], side, usd=year / 12 * part)
