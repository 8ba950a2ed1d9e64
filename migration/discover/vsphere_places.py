"""Where machines stand on a vCenter: hosts, clusters, pools, folders, datastores, networks, each read once and named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import unquote

from infra.observed.soap.answer import Found
from infra.observed.soap.reader import PropertyReader
from migration.discover import vsphere_paths as paths
from migration.discover.model import Finding, FoundCluster, FoundDatastore, FoundHost, FoundNetwork, Gravity

Named = TypeVar("Named", FoundHost, FoundCluster, FoundDatastore, FoundNetwork)
_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What a machine's ids mean, and the places themselves."""

    datacenter: str
    hosts: tuple[FoundHost, ...]
    clusters: tuple[FoundCluster, ...]
    datastores: tuple[FoundDatastore, ...]
    networks: tuple[FoundNetwork, ...]
    host_names: Mapping[str, str]
    cluster_of_host: Mapping[str, str]
    pool_names: Mapping[str, str]
    folder_paths: Mapping[str, str]
    network_names: Mapping[str, str]
    custom_fields: Mapping[int, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def read_places(reader: PropertyReader, within: tuple[str, str], datacenter: str, site: str, now: datetime) -> Places:
    """Everything of a datacenter but its machines, in six small reads."""
    clusters = {each.moref: each for each in reader.of_type("ClusterComputeResource", paths.CLUSTER, within=within)}
    cluster_names = {moref: name_of(each.values) for moref, each in clusters.items()}
    hosts = list(reader.of_type("HostSystem", paths.HOST, within=within))
    pools = {each.moref: each.values for each in reader.of_type("ResourcePool", ("name", "parent"), within=within)}
    folders = {each.moref: each.values for each in reader.of_type("Folder", ("name", "parent"), within=within)}
    stores = [_datastore(each.values, site) for each in reader.of_type("Datastore", paths.DATASTORE, within=within)]
    networks, network_names = _networks(reader, within, hosts, site)
    cluster_of_host = {each.moref: cluster_names.get(str(each.values.get("parent", "")), "") for each in hosts}
    found_hosts = _by_name(_host(each.values, cluster_of_host[each.moref], datacenter, site, now) for each in hosts)
    return Places(
        datacenter=datacenter,
        hosts=found_hosts,
        clusters=_by_name(_cluster(each.values, datacenter, site) for each in clusters.values()),
        datastores=_by_name(stores),
        networks=networks,
        host_names={each.moref: name_of(each.values) for each in hosts},
        cluster_of_host=cluster_of_host,
        # The topmost pool stands for the cluster itself, and the topmost folder for the datacenter: neither is a place that people made.
        pool_names={moref: name_of(values) for moref, values in pools.items() if values.get("parent") in pools},
        folder_paths={moref: _path(moref, folders) for moref in folders},
        network_names=network_names,
        findings=tuple(_host_findings(found_hosts)) + tuple(_store_findings(stores)),
    )


def name_of(values: Mapping[str, Any]) -> str:
    """The name as people gave it: vCenter writes %2f, %5c and %25 for slash, backslash and percent."""
    return unquote(str(values.get("name", "")))


def _path(moref: str, folders: Mapping[str, Mapping[str, Any]]) -> str:
    names: list[str] = []
    while moref in folders and len(names) <= len(folders):
        names.append(name_of(folders[moref]))
        moref = str(folders[moref].get("parent", ""))
    return "/".join(reversed(names[:-1]))


def _host(values: Mapping[str, Any], cluster: str, datacenter: str, site: str, now: datetime) -> FoundHost:
    hardware, used = values.get("summary.hardware") or {}, values.get("summary.quickStats") or {}
    memory = used.get("overallMemoryUsage")
    return FoundHost(
        name=name_of(values),
        site=site,
        cluster=cluster,
        datacenter=datacenter,
        sockets=hardware.get("numCpuPkgs"),
        cores=hardware.get("numCpuCores", 0),
        threads=hardware.get("numCpuThreads"),
        mhz=hardware.get("cpuMhz", 0),
        memory=hardware.get("memorySize", 0),
        cpu_model=hardware.get("cpuModel", ""),
        vendor=hardware.get("vendor", ""),
        model=hardware.get("model", ""),
        version=(values.get("summary.config.product") or {}).get("version", ""),
        connection=str(values.get("runtime.connectionState", "")),
        maintenance=bool(values.get("runtime.inMaintenanceMode")),
        cpu_used_mhz=used.get("overallCpuUsage"),
        memory_used=None if memory is None else memory * _MIB,
        as_of=now,
    )


def _cluster(values: Mapping[str, Any], datacenter: str, site: str) -> FoundCluster:
    config = values.get("configurationEx") or {}
    das, drs = config.get("dasConfig") or {}, config.get("drsConfig") or {}
    policy = das.get("admissionControlPolicy") or {}
    failures = policy.get("failoverLevel") or len(policy.get("failoverHosts", ())) or None
    return FoundCluster(
        name=name_of(values),
        site=site,
        datacenter=datacenter,
        ha=das.get("enabled"),
        drs=drs.get("enabled"),
        host_failures=failures if das.get("admissionControlEnabled") else None,
    )


def _datastore(values: Mapping[str, Any], site: str) -> FoundDatastore:
    summary = values.get("summary") or {}
    return FoundDatastore(
        name=name_of(values),
        site=site,
        capacity=summary.get("capacity", 0),
        free=summary.get("freeSpace"),
        kind=summary.get("type", ""),
        accessible=bool(summary.get("accessible")),
    )


def _networks(
    reader: PropertyReader, within: tuple[str, str], hosts: Iterable[Found], site: str
) -> tuple[tuple[FoundNetwork, ...], dict[str, str]]:
    """Networks that machines can be attached to, and their names by every id that a card may carry."""
    groups = {each.moref: each.values for each in reader.of_type("DistributedVirtualPortgroup", paths.PORT_GROUP, within=within)}
    switches = {each.moref: name_of(each.values) for each in reader.of_type("DistributedVirtualSwitch", ("name",), within=within)}
    standard = {spec["name"]: spec for each in hosts for spec in _specs(each) if "name" in spec}
    names: dict[str, str] = {}
    found = []
    for each in reader.of_type("Network", paths.NETWORK, within=within):
        group, name = groups.get(each.moref), name_of(each.values)
        names |= {each.moref: name, str((group or {}).get("key") or each.moref): name, str(each.values.get("name", "")): name}
        if group is None:
            spec = standard.get(each.values.get("name"), {})
            found.append(FoundNetwork(name=name, site=site, vlan=spec.get("vlanId"), switch=str(spec.get("vswitchName", ""))))
        elif not group.get("config.uplink"):  # a distributed switch's own uplinks are port groups too, and no machine's
            switch = switches.get(str(group.get("config.distributedVirtualSwitch", "")), "")
            found.append(FoundNetwork(name=name, site=site, vlan=_vlan(group), switch=switch))
    return _by_name(found), names


def _specs(host: Found) -> list[dict[str, Any]]:
    return [each["spec"] for each in host.values.get("config.network.portgroup") or () if "spec" in each]


def _vlan(group: Mapping[str, Any]) -> int | None:
    """The VLAN of a port group that has one; a trunk has ranges, and therefore none."""
    told = ((group.get("config.defaultPortConfig") or {}).get("vlan") or {}).get("vlanId", ())
    return int(told[0]) if len(told) == 1 and told[0].isdigit() else None


def _host_findings(hosts: Iterable[FoundHost]) -> Iterable[Finding]:
    for host in hosts:
        if host.connection != "connected":
            yield Finding(
                code="DSC-008",
                gravity=Gravity.WARNING,
                where=f"{host.site}: host {host.name}",
                what=f"the vCenter has no contact with it ({host.connection or 'no state'})",
                taken="what the vCenter last knew of it and of its machines",
                remedy="reconnect the host, then discover again",
            )
        elif not host.cores or not host.memory:
            yield Finding(
                code="DSC-008",
                gravity=Gravity.ERROR,
                where=f"{host.site}: host {host.name}",
                what="it says that it has no processor or no memory",
                taken="a host of no size: nothing is placed on it",
                remedy="look at the host's hardware status in vCenter",
            )


def _store_findings(stores: Iterable[FoundDatastore]) -> Iterable[Finding]:
    for store in stores:
        if not store.accessible or store.capacity <= 0:
            yield Finding(
                code="DSC-009",
                gravity=Gravity.WARNING,
                where=f"{store.site}: datastore {store.name}",
                what="no host reaches it" if not store.accessible else "it says that it has no capacity",
                taken="no free space",
                remedy="see in vCenter why the storage is not mounted, or remove the datastore",
            )


def _by_name(items: Iterable[Named]) -> tuple[Named, ...]:
    return tuple(sorted(items, key=lambda item: item.name))
