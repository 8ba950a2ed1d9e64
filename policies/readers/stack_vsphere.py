"""What a stack declares on vSphere: virtual machines, and clusters and pools where it owns them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from infra.estate.model import GIB, HighAvailability
from policies.evidence import ClusterEvidence, Evidence, PoolEvidence, ServerEvidence, Unknown, VsphereSettings
from policies.readers.properties import Plain, flag, integer, objects, text
from policies.readers.snapshot_parts import same_disks
from policies.readers.stack import ANTI_AFFINITY, COMPUTE_CLUSTER, HA_OVERRIDE, RESOURCE_POOL, Resource, Stack, nested

_NONPERSISTENT = ("independent_nonpersistent", "nonpersistent")
_ADMISSION = {"resourcePercentage": "percentage", "slotPolicy": "slots", "failoverHosts": "failover-hosts", "disabled": "disabled"}
_SETTINGS = {
    "haEnabled": "enabled",
    "haAdmissionControlHostFailureTolerance": "host_failures",
    "haAdmissionControlPerformanceTolerance": "performance_tolerance",
    "haHostIsolationResponse": "isolation_response",
    "haDatastorePdlResponse": "pdl_response",
    "haDatastoreApdResponse": "apd_response",
    "haVmRestartPriority": "restart_priority",
}
_PERCENT = {"haAdmissionControlResourcePercentageCpu": "cpu_percent", "haAdmissionControlResourcePercentageMemory": "memory_percent"}
_RESPECTS = "das.respectVmVmAntiAffinityRules"


def merged_machine(entry: ServerEvidence, resource: Resource, stack: Stack, tags: Mapping[str, str | Unknown] | Unknown) -> ServerEvidence:
    """A server's evidence with what its virtual machine is declared with, and the tags that its component is meant to have."""
    stated, name = resource.stated, entry.name
    memory = integer(stated("memory"), f"memory of {name}")
    sizes = tuple(_disks(name, stated("disks")))
    known = [size for size in sizes if not isinstance(size, Unknown)]
    return replace(
        entry,
        urn=resource.urn,
        tags=tags,
        cpus=integer(stated("numCpus"), f"numCpus of {name}"),
        memory=memory if isinstance(memory, Unknown) else memory << 20,
        disks=entry.disks if len(known) == len(sizes) and same_disks(entry.disks, known) else sizes,
        cpu_reservation_mhz=_reservation(stated("cpuReservation"), entry.cpu_reservation_mhz, f"CPU reservation of {name}", unit=1),
        memory_reservation=_reservation(
            stated("memoryReservation"), entry.memory_reservation, f"memory reservation of {name}", unit=1 << 20
        ),
        protected=entry.protected if resource.protect is None else resource.protect,
        vsphere=_settings(entry, resource, stack),
    )


def _reservation(value: Plain, otherwise: int | Unknown, path: str, *, unit: int) -> int | Unknown:
    if value is None:
        return otherwise
    number = integer(value, path)
    return number if isinstance(number, Unknown) else number * unit


def _disks(server: str, disks: Plain) -> Iterator[int | Unknown]:
    if not isinstance(disks, list):
        yield disks if isinstance(disks, Unknown) else Unknown(f"disks of {server}", "the resource does not say")
        return
    for disk in disks:
        size = integer(disk.get("size") if isinstance(disk, dict) else disk, f"size of a disk of {server}")
        yield size if isinstance(size, Unknown) else size * GIB


def _settings(entry: ServerEvidence, resource: Resource, stack: Stack) -> VsphereSettings:
    seen, stated, name = entry.vsphere or VsphereSettings(), resource.stated, entry.name

    def said(key: str, convert: Any, known: Any, otherwise: Any = None) -> Any:
        """What the program says, else what is known of the machine, else what the plugin does when nobody says."""
        value = stated(key)
        if value is not None:
            return convert(value, f"{key} of {name}")
        return otherwise if isinstance(known, Unknown) and otherwise is not None else known

    return replace(
        seen,
        firmware=said("firmware", text, seen.firmware),
        secure_boot=said("efiSecureBootEnabled", flag, seen.secure_boot, otherwise=False),
        hardware_version=said("hardwareVersion", integer, seen.hardware_version),
        logging=said("enableLogging", flag, seen.logging, otherwise=False),
        encrypted=_encrypted(seen.encrypted, stated("storagePolicyId"), name),
        nonpersistent_disks=_nonpersistent(stated("disks"), seen.nonpersistent_disks, name),
        devices=_devices(resource, seen.devices),
        restart_priority=_restart_priority(resource, stack, seen.restart_priority),
    )


