"""A data centre of a capacity snapshot as evidence: clusters and their hosts, datastores, networks, machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from infra.estate.model import HighAvailability
from infra.observed.capacity import ObservedCluster, ObservedDatastore, ObservedHost, ObservedMachine, VsphereCapacity
from policies.evidence import (
    ClusterEvidence,
    DatastoreEvidence,
    Evidence,
    ForecastEvidence,
    HostEvidence,
    NetworkEvidence,
    PoolEvidence,
    SeenMachine,
    ServerEvidence,
    Unknown,
    VsphereSettings,
)
from policies.forecast import forecast
from policies.readers.snapshot_parts import Layer, Seen, fill, in_gib, named, plain_tags, prefer, same_disks, usage_of

_SAID = ("enabled", "admission", "host_failures", "cpu_percent", "memory_percent")


def read_center(evidence: Evidence, site: str, center: VsphereCapacity, seen: Seen) -> Layer:
    """What one data centre says, with what disagrees with the estate."""
    clusters = {c.name: c for c in evidence.clusters if c.site == site}
    datastores = {d.name: d for d in evidence.datastores if d.site == site}
    networks = {n.name: n for n in evidence.networks if n.site == site}
    findings: list[str] = []
    machines = tuple(_machines(evidence, site, center, seen, findings))
    shown = {c.name for c in center.clusters}
    findings += [f"{c.target}: the estate declares it, {seen.source} does not show it" for n, c in clusters.items() if n not in shown]
    for cluster in center.clusters:
        findings += _differences(site, cluster, clusters.get(cluster.name), seen)
    return Layer(
        site=site,
        taken_at=center.taken_at,
        clusters=tuple(_cluster(clusters[c.name], c, center) for c in center.clusters if c.name in clusters),
        pools=tuple(_pools(site, center, clusters, seen)),
        datastores=tuple(_datastore(datastores[d.name], d, center) for d in center.datastores if d.name in datastores),
        networks=tuple(_networks(networks, center)),
        servers=machines,
        forecasts=tuple(_forecasts(site, center, seen)),
        findings=tuple(findings),
    )


def _forecasts(site: str, center: VsphereCapacity, seen: Seen) -> Iterator[ForecastEvidence]:
    histories = [(f"cluster/{site}/{c.name}", h) for c in center.clusters for h in c.history]
    histories += [(f"datastore/{site}/{d.name}", h) for d in center.datastores for h in d.history]
    for target, history in histories:
        days = [(each.day, each.value) for each in history.days]
        projected = forecast(target, history.resource, days, source=f"{seen.source} ({center.source})", as_of=center.taken_at)
        if projected is not None:
            yield projected


def _cluster(declared: ClusterEvidence, observed: ObservedCluster, center: VsphereCapacity) -> ClusterEvidence:
    hosts = {h.name: h for h in declared.hosts}
    return replace(
        declared,
        hosts=tuple(_host(h, hosts.get(h.name)) for h in observed.hosts if h.usable),
        away=tuple(h.name for h in observed.hosts if not h.usable),
        ha=_settings(declared.ha, observed.ha),
        drs=observed.drs,
        as_of=center.taken_at,
    )


def _host(observed: ObservedHost, declared: HostEvidence | None) -> HostEvidence:
    nodes = Unknown(f"NUMA nodes of {observed.name}", "neither the estate nor the capacity snapshot tells")
    return HostEvidence(
        name=observed.name,
        cores=observed.cores,
        mhz=observed.mhz,
        memory=observed.memory,
        numa_nodes=prefer(observed.numa_nodes, declared.numa_nodes if declared else nodes),
        fault_domain=declared.fault_domain if declared else "",
    )


def _settings(declared: HighAvailability, observed: HighAvailability) -> HighAvailability:
    """The HA settings as they are; what vCenter does not tell stays as the estate says."""
    return declared.model_copy(update={k: v for k, v in observed.model_dump().items() if v is not None})


def _differences(site: str, observed: ObservedCluster, declared: ClusterEvidence | None, seen: Seen) -> Iterator[str]:
    target = f"cluster/{site}/{observed.name}"
    if declared is None:
        yield f"{target}: {seen.source} shows it, the estate has no such cluster: its hosts are not judged"
        return
    expected, found = {h.name for h in declared.hosts}, {h.name for h in observed.hosts}
    if found - expected:
        yield f"{target}: {seen.source} shows hosts that the estate does not declare: {named(found - expected)}; they count"
    if expected - found:
        yield f"{target}: the estate declares hosts that {seen.source} does not show: {named(expected - found)}; they do not count"
    for name in _SAID:
        said, real = getattr(declared.ha, name), getattr(observed.ha, name)
        if said is not None and real is not None and real != said:
            yield f"{target}: HA setting {name} is {real} in {seen.source}, the estate declares {said}"


def _pools(site: str, center: VsphereCapacity, declared: dict[str, ClusterEvidence], seen: Seen) -> Iterator[PoolEvidence]:
    for cluster in center.clusters:
        for pool in cluster.pools:
            yield PoolEvidence(
                site=site,
                cluster=cluster.name,
                name=pool.name,
                parent=pool.parent,
                cpu_reservation_mhz=pool.cpu_reservation_mhz,
                memory_reservation=pool.memory_reservation,
                expandable=pool.expandable,
                source=declared[cluster.name].source if cluster.name in declared else seen.source,
                as_of=center.taken_at,
            )


def _datastore(declared: DatastoreEvidence, observed: ObservedDatastore, center: VsphereCapacity) -> DatastoreEvidence:
    lack = Unknown(f"used space of datastore {observed.name} of {declared.site}", "no host can reach it")
    used = observed.capacity - observed.free if observed.accessible else lack
    return replace(declared, capacity=observed.capacity or declared.capacity, used=used, as_of=center.taken_at)


def _networks(declared: dict[str, NetworkEvidence], center: VsphereCapacity) -> Iterator[NetworkEvidence]:
    for network in center.networks:
        known = declared.get(network.name)
        if known is not None and network.free is not None:
            yield replace(known, free=network.free, as_of=center.taken_at)


def _machines(evidence: Evidence, site: str, center: VsphereCapacity, seen: Seen, findings: list[str]) -> Iterator[ServerEvidence]:
    known = {s.name: s for s in evidence.servers if s.site == site}
    met: set[str] = set()
    strangers: list[str] = []
    for machine in center.machines:
        entry = known.get(machine.server) if machine.server not in met else None
        if entry is None:
            strangers.append(machine.name)
            yield _stranger(machine, site, center, seen, taken=machine.name in known or machine.name in met)
            continue
        met.add(machine.server)
        if seen.wins:
            findings.extend(_disagreements(entry, machine, seen))
        yield _merged(entry, machine, center, seen)
    if strangers:
        findings.append(
            f"site/{site}: {seen.source} shows machines that the estate does not place there: {named(strangers)}; they count as load"
        )
    absent = sorted(known.keys() - met)
    if seen.wins and absent:
        findings.append(f"site/{site}: {seen.source} does not show machines that the estate places there: {named(absent)}")


def _stranger(machine: ObservedMachine, site: str, center: VsphereCapacity, seen: Seen, *, taken: bool) -> ServerEvidence:
    plain = ServerEvidence(
        name=f"{machine.name}@{machine.uuid[:8]}" if taken else machine.name,
        site=site,
        kind="vsphere",
        service="",
        cpus=machine.cpus,
        memory=machine.memory,
        disks=machine.disks,
        cluster=machine.cluster,
        datastore=machine.datastore,
        vsphere=VsphereSettings(),
        tags=Unknown(f"tags of {machine.name}", "the capacity snapshot does not tell"),
        source=seen.source,
    )
    return _merged(plain, machine, center, Seen(seen.source, wins=True))


def _merged(entry: ServerEvidence, machine: ObservedMachine, center: VsphereCapacity, seen: Seen) -> ServerEvidence:
    seen_here = replace(
        entry,
        running=machine.running,
        drift=tuple(said.partition(": ")[2] for said in _disagreements(entry, machine, seen)),
        host=machine.host or entry.host,
        pool=machine.pool or entry.pool,
        cpu_reservation_mhz=machine.cpu_reservation_mhz,
        memory_reservation=machine.memory_reservation,
        usage=prefer(usage_of(machine.usage, entry.name, seen.source, center.taken_at), entry.usage),
        vsphere=_vsphere(entry.vsphere or VsphereSettings(), machine, wins=seen.wins),
        seen=SeenMachine(memory=machine.memory, disks=sum(machine.disks), datastore=machine.datastore),
        as_of=center.taken_at,
    )
    if not seen.wins:
        return seen_here
    return replace(
        seen_here,
        cpus=machine.cpus,
        memory=machine.memory,
        disks=entry.disks if same_disks(entry.disks, machine.disks) else machine.disks,
        cluster=machine.cluster or entry.cluster,
        datastore=machine.datastore or entry.datastore,
        networks=machine.networks or entry.networks,
        tags=plain_tags(machine.tags) if machine.tags is not None else entry.tags,
    )


def _vsphere(declared: VsphereSettings, machine: ObservedMachine, *, wins: bool) -> VsphereSettings:
    return VsphereSettings(
        firmware=fill(machine.firmware, declared.firmware, wins=wins),
        secure_boot=fill(machine.secure_boot, declared.secure_boot, wins=wins),
        hardware_version=fill(machine.hardware_version, declared.hardware_version, wins=wins),
        encrypted=fill(machine.encrypted, declared.encrypted, wins=wins),
        vmotion_encryption=fill(machine.vmotion_encryption, declared.vmotion_encryption, wins=wins),
        logging=fill(machine.logging, declared.logging, wins=wins),
        nonpersistent_disks=fill(machine.nonpersistent_disks, declared.nonpersistent_disks, wins=wins),
        devices=fill(machine.devices, declared.devices, wins=wins),
        restart_priority=fill(machine.restart_priority, declared.restart_priority, wins=wins),
        nics_connected=fill(machine.nics_connected, declared.nics_connected, wins=wins),
    )


def _disagreements(entry: ServerEvidence, machine: ObservedMachine, seen: Seen) -> Iterator[str]:
    if entry.cpus != machine.cpus:
        yield f"{entry.target}: has {machine.cpus} processors in {seen.source}, the estate declares {entry.cpus}"
    if entry.memory != machine.memory:
        yield f"{entry.target}: has {in_gib(machine.memory)} of memory in {seen.source}, the estate declares {in_gib(entry.memory)}"
    if not same_disks(entry.disks, machine.disks):
        observed, declared = (" + ".join(map(in_gib, each)) for each in (machine.disks, entry.disks))
        yield f"{entry.target}: has disks of {observed} in {seen.source}, the estate declares {declared}"
    for what, found, said in (("cluster", machine.cluster, entry.cluster), ("datastore", machine.datastore, entry.datastore)):
        if found and found != said:
            yield f"{entry.target}: is on {what} {found} in {seen.source}, the estate declares {said}"
