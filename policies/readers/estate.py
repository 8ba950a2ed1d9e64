"""The estate as evidence: what is declared, with held sources counted as running machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache

from infra.catalogue import PRICES_DATED, CatalogueError, instance_types, type_for
from infra.estate.model import AwsSite, Backup, Estate, Host, Machine, Server, Service, VsphereSite
from infra.tags import required_tags
from policies.evidence import (
    AlarmEvidence,
    BackupEvidence,
    ClusterEvidence,
    DatastoreEvidence,
    Evidence,
    HostEvidence,
    InstanceSettings,
    LinkEvidence,
    MoveEvidence,
    NetworkEvidence,
    PoolEvidence,
    PortEvidence,
    PriceEvidence,
    RecoveryTestEvidence,
    ServerEvidence,
    ServiceEvidence,
    Unknown,
    VsphereSettings,
    ZoneEvidence,
)
from policies.ledger import move_promises
from policies.readers.places import Where, nowhere

PLANNED = "planned"
"""The name of a move that is only asked about: nothing is held by it yet."""


def read_estate(estate: Estate, today: date, where: Where = nowhere, reader: str = "estate") -> Evidence:
    """The estate and its placements as evidence. Placements decide where a server counts; a server without one counts where it is meant."""
    moves = tuple(_moves(estate, where))
    return Evidence(
        reader=reader,
        today=today,
        standards=estate.standards,
        kinds={site.name: site.kind for site in estate.sites.values()},
        services={s.name: _service(estate, s, where) for s in estate.services.values()},
        clusters=tuple(_clusters(estate, where)),
        pools=tuple(_pools(estate, where)),
        datastores=tuple(_datastores(estate, where)),
        networks=tuple(_networks(estate, where)),
        zones=tuple(_zones(estate, where)),
        links=tuple(_links(estate, where)),
        servers=tuple(_servers(estate, where)),
        backups=tuple(_backups(estate, where)),
        alarms=tuple(_alarms(estate, where)) if any(s.alarms is not None for s in estate.servers.values()) else None,
        recovery_tests=tuple(_recovery_tests(estate, where)),
        ports=(ports := tuple(_ports(estate, where))),
        asked_ports=ports,
        prices=prices(),
        moves=moves,
        promises=tuple(move_promises(moves)),
        waivers=estate.waivers,
    )


def _service(estate: Estate, service: Service, where: Where) -> ServiceEvidence:
    standard = estate.standards.tiers.get(service.tier)
    return ServiceEvidence(
        name=service.name,
        title=service.title,
        owner=service.owner,
        tier=service.tier,
        rto_minutes=service.rto_minutes,
        rpo_minutes=service.rpo_minutes,
        data_class=service.data_class,
        cost_centre=service.cost_centre,
        lifecycle=service.lifecycle,
        depends_on=service.depends_on,
        uses=service.uses,
        availability_percent=service.availability_percent or (standard.availability_percent if standard else None),
        budget_usd_month=service.budget_usd_month,
        source=where(f"service/{service.name}"),
    )


def _vsphere(estate: Estate) -> Iterator[VsphereSite]:
    return (site for site in estate.sites.values() if isinstance(site, VsphereSite))


def _clusters(estate: Estate, where: Where) -> Iterator[ClusterEvidence]:
    for site in _vsphere(estate):
        for cluster in site.clusters:
            yield ClusterEvidence(
                site=site.name,
                name=cluster.name,
                hosts=tuple(_host(h) for h in cluster.hosts),
                ha=cluster.ha,
                drs=cluster.drs,
                role=cluster.role,
                stretched=cluster.stretched,
                source=where(f"cluster/{site.name}/{cluster.name}"),
            )


def _host(host: Host) -> HostEvidence:
    nodes = host.numa_nodes or Unknown(f"NUMA nodes of {host.name}", "neither the estate nor a capacity snapshot tells")
    return HostEvidence(
        name=host.name, cores=host.cores, mhz=host.mhz, memory=host.memory, numa_nodes=nodes, fault_domain=host.fault_domain
    )


def _pools(estate: Estate, where: Where) -> Iterator[PoolEvidence]:
    for site in _vsphere(estate):
        for cluster in site.clusters:
            for pool in cluster.pools:
                yield PoolEvidence(
                    site=site.name,
                    cluster=cluster.name,
                    name=pool.name,
                    parent=pool.parent,
                    cpu_reservation_mhz=pool.cpu_reservation_mhz,
                    memory_reservation=pool.memory_reservation,
                    expandable=pool.expandable,
                    source=where(f"cluster/{site.name}/{cluster.name}"),
                )


def _networks(estate: Estate, where: Where) -> Iterator[NetworkEvidence]:
    for site in estate.sites.values():
        # AWS keeps the first four addresses and the last of a subnet; elsewhere network, broadcast and gateway are nobody's.
        reserved = 5 if isinstance(site, AwsSite) else 3
        for network in site.networks:
            yield NetworkEvidence(
                site=site.name,
                name=network.name,
                cidr=str(network.cidr),
                zone=network.zone,
                size=max(0, network.cidr.num_addresses - reserved),
                free=Unknown(f"free addresses of network {network.name} of {site.name}", "the estate declares ranges, not use"),
                source=where(f"network/{site.name}/{network.name}"),
            )


def _zones(estate: Estate, where: Where) -> Iterator[ZoneEvidence]:
    for site in estate.sites.values():
        if isinstance(site, AwsSite):
            for zone in site.zones:
                offers = Unknown(f"instance types that {zone} offers", "no capacity snapshot of the region")
                yield ZoneEvidence(site=site.name, name=zone, offers=offers, source=where(f"site/{site.name}"))


def _links(estate: Estate, where: Where) -> Iterator[LinkEvidence]:
    for link in estate.links.values():
        encrypted = Unknown(f"encryption of link {link.name}", "the estate does not say") if link.encrypted is None else link.encrypted
        yield LinkEvidence(
            name=link.name,
            sites=link.sites,
            mbit_s=link.mbit_s,
            latency_ms=link.latency_ms,
            paths=link.paths,
            window=link.window,
            encrypted=encrypted,
            source=where(f"link/{link.name}"),
        )


def _alarms(estate: Estate, where: Where) -> Iterator[AlarmEvidence]:
    for server in estate.servers.values():
        for watched in server.alarms or ():
            yield AlarmEvidence(server=server.name, watches=watched, source=where(f"server/{server.name}"))


def _recovery_tests(estate: Estate, where: Where) -> Iterator[RecoveryTestEvidence]:
    for service in estate.services.values():
        for test in service.recovery_tests:
            yield RecoveryTestEvidence(service=service.name, kind=test.kind, on=test.on, source=where(f"service/{service.name}"))


@cache
def prices() -> dict[str, PriceEvidence]:
    """What the catalogue knows of prices, by instance type."""
    return {
        each.name: PriceEvidence(
            instance_type=each.name,
            usd_per_hour=float(each.usd_per_hour),
            source="infra/data EC2 catalogue, us-east-1",
            dated=PRICES_DATED,
        )
        for each in instance_types().values()
        if each.usd_per_hour is not None
    }


def _moves(estate: Estate, where: Where) -> Iterator[MoveEvidence]:
    for server in estate.servers.values():
        placement = estate.placements.get(server.name)
        if placement is None:
            continue
        held = placement.held
        if held is not None:
            since = None if held.move == PLANNED else _aware(held.since)
            until = held.until.date() if held.until else None
            yield replace(_move(server, held.machine.site, placement.site, "on trial", where, until), held_since=since)
        elif placement.move is not None:
            yield _coming(estate, server, placement.site, placement.move.target, "open", where)
        elif placement.site != server.site:
            yield _coming(estate, server, placement.site, server.site, "pending", where)


def _aware(moment: datetime) -> datetime:
    """A time that a file gives without its zone is one of UTC, as all others are: else it could be compared with none."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _coming(estate: Estate, server: Server, source: str, target: str, state: str, where: Where) -> MoveEvidence:
    machine = machine_evidence(estate, server, target, held=False, source=where(f"server/{server.name}"))
    return replace(_move(server, source, target, state, where), machine=machine)


