"""Families of changes for what stands on AWS: types, volumes, members, subnets, quotas, reservations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Network
from itertools import product

from infra.catalogue import InstanceType, instance_types
from policies.evidence import Evidence, ReservationEvidence, ServerEvidence, Unknown, VolumeEvidence, known
from policies.repair.cloud_changes import AddSubnet, RaiseQuota, Reserve
from policies.repair.ground import Reach
from policies.repair.instance_changes import MIB, AddMember, Retype, SetVolumes
from policies.repair.search import Found, Trial, fewest, least

MOST_TYPES = 120
MARGIN = 1.2


def raised(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:  # noqa: ARG001 - every family has one shape
    """The quota is raised, to the vCPU."""
    for quota in evidence.quotas or ():
        if quota.target == target and not isinstance(quota.limit, Unknown):
            now = int(quota.limit)
            limit = least(now, max(now * 16, 4096), lambda value: trial.passes([RaiseQuota(quota=quota, limit=value)]))  # noqa: B023
            if limit is not None:
                yield (RaiseQuota(quota=quota, limit=limit),)


def added(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:
    """A subnet of the same purpose is added in a zone that has none."""
    here = next((n for n in evidence.networks if n.target == target), None)
    site = reach.estate.sites.get(here.site) if reach.estate and here else None
    if here is None or site is None or site.kind != "aws":
        return
    taken = [n.cidr for n in site.networks]
    prefix = IPv4Network(here.cidr).prefixlen
    free = next((s for s in site.vpc_cidr.subnets(new_prefix=prefix) if not any(s.overlaps(t) for t in taken)), None)
    if free is None:
        return
    stem, names = here.name.rpartition("-")[0] or here.name, {n.name for n in site.networks}
    for zone in sorted(z.name for z in evidence.zones if z.site == here.site and f"{stem}-{z.name[-1]}" not in names):
        change = AddSubnet(network=replace(here, name=f"{stem}-{zone[-1]}", zone=zone, cidr=str(free), free=here.size, as_of=None))
        if trial.passes([change]):
            yield (change,)


def retyped(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:  # noqa: ARG001
    """The instance itself gets another type, the one nearest in price that is enough."""
    for server in _instances(evidence):
        if server.target == target:
            yield from ((c,) for c in _types(evidence, server) if trial.passes([c]))


def grown_members(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:  # noqa: ARG001
    """Members of a group get larger types: one of them, two, or all alike."""
    members = [s for s in _instances(evidence) if f"group/{s.group}" == target]
    options = [[c for c in _types(evidence, s) if c.dearer > 0][:8] for s in members]
    found = False
    for way in fewest(trial, [c for each in options for c in each]):
        found = True
        yield way
    if not found:
        together = [w for w in product(*options) if len({c.kind.name for c in w}) == 1]
        for alike in sorted(together, key=lambda w: sum(c.size for c in w)):
            if trial.passes(alike):
                yield alike


def joined(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:  # noqa: ARG001
    """One more member of a group, in a zone that has none of it."""
    members = [s for s in _instances(evidence) if f"group/{s.group}" == target and not s.held]
    taken = {s.name for s in evidence.servers}
    for like in members[:1]:
        stem = like.name.rpartition("-")[0] or like.name
        name = next(n for n in (f"{stem}-{k:02}" for k in range(len(members) + 1, 100)) if n not in taken)
        for zone, network in _other_zones(evidence, like):
            if zone not in {m.zone for m in members}:
                member = replace(like, name=name, zone=zone, networks=(network,), as_of=None, urn="")
                change = AddMember(like=like, member=member, members=len(members))
                if trial.passes([change]):
                    yield (change,)


def faster(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:  # noqa: ARG001
    """The instance's volumes do more: the fewest operations and bytes that are enough, within what gp3 can."""
    for server in _instances(evidence):
        if server.target == target:
            yield from _fastest(trial, server, server.volumes)


def _fastest(trial: Trial, server: ServerEvidence, volumes: tuple[VolumeEvidence, ...]) -> Found:
    def order(iops: int, mib: int) -> SetVolumes:
        return SetVolumes(server=server, volumes=volumes, iops=iops, throughput=mib * MIB)

    iops = least(2_999, 16_000, lambda n: trial.passes([order(n, 1_000)]))
    if iops:
        mib = least(124, 1_000, lambda n: trial.passes([order(iops, n)]))
        yield (order(iops, mib or 1_000),)


