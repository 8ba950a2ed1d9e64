"""What both sides can hold in each night: clusters without the hosts that may fail, datastores, quotas of a region, the budget.

    capacity of a night = (all - reserve) - used now - growth until then

Sources, best first: the capacity snapshot, the inventory, the estate. A machine that leaves gives its room back only when its hold ends:
until then it may have to come back. Limits are those of the rules (CAP-001, CAP-006, CAP-011), with the estate's own parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from infra.catalogue import instance_types, type_for
from infra.ec2_quotas import quota_group
from infra.errors import InclineError
from infra.estate.model import GIB, AwsSite, Cluster, Estate, VsphereSite
from infra.observed.capacity import AwsCapacity, CapacitySnapshot, History, ObservedCluster, VsphereCapacity
from infra.prices import DAYS_PER_MONTH, HOURS_PER_MONTH
from migration.discover.model import Finding, FoundCluster, Gravity, Inventory
from migration.waves.build_candidates import Candidate
from migration.waves.build_growth import Growth, growth
from migration.waves.build_parts import Part
from migration.waves.build_since import in_cluster, in_quota, newcomers, on_datastore
from migration.waves.model import Resource, Use

VCPU_PER_CORE = 4.0
QUOTA_PERCENT = 80.0
DATASTORE_PERCENT = 90.0
"""The defaults of CAP-001, CAP-011 and CAP-006."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Something of a site that fills up.

    Attributes:
        key: kind, site and name: memory/downtown/general, quota/aws-east/L-1216C47A.
        whole: all of it; reserve: what must stay free; used: what is taken now.
        growth: whether the load that stays there grows; ahead: by how much, where a history tells.
        source: where the numbers come from.
    """

    key: str
    title: str
    unit: str
    whole: float
    reserve: float
    used: float
    source: str
    relax: str
    step: float
    growth: bool = True
    ahead: Growth | None = None

    @property
    def site(self) -> str:
        """The site that it is a part of."""
        return self.key.split("/")[1]

    def free(self, night: date, today: date, percent_per_month: float) -> float:
        """What is left for moves in a night, after growth: as forecast where there is a history, else so many per cent a month."""
        share = self.ahead.by_night.get(night) if self.ahead else None
        if share is None:
            share = percent_per_month / 100 * (night - today).days / DAYS_PER_MONTH
        return self.whole - self.reserve - self.used * (1 + (share if self.growth else 0.0))

    def ever_over(self, calendar: Sequence[date], today: date, percent_per_month: float) -> bool:
        """More is taken than may be, in some night, before anything moves."""
        return any(self.free(night, today, percent_per_month) < 0 for night in calendar)

    def resource(self, calendar: Sequence[date], today: date, percent_per_month: float) -> Resource:
        """The planner's form. What is overfull already is full: nothing more may come."""
        capacity = tuple(max(0.0, self.free(night, today, percent_per_month)) for night in calendar)
        return Resource(name=self.title, unit=self.unit, capacity=capacity, standing=True, relax=self.relax, step=self.step)


def rooms(
    estate: Estate | None, inventory: Inventory | None, snapshot: CapacitySnapshot | None, sites: Iterable[str], budget: float | None = None
) -> tuple[Room, ...]:
    """All rooms of these sites of which somebody tells."""
    found: list[Room] = []
    for name in sorted(set(sites)):
        site = estate.sites.get(name) if estate else None
        seen = snapshot.sites.get(name) if snapshot else None
        if isinstance(site, AwsSite) or isinstance(seen, AwsCapacity) or _is_region(inventory, name):
            found += _region(estate, inventory, seen if isinstance(seen, AwsCapacity) else None, name, budget)
        else:
            found += _data_centre(
                estate,
                inventory,
                seen if isinstance(seen, VsphereCapacity) else None,
                site if isinstance(site, VsphereSite) else None,
                name,
            )
    return tuple(found)


def _parameter(estate: Estate | None, rule: str, name: str, default: float) -> float:
    value = estate.standards.rules.get(rule, {}).get(name, default) if estate else default
    return float(value) if isinstance(value, int | float) else default


# --- a data centre


