"""A site, a cluster or a datastore is lost: what ran there comes back from copies, where there is room for it.

The copies are those of the backup jobs; a server whose move is on trial has its held machine besides, which lacks what was written since.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from infra.catalogue import CatalogueError, choose_instance_type
from infra.estate.model import Size
from policies.evidence import Evidence, ServerEvidence, Unknown
from policies.simulate.ground import Ground, Machine, lay_out
from policies.simulate.outcome import Fates, Restart, Stranded, Way
from policies.simulate.placing import place
from policies.simulate.recovery import bandwidth
from policies.simulate.tiers import by_tier

WHY = {
    "backup": "no backup job keeps a copy of it",
    "copy": "no copy of it lies outside of what failed",
    "memory": "no cluster that could take it has enough memory free on one host",
    "cpu": "no cluster that could take it has enough vCPUs free on one host",
    "reservation": "no cluster that could take it can keep the CPU reserved for it",
    "space": "no datastore that could take it has room for its disks",
    "quota": "the vCPU quota of the region does not allow it",
    "instance type": "no instance type holds it",
    "hosts": "no host that could take it is left",
}


@dataclass(slots=True)
class _Refuge:
    """What the surviving places have left while machines are restored one by one."""

    grounds: dict[str, list[Ground]]
    space: dict[str, dict[str, float]]
    quota: dict[str, dict[str, float]]
    missing: list[str] = field(default_factory=list)


def lose(
    evidence: Evidence,
    lost: Iterable[ServerEvidence],
    *,
    site: str = "",
    cluster: str = "",
    datastore: str = "",
) -> Fates:
    """What happens to machines whose site, cluster or datastore is lost. A copy at the site itself helps unless the whole site is lost."""
    lost = tuple(lost)
    stopping = [s for s in lost if not s.held and s.running is not False]
    refuge = _refuge(evidence, site=site, cluster=cluster, datastore=datastore)
    whole = "" if cluster or datastore else site
    held = {s.name: s for s in evidence.servers if s.held and not _gone(s, site, cluster, datastore)}
    restarted, without, unsure = [], [], 0
    for server in by_tier(evidence, stopping):
        before = len(refuge.missing)
        found = _restore(evidence, refuge, server, whole)
        if isinstance(found, Stranded) and server.name in held:
            copy = held[server.name]
            found = Restart(name=server.name, where=f"{copy.site}/{copy.cluster or copy.zone}", way=Way.HELD)
        if isinstance(found, Stranded):
            without.append(found)
        else:
            restarted.append(found)
            unsure += len(refuge.missing) > before
    return Fates(
        stopped=tuple(sorted(s.name for s in stopping)),
        restarted=tuple(restarted),
        without_place=tuple(without),
        at_most=len(without) + unsure,
        missing=tuple(dict.fromkeys(refuge.missing)),
        rollback_lost=tuple(sorted(s.name for s in lost if s.held)),
    )


def _gone(server: ServerEvidence, site: str, cluster: str, datastore: str) -> bool:
    """Whether a machine is lost with the site, or with that cluster or datastore of it."""
    return server.site == site and (not cluster or server.cluster == cluster) and (not datastore or server.datastore == datastore)


def _refuge(evidence: Evidence, *, site: str, cluster: str, datastore: str) -> _Refuge:
    whole = not cluster and not datastore
    grounds: dict[str, list[Ground]] = {}
    for each in evidence.clusters:
        if each.site != site or (not whole and each.name != cluster):
            grounds.setdefault(each.site, []).append(lay_out(evidence, each))
    space: dict[str, dict[str, float]] = {}
    for store in evidence.datastores:
        if store.site != site or (not whole and store.name != datastore):
            space.setdefault(store.site, {})[store.name] = _free(evidence, store.name, store.site, store.capacity, store.used)
    quota: dict[str, dict[str, float]] = {}
    for each_quota in evidence.quotas or ():
        limit, used = each_quota.limit, each_quota.used
        if not isinstance(limit, Unknown) and not isinstance(used, Unknown):
            quota.setdefault(each_quota.site, {}).update(dict.fromkeys(each_quota.families, float(limit) - float(used)))
    return _Refuge(grounds, space, quota)


def _free(evidence: Evidence, name: str, site: str, capacity: int, used: int | Unknown) -> float:
    """What a datastore has left: by its use where that is known, else by what its machines' disks may grow to."""
    if not isinstance(used, Unknown):
        return float(capacity - used)
    provisioned = sum(d for s in evidence.servers if s.site == site and s.datastore == name for d in s.disks if not isinstance(d, Unknown))
    return float(capacity - provisioned)


