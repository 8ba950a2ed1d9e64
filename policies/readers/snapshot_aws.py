"""A region of a capacity snapshot as evidence: zones, subnets, quotas, reservations, instances, databases, open ports, alarms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from infra.catalogue import instance_types
from infra.observed.capacity import AwsCapacity, ObservedInstance
from policies.evidence import (
    AlarmEvidence,
    DatabaseEvidence,
    Evidence,
    InstanceSettings,
    NetworkEvidence,
    PortEvidence,
    QuotaEvidence,
    ReservationEvidence,
    SeenMachine,
    ServerEvidence,
    Unknown,
    VolumeEvidence,
    ZoneEvidence,
)
from policies.readers.snapshot_parts import Layer, Seen, fill, named, plain_tags, prefer, same_disks, told, usage_of


def read_region(evidence: Evidence, site: str, region: AwsCapacity, seen: Seen) -> Layer:
    """What one region says, with what disagrees with the estate."""
    findings: list[str] = []
    return Layer(
        site=site,
        taken_at=region.taken_at,
        opens=True,
        networks=tuple(_networks(evidence, site, region)),
        zones=tuple(_zones(evidence, site, region)),
        quotas=_quotas(site, region, seen),
        reservations=_reservations(site, region, seen),
        databases=tuple(_databases(site, region, seen)),
        servers=tuple(_instances(evidence, site, region, seen, findings)),
        alarms=_alarms(region, seen),
        ports=tuple(_ports(evidence, site, region, seen)),
        findings=tuple(findings),
    )


def _networks(evidence: Evidence, site: str, region: AwsCapacity) -> Iterator[NetworkEvidence]:
    observed = {n.name: n for n in region.networks}
    by_range = {n.cidr: n for n in region.networks if n.cidr}
    for declared in evidence.networks:
        if declared.site == site:
            found = observed.get(declared.name) or by_range.get(declared.cidr)
            if found is not None and found.free is not None:
                yield replace(declared, free=found.free, as_of=region.taken_at)


def _zones(evidence: Evidence, site: str, region: AwsCapacity) -> Iterator[ZoneEvidence]:
    offers = {z.name: z.offers for z in region.zones}
    for zone in evidence.zones:
        if zone.site == site and zone.name in offers:
            yield replace(zone, offers=frozenset(offers[zone.name]), as_of=region.taken_at)


def _quotas(site: str, region: AwsCapacity, seen: Seen) -> tuple[QuotaEvidence, ...] | None:
    if region.quotas is None:
        return None
    return tuple(
        QuotaEvidence(
            site=site,
            code=quota.code,
            name=quota.name,
            families=quota.families,
            limit=quota.limit,
            used=quota.used,
            source=f"{seen.source} ({region.source})",
            as_of=region.taken_at,
        )
        for quota in region.quotas
    )


def _reservations(site: str, region: AwsCapacity, seen: Seen) -> tuple[ReservationEvidence, ...] | None:
    if region.reservations is None:
        return None
    return tuple(
        ReservationEvidence(
            site=site,
            zone=each.zone,
            instance_type=each.instance_type,
            total=each.total,
            free=each.free,
            source=f"{seen.source} ({region.source})",
            as_of=region.taken_at,
        )
        for each in region.reservations
    )


def _databases(site: str, region: AwsCapacity, seen: Seen) -> Iterator[DatabaseEvidence]:
    for each in region.databases:
        yield DatabaseEvidence(
            site=site,
            name=each.name,
            service=each.service,
            multi_az=each.multi_az,
            deletion_protection=each.deletion_protection,
            retention_days=each.retention_days,
            public=each.public,
            encrypted=each.encrypted,
            source=f"{seen.source} ({region.source})",
            as_of=region.taken_at,
        )


def _alarms(region: AwsCapacity, seen: Seen) -> tuple[AlarmEvidence, ...] | None:
    if region.alarms is None:
        return None
    return tuple(
        AlarmEvidence(server=server, watches=watched, source=seen.source, as_of=region.taken_at)
        for server, watches in sorted(region.alarms.items())
        for watched in watches
    )


def _ports(evidence: Evidence, site: str, region: AwsCapacity, seen: Seen) -> Iterator[PortEvidence]:
    """Every opening once for each server behind it, so that it has the same name as the estate's own entry."""
    entries = {s.name: s for s in evidence.servers if s.site == site}
    for rule in region.ingress:
        behind = [name for name in rule.servers if name in entries]
        for server in behind or [""]:
            yield PortEvidence(
                target=entries[server].target if server else f"security-group/{rule.group}",
                first=rule.first,
                last=rule.last,
                protocol=rule.protocol,
                cidr=rule.cidr,
                server=server,
                site=site,
                source=entries[server].source if server else f"{seen.source} (security group {rule.group})",
                as_of=region.taken_at,
            )


