"""For an object that fails a rule, the families of changes that could mend it, each with its smallest members first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from infra.estate.model import GIB
from policies.evidence import ClusterEvidence, DatastoreEvidence, Evidence, ServerEvidence, Unknown, known
from policies.repair.change import Change
from policies.repair.cloud_proposals import added, faster, grown_members, joined, raised, reserved, retyped
from policies.repair.ground import Reach, away, destinations, mounted
from policies.repair.machine_changes import AcceptMove, MoveDisks, MoveServer, ResizeServer
from policies.repair.place_changes import AddHosts, GrowDatastore, ReturnHosts, SetAvailability, SetPool
from policies.repair.search import Found, Trial, fewest, largest, least

MOST_HOSTS = 16
MARGIN = 1.2
"""A machine is never made smaller than its measured 95th percentile and a fifth."""
MOST_SHRUNK = 60
MOST_OF_A_PLACE = 3
Family = Callable[[Evidence, Trial, str, Reach], Found]


def for_target(target: str) -> tuple[Family, ...]:
    """The families for an object, from those that cost nothing to those that cost money."""
    kind = target.partition("/")[0]
    return {
        "cluster": (returned, availability, accepted, moved, shrunk, bought),
        "pool": (widened, accepted, moved),
        "datastore": (accepted, restacked, moved, grown),
        "server": (resized, retyped, faster, moved_alone),
        "move": (returned, bought),
        "quota": (raised, moved_off),
        "network": (moved_off, added),
        "group": (joined, grown_members),
        "service": (reserved,),
    }.get(kind, ())


def returned(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:
    """Hosts that are away come back: all of them, or one that is enough."""
    cluster = _cluster(evidence, target)
    hosts = away(cluster, reach) if cluster else ()
    changes = [ReturnHosts(cluster=cluster, hosts=(host,)) for host in hosts] if cluster else []
    if cluster and len(hosts) > 1:
        changes.append(ReturnHosts(cluster=cluster, hosts=hosts))
    yield from ((c,) for c in sorted(changes, key=lambda c: c.size) if trial.passes([c]))


def availability(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:  # noqa: ARG001 - every family has one shape
    """HA and its admission control set as they should be, with as few settings as will do."""
    cluster = _cluster(evidence, target)
    if cluster is None:
        return
    computed: tuple[tuple[str, object], ...] = (("cpu_percent", None), ("memory_percent", None))
    for settings in (
        (("enabled", True),),
        (("admission", "percentage"),),
        computed,
        (("admission", "percentage"), *computed),
        (("enabled", True), ("admission", "percentage"), *computed),
        (("host_failures", 1),),
        (("enabled", True), ("admission", "percentage"), ("host_failures", 1), *computed),
    ):
        now = cluster.ha.model_dump()
        needed = tuple((key, value) for key, value in settings if now[key] != value)
        change = SetAvailability(cluster=cluster, settings=needed)
        if needed and trial.passes([change]):
            yield (change,)


def accepted(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:  # noqa: ARG001
    """Moves on trial are accepted, so that their held sources go."""
    until = {m.server: m.hold_until for m in evidence.moves}
    held = [s for s in _machines(evidence, target) if s.held]
    yield from fewest(trial, [AcceptMove(held=s, until=until.get(s.name)) for s in held])


def moved(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:
    """Machines stand elsewhere: the fewest, then the smallest. First all in one place, then wherever each fits."""
    changes: dict[tuple[str, str], list[Change]] = {}
    for server in _machines(evidence, target):
        for after in () if server.held else destinations(evidence, server, reach):
            changes.setdefault((after.site, after.cluster), []).append(MoveServer(before=server, after=after))
    groups = list(changes.values())
    if len(groups) > 1:
        groups.append([change for group in groups for change in group])
    ways = [enumerate(islice(fewest(trial, group), MOST_OF_A_PLACE)) for group in groups]
    ranked = sorted(((len(w), n, sum(c.size for c in w), w[0].words, w) for way in ways for n, w in way), key=lambda each: each[:4])
    yield from (each[-1] for each in ranked)


def moved_alone(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:
    """The machine itself stands elsewhere; failing that another member of its group does."""
    itself = [s for s in evidence.servers if s.target == target and not s.held]
    groups = {s.group for s in itself if s.group}
    mates = [s for s in evidence.servers if s.group in groups and s not in itself and not s.held]
    for server in (*itself, *mates):
        changes = [MoveServer(before=server, after=after) for after in _elsewhere(evidence, server, reach)]
        yield from ((c,) for c in changes if trial.passes([c]))


def moved_off(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:
    """Machines leave a subnet or a quota: to another zone, or back on premises."""
    changes: list[Change] = []
    for server in _machines(evidence, target):
        if not server.held:
            changes += [MoveServer(before=server, after=after) for after in _elsewhere(evidence, server, reach)]
    yield from fewest(trial, changes)


def shrunk(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:  # noqa: ARG001
    """Machines get smaller, by no more than is needed and never below what they were seen to use."""
    machines = [s for s in _machines(evidence, target) if not s.held and not _unsized(s)]
    biggest = sorted(machines, key=lambda s: (-known(s.memory), -known(s.cpus), s.name))[:MOST_SHRUNK]
    floors = [(s, *_floor(evidence, s)) for s in biggest]
    changes = [c for c in (ResizeServer(before=s, cpus=cpus, memory=memory, floor=why) for s, cpus, memory, why in floors) if c.size > 0]
    if len(machines) > MOST_SHRUNK and not trial.passes(largest(sorted(changes, key=lambda c: c.size))):
        return
    singles = [c for s, cpus, memory, why in floors for c in _smallest_cut(trial, s, cpus, memory, why)]
    if singles:
        yield from ((c,) for c in sorted(singles, key=lambda c: (c.size, c.subject)))
        return
    yield from fewest(trial, changes)


def resized(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:  # noqa: ARG001
    """The machine itself gets as much smaller as is needed."""
    for server in evidence.servers:
        if server.target == target and not server.held and not _unsized(server):
            cpus, memory, why = _floor(evidence, server)
            yield from ((c,) for c in sorted(_smallest_cut(trial, server, cpus, memory, why), key=lambda c: c.size))


def bought(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:  # noqa: ARG001
    """Hosts are added, like the largest of the cluster or like its commonest: the fewest that will do."""
    cluster = _cluster(evidence, target)
    if cluster is None or not cluster.hosts:
        return
    kinds = [(h.cores, h.mhz, h.memory) for h in cluster.hosts]
    commonest = max(cluster.hosts, key=lambda h: (kinds.count((h.cores, h.mhz, h.memory)), h.memory, h.name))
    largest_host = max(cluster.hosts, key=lambda h: (h.memory, h.cores, h.name))
    found = []
    for like in {commonest.name: commonest, largest_host.name: largest_host}.values():
        number = least(0, MOST_HOSTS, lambda n: trial.passes([AddHosts(cluster=cluster, like=like, count=n)]))  # noqa: B023
        if number is not None:
            found.append(AddHosts(cluster=cluster, like=like, count=number))
    yield from ((c,) for c in sorted(found, key=lambda c: (c.size, c.like.name)))


def restacked(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:
    """Disks go to other datastores that the machine's cluster mounts."""
    here = _datastore(evidence, target)
    if here is None:
        return
    stores = {(c.site, c.name): mounted(evidence, c, reach) for c in evidence.clusters if c.site == here.site}
    machines = [s for s in evidence.on_datastore(here) if not s.held]
    others = [(s, name) for s in machines for name in stores.get((s.site, s.cluster), ()) if name != here.name]
    yield from fewest(trial, [MoveDisks(server=s, datastore=name) for s, name in others])