def _restore(evidence: Evidence, refuge: _Refuge, server: ServerEvidence, lost_site: str) -> Restart | Stranded:
    jobs = evidence.backups_of.get(server.name, ())
    if not jobs:
        return _stranded(server, "backup")
    copies = {copy for job in jobs for copy in job.copies if copy != lost_site}
    if not copies:
        return _stranded(server, "copy")
    reasons = []
    for target, copy in _targets(evidence, server, copies, lost_site):
        where, why = _room(evidence, refuge, server, target)
        if where:
            unprepared = bool(server.places) and target not in server.places
            return Restart(name=server.name, where=where, way=Way.BACKUP, copy=copy, unprepared=unprepared)
        reasons.append(why)
    return _stranded(server, max(reasons, key=reasons.count) if reasons else "copy")


def _stranded(server: ServerEvidence, binding: str) -> Stranded:
    return Stranded(name=server.name, binding=binding, why=WHY[binding])


def _targets(evidence: Evidence, server: ServerEvidence, copies: set[str], lost_site: str) -> list[tuple[str, str]]:
    """Where a server could be restored and from which copy, best first: where it has an address, where the copy lies, of its own kind."""
    options = []
    for target in sorted(copies.union(server.places, {server.site}) - {lost_site}):
        copy = target if target in copies else max(copies, key=lambda c: (bandwidth(evidence, (c, target)), c))
        if copy == target or bandwidth(evidence, (copy, target)):
            at_home = not server.places or target in server.places
            options.append((not at_home, target != server.site, copy != target, evidence.kinds.get(target) != server.kind, target, copy))
    return [(option[4], option[5]) for option in sorted(options)]


def _room(evidence: Evidence, refuge: _Refuge, server: ServerEvidence, target: str) -> tuple[str, str]:
    """Takes room for a server at a site: the place, or what binds."""
    return _on_aws(evidence, refuge, server, target) if evidence.kinds.get(target) == "aws" else _on_vsphere(refuge, server, target)


def _on_vsphere(refuge: _Refuge, server: ServerEvidence, target: str) -> tuple[str, str]:
    need = float(sum(d for d in server.disks if not isinstance(d, Unknown)))
    stores = refuge.space.get(target, {})
    store = max(stores, key=lambda name: (stores[name], name), default="")
    if not store or stores[store] < need:
        return "", "space"
    same = [g for g in refuge.grounds.get(target, []) if target == server.site and g.cluster.name == server.cluster]
    if same:
        stores[store] -= need
        return f"{target}/{server.cluster}", ""
    machine, why = _machine(refuge, server), "hosts"
    for ground in refuge.grounds.get(target, []):
        hosts = frozenset(range(len(ground.cluster.hosts)))
        placed = place(ground.rooms, [machine], hosts=hosts, separate=ground.cluster.ha.respects_anti_affinity)
        if placed.hosts[0] is not None:
            ground.rooms.take(placed.hosts[0], machine)
            stores[store] -= need
            return f"{target}/{ground.cluster.name}", ""
        why = min((ground.rooms.refuses(host, machine) or "memory" for host in hosts), default="hosts")
    return "", why


def _machine(refuge: _Refuge, server: ServerEvidence) -> Machine:
    refuge.missing.extend(str(v) for v in (server.cpus, server.memory) if isinstance(v, Unknown))
    cpus, memory, mhz = (0.0 if isinstance(v, Unknown) else float(v) for v in (server.cpus, server.memory, server.cpu_reservation_mhz))
    return Machine(server.name, cpus, memory, mhz, server.group, 2, held=False, known=True, restarts=True)


def _on_aws(evidence: Evidence, refuge: _Refuge, server: ServerEvidence, target: str) -> tuple[str, str]:
    if isinstance(server.cpus, Unknown) or isinstance(server.memory, Unknown):
        refuge.missing.extend(str(v) for v in (server.cpus, server.memory) if isinstance(v, Unknown))
        return target, ""
    try:
        chosen = choose_instance_type(Size(cpus=server.cpus, memory=server.memory), firmware=server.firmware or "bios")
    except CatalogueError:
        return "", "instance type"
    quota = refuge.quota.get(target)
    if quota is None or evidence.quotas is None:
        refuge.missing.append(f"vCPU quotas of {target} (no capacity snapshot of the region)")
        return target, ""
    family = chosen.name[:1]
    if quota.get(family, chosen.cpus) < chosen.cpus:
        return "", "quota"
    quota[family] = quota.get(family, chosen.cpus) - chosen.cpus
    return target, ""