@dataclass(frozen=True, slots=True)
class _Hosts:
    """A cluster's hosts as somebody tells: cores and memory of those that can run machines."""

    cluster: str
    cores: tuple[float, ...]
    memory: tuple[float, ...]
    failures: int
    source: str

    def left(self, sizes: Sequence[float]) -> tuple[float, float]:
        """All, and what the largest that may fail have of it."""
        ordered = sorted(sizes, reverse=True)
        return sum(ordered), sum(ordered[: self.failures])


def _data_centre(
    estate: Estate | None, inventory: Inventory | None, seen: VsphereCapacity | None, site: VsphereSite | None, name: str
) -> Iterator[Room]:
    ratio = _parameter(estate, "CAP-001", "vcpu_per_core", VCPU_PER_CORE)
    for hosts in _clusters(inventory, seen, site, name):
        cpus, memory = _load(estate, inventory, seen, name, hosts.cluster)
        whole, reserve = hosts.left(hosts.memory)
        where = f"{name}/{hosts.cluster}"
        yield Room(
            key=f"memory/{where}", title=f"memory of {where}", unit="GiB", whole=whole / GIB, reserve=reserve / GIB, used=memory / GIB,
            source=hosts.source, relax=f"64 GiB more in cluster {hosts.cluster} of {name}", step=64.0,
        )  # fmt: skip
        whole, reserve = hosts.left(hosts.cores)
        yield Room(
            key=f"cpu/{where}", title=f"vCPUs of {where}", unit="vCPU", whole=whole * ratio, reserve=reserve * ratio, used=cpus,
            source=f"{hosts.source}, {ratio:g} vCPUs a core", relax=f"a host of 16 cores more in cluster {hosts.cluster} of {name}",
            step=16 * ratio,
        )  # fmt: skip
    yield from _datastores(estate, inventory, seen, site, name)


def _clusters(inventory: Inventory | None, seen: VsphereCapacity | None, site: VsphereSite | None, name: str) -> Iterator[_Hosts]:
    if seen is not None:
        for observed in seen.clusters:
            yield _observed(observed)
        return
    found = [host for host in inventory.hosts if host.site == name] if inventory else []
    if found:
        settings = {each.name: each for each in inventory.clusters if each.site == name} if inventory else {}
        for cluster in sorted({host.cluster for host in found}):
            mine = [h for h in found if h.cluster == cluster and h.connection == "connected" and not h.maintenance]
            yield _Hosts(
                cluster,
                tuple(float(h.cores) for h in mine),
                tuple(float(h.memory) for h in mine),
                _failures(settings.get(cluster)),
                "inventory",
            )
        return
    for declared in site.clusters if site else ():
        yield _declared(declared)


def _observed(cluster: ObservedCluster) -> _Hosts:
    usable = [host for host in cluster.hosts if host.usable]
    return _Hosts(
        cluster.name,
        tuple(float(h.cores) for h in usable),
        tuple(float(h.memory) for h in usable),
        cluster.ha.host_failures if cluster.ha.enabled else 0,
        "capacity snapshot",
    )


def _declared(cluster: Cluster) -> _Hosts:
    failures = cluster.ha.host_failures if cluster.ha.enabled else 0
    return _Hosts(
        cluster.name, tuple(float(h.cores) for h in cluster.hosts), tuple(float(h.memory) for h in cluster.hosts), failures, "estate"
    )


def _failures(cluster: FoundCluster | None) -> int:
    """How many hosts may fail: one, where nobody tells."""
    if cluster is None or cluster.host_failures is None:
        return 1
    return cluster.host_failures


def _load(estate: Estate | None, inventory: Inventory | None, seen: VsphereCapacity | None, site: str, cluster: str) -> tuple[float, float]:
    """Processors and memory of the machines in a cluster, held ones included, since they may have to start again."""
    held = {s.name for s in estate.held_at(site)} if estate else set()
    if seen is not None:
        mine = [m for m in seen.machines if m.cluster == cluster and (m.running or m.server in held)]
        cpus, memory = in_cluster(newcomers(estate, site, seen.machines), site, cluster)
        return cpus + sum(m.cpus for m in mine), memory + sum(m.memory for m in mine)
    found = [m for m in inventory.machines if m.site == site and not m.template] if inventory else []
    if found:
        running = [m for m in found if m.cluster == cluster and (m.power != "off" or m.server in held)]
        return sum(m.cpus for m in running), sum(m.memory for m in running)
    cpus = memory = 0.0
    for server in (*estate.declared_at(site), *estate.held_at(site)) if estate else ():
        if site in server.at and server.at[site].cluster == cluster:
            cpus, memory = cpus + server.size.cpus, memory + server.size.memory
    return cpus, memory