def _encrypted(seen: bool | Unknown, policy: Plain, name: str) -> bool | Unknown:
    """A policy's id does not tell what it does: only a look at the machine does."""
    if not isinstance(seen, Unknown):
        return seen
    given = "its storage policy is" if policy else "it names no storage policy, and the datastore's is"
    return Unknown(f"encryption of the disks of {name}", f"{given} known by id only; a capacity snapshot tells")


def _nonpersistent(disks: Plain, seen: tuple[str, ...] | Unknown, name: str) -> tuple[str, ...] | Unknown:
    if isinstance(disks, Unknown):
        return Unknown(f"disk modes of {name}", disks.why)
    if not isinstance(disks, list):
        return seen
    modes = [(disk.get("diskMode"), disk.get("label")) for disk in objects(disks)]
    if any(isinstance(mode, Unknown) for mode, _ in modes):
        return Unknown(f"disk modes of {name}", "known only after the update")
    return tuple(label if isinstance(label, str) else "a disk" for mode, label in modes if mode in _NONPERSISTENT)


def _devices(resource: Resource, seen: tuple[str, ...] | Unknown) -> tuple[str, ...] | Unknown:
    """The plugin adds no floppy, serial or parallel port, and takes none away: those are known from a look at the machine only."""
    graphics = nested(nested(resource.stated("videoCard"), "graphics3ds"), "enabled")
    three_d = ("3d-video",) if graphics is True else ()
    if isinstance(seen, Unknown):
        return three_d
    return tuple(dict.fromkeys((*seen, *three_d)))


def _restart_priority(resource: Resource, stack: Stack, seen: str | Unknown) -> str | Unknown:
    for override in stack.of(HA_OVERRIDE):
        if resource.urn in override.uses.get("virtualMachineId", ()):
            return text(override.stated("haVmRestartPriority") or "clusterRestartPriority", f"restart priority of {resource.name}")
    return seen


def stack_clusters(ground: Evidence, site: str, stack: Stack, findings: list[str]) -> tuple[ClusterEvidence, ...]:
    """The clusters, with the settings of those that this stack owns."""
    owned = {str(r.stated("name") or r.name): r for r in stack.of(COMPUTE_CLUSTER)}
    known = {c.name for c in ground.clusters if c.site == site}
    findings += [f"{r.urn}: the stack declares cluster {n}, the estate has none on {site}" for n, r in owned.items() if n not in known]
    return tuple(_cluster(c, owned[c.name], findings) if c.site == site and c.name in owned else c for c in ground.clusters)


def _cluster(declared: ClusterEvidence, resource: Resource, findings: list[str]) -> ClusterEvidence:
    drs, stretched = resource.stated("drsEnabled"), resource.stated("vsanStretchedCluster")
    return replace(
        declared,
        ha=_availability(declared, resource, findings),
        drs=flag(drs, f"drsEnabled of {declared.name}") if drs is not None else declared.drs,
        stretched=stretched if isinstance(stretched, bool) else declared.stretched,
    )