def reserved(evidence: Evidence, trial: Trial, target: str, reach: Reach) -> Found:  # noqa: ARG001
    """Capacity is reserved where the copies are, in a type that holds the service's largest machine: as little as is enough."""
    machines = [s for s in evidence.servers if f"service/{s.service}" == target and not s.held]
    sites = sorted(
        {c for s in machines for job in evidence.backups_of.get(s.name, ()) for c in job.copies if evidence.kinds.get(c) == "aws"}
    )
    cpus, memory = max((known(s.cpus) for s in machines), default=0.0), max((known(s.memory) for s in machines), default=0.0)
    fitting = [t for t in _priced("efi" if any(s.firmware == "efi" for s in machines) else "bios") if t.cpus >= cpus and t.memory >= memory]
    for site in sites:
        for zone in (z for z in evidence.zones if z.site == site):
            offers = zone.offers
            kind = next((t.name for t in fitting if isinstance(offers, Unknown) or t.name in offers), "")
            if kind:
                yield from _least_reserved(trial, site, zone.name, kind, len(machines))


def _least_reserved(trial: Trial, site: str, zone: str, kind: str, most: int) -> Found:
    def change(number: int) -> Reserve:
        return Reserve(reservation=ReservationEvidence(site=site, zone=zone, instance_type=kind, total=number, free=number, source="new"))

    number = least(0, most, lambda n: trial.passes([change(n)]))
    if number:
        yield (change(number),)


def _instances(evidence: Evidence) -> Iterator[ServerEvidence]:
    """What stands on AWS, and what coming moves will make there."""
    yield from (s for s in evidence.servers if s.kind == "aws" and not s.held)
    yield from (m.machine for m in evidence.moves if m.machine is not None and m.machine.kind == "aws")


def _other_zones(evidence: Evidence, server: ServerEvidence) -> Iterator[tuple[str, str]]:
    """The other zones with a subnet of the same purpose."""
    stem = server.networks[0].rpartition("-")[0] if server.networks else ""
    for network in evidence.networks:
        if stem and network.site == server.site and network.zone not in {"", server.zone} and network.name.rpartition("-")[0] == stem:
            yield network.zone, network.name


def _types(evidence: Evidence, server: ServerEvidence) -> list[Retype]:
    """Other types that hold it, nearest in price first; of those that its zone is known to offer."""
    name = server.instance.instance_type if server.instance else ""
    now = instance_types().get(name) if isinstance(name, str) else None
    if now is None or now.usd_per_hour is None:
        return []
    cpus, memory = _least_size(server)
    zone = next((z for z in evidence.zones if (z.site, z.name) == (server.site, server.zone)), None)
    offers = zone.offers if zone else None
    found = [
        Retype(server=server, kind=each, dearer=float((each.usd_per_hour or 0) - now.usd_per_hour))
        for each in _priced(server.firmware or "bios")
        if each.name != now.name
        and each.cpus >= cpus
        and each.memory >= memory
        and (not isinstance(offers, frozenset) or each.name in offers)
    ]
    return sorted(found, key=lambda c: (c.size, c.kind.name))[:MOST_TYPES]


def _least_size(server: ServerEvidence) -> tuple[float, float]:
    """What a type must have at least: what was measured and a fifth where that is known, else what the estate asks for."""
    usage = server.usage
    if isinstance(usage, Unknown) or isinstance(usage.memory_p95, Unknown):
        return known(server.cpus), known(server.memory)
    return 1.0, usage.memory_p95 * MARGIN


def _priced(firmware: str) -> list[InstanceType]:
    """Types that a server may have, cheapest first: as the catalogue chooses."""
    mode = "uefi" if firmware == "efi" else "legacy-bios"
    fit = (
        t
        for t in instance_types().values()
        if t.usd_per_hour is not None and t.current and t.nitro and not (t.bare_metal or t.accelerated or t.instance_store)
    )
    usable = (t for t in fit if "x86_64" in t.architectures and (mode in t.boot_modes or not t.boot_modes))
    return sorted(usable, key=lambda t: (t.usd_per_hour or 0, t.name))
