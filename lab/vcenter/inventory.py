"""What stands in the lab's data centres, from the estate: the document that `lab-vcenter --inventory` reads.

Everything that an adoption compares is derived here from the estate by the same functions that the components use, or is a name-based
uuid, so that the example's placements can be written down once and hold in every lab.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from infra.estate.model import Cluster, Estate, Host, Machine, Server, VsphereSite
from infra.estate.settle import unit_number
from infra.naming import annotation
from infra.tags import required_tags, tag_catalogue, tag_category, vsphere_tags

MIB = 1 << 20
SEEDED: Mapping[str, tuple[int, ...]] = {
    "permits-db-01": (48 * MIB, 64 * MIB),
    "gis-files-01": (32 * MIB, 48 * MIB),
    "courts-app-01": (32 * MIB, 16 * MIB),
}
"""Servers with data on their disks, in bytes per disk; the others have their identity only."""
TEMPLATE_DISK = 16 << 30


def build_inventory(estate: Estate) -> dict[str, Any]:
    """The inventory document of all vSphere sites of an estate."""
    sites = [site for site in estate.sites.values() if isinstance(site, VsphereSite)]
    return {
        "name": estate.name,
        "datacenters": [_datacenter(estate, site) for site in sites],
        "tag_categories": _tag_categories(estate),
    }


def machine_uuid(estate: str, server: str) -> str:
    """The BIOS uuid of a server's machine."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{server}.{estate}.incline.lab"))


def disk_uuid(estate: str, server: str, disk: str) -> str:
    """The uuid of a disk's backing."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{server}.{disk}.{estate}.incline.lab"))


def _datacenter(estate: Estate, site: VsphereSite) -> dict[str, Any]:
    return {
        "name": site.datacenter,
        "folder": site.folder,
        "clusters": [_cluster(cluster) for cluster in site.clusters],
        "datastores": [{"name": each.name, "capacity_bytes": each.capacity} for each in site.datastores],
        "networks": [{"name": each.name, "vlan": each.vlan or 0, "switch": each.switch} for each in site.networks],
        "vms": [_machine(estate, site, server, machine) for server, machine in standing(estate, site.name)],
        "templates": [_template(estate, site)],
    }


def _cluster(cluster: Cluster) -> dict[str, Any]:
    return {
        "name": cluster.name,
        "pool": cluster.resource_pool,
        "ha": cluster.ha.model_dump(mode="json"),
        "drs": cluster.drs,
        "pools": [pool.model_dump(mode="json") for pool in cluster.pools],
        "hosts": [_host(host) for host in cluster.hosts],
        "datastores": list(cluster.datastores),
    }


def _host(host: Host) -> dict[str, Any]:
    """A host of the estate; two NUMA nodes where it does not say, one for each of the lab's two packages."""
    size = {"name": host.name, "cores": host.cores, "mhz": host.mhz, "memory_bytes": host.memory}
    return size | {"numa_nodes": host.numa_nodes or 0}


def standing(estate: Estate, site: str) -> Iterable[tuple[Server, Machine | None]]:
    """The servers whose machine stands on a site today: by placement, held ones included; without a placement by intent."""
    for name, server in sorted(estate.servers.items()):
        placement = estate.placements.get(name)
        if placement is None:
            if server.site == site:
                yield server, None
        elif placement.site == site:
            yield server, placement.machine
        elif placement.held is not None and placement.held.machine.site == site:
            yield server, placement.held.machine


def _machine(estate: Estate, site: VsphereSite, server: Server, machine: Machine | None) -> dict[str, Any]:
    where = server.at[site.name]
    service = estate.services[server.service]
    return {
        "name": server.name,
        "uuid": (machine.uuid if machine else "") or machine_uuid(estate.name, server.name),
        "folder": site.folder,
        "cluster": where.cluster,
        "datastore": where.datastore,
        "cpus": server.size.cpus,
        "memory_bytes": server.size.memory,
        "guest_id": server.os.guest_id,
        "os": server.os.id,
        "firmware": server.os.firmware,
        "secure_boot": bool(server.os.secure_boot),
        "annotation": annotation(server, service),
        "hostname": server.name,
        "machine_id": machine_uuid(estate.name, f"machine.{server.name}"),
        "tags": {tag_category(key): value for key, value in server.tags.items()} | vsphere_tags(required_tags(service)),
        "nics": [{"network": nic.network, "address": str(nic.address), "mac": ""} for nic in where.nics],
        "addresses": _addresses(server),
        "disks": _disks(estate, server, machine),
        "cbt": True,
        "powered_on": not _is_held(estate, server, site.name),
    }


def _is_held(estate: Estate, server: Server, site: str) -> bool:
    placement = estate.placements.get(server.name)
    return placement is not None and placement.site != site


def _addresses(server: Server) -> dict[str, str]:
    """The guest's address on every network of every site: what a city's guests get by reservation wherever they run."""
    return {nic.network: str(nic.address) for attachment in server.at.values() for nic in attachment.nics}


def _disks(estate: Estate, server: Server, machine: Machine | None) -> list[dict[str, Any]]:
    records = {record.name: record for record in machine.disks} if machine else {}
    seeds = SEEDED.get(server.name, ())
    found = []
    for index, disk in enumerate(server.disks):
        record = records.get(disk.name)
        found.append(
            {
                "name": disk.name,
                "label": f"Hard disk {index + 1}",
                "size_bytes": max(disk.size, record.size if record else 0),
                "uuid": (record.uuid if record else "") or disk_uuid(estate.name, server.name, disk.name),
                "unit": unit_number(index),
                "seed_bytes": seeds[index] if index < len(seeds) else 0,
            }
        )
    return found


def _template(estate: Estate, site: VsphereSite) -> dict[str, Any]:
    cluster = site.clusters[0]
    name = f"template-debian-12-{site.name}"
    return {
        "name": name,
        "uuid": machine_uuid(estate.name, name),
        "folder": site.folder,
        "cluster": cluster.name,
        "datastore": cluster.datastores[0],
        "cpus": 2,
        "memory_bytes": 4 << 30,
        "guest_id": "debian12_64Guest",
        "os": "debian-12",
        "firmware": "bios",
        "annotation": "Template of new Debian 12 servers.",
        "hostname": "template",
        "machine_id": "template",
        "tags": {},
        "nics": [{"network": site.networks[0].name, "address": "", "mac": ""}],
        "addresses": {},
        "disks": [
            {
                "name": "system",
                "label": "Hard disk 1",
                "size_bytes": TEMPLATE_DISK,
                "uuid": disk_uuid(estate.name, name, "system"),
                "unit": 0,
                "seed_bytes": 0,
            }
        ],
        "cbt": False,
        "powered_on": False,
    }


def _tag_categories(estate: Estate) -> list[dict[str, Any]]:
    """The vocabulary: the required tags of all services and the servers' own."""
    values = {category: set(tags) for category, tags in tag_catalogue(estate.services.values()).items()}
    for server in estate.servers.values():
        for key, value in server.tags.items():
            values.setdefault(tag_category(key), set()).add(value)
    return [
        {"name": name, "description": "", "cardinality": "SINGLE", "associable_types": ["VirtualMachine"], "tags": sorted(tags)}
        for name, tags in sorted(values.items())
    ]
