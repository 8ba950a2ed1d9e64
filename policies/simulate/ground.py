"""A cluster as the simulation needs it: which machine stands on which host, and what each host has left.

A machine whose host is known stands there, even where that overfills the host. The others are put where there is most room, as DRS
would balance them; which machines stop with which host is then an assumption, and is said to be one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from policies.evidence import ClusterEvidence, Evidence, HostEvidence, ServerEvidence, Unknown, known
from policies.simulate.placing import Rooms, place

PRIORITIES = ("highest", "high", "medium", "low", "lowest")
HELD_WAVE = len(PRIORITIES)
"""A held machine does not run; it is given a place last, since its rollback needs one."""
DEFAULT_RATIO = 4.0


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine takes from a host. `known`: both sizes are; unknown ones count as nothing here."""

    name: str
    cpus: float
    memory: float
    mhz: float
    group: str
    wave: int
    held: bool
    known: bool
    restarts: bool


@dataclass(frozen=True, slots=True)
class Ground:
    """A cluster before the failure.

    Args:
        rooms: what is left on each host, in the order of `cluster.hosts`.
        on: the machines of each host by their number, in the order of restart.
        homeless: machines that find no place even before any failure.
        assumed: how many machines were put on a host because nobody says where they are.
        dedicated: hosts that are kept free for a failure.
    """

    cluster: ClusterEvidence
    machines: tuple[Machine, ...]
    rooms: Rooms
    on: tuple[tuple[int, ...], ...]
    homeless: tuple[int, ...]
    assumed: int
    dedicated: frozenset[int]
    index: dict[str, int] = field(default_factory=dict)


def vcpu_ratio(evidence: Evidence) -> float:
    """How many vCPUs a core may carry: the parameter of the failover rule, so that rule and simulation count alike."""
    value = evidence.standards.rules.get("CAP-001", {}).get("vcpu_per_core", DEFAULT_RATIO)
    return float(value)


def lay_out(evidence: Evidence, cluster: ClusterEvidence) -> Ground:
    """The cluster with every machine on a host."""
    servers = [s for s in evidence.in_cluster(cluster) if s.held or s.running is not False]
    machines = tuple(_machine(s, cluster) for s in servers)
    index = {host.name: number for number, host in enumerate(cluster.hosts)}
    rooms = empty_rooms(cluster.hosts, vcpu_ratio(evidence))
    on: list[list[int]] = [[] for _ in cluster.hosts]
    loose = []
    for number, (server, machine) in enumerate(zip(servers, machines, strict=True)):
        home = index.get(server.host) if isinstance(server.host, str) else None
        if home is None:
            loose.append(number)
        else:
            rooms.take(home, machine)
            on[home].append(number)
    dedicated = _dedicated(cluster, on)
    homeless = _settle(rooms, machines, loose, on, dedicated)
    order = tuple(tuple(sorted(those, key=lambda n: restart_order(machines[n]))) for those in on)
    return Ground(cluster, machines, rooms, order, homeless, len(loose) - len(homeless), dedicated, index)


def empty_rooms(hosts: Sequence[HostEvidence], ratio: float) -> Rooms:
    """Hosts with nothing on them."""
    return Rooms.of([(h.cores * ratio, float(h.memory), float(h.cores * h.mhz)) for h in hosts])


def restart_order(machine: Machine) -> tuple[int, float, float, str]:
    """By priority; within one, the largest first, since they are the hardest to place."""
    return (machine.wave, -machine.memory, -machine.cpus, machine.name)


def _machine(server: ServerEvidence, cluster: ClusterEvidence) -> Machine:
    priority = server.vsphere.restart_priority if server.vsphere else None
    if not isinstance(priority, str) or priority not in {*PRIORITIES, "disabled"}:
        priority = cluster.ha.restart_priority or "medium"
    return Machine(
        name=server.name,
        cpus=known(server.cpus),
        memory=known(server.memory),
        mhz=known(server.cpu_reservation_mhz),
        group=server.group if not server.held else "",
        wave=HELD_WAVE if server.held else PRIORITIES.index(priority) if priority in PRIORITIES else len(PRIORITIES) - 1,
        held=server.held,
        known=not isinstance(server.cpus, Unknown) and not isinstance(server.memory, Unknown),
        restarts=server.held or priority != "disabled",
    )


def _settle(
    rooms: Rooms, machines: Sequence[Machine], loose: Sequence[int], on: list[list[int]], dedicated: frozenset[int]
) -> tuple[int, ...]:
    """Put machines of unknown host where they would be; answers those that find no place."""
    kept = frozenset(range(len(on))) - dedicated
    placed = place(rooms, [machines[n] for n in loose], hosts=kept, separate=True)
    if any(host is None for host in placed.hosts):
        second = place(rooms, [machines[n] for n in loose], hosts=kept, separate=False)
        placed = second if second.missed < placed.missed else placed
    homeless = []
    for number, host in zip(loose, placed.hosts, strict=True):
        if host is None:
            homeless.append(number)
        else:
            rooms.take(host, machines[number])
            on[host].append(number)
    return tuple(homeless)


def _dedicated(cluster: ClusterEvidence, on: Sequence[Sequence[int]]) -> frozenset[int]:
    """The hosts that admission control keeps free: as many as may fail, the largest of those on which nothing is seen to run."""
    if cluster.ha.admission != "failover-hosts":
        return frozenset()
    free = [n for n, those in enumerate(on) if not those]
    ranked = sorted(free, key=lambda n: (-cluster.hosts[n].memory, -cluster.hosts[n].cores, cluster.hosts[n].name))
    return frozenset(ranked[: min(cluster.ha.host_failures, len(cluster.hosts) - 1)])