def _availability(declared: ClusterEvidence, resource: Resource, findings: list[str]) -> HighAvailability:
    changes: dict[str, Any] = {}
    unknown = [key for key in (*_SETTINGS, "haAdmissionControlPolicy") if isinstance(resource.stated(key), Unknown)]
    for key, setting in _SETTINGS.items():
        value = resource.stated(key)
        if value is not None and not isinstance(value, Unknown):
            changes[setting] = value
    policy = resource.stated("haAdmissionControlPolicy")
    if isinstance(policy, str) and policy in _ADMISSION:
        changes["admission"] = _ADMISSION[policy]
    if resource.stated("haAdmissionControlResourcePercentageAutoCompute") is False:
        changes |= {setting: resource.stated(key) for key, setting in _PERCENT.items() if resource.stated(key) is not None}
    monitoring = resource.stated("haHostMonitoring")
    if isinstance(monitoring, str):
        changes["host_monitoring"] = monitoring == "enabled"
    advanced = resource.stated("haAdvancedOptions")
    if isinstance(advanced, dict) and _RESPECTS in advanced:
        changes["respects_anti_affinity"] = str(advanced[_RESPECTS]).lower() == "true"
    if unknown:
        findings.append(f"{declared.target}: {', '.join(unknown)} known only after the update; judged as the estate says")
    return _validated(declared, changes, findings)


def _validated(declared: ClusterEvidence, changes: Mapping[str, Any], findings: list[str]) -> HighAvailability:
    """The settings one by one, so that an odd value costs only itself."""
    settings = declared.ha
    for name, value in changes.items():
        try:
            settings = HighAvailability.model_validate({**settings.model_dump(), name: value})
        except ValueError:
            findings.append(f"{declared.target}: the stack gives {name} a value that vSphere HA does not know; judged as the estate says")
    return settings


def stack_pools(ground: Evidence, site: str, stack: Stack) -> tuple[PoolEvidence, ...]:
    """The resource pools, with those that this stack owns as it declares them. The plugin's default is an expandable reservation."""
    pools = list(ground.pools)
    clusters = [c for c in ground.clusters if c.site == site]
    for resource in stack.of(RESOURCE_POOL):
        name = resource.stated("name")
        name = name if isinstance(name, str) else resource.name
        cluster = _cluster_of(resource, clusters)
        if cluster is None:
            continue
        at = next((i for i, p in enumerate(pools) if (p.site, p.cluster, p.name) == (site, cluster.name, name)), None)
        entry = PoolEvidence(site=site, cluster=cluster.name, name=name, source=cluster.source) if at is None else pools.pop(at)
        pools.insert(len(pools) if at is None else at, _pool(entry, resource))
    return tuple(pools)


def _cluster_of(resource: Resource, clusters: list[ClusterEvidence]) -> ClusterEvidence | None:
    """A pool names its parent by an id; its own name ends with the cluster's, and a site with one cluster leaves no doubt."""
    named = [c for c in clusters if resource.name.endswith(f"-{c.name}")]
    return max(named, key=lambda c: len(c.name)) if named else (clusters[0] if len(clusters) == 1 else None)


def _pool(entry: PoolEvidence, resource: Resource) -> PoolEvidence:
    cpu, memory = (integer(resource.stated(key), key) for key in ("cpuReservation", "memoryReservation"))
    expandable = [resource.stated(key) for key in ("cpuExpandable", "memoryExpandable")]
    return replace(
        entry,
        cpu_reservation_mhz=entry.cpu_reservation_mhz if isinstance(cpu, Unknown) else cpu,
        memory_reservation=entry.memory_reservation if isinstance(memory, Unknown) else memory << 20,
        expandable=any(each is not False for each in expandable),
    )


def unseparated(servers: Iterable[ServerEvidence], stack: Stack) -> Iterator[str]:
    """The groups whose members on one cluster no DRS rule of this stack keeps apart: DRS may put them on one host."""
    rules = [set(r.uses.get("virtualMachineIds", ())) for r in stack.of(ANTI_AFFINITY) if r.stated("enabled") is not False]
    crowds: dict[tuple[str, str], list[ServerEvidence]] = {}
    for server in servers:
        if server.group and server.urn in stack.by_urn and server.kind == "vsphere" and not server.held:
            crowds.setdefault((server.group, server.cluster), []).append(server)
    for (group, cluster), members in sorted(crowds.items()):
        if len(members) > 1 and not any({m.urn for m in members} <= rule for rule in rules):
            names = ", ".join(sorted(m.name for m in members))
            yield f"group/{group}: {names} stand on cluster {cluster}, and no rule of the stack keeps them on different hosts"
