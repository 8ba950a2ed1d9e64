"""The estate as an inventory, for the first day: nothing was discovered yet, and nothing was measured."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from infra.catalogue import CatalogueError, type_for
from infra.estate.model import AwsSite, Estate, Server, Site, VsphereSite
from migration.discover.model import FoundDisk, FoundHost, FoundMachine, FoundNic, Inventory

SOURCE = "the estate"


def inventory_of(estate: Estate, now: datetime) -> Inventory:
    """Every placed server as a machine, as it is declared; every host of the sites."""
    machines = tuple(
        _machine(estate.servers[name], estate.sites[placement.site], now)
        for name, placement in sorted(estate.placements.items())
        if name in estate.servers and placement.site in estate.sites
    )
    hosts = tuple(
        FoundHost(name=host.name, site=site.name, cluster=cluster.name, cores=host.cores, mhz=host.mhz, memory=host.memory)
        for site in estate.sites.values()
        if isinstance(site, VsphereSite)
        for cluster in site.clusters
        for host in cluster.hosts
    )
    return Inventory(taken_at=now, machines=machines, hosts=hosts)


def joined(seen: Inventory, declared: Inventory) -> Inventory:
    """An inventory, with declared machines for those servers that it does not show."""
    known = {machine.server for machine in seen.machines if machine.server}
    sites = {host.site for host in seen.hosts}
    return replace(
        seen,
        machines=(*seen.machines, *(machine for machine in declared.machines if machine.server not in known)),
        hosts=(*seen.hosts, *(host for host in declared.hosts if host.site not in sites)),
    )


def _machine(server: Server, site: Site, now: datetime) -> FoundMachine:
    place = server.at.get(site.name)
    nics = place.nics if place else ()
    return FoundMachine(
        key=f"{site.name}/{server.name}",
        name=server.name,
        site=site.name,
        kind=site.kind,
        source=SOURCE,
        as_of=now,
        server=server.name,
        cpus=server.size.cpus,
        memory=server.size.memory,
        os=server.os.id,
        firmware=server.os.firmware,
        secure_boot=server.os.secure_boot,
        cluster=place.cluster if place else "",
        instance_type=_type(server, site),
        disks=tuple(FoundDisk(label=disk.name, size=disk.size, datastore=place.datastore if place else "") for disk in server.disks),
        nics=tuple(FoundNic(label=f"card {n}", network=nic.network, addresses=(str(nic.address),)) for n, nic in enumerate(nics, start=1)),
        addresses=tuple(str(nic.address) for nic in nics),
        tags=server.tags,
    )


def _type(server: Server, site: Site) -> str:
    if not isinstance(site, AwsSite) or site.name not in server.at:
        return ""
    try:
        return type_for(server, site.name).name
    except CatalogueError:
        return ""  # readiness says that nothing holds it