def grown(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:  # noqa: ARG001
    """The datastore grows, to the GiB."""
    store = _datastore(evidence, target)
    if store is None:
        return
    now = store.capacity // GIB
    size = least(now, now * 8, lambda gib: trial.passes([GrowDatastore(datastore=store, capacity=gib * GIB)]))
    if size is not None:
        yield (GrowDatastore(datastore=store, capacity=size * GIB),)


def widened(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:  # noqa: ARG001
    """The pool reserves more, as little as will do."""
    pool = next((p for p in evidence.pools if p.target == target), None)
    if pool is None:
        return
    cpu, memory = pool.cpu_reservation_mhz, pool.memory_reservation

    def more(mhz: int, gib: int) -> SetPool:
        return SetPool(pool=pool, cpu_mhz=cpu + mhz, memory=memory + gib * GIB)

    if (gib := least(0, 4096, lambda n: trial.passes([more(0, n)]))) is not None:
        yield (more(0, gib),)
    elif (hundreds := least(0, 10_000, lambda n: trial.passes([more(n * 100, 0)]))) is not None:
        yield (more(hundreds * 100, 0),)
    elif (both := least(0, 4096, lambda n: trial.passes([more(n * 1000, n)]))) is not None:
        yield (more(both * 1000, both),)


def _machines(evidence: Evidence, target: str) -> tuple[ServerEvidence, ...]:
    """The machines that an object carries."""
    kind, _, name = target.partition("/")
    if kind == "cluster":
        cluster = _cluster(evidence, target)
        return evidence.in_cluster(cluster) if cluster else ()
    if kind == "pool":
        return tuple(s for s in evidence.servers if f"{s.site}/{s.cluster}/{s.pool}" == name)
    if kind == "datastore":
        store = _datastore(evidence, target)
        return evidence.on_datastore(store) if store else ()
    if kind == "quota":
        site = name.partition("/")[0]
        return tuple(s for s in evidence.servers if s.site == site)
    return tuple(s for s in evidence.servers if any(f"{s.site}/{network}" == name for network in s.networks))


def _elsewhere(evidence: Evidence, server: ServerEvidence, reach: Reach) -> Iterator[ServerEvidence]:
    """Other sites and clusters, and on AWS the subnets of the same purpose in other zones."""
    yield from destinations(evidence, server, reach)
    if server.kind == "aws" and server.networks:
        stem = server.networks[0].rpartition("-")[0]
        for network in evidence.networks:
            if network.site == server.site and network.zone not in {"", server.zone} and network.name.rpartition("-")[0] == stem:
                yield replace(server, zone=network.zone, networks=(network.name,), as_of=None)


def _smallest_cut(trial: Trial, server: ServerEvidence, cpus: int, memory: int, why: str) -> list[ResizeServer]:
    """The smallest cut of memory that is enough, and of vCPUs; of both to the floor only where neither is."""
    now_cpus, now_memory = int(known(server.cpus)), int(known(server.memory))

    def cut(fewer_cpus: int, fewer_gib: int) -> ResizeServer:
        return ResizeServer(before=server, cpus=now_cpus - fewer_cpus, memory=max(memory, now_memory - fewer_gib * GIB), floor=why)

    found = []
    most_gib = math.ceil((now_memory - memory) / GIB)
    if most_gib > 0 and (gib := least(0, most_gib, lambda n: trial.passes([cut(0, n)]))):
        found.append(cut(0, gib))
    if now_cpus > cpus and (count := least(0, now_cpus - cpus, lambda n: trial.passes([cut(n, 0)]))):
        found.append(cut(count, 0))
    if not found and most_gib > 0 and now_cpus > cpus and trial.passes([cut(now_cpus - cpus, most_gib)]):
        found.append(cut(now_cpus - cpus, most_gib))
    return found


def _floor(evidence: Evidence, server: ServerEvidence) -> tuple[int, int, str]:
    """The smallest size that a machine may get: vCPUs, bytes, and why."""
    cpus, memory = int(known(server.cpus)), int(known(server.memory))
    usage = server.usage
    if isinstance(usage, Unknown) or isinstance(usage.memory_p95, Unknown) or isinstance(usage.cpu_mhz_p95, Unknown):
        return max(1, math.ceil(cpus / 2)), max(GIB, memory // 2), "nobody measured its use: more than half is kept"
    mhz = min((h.mhz for c in evidence.clusters if (c.site, c.name) == (server.site, server.cluster) for h in c.hosts), default=2000)
    floor_memory = min(memory, math.ceil(usage.memory_p95 * MARGIN / GIB) * GIB)
    floor_cpus = min(cpus, max(1, math.ceil(usage.cpu_mhz_p95 * MARGIN / mhz)))
    return floor_cpus, floor_memory, f"its 95th percentile and a fifth need {floor_memory // GIB} GiB and {floor_cpus} vCPUs"


def _unsized(server: ServerEvidence) -> bool:
    return isinstance(server.cpus, Unknown) or isinstance(server.memory, Unknown)


def _cluster(evidence: Evidence, target: str) -> ClusterEvidence | None:
    """The cluster of this name, or the one that a move goes to."""
    for move in evidence.moves:
        if move.target == target:
            goal = move.machine or next((s for s in evidence.servers if (s.name, s.site) == (move.server, move.target_site)), None)
            target = f"cluster/{goal.site}/{goal.cluster}" if goal else ""
            break
    return next((c for c in evidence.clusters if c.target == target), None)


def _datastore(evidence: Evidence, target: str) -> DatastoreEvidence | None:
    return next((d for d in evidence.datastores if d.target == target), None)
