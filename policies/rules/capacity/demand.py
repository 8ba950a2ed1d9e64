"""What asks for a cluster's capacity, and how much of it may be used: shared by the capacity rules, so that all count alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf

from infra.wording import listed
from policies.evidence import ClusterEvidence, Evidence, HostEvidence, PromiseEvidence, ServerEvidence, Unknown
from policies.verdict import format_number, ghz, gib


@dataclass(frozen=True, slots=True)
class Claims:
    """Who asks for a cluster's capacity.

    Args:
        servers: the machines that run or are about to, and held sources: without room for them rollback is not real.
        unplaced: machines of the site whose cluster is not known yet; they may come here.
        promises: what the ledger promised to others and none of the machines stands for.
    """

    servers: tuple[ServerEvidence, ...]
    unplaced: tuple[ServerEvidence, ...]
    promises: tuple[PromiseEvidence, ...]


def claims(evidence: Evidence, cluster: ClusterEvidence) -> Claims:
    """Who asks for the capacity of a cluster. On a site with one cluster, a machine without one can only be meant for it."""
    servers, unplaced = evidence.in_cluster(cluster), evidence.unplaced(cluster.site)
    if unplaced and sum(c.site == cluster.site for c in evidence.clusters) == 1:
        servers, unplaced = servers + unplaced, ()
    names = {s.name for s in servers}
    open_promises = {(p.by, p.holder): p for p in evidence.promised_to(cluster) if p.holder not in names}
    return Claims(
        tuple(s for s in servers if counts(s)), tuple(s for s in unplaced if counts(s)), tuple(p for _, p in sorted(open_promises.items()))
    )


def counts(server: ServerEvidence) -> bool:
    """Whether a machine asks for capacity: it runs, is about to, or is held for a rollback."""
    return server.held or server.running is not False


@dataclass(frozen=True, slots=True)
class Bounds:
    """A sum between what is certain and the most that it may be; the same where everything is known."""

    least: float
    most: float
    unknown: tuple[str, ...] = ()

    def __add__(self, other: Bounds) -> Bounds:
        """The sum of two."""
        return Bounds(self.least + other.least, self.most + other.most, tuple(dict.fromkeys(self.unknown + other.unknown)))


NOTHING = Bounds(0.0, 0.0)


def ranged(bounds: Bounds, text: Callable[[float], str]) -> str:
    """A sum for people: one number, or what it lies between."""
    if bounds.least == bounds.most:
        return text(bounds.least)
    return f"{text(bounds.least)} or more" if bounds.most == inf else f"{text(bounds.least)} to {text(bounds.most)}"


def bounded(value: float | Unknown, at_most: float | Unknown) -> Bounds:
    """A value, or from nothing up to the most it can be."""
    if not isinstance(value, Unknown):
        return Bounds(float(value), float(value))
    return Bounds(0.0, inf if isinstance(at_most, Unknown) else float(at_most), (str(value),))


def total(bounds: Iterable[Bounds]) -> Bounds:
    """The sum of many."""
    listed = list(bounds)
    lacks = dict.fromkeys(text for each in listed for text in each.unknown)
    return Bounds(sum(b.least for b in listed), sum(b.most for b in listed), tuple(lacks))


def total_of(values: Iterable[tuple[float | Unknown, float | Unknown]]) -> Bounds:
    """The sum of values, each given with the most that it can be where it is unknown. One pass, for thousands of machines."""
    least, most = 0.0, 0.0
    lacks: dict[str, None] = {}
    for value, at_most in values:
        if isinstance(value, Unknown):
            most += inf if isinstance(at_most, Unknown) else at_most
            lacks[str(value)] = None
        else:
            least += value
            most += value
    return Bounds(least, most, tuple(lacks))


def hosts_left(cluster: ClusterEvidence, largest: Callable[[HostEvidence], float]) -> tuple[HostEvidence, ...]:
    """The hosts that are left when those with most of one resource fail, as many as the cluster is set to survive."""
    ranked = sorted(cluster.hosts, key=lambda h: (-largest(h), h.name))
    return tuple(ranked[cluster.ha.host_failures :])


def memory_of(host: HostEvidence) -> float:
    """A host's memory."""
    return host.memory


