"""What a server costs in a month in a data centre: its share of the hosts, and its bytes.

Two different numbers, both shown. *Allocated*: what a host costs is divided among the machines that run, half by memory and half by
processors, so that the shares of a cluster add up to the whole. *Really freed*: nothing is saved before a whole host goes, and VMware is
billed by the core of hosts, not by the machine: `freed` says which hosts would go when these machines leave.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from infra.prices import Prices
from migration.assess.cost_lines import Side, monthly
from migration.assess.model import CostLine
from migration.assess.subject import TIB, Subject, size_text
from migration.discover.model import FoundHost, FoundMachine, Inventory

HOURS_PER_YEAR = 8760
VCPUS_PER_CORE = 4.0
"""What a general cluster carries (CAP-007)."""
_SPARE_HOSTS = 1


@dataclass(frozen=True, slots=True)
class Share:
    """A machine's part of a cluster's hosts. `of`: how the cluster is called in a line; `yearly`: what its hosts take in a year."""

    share: float
    of: str
    yearly: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Freed:
    """Hosts of one cluster that would be empty when machines leave, with their cores as VMware bills them."""

    site: str
    cluster: str
    hosts: tuple[str, ...]
    of: int
    cores: int
    usd_month: float


@dataclass(slots=True)
class _Load:
    """What runs on one cluster. `unseen`: by how much its hosts use more memory than the machines that are known have; 1 when not."""

    machines: list[FoundMachine]
    cpus: int = 0
    memory: int = 0
    unseen: float = 1.0


class DataCentre:
    """The hosts and running machines of an inventory, counted once, so that many machines can be asked about.

    An import of a part of a data centre shows few machines on many hosts. What those hosts say that they use tells: the shares are then of
    that, or nine machines would pay for a whole cluster.
    """

    def __init__(self, inventory: Inventory, prices: Prices) -> None:
        self._prices = prices
        self._hosts: dict[tuple[str, str], list[FoundHost]] = {}
        for host in inventory.hosts:
            self._hosts.setdefault((host.site, host.cluster), []).append(host)
        names = {(host.site, host.name): host.cluster for host in inventory.hosts}
        self._place = {m.key: (m.site, m.cluster or names.get((m.site, m.host), "")) for m in inventory.machines}
        self._needs: dict[tuple[str, str], Mapping[str, float]] = {}
        self._loads: dict[tuple[str, str], _Load] = {}
        for machine in inventory.machines:
            if machine.power == "on" and not machine.template and machine.kind == "vsphere":
                load = self._loads.setdefault(self._place[machine.key], _Load([]))
                load.machines.append(machine)
                load.cpus += max(machine.cpus, 0)
                load.memory += max(machine.memory, 0)
        for place, load in self._loads.items():
            used = sum(host.memory_used or 0.0 for host in self._hosts.get(place, ()))
            load.unseen = max(1.0, used / load.memory) if load.memory else 1.0

    def share_of(self, machine: FoundMachine) -> Share | None:
        """A running machine's part of its cluster; None when its hosts, or how large they are, are not known."""
        place = self._place.get(machine.key, (machine.site, machine.cluster))
        hosts, load = self._hosts.get(place), self._loads.get(place)
        if machine.power != "on" or not hosts or load is None or not _known(hosts):
            return None
        parts = [value / total for value, total in ((machine.cpus, load.cpus), (machine.memory, load.memory)) if total]
        part = sum(parts) / len(parts) / load.unseen if parts else 0.0
        return self._share(part, place, hosts, ", which carries more than is known" if load.unseen > 1 else "")

    def share_at(self, site: str, cluster: str, cpus: int, memory: int) -> Share | None:
        """What a machine that is not there yet would take: its part of what the cluster has (four vCPUs a core), not of what is used."""
        places = [place for place in self._hosts if place[0] == site and cluster in {"", place[1]}]
        hosts = [host for place in places for host in self._hosts[place]]
        cores, total = sum(host.cores for host in hosts), sum(host.memory for host in hosts)
        if not cores or not total:
            return None
        part = (cpus / (cores * VCPUS_PER_CORE) + memory / total) / 2
        return self._share(min(1.0, part), (site, cluster or "all clusters"), hosts)

    def _share(self, part: float, place: tuple[str, str], hosts: Sequence[FoundHost], note: str = "") -> Share:
        name = f"{place[1] or 'the hosts'} at {place[0]} ({len(hosts)} hosts{note})"
        if place not in self._needs:
            self._needs[place] = host_needs(hosts, self._prices)
        return Share(part, name, self._needs[place])

    def freed(self, leaving: Collection[str], arriving: Mapping[str, tuple[int, int]] = MappingProxyType({})) -> tuple[Freed, ...]:
        """Which whole hosts go, cluster by cluster, when these machines have left and what stays survives the loss of the largest host.

        Hosts that could go today already are not counted: no move frees them. `arriving`: processors and memory that come to a site; which
        cluster takes them is not known here, so each must have room for them.
        """
        found = []
        for place, hosts in sorted(self._hosts.items()):
            load = self._loads.get(place, _Load([]))
            gone = [m for m in load.machines if m.key in leaving]
            if not gone or not _known(hosts):
                continue
            cpus, memory = arriving.get(place[0], (0, 0))
            now_cpus, now_memory = round(load.cpus * load.unseen), round(load.memory * load.unseen)
            idle = _superfluous(hosts, now_cpus, now_memory)
            after = _superfluous(hosts, now_cpus + cpus - sum(m.cpus for m in gone), now_memory + memory - sum(m.memory for m in gone))
            go = [host for host in after if host not in idle][: max(0, len(after) - len(idle))]
            cost = host_costs(go, self._prices) / 12
            cores = sum(billed_cores(host, self._prices) for host in go)
            found.append(Freed(place[0], place[1], tuple(host.name for host in go), len(hosts), cores, cost))
        return tuple(found)


