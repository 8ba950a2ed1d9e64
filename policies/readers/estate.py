"""The estate as evidence: what is declared, with held sources counted as running machines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from infra.estate.model import AwsSite, Backup, Estate, Machine, Server, VsphereSite
from infra.tags import required_tags
from policies.evidence import (
    BackupEvidence,
    ClusterEvidence,
    DatastoreEvidence,
    Evidence,
    HostEvidence,
    PortEvidence,
    ServerEvidence,
    ServiceEvidence,
    Unknown,
)
from policies.readers.places import Where, nowhere


def read_estate(estate: Estate, today: date, where: Where = nowhere, reader: str = "estate") -> Evidence:
    """The estate and its placements as evidence. Placements decide where a server counts; a server without one counts where it is meant."""
    return Evidence(
        reader=reader,
        today=today,
        standards=estate.standards,
        services={
            s.name: ServiceEvidence(name=s.name, owner=s.owner, tier=s.tier, rto_minutes=s.rto_minutes, rpo_minutes=s.rpo_minutes)
            for s in estate.services.values()
        },
        clusters=tuple(_clusters(estate, where)),
        datastores=tuple(_datastores(estate, where)),
        servers=tuple(_servers(estate, where)),
        backups=tuple(_backups(estate, where)),
        ports=tuple(_ports(estate, where)),
        waivers=estate.waivers,
    )


def _clusters(estate: Estate, where: Where) -> Iterator[ClusterEvidence]:
    for site in estate.sites.values():
        if isinstance(site, VsphereSite):
            for cluster in site.clusters:
                place = where(f"cluster/{site.name}/{cluster.name}")
                hosts = tuple(HostEvidence(name=h.name, cores=h.cores, mhz=h.mhz, memory=h.memory) for h in cluster.hosts)
                yield ClusterEvidence(site=site.name, name=cluster.name, hosts=hosts, ha=cluster.ha, source=place)


def _datastores(estate: Estate, where: Where) -> Iterator[DatastoreEvidence]:
    for site in estate.sites.values():
        if isinstance(site, VsphereSite):
            for store in site.datastores:
                used = Unknown(f"used space of datastore {store.name} of {site.name}", "the estate declares sizes, not use")
                yield DatastoreEvidence(
                    site=site.name, name=store.name, capacity=store.capacity, used=used, source=where(f"datastore/{site.name}/{store.name}")
                )


def _servers(estate: Estate, where: Where) -> Iterator[ServerEvidence]:
    for server in estate.servers.values():
        placement = estate.placements.get(server.name)
        active = placement.machine if placement else Machine(site=server.site)
        yield machine_evidence(estate, server, active.site, held=False, source=where(f"server/{server.name}"))
        if placement and placement.held:
            yield machine_evidence(estate, server, placement.held.machine.site, held=True, source=where(f"server/{server.name}"))


def machine_evidence(estate: Estate, server: Server, site_name: str, *, held: bool, source: str) -> ServerEvidence:
    """One machine of a server on one site, as the estate sizes it."""
    site, at = estate.sites[site_name], server.at.get(site_name)
    zones = {n.name: n.zone for n in site.networks}
    service = estate.services.get(server.service)
    return ServerEvidence(
        name=server.name,
        site=site_name,
        kind=site.kind,
        service=server.service,
        cpus=server.size.cpus,
        memory=server.size.memory,
        disks=tuple(d.size for d in server.disks),
        cluster=at.cluster if at and site.kind == "vsphere" else "",
        datastore=at.datastore if at and site.kind == "vsphere" else "",
        zone=zones.get(at.nics[0].network, "") if at and isinstance(site, AwsSite) else "",
        held=held,
        group=server.redundancy_group,
        tags=required_tags(service) if service else {},
        source=source,
    )


def _backups(estate: Estate, where: Where) -> Iterator[BackupEvidence]:
    for server in estate.servers.values():
        job, declared_in = _job(estate, server, where)
        if job is not None:
            yield BackupEvidence(
                server=server.name, interval_minutes=job.interval_minutes, copies=job.copies, declared_in=f"{declared_in} (declared)"
            )


def _job(estate: Estate, server: Server, where: Where) -> tuple[Backup | None, str]:
    if server.backup is not None:
        return server.backup, where(f"server/{server.name}")
    service = estate.services.get(server.service)
    standard = estate.standards.tiers.get(service.tier) if service else None
    return (standard.backup, f"standard of tier {service.tier}") if standard and service else (None, "")


def _ports(estate: Estate, where: Where) -> Iterator[PortEvidence]:
    for server in estate.servers.values():
        for port in server.ports:
            yield PortEvidence(
                target=f"server/{server.name}",
                first=port.port,
                last=port.port,
                protocol=port.protocol,
                cidr=str(port.source),
                purpose=port.purpose,
                source=where(f"server/{server.name}"),
            )
