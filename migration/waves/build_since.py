"""What has come to a site since it was looked at: plans are made anew between two looks, and what moved meanwhile takes its room."""

from __future__ import annotations

from collections.abc import Iterable

from infra.catalogue import instance_types, type_for
from infra.ec2_quotas import quota_group
from infra.errors import InclineError
from infra.estate.model import Estate, Server
from infra.observed.capacity import ObservedInstance, ObservedMachine


def newcomers(estate: Estate | None, site: str, seen: Iterable[ObservedMachine | ObservedInstance]) -> tuple[Server, ...]:
    """The servers that stand at a site by their placement, and that the look at it did not show."""
    if estate is None:
        return ()
    names = {name for each in seen for name in (each.server, each.name)}
    return tuple(server for server in estate.declared_at(site) if server.name not in names)


def in_cluster(servers: Iterable[Server], site: str, cluster: str) -> tuple[float, float]:
    """Processors and memory of those that stand in a cluster."""
    mine = [server for server in servers if site in server.at and server.at[site].cluster == cluster]
    return float(sum(server.size.cpus for server in mine)), float(sum(server.size.memory for server in mine))


def on_datastore(servers: Iterable[Server], site: str, datastore: str) -> float:
    """Bytes of the disks of those that stand on a datastore."""
    return float(sum(disk.size for s in servers if site in s.at and s.at[site].datastore == datastore for disk in s.disks))


def in_quota(servers: Iterable[Server], site: str, code: str) -> float:
    """Processors that a quota counts; a type that the catalogue lacks is said by the cost rule."""
    total = 0.0
    for server in servers:
        try:
            name = type_for(server, site).name
        except InclineError:
            continue
        group, known = quota_group(name), instance_types().get(name)
        if group is not None and group.code == code and known is not None:
            total += known.cpus
    return total
