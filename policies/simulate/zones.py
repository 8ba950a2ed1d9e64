"""An availability zone fails: its instances must start in another zone of the region, from their snapshots.

AWS does not promise that a zone has room (REL11-BP05 warns of relying on it), so only a capacity reservation is certain; on-demand starts
are possible where the zone offers the type, a subnet has an address and the quota allows it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from infra.catalogue import instance_types
from policies.evidence import Evidence, ServerEvidence, Unknown
from policies.simulate.outcome import Fates, Restart, Stranded, Way
from policies.simulate.tiers import by_tier

WHY = {
    "backup": "no backup job keeps a copy of it, and its volumes are in the zone that failed",
    "zone": "the region has no other zone that the estate uses",
    "offer": "no other zone offers its instance type",
    "addresses": "no subnet of its kind in another zone has a free address",
    "quota": "the vCPU quota does not allow it beside what counts as running",
}


@dataclass(slots=True)
class _Region:
    """What the other zones have left while instances are started one by one."""

    zones: list[str]
    offers: dict[str, frozenset[str] | Unknown]
    free: dict[str, int | Unknown]
    subnets: dict[str, list[str]]
    reserved: dict[tuple[str, str], int]
    quota: dict[str, float]
    groups: dict[str, set[str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def fail_zone(evidence: Evidence, site: str, zone: str) -> Fates:
    """What happens to the instances of a zone."""
    stopping = [s for s in evidence.servers if s.site == site and s.zone == zone and not s.held and s.running is not False]
    region = _region(evidence, site, zone)
    restarted, without = [], []
    uncertain = 0
    for server in by_tier(evidence, stopping):
        lacks_before = len(region.missing)
        where, why = _start(evidence, region, server)
        if where:
            sure = _reserve(region, where, server)
            _take(region, where, server)
            note = "on a capacity reservation" if sure else "on demand: AWS does not promise room"
            restarted.append(Restart(name=server.name, where=f"{site}/{where}", way=Way.SNAPSHOT, note=note))
            uncertain += len(region.missing) > lacks_before
        else:
            without.append(Stranded(name=server.name, binding=why, why=WHY[why]))
    return Fates(
        stopped=tuple(sorted(s.name for s in stopping)),
        restarted=tuple(restarted),
        without_place=tuple(without),
        at_most=len(without) + uncertain,
        missing=tuple(dict.fromkeys(region.missing)),
    )


def _region(evidence: Evidence, site: str, failed: str) -> _Region:
    zones = [z for z in evidence.zones if z.site == site and z.name != failed]
    subnets: dict[str, list[str]] = {z.name: [] for z in zones}
    free: dict[str, int | Unknown] = {}
    for network in evidence.networks:
        if network.site == site and network.zone in subnets:
            subnets[network.zone].append(network.name)
            free[network.name] = network.free
    groups: dict[str, set[str]] = {z.name: set() for z in zones}
    for server in evidence.servers:
        if server.site == site and server.zone in groups and server.group and not server.held:
            groups[server.zone].add(server.group)
    reserved: dict[tuple[str, str], int] = {}
    for each in evidence.reservations or ():
        if each.site == site:
            reserved[each.zone, each.instance_type] = reserved.get((each.zone, each.instance_type), 0) + each.free
    quota = {
        family: float(q.limit) - float(q.used)
        for q in evidence.quotas or ()
        if q.site == site and not isinstance(q.limit, Unknown) and not isinstance(q.used, Unknown)
        for family in q.families
    }
    region = _Region([z.name for z in zones], {z.name: z.offers for z in zones}, free, subnets, reserved, quota, groups)
    if evidence.quotas is None:
        region.missing.append(f"vCPU quotas of {site} (no capacity snapshot of the region)")
    return region


def _start(evidence: Evidence, region: _Region, server: ServerEvidence) -> tuple[str, str]:
    """The zone that takes an instance, or what binds in all of them."""
    if not evidence.backups_of.get(server.name):
        return "", "backup"
    if not region.zones:
        return "", "zone"
    refusals = {zone: _refusal(region, zone, server) for zone in region.zones}
    fitting = [zone for zone, why in refusals.items() if not why]
    if not fitting:
        reasons = list(refusals.values())
        return "", max(("quota", "addresses", "offer"), key=reasons.count)
    kind = _type(server)
    return min(fitting, key=lambda z: (not region.reserved.get((z, kind)), server.group in region.groups[z], -_left(region, z), z)), ""


def _refusal(region: _Region, zone: str, server: ServerEvidence) -> str:
    kind, offers = _type(server), region.offers[zone]
    if isinstance(offers, Unknown):
        region.missing.append(str(offers))
    elif kind and kind not in offers:
        return "offer"
    subnets = _subnets(region, zone, server)
    if not subnets or all(region.free[name] == 0 for name in subnets):
        return "addresses"
    region.missing.extend(str(lack) for name in subnets if isinstance(lack := region.free[name], Unknown))
    left = region.quota.get(kind[:1])
    if left is not None and not region.reserved.get((zone, kind)) and _vcpus(server) > left:
        return "quota"
    return ""


def _subnets(region: _Region, zone: str, server: ServerEvidence) -> list[str]:
    """The subnets of the zone of the same kind as the server's own: app-b for app-a. Without such a name, all of the zone."""
    stem = server.networks[0].rpartition("-")[0] if server.networks else ""
    same = [name for name in region.subnets[zone] if stem and name.rpartition("-")[0] == stem]
    return same or region.subnets[zone]


def _left(region: _Region, zone: str) -> int:
    """Known free addresses, to spread instances over zones."""
    return sum(free for name in region.subnets[zone] if not isinstance(free := region.free[name], Unknown))


def _reserve(region: _Region, zone: str, server: ServerEvidence) -> bool:
    key = (zone, _type(server))
    if region.reserved.get(key):
        region.reserved[key] -= 1
        return True
    return False


def _take(region: _Region, zone: str, server: ServerEvidence) -> None:
    kind = _type(server)
    if kind[:1] in region.quota:
        region.quota[kind[:1]] -= _vcpus(server)
    for name in _subnets(region, zone, server):
        free = region.free[name]
        if not isinstance(free, Unknown) and free > 0:
            region.free[name] = free - 1
            break
    if server.group:
        region.groups[zone].add(server.group)


def _type(server: ServerEvidence) -> str:
    kind = server.instance.instance_type if server.instance else ""
    return kind if isinstance(kind, str) else ""


def _vcpus(server: ServerEvidence) -> float:
    """What an instance counts against the quota: the vCPUs of its type."""
    known = instance_types().get(_type(server))
    if known is not None:
        return known.cpus
    return 0.0 if isinstance(server.cpus, Unknown) else float(server.cpus)
