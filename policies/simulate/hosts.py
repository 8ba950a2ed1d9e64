"""Hosts fail: HA restarts their machines on the hosts that are left, in order of priority."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from infra.wording import listed
from policies.evidence import ClusterEvidence, Evidence, Unknown, missing
from policies.simulate.failure import Failure, failed_hosts, host_failures
from policies.simulate.ground import HELD_WAVE, Ground, lay_out, restart_order
from policies.simulate.outcome import Fates, Restart, Stranded
from policies.simulate.placing import Placed, Rooms, binding, place

WHY = {
    "memory": "no host that is left has enough memory free",
    "cpu": "no host that is left has enough vCPUs free",
    "reservation": "no host that is left can keep the CPU reserved for it",
    "separation": "every host that has room runs a member of its redundancy group, and the cluster keeps them apart",
    "hosts": "no host is left",
    "high availability": "vSphere HA of the cluster is off: nothing restarts by itself",
    "restart priority": "its restart priority is disabled: HA leaves it off",
}


def fail_hosts(ground: Ground, failed: Iterable[str], *, separate: bool | None = None, rearrange: bool = False) -> Fates:
    """What happens to a cluster's machines when hosts of it fail.

    Args:
        ground: the cluster before the failure.
        failed: names of hosts; those of other clusters are passed over.
        separate: whether members of a redundancy group are kept apart at any price; None: as the cluster's HA is set.
        rearrange: whether machines that run may be moved to other hosts to make room, as DRS can.
    """
    down = [ground.index[name] for name in failed if name in ground.index]
    stopping = sorted((n for host in down for n in ground.on[host]), key=lambda n: restart_order(ground.machines[n]))
    why = _nothing_restarts(ground.cluster)
    if why:
        return _fates(ground, stopping, Placed((None,) * len(stopping)), dict.fromkeys(stopping, why))
    apart = ground.cluster.ha.respects_anti_affinity if separate is None else separate
    left = frozenset(range(len(ground.cluster.hosts))) - frozenset(down)
    willing = [n for n in stopping if ground.machines[n].restarts]
    placed = _placed(ground, willing, left, separate=apart)
    reasons = {n: "restart priority" for n in stopping if not ground.machines[n].restarts}
    if placed.missed and rearrange:
        placed = _rearranged(ground, willing, left, placed, separate=apart)
    if placed.missed:
        reasons.update(_reasons(ground, willing, placed, left))
    hosts = dict(zip(willing, placed.hosts, strict=True))
    beside = frozenset(stopping.index(willing[n]) for n in placed.beside)
    return _fates(ground, stopping, Placed(tuple(hosts.get(n) for n in stopping), beside), reasons)


def every_host(evidence: Evidence, cluster: ClusterEvidence, *, separate: bool | None = None) -> dict[Failure, Fates]:
    """Each host of a cluster alone; the cluster is laid out once."""
    ground = lay_out(evidence, cluster)
    return {failure: fail_hosts(ground, failed_hosts(cluster, failure), separate=separate) for failure in host_failures(cluster)}


def bounded(evidence: Evidence, ground: Ground, fates: Fates) -> Fates:
    """The fates with what unknown sizes could do: at worst such a machine fills a whole host, and finds no place when it must restart."""
    unknown = [m for m in ground.machines if not m.known]
    lacks = missing(v for s in evidence.in_cluster(ground.cluster) if s.held or s.running is not False for v in (s.cpus, s.memory))
    if not unknown or not fates.stopped:
        return fates
    known_homes = {s.name for s in evidence.in_cluster(ground.cluster) if not isinstance(s.host, Unknown)}
    stopped = frozenset(fates.stopped)
    if any(m.name not in known_homes and m.name not in stopped for m in unknown):
        return replace(fates, at_most=len(fates.stopped), missing=lacks)
    worst = _with_unknown_full(ground, stopped)
    return replace(fates, at_most=max(worst, len(fates.without_place)), missing=lacks)


def _with_unknown_full(ground: Ground, stopped: frozenset[str]) -> int:
    """How many find no place when every machine of unknown size fills its host."""
    rooms, failed = ground.rooms.copy(), set()
    for host, those in enumerate(ground.on):
        names = {ground.machines[n].name for n in those}
        if names & stopped:
            failed.add(host)
        elif any(not ground.machines[n].known for n in those):
            rooms.cpus[host] = rooms.memory[host] = rooms.mhz[host] = -1.0
    known = [m for m in ground.machines if m.name in stopped and m.known and not m.held]
    hosts = frozenset(range(len(ground.on))) - frozenset(failed)
    separate = ground.cluster.ha.respects_anti_affinity
    return len(stopped) - len(known) + place(rooms, known, hosts=hosts, separate=separate).missed


def _nothing_restarts(cluster: ClusterEvidence) -> str:
    return "" if cluster.ha.enabled and cluster.ha.host_monitoring is not False else "high availability"


def _placed(ground: Ground, stopping: Sequence[int], left: frozenset[int], *, separate: bool) -> Placed:
    """Dedicated hosts take what they can; the other hosts the rest."""
    machines = [ground.machines[n] for n in stopping]
    spare = ground.dedicated & left
    if not spare:
        return place(ground.rooms, machines, hosts=left, separate=separate)
    first = place(ground.rooms, machines, hosts=spare, separate=separate)
    if not first.missed:
        return first
    rooms = ground.rooms.copy()
    for machine, host in zip(machines, first.hosts, strict=True):
        if host is not None:
            rooms.take(host, machine)
    rest = [n for n, host in enumerate(first.hosts) if host is None]
    second = place(rooms, [machines[n] for n in rest], hosts=left, separate=separate)
    hosts = list(first.hosts)
    for n, host in zip(rest, second.hosts, strict=True):
        hosts[n] = host
    return Placed(tuple(hosts), first.beside | {rest[n] for n in second.beside})


def _rearranged(ground: Ground, stopping: Sequence[int], left: frozenset[int], before: Placed, *, separate: bool) -> Placed:
    """The same machines when all that run may be moved: everything is placed anew on the hosts that are left."""
    moving = set(stopping)
    stay = [n for host in sorted(left) for n in ground.on[host] if n not in moving]
    order = sorted([*stay, *stopping], key=lambda n: restart_order(ground.machines[n]))
    rooms = Rooms.of(ground.rooms.largest)
    found = place(rooms, [ground.machines[n] for n in order], hosts=left, separate=separate)
    hosts = dict(zip(order, found.hosts, strict=True))
    if any(hosts[n] is None for n in stay):
        return before
    placed = Placed(tuple(hosts[n] for n in stopping), frozenset(stopping.index(order[n]) for n in found.beside if order[n] in moving))
    return placed if placed.missed < before.missed else before


def _reasons(ground: Ground, stopping: Sequence[int], placed: Placed, left: frozenset[int]) -> dict[int, str]:
    rooms = ground.rooms.copy()
    for n, host in zip(stopping, placed.hosts, strict=True):
        if host is not None:
            rooms.take(host, ground.machines[n])
    without = [n for n, host in zip(stopping, placed.hosts, strict=True) if host is None]
    return {n: binding(rooms, ground.machines[n], left) for n in without}


def _fates(ground: Ground, stopping: Sequence[int], placed: Placed, reasons: dict[int, str]) -> Fates:
    restarted, without, lost = [], [], []
    for position, (number, host) in enumerate(zip(stopping, placed.hosts, strict=True)):
        machine = ground.machines[number]
        if machine.held and host is None:
            lost.append(machine.name)
        elif host is None:
            why = reasons[number]
            without.append(Stranded(name=machine.name, binding=why, why=WHY[why]))
        elif machine.wave < HELD_WAVE:
            name = ground.cluster.hosts[host].name
            restarted.append(Restart(name=machine.name, where=name, wave=machine.wave, beside=position in placed.beside))
    stopped = tuple(sorted(ground.machines[n].name for n in stopping if not ground.machines[n].held))
    return Fates(
        stopped=stopped,
        restarted=tuple(restarted),
        without_place=tuple(without),
        at_most=len(without),
        rollback_lost=tuple(sorted(lost)),
        assumptions=_assumptions(ground),
    )


def _assumptions(ground: Ground) -> tuple[str, ...]:
    """What was taken for granted about the cluster."""
    said = []
    if ground.homeless:
        names = sorted(ground.machines[n].name for n in ground.homeless)
        said.append(f"{listed(names)} find no place on cluster {ground.cluster.name} even before: by their sizes it is full already")
    if ground.assumed:
        said.append(
            f"the host of {ground.assumed} of {len(ground.machines)} machines of cluster {ground.cluster.name} is not known: "
            "they are spread as DRS would; a capacity snapshot tells where they run"
        )
    if ground.cluster.ha.host_monitoring is None and ground.cluster.ha.enabled:
        said.append(f"HA of cluster {ground.cluster.name} watches its hosts: nobody says so, vCenter's default is yes")
    return tuple(said)
