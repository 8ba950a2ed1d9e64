"""What a data centre really has: hosts, HA, pools, datastores, machines with their use. Read in a few calls, for the capacity snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from pyVmomi import vim

from infra.estate.model import Estate, VsphereSite
from infra.observed.capacity import (
    History,
    ObservedCluster,
    ObservedDatastore,
    ObservedHost,
    ObservedNetwork,
    ObservedPool,
    VsphereCapacity,
)
from infra.observed.gaps import Gaps
from infra.observed.inventory import find_datacenter
from infra.observed.vsphere import moref_in
from infra.observed.vsphere_ha import high_availability, restart_priorities
from infra.observed.vsphere_history import daily_history
from infra.observed.vsphere_machines import MACHINE_PATHS, Surroundings, observed_machines
from infra.observed.vsphere_performance import Performance
from infra.observed.vsphere_session import VsphereSession
from infra.observed.vsphere_tags import attached_tags
from infra.observed.vsphere_usage import machine_usage
from infra.observed.who import Roster

HOST_PATHS = ["name", "parent", "summary.hardware", "hardware.numaInfo.numNodes", "runtime.connectionState", "runtime.inMaintenanceMode"]
POOL_PATHS = ["name", "parent", "owner", "config.cpuAllocation", "config.memoryAllocation"]
Named = TypeVar("Named", ObservedCluster, ObservedDatastore, ObservedHost, ObservedNetwork, ObservedPool)
Found = Mapping[str, Mapping[str, Any]]
_MIB = 1 << 20


def read_vsphere_capacity(session: VsphereSession, site: VsphereSite, estate: Estate, *, now: datetime | None = None) -> VsphereCapacity:
    """One look at the site's datacenter.

    Raises:
        GoneError: the vCenter has no such datacenter.
    """
    taken_at, gaps = now or datetime.now(UTC), Gaps()
    within = (vim.Datacenter, find_datacenter(session, site.datacenter))
    clusters = session.of_type(vim.ClusterComputeResource, ["name", "configurationEx"], within=within)
    hosts = session.of_type(vim.HostSystem, HOST_PATHS, within=within)
    pools = session.of_type(vim.ResourcePool, POOL_PATHS, within=within)
    networks = _port_groups(session, within)
    stores = session.of_type(vim.Datastore, ["summary"], within=within)
    machines = session.of_type(vim.VirtualMachine, MACHINE_PATHS, within=within)
    running = [m for m, v in machines.items() if str(v.get("runtime.powerState")) == "poweredOn" and not v.get("config.template")]
    performance = Performance(session)
    around = Surroundings(
        hosts={moref: str(v["name"]) for moref, v in hosts.items()},
        clusters={moref: _cluster_name(v, clusters) for moref, v in hosts.items()},
        pools={moref: str(v["name"]) for moref, v in pools.items() if _is_pool(v)},
        networks={moref: str(v["name"]) for moref, v in networks.items()},
        priorities={m: p for v in clusters.values() for m, p in restart_priorities(v.get("configurationEx")).items()},
        tags=gaps.ask("tags", lambda: attached_tags(session, list(machines))),
        usage=gaps.ask("usage", lambda: machine_usage(performance, running, now=taken_at)) or {},
        roster=Roster(estate, site.name),
    )
    history = gaps.ask("history", lambda: daily_history(performance, list(clusters), list(stores), now=taken_at)) or {}
    return VsphereCapacity(
        taken_at=taken_at,
        source=f"vCenter {session.host}, datacenter {site.datacenter}",
        clusters=_by_name(_cluster(m, v, hosts, pools, history) for m, v in clusters.items()),
        datastores=_by_name(_datastore(v["summary"], history.get(m, ())) for m, v in stores.items()),
        networks=_networks(networks, site),
        machines=observed_machines(machines, around),
        missing=gaps.reasons,
    )


def _cluster(
    moref: str, values: Mapping[str, Any], hosts: Found, pools: Found, history: Mapping[str, tuple[History, ...]]
) -> ObservedCluster:
    config = values.get("configurationEx")
    drs = getattr(config, "drsConfig", None)
    return ObservedCluster(
        name=str(values["name"]),
        ha=high_availability(getattr(config, "dasConfig", None)),
        drs=bool(drs and drs.enabled),
        hosts=_by_name(_host(v) for v in hosts.values() if moref_in(v, "parent") == moref),
        pools=_by_name(_pool(v, pools) for v in pools.values() if _is_pool(v) and moref_in(v, "owner") == moref),
        history=history.get(moref, ()),
    )


def _host(values: Mapping[str, Any]) -> ObservedHost:
    hardware, nodes = values.get("summary.hardware"), values.get("hardware.numaInfo.numNodes")
    return ObservedHost(
        name=str(values["name"]),
        cores=int(hardware.numCpuCores) if hardware else 0,
        mhz=int(hardware.cpuMhz) if hardware else 0,
        memory=int(hardware.memorySize) if hardware else 0,
        numa_nodes=int(nodes) if nodes else None,
        connection=str(values.get("runtime.connectionState", "")),
        maintenance=bool(values.get("runtime.inMaintenanceMode")),
    )


def _pool(values: Mapping[str, Any], pools: Found) -> ObservedPool:
    above = pools.get(moref_in(values, "parent"), {})
    cpu, memory = values.get("config.cpuAllocation"), values.get("config.memoryAllocation")
    return ObservedPool(
        name=str(values["name"]),
        parent=str(above["name"]) if _is_pool(above) else "",
        cpu_reservation_mhz=int(getattr(cpu, "reservation", None) or 0),
        memory_reservation=int(getattr(memory, "reservation", None) or 0) * _MIB,
        expandable=any(bool(getattr(each, "expandableReservation", None)) for each in (cpu, memory)),
    )


def _is_pool(values: Mapping[str, Any]) -> bool:
    """Whether it is a pool that people made: a cluster's root pool hangs below the cluster itself."""
    return isinstance(values.get("parent"), vim.ResourcePool)


def _datastore(summary: Any, history: tuple[History, ...]) -> ObservedDatastore:
    return ObservedDatastore(
        name=str(summary.name),
        capacity=int(summary.capacity or 0),
        free=int(summary.freeSpace or 0),
        uncommitted=int(summary.uncommitted or 0),
        accessible=bool(summary.accessible),
        history=history,
    )


def _port_groups(session: VsphereSession, within: tuple[Any, str]) -> Found:
    """Networks that machines can be attached to: a distributed switch's own uplinks are port groups too, and are not."""
    distributed = session.of_type(vim.dvs.DistributedVirtualPortgroup, ["config.uplink"], within=within)
    uplinks = {moref for moref, values in distributed.items() if values.get("config.uplink")}
    return {moref: values for moref, values in session.of_type(vim.Network, ["name"], within=within).items() if moref not in uplinks}


def _networks(found: Found, site: VsphereSite) -> tuple[ObservedNetwork, ...]:
    """Port groups; vCenter knows no addresses, so the range is the estate's and nobody can say how many are free."""
    ranges = {network.name: str(network.cidr) for network in site.networks}
    return _by_name(ObservedNetwork(name=str(v["name"]), cidr=ranges.get(str(v["name"]), "")) for v in found.values())


def _by_name(items: Iterable[Named]) -> tuple[Named, ...]:
    """In name order, so that two looks at the same site are the same file."""
    return tuple(sorted(items, key=lambda item: item.name))


def _cluster_name(values: Mapping[str, Any], clusters: Found) -> str:
    return str(clusters.get(moref_in(values, "parent"), {}).get("name", ""))