def cpu_of(host: HostEvidence) -> float:
    """A host's clock, all cores together."""
    return host.cpu_mhz


def clock(cluster: ClusterEvidence) -> float:
    """The fastest clock in a cluster: the most that one vCPU can ask for."""
    return float(max((h.mhz for h in cluster.hosts), default=0))


def broken(formula: str) -> str:
    """A formula that does not hold, as it is."""
    return formula.replace(" <= ", " > ")


def away(cluster: ClusterEvidence) -> str:
    """The end of a message that names hosts which cannot run machines now."""
    if not cluster.away:
        return ""
    return f"; {listed(cluster.away)} {'is' if len(cluster.away) == 1 else 'are'} away (maintenance or lost) and not counted"


def placed_in(cluster: ClusterEvidence) -> str:
    """A cluster as messages name it."""
    return f"cluster {cluster.name} of {cluster.site}"


def demand(server: ServerEvidence, resource: str, fastest: float) -> Bounds:
    """What one machine asks for, see `demands`."""
    return bounded(*_demand(server, resource, fastest))


def demands(servers: Iterable[ServerEvidence], resource: str, fastest: float) -> Bounds:
    """What machines ask for at their 95th percentile, cpu in MHz or memory in bytes; unmeasured, at most all that they are configured with.

    Args:
        servers: the machines.
        resource: cpu or memory.
        fastest: the clock in MHz that one vCPU can use at most.
    """
    return total_of(_demand(server, resource, fastest) for server in servers)


def _demand(server: ServerEvidence, resource: str, fastest: float) -> tuple[float | Unknown, float | Unknown]:
    if resource == "cpu":
        at_most: float | Unknown = server.cpus if isinstance(server.cpus, Unknown) else server.cpus * fastest
        measured = server.usage if isinstance(server.usage, Unknown) else server.usage.cpu_mhz_p95
    else:
        at_most = server.memory
        measured = server.usage if isinstance(server.usage, Unknown) else server.usage.memory_p95
    if isinstance(measured, Unknown):
        measured = Unknown(f"measured {NAMES[resource]} use of {server.name}", measured.why)
    return measured, at_most


NAMES = {"cpu": "CPU", "memory": "memory"}


@dataclass(frozen=True, slots=True)
class Usable:
    """What of a cluster's resource may be used: all, less the hosts that may fail, less a buffer."""

    resource: str
    in_all: float
    left: float
    buffer_percent: float

    @property
    def value(self) -> float:
        """What may be used."""
        return self.left * (1 - self.buffer_percent / 100)

    def text(self, amount: float) -> str:
        """An amount of this resource for people."""
        return ghz(amount) if self.resource == "cpu" else gib(amount)

    def formula(self) -> str:
        """How it comes about, with numbers."""
        reserve = self.text(self.in_all - self.left)
        return f"({self.text(self.in_all)} - {reserve} HA reserve) x {format_number(100 - self.buffer_percent)} % = {self.text(self.value)}"


def usable(cluster: ClusterEvidence, resource: str, buffer_percent: float) -> Usable:
    """What may be used of a cluster's CPU or memory after the hosts with most of it have failed."""
    size = cpu_of if resource == "cpu" else memory_of
    left = sum(size(h) for h in hosts_left(cluster, size))
    return Usable(resource, sum(size(h) for h in cluster.hosts), left, buffer_percent)


def joined_lacks(lacks: tuple[str, ...], shown: int = 5) -> tuple[str, ...]:
    """What is missing, at most a few by name, so that a thousand unmeasured machines are not a thousand lines."""
    return lacks if len(lacks) <= shown else (*lacks[:shown], f"and {len(lacks) - shown} more of the kind")


def format_size(cpus: float, memory: float) -> str:
    """Processors and memory for people."""
    return f"{format_number(cpus)} CPUs and {gib(memory)}"