def _known(hosts: Sequence[FoundHost]) -> bool:
    """Whether any host has a size: the machines that were seen would pay for all of a cluster of which nothing else is known."""
    return any(host.cores > 0 and host.memory > 0 for host in hosts)


def _superfluous(hosts: Sequence[FoundHost], cpus: int, memory: int) -> list[FoundHost]:
    """Hosts that so much does not need: it must fit into what is left without the largest of those (N+1), by memory and by vCPUs."""
    left = sorted(hosts, key=lambda h: (-h.cores, -h.memory, h.name))
    if cpus <= 0 and memory <= 0:
        return left
    gone: list[FoundHost] = []
    for host in list(left):
        rest = [each for each in left if each is not host]
        if len(rest) > _SPARE_HOSTS and _carries(rest, memory, cpus):
            left = rest
            gone.append(host)
    return gone


def _carries(hosts: Sequence[FoundHost], memory: int, cpus: int) -> bool:
    safe_memory = sum(h.memory for h in hosts) - max(h.memory for h in hosts)
    safe_cores = sum(h.cores for h in hosts) - max(h.cores for h in hosts)
    return memory <= safe_memory and cpus <= safe_cores * VCPUS_PER_CORE


def billed_cores(host: FoundHost, prices: Prices) -> int:
    """A host's cores as VMware bills them: at least so many for each processor."""
    least = int(prices["vmware-cores-per-cpu"].value) * (host.sockets or 2)
    return max(host.cores, least)


def host_needs(hosts: Sequence[FoundHost], prices: Prices) -> dict[str, float]:
    """What hosts take in a year, by the name of its price: host-years, kWh, core-years."""
    count = len(hosts)
    return {
        "host-year": count,
        "host-maintenance-year": count,
        "host-rack-year": count,
        "power-kwh": count * prices["host-kw"].value * HOURS_PER_YEAR * prices["power-pue"].value,
        "vmware-core-year": sum(billed_cores(host, prices) for host in hosts),
    }


def host_costs(hosts: Sequence[FoundHost], prices: Prices) -> float:
    """USD a year."""
    return sum(amount * prices[name].value for name, amount in host_needs(hosts, prices).items())


_SAID = {
    "host-year": ("hardware", "host-years"),
    "host-maintenance-year": ("maintenance", "host-years"),
    "host-rack-year": ("room and rack", "host-years"),
    "power-kwh": ("electricity", "kWh"),
    "vmware-core-year": ("VMware licence, allocated (really saved only with a whole host)", "core-years"),
}
STAND_IN = FoundHost(name="stand-in", site="", sockets=2, cores=32, memory=256 << 30)
"""Prices what stands where no host is known; holds nothing."""


def run_cost(subject: Subject, share: Share | None, provisioned: int, prices: Prices, side: Side) -> Iterator[CostLine]:
    """The lines of a month. A machine that is off costs its storage only."""
    if subject.machine.power == "on":
        taken = share or _guessed(subject, prices)
        for name, year in taken.yearly.items():
            what, unit = _SAID[name]
            yield monthly(f"{what}: {taken.share:.2%} of {taken.of}", year * taken.share / 12, unit, prices[name], side)
    tib = provisioned / TIB
    if tib > 0:
        yield monthly(f"storage of {size_text(provisioned)}", tib / 12, "TiB-years", prices["storage-tib-year"], side)
        yield monthly(f"backup of {size_text(provisioned)}", tib / 12, "TiB-years", prices["datacentre-backup-tib-year"], side)


def _guessed(s: Subject, prices: Prices) -> Share:
    """Its hosts are not known: a share of a host of a usual size stands in, and says so."""
    part = (s.machine.cpus / (STAND_IN.cores * VCPUS_PER_CORE) + s.machine.memory / STAND_IN.memory) / 2
    needs = host_needs([STAND_IN], prices)
    return Share(max(0.0, part), "a host of 32 cores and 256 GiB, since its hosts are not known", needs)