def _datastores(
    estate: Estate | None, inventory: Inventory | None, seen: VsphereCapacity | None, site: VsphereSite | None, name: str
) -> Iterator[Room]:
    share = _parameter(estate, "CAP-006", "used_percent", DATASTORE_PERCENT) / 100
    for datastore, capacity, used, source in _stores(estate, inventory, seen, site, name):
        yield Room(
            key=f"space/{name}/{datastore}", title=f"space of {name}/{datastore}", unit="GiB", whole=capacity / GIB,
            reserve=capacity * (1 - share) / GIB, used=used / GIB, source=source, relax=f"1 TiB more on datastore {datastore} of {name}",
            step=1024.0,
        )  # fmt: skip


def _stores(
    estate: Estate | None, inventory: Inventory | None, seen: VsphereCapacity | None, site: VsphereSite | None, name: str
) -> Iterator[tuple[str, float, float, str]]:
    """Name, bytes, bytes used and source of every datastore."""
    if seen is not None:
        since = newcomers(estate, name, seen.machines)
        for d in seen.datastores:
            yield d.name, d.capacity, d.capacity - d.free + on_datastore(since, name, d.name), "capacity snapshot"
        return
    found = [d for d in inventory.datastores if d.site == name and d.free is not None] if inventory else []
    if found:
        yield from ((d.name, d.capacity, d.capacity - (d.free or 0), "inventory") for d in found)
        return
    for datastore in site.datastores if site else ():
        standing = (*estate.declared_at(name), *estate.held_at(name)) if estate else ()
        mine = (s for s in standing if name in s.at and s.at[name].datastore == datastore.name)
        yield datastore.name, datastore.capacity, float(sum(disk.size for server in mine for disk in server.disks)), "estate"


# --- a region


def _is_region(inventory: Inventory | None, name: str) -> bool:
    return inventory is not None and any(m.kind == "aws" for m in inventory.machines if m.site == name)


def _region(
    estate: Estate | None, inventory: Inventory | None, seen: AwsCapacity | None, name: str, budget: float | None
) -> Iterator[Room]:
    share = _parameter(estate, "CAP-011", "percent", QUOTA_PERCENT) / 100
    for code, limit, used, source in _quotas(estate, inventory, seen, name):
        yield Room(
            key=f"quota/{name}/{code}", title=f"quota {code} of {name}", unit="vCPU", whole=limit, reserve=limit * (1 - share), used=used,
            source=source, relax=f"100 vCPUs more in quota {code} of {name}", step=100.0, growth=False,
        )  # fmt: skip
    if budget is not None:
        yield Room(
            key=f"budget/{name}/month", title=f"budget of {name}", unit="USD/month", whole=budget, reserve=0.0, used=_spent(estate, name),
            source="standards or programme", relax=f"1,000 USD a month more for {name}", step=1000.0, growth=False,
        )  # fmt: skip


def _quotas(
    estate: Estate | None, inventory: Inventory | None, seen: AwsCapacity | None, name: str
) -> Iterator[tuple[str, float, float, str]]:
    if seen is not None and seen.quotas is not None:
        since = newcomers(estate, name, seen.instances)
        yield from ((q.code, q.limit, q.used + in_quota(since, name, q.code), "capacity snapshot") for q in seen.quotas)
        return
    for quota in inventory.quotas if inventory else ():
        if quota.site == name and quota.code.startswith("L-") and quota.used is not None:
            yield quota.code, quota.limit, quota.used, "inventory"


def _spent(estate: Estate | None, site: str) -> float:
    total = 0.0
    for server in estate.declared_at(site) if estate else ():
        try:
            total += float(type_for(server, site).usd_per_hour or 0) * HOURS_PER_MONTH
        except InclineError:
            continue  # a type that the catalogue lacks is said by the cost rule
    return total


# --- what a server takes


def uses_of(candidate: Candidate, known: Callable[[str], Room | None], lag: int) -> Iterator[tuple[Room, float, int]]:
    """Room, amount and lag of all that one move takes on the target and, when its hold is over, gives back at the source."""
    for key, amount in _taken(candidate):
        room = known(key)
        if room is not None:
            yield room, amount, 0
    for key, amount in _given_back(candidate):
        room = known(key)
        if room is not None:
            yield room, -amount, lag