def _instances(evidence: Evidence, site: str, region: AwsCapacity, seen: Seen, findings: list[str]) -> Iterator[ServerEvidence]:
    known = {s.name: s for s in evidence.servers if s.site == site}
    met: set[str] = set()
    strangers: list[str] = []
    for instance in region.instances:
        entry = known.get(instance.server) if instance.server not in met else None
        if entry is None:
            strangers.append(instance.name or instance.instance_id)
            yield _merged(_stranger(instance, site, taken=instance.name in known), instance, region, Seen(seen.source, wins=True))
            continue
        met.add(instance.server)
        if seen.wins:
            findings.extend(_disagreements(entry, instance, seen))
        yield _merged(entry, instance, region, seen)
    if strangers:
        what = f"site/{site}: {seen.source} shows instances that the estate does not place there"
        findings.append(f"{what}: {named(strangers)}; they count as load")
    absent = sorted(known.keys() - met)
    if seen.wins and absent:
        findings.append(f"site/{site}: {seen.source} does not show machines that the estate places there: {named(absent)}")


def _stranger(instance: ObservedInstance, site: str, *, taken: bool) -> ServerEvidence:
    cpus, memory = _size(instance.instance_type)
    name = instance.name or instance.instance_id
    return ServerEvidence(
        name=f"{name}@{instance.instance_id}" if taken else name,
        site=site,
        kind="aws",
        service="",
        cpus=cpus,
        memory=memory,
        disks=tuple(v.size for v in instance.volumes),
        instance=InstanceSettings(),
    )


def _size(instance_type: str) -> tuple[int | Unknown, int | Unknown]:
    found = instance_types().get(instance_type)
    if found is None:
        lack = Unknown(f"size of instance type {instance_type}", "the catalogue does not have it")
        return lack, lack
    return found.cpus, found.memory


def _merged(entry: ServerEvidence, instance: ObservedInstance, region: AwsCapacity, seen: Seen) -> ServerEvidence:
    protected = True if instance.termination_protection else entry.protected
    seen_here = replace(
        entry,
        running=instance.running,
        drift=tuple(said.partition(": ")[2] for said in _disagreements(entry, instance, seen)),
        protected=protected,
        usage=prefer(usage_of(instance.usage, entry.name, seen.source, region.taken_at), entry.usage),
        instance=_settings(entry.instance or InstanceSettings(), instance, wins=seen.wins),
        seen=SeenMachine(
            memory=_size(instance.instance_type)[1],
            disks=sum(v.size for v in instance.volumes),
            instance_type=instance.instance_type,
            network=instance.subnet,
        ),
        source=entry.source or seen.source,
        as_of=region.taken_at,
    )
    if not seen.wins:
        return seen_here
    cpus, memory = (entry.cpus, entry.memory) if _same_type(entry, instance) else _size(instance.instance_type)
    sizes = tuple(v.size for v in instance.volumes)
    return replace(
        seen_here,
        cpus=cpus,
        memory=memory,
        disks=entry.disks if same_disks(entry.disks, sizes) else sizes,
        zone=instance.zone or entry.zone,
        networks=(instance.subnet,) if instance.subnet else entry.networks,
        tags=entry.tags if "tags" in region.missing else plain_tags(instance.tags),
    )


def _same_type(entry: ServerEvidence, instance: ObservedInstance) -> bool:
    return entry.instance is not None and entry.instance.instance_type == instance.instance_type


def _settings(declared: InstanceSettings, instance: ObservedInstance, *, wins: bool) -> InstanceSettings:
    volumes = tuple(
        VolumeEvidence(
            name=volume.id,
            size=volume.size,
            encrypted=volume.encrypted,
            type=volume.type,
            iops=told(volume.iops, f"operations of volume {volume.id}"),
            throughput=told(volume.throughput, f"throughput of volume {volume.id}"),
        )
        for volume in instance.volumes
    )
    return InstanceSettings(
        instance_type=fill(instance.instance_type, declared.instance_type, wins=wins),
        imdsv2_only=fill(instance.imdsv2_only, declared.imdsv2_only, wins=wins),
        public_address=fill(instance.public_address, declared.public_address, wins=wins),
        termination_protection=fill(instance.termination_protection, declared.termination_protection, wins=wins),
        auto_recovery=fill(instance.auto_recovery, declared.auto_recovery, wins=wins),
        volumes=fill(volumes or None, declared.volumes, wins=wins),
        closed=fill(instance.closed, declared.closed, wins=wins),
    )


def _disagreements(entry: ServerEvidence, instance: ObservedInstance, seen: Seen) -> Iterator[str]:
    declared = entry.instance.instance_type if entry.instance else ""
    if not _same_type(entry, instance):
        yield f"{entry.target}: is a {instance.instance_type} in {seen.source}, the estate declares {declared}"
    if instance.volumes and not same_disks(entry.disks, (v.size for v in instance.volumes)):
        yield f"{entry.target}: its volumes in {seen.source} are not the disks that the estate declares"
    if instance.zone and entry.zone and instance.zone != entry.zone:
        yield f"{entry.target}: is in zone {instance.zone} in {seen.source}, the estate declares {entry.zone}"