def _move(server: Server, source: str, target: str, state: str, where: Where, until: date | None = None) -> MoveEvidence:
    intent = server.move
    lack = "the estate does not say; write it under `move:` of the server"
    return MoveEvidence(
        server=server.name,
        source_site=source,
        target_site=target,
        state=state,
        on=intent.on if intent else Unknown(f"date of the move of {server.name}", lack),
        window_minutes=intent.window_minutes if intent else Unknown(f"window of the move of {server.name}", lack),
        approved_by=intent.approved_by if intent else "",
        ticket=intent.ticket if intent else "",
        hold_days=intent.hold_days if intent else Unknown(f"hold time of the move of {server.name}", lack),
        hold_until=until,
        disks=sum(d.size for d in server.disks),
        source=where(f"server/{server.name}"),
    )


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
        networks=tuple(n.network for n in at.nics) if at else (),
        pool=next((c.resource_pool for c in site.clusters if at and c.name == at.cluster), "") if isinstance(site, VsphereSite) else "",
        held=held,
        group=server.redundancy_group,
        role=server.role,
        os=server.os.id,
        firmware=server.os.firmware,
        edge=server.edge,
        places=tuple(server.at),
        vsphere=VsphereSettings(firmware=server.os.firmware) if site.kind == "vsphere" else None,
        instance=InstanceSettings(instance_type=declared_type(server, site_name)) if site.kind == "aws" else None,
        tags=required_tags(service) if service else {},
        source=source,
    )


def declared_type(server: Server, site: str) -> str | Unknown:
    """The instance type of a server on an AWS site: the one written, else the catalogue's choice for its size."""
    if site not in server.at:
        return Unknown(f"instance type of {server.name}", f"its entry says nothing about {site}; add at.{site}")
    try:
        return type_for(server, site).name
    except CatalogueError as error:
        return Unknown(f"instance type of {server.name}", str(error))


def _backups(estate: Estate, where: Where) -> Iterator[BackupEvidence]:
    for server in estate.servers.values():
        job, declared_in = _job(estate, server, where)
        if job is not None:
            yield BackupEvidence(
                server=server.name,
                interval_minutes=job.interval_minutes,
                copies=job.copies,
                declared_in=f"{declared_in} (declared)",
                retention_days=job.retention_days,
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
                server=server.name,
                site=estate.placements[server.name].site if server.name in estate.placements else server.site,
                source=where(f"server/{server.name}"),
            )