def _taken(each: Candidate) -> Iterator[tuple[str, float]]:
    if each.direction == "down":
        yield f"memory/{each.target}/{each.to_cluster}", each.then_memory / GIB
        yield f"cpu/{each.target}/{each.to_cluster}", float(each.then_cpus)
        yield f"space/{each.target}/{each.to_datastore}", each.bytes / GIB
        return
    group = quota_group(each.then_type)
    known = instance_types().get(each.then_type)
    if group:
        yield f"quota/{each.target}/{group.code}", float(known.cpus if known else each.then_cpus)
    yield f"budget/{each.target}/month", each.then_usd_month or 0.0


def _given_back(each: Candidate) -> Iterator[tuple[str, float]]:
    if each.direction == "down":
        yield f"budget/{each.site}/month", each.now_usd_month or 0.0
        return
    if each.running:
        yield f"memory/{each.site}/{each.cluster}", each.memory / GIB
        yield f"cpu/{each.site}/{each.cluster}", float(each.cpus)
    disks = sum(count for _, count in each.datastores)
    for datastore, count in each.datastores:
        yield f"space/{each.site}/{datastore}", each.bytes * count / disks / GIB


def joined(uses: Iterable[tuple[Room, float, int]]) -> tuple[Use, ...]:
    """One use for each room and lag."""
    sums: dict[tuple[str, int], float] = {}
    for room, amount, lag in uses:
        sums[room.title, lag] = sums.get((room.title, lag), 0.0) + amount
    return tuple(Use(resource=name, amount=amount, lag=lag) for (name, lag), amount in sorted(sums.items()) if amount)


def overfull(all_rooms: Iterable[Room], parts: Iterable[Part]) -> Iterator[Finding]:
    """Rooms of targets that have nothing left before anything moved."""
    wanted = {key for part in parts for each in part.servers for key, amount in _taken(each) if amount}
    for room in all_rooms:
        if room.key in wanted and room.whole - room.reserve - room.used <= 0:
            yield Finding(
                code="PLN-013",
                gravity=Gravity.ERROR,
                where=room.title,
                what=f"it is full today: {room.used:,.0f} of {room.whole - room.reserve:,.0f} {room.unit} ({room.source})",
                taken="nothing is planned into it",
                remedy=room.relax,
            )


def unknown(all_rooms: Iterable[Room], parts: Iterable[Part]) -> Iterator[Finding]:
    """Targets of whose capacity nobody tells: a plan that does not look at it must say so."""
    known = {room.key for room in all_rooms}
    lacks: dict[str, int] = {}
    for part in parts:
        for each in part.servers:
            wanted = [key for key, _ in _taken(each) if not key.startswith("budget/")]
            if not wanted or any(key not in known for key in wanted):
                lacks[each.target] = lacks.get(each.target, 0) + 1
    for site, count in sorted(lacks.items()):
        yield Finding(
            code="PLN-015",
            gravity=Gravity.WARNING,
            where=f"site {site}",
            what=f"what servers take there, or how much of it there is, is not known for {count} of them",
            taken="their capacity there is no limit of the plan",
            remedy="incline capacity snapshot, then make the plan again",
        )


def with_growth(found: Iterable[Room], snapshot: CapacitySnapshot | None, nights: Sequence[date], today: date) -> tuple[Room, ...]:
    """The rooms with the growth that the snapshot's histories tell of their clusters and datastores."""
    histories: dict[str, tuple[tuple[History, ...], str]] = {}
    for site, seen in snapshot.sites.items() if snapshot else ():
        if isinstance(seen, VsphereCapacity):
            for cluster in seen.clusters:
                histories[f"memory/{site}/{cluster.name}"] = (cluster.history, "memory")
                histories[f"cpu/{site}/{cluster.name}"] = (cluster.history, "cpu")
            for datastore in seen.datastores:
                histories[f"space/{site}/{datastore.name}"] = (datastore.history, "space")
    rooms = []
    for room in found:
        told = growth(*histories[room.key], nights, today) if room.key in histories else None
        rooms.append(room if told is None else replace(room, ahead=told, source=f"{room.source}; {told.words}"))
    return tuple(rooms)
