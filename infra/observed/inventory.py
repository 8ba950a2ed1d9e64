"""One look at a whole site: what stands there, how large it is, what is free. Read in a few calls, dated, never cached.

A site's capacity rules, adoption, discovery and the move engine read the same records, so that they cannot disagree about what is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyVmomi import vim

from infra.estate.model import HighAvailability
from infra.observed.aws import ImageView, InstanceView, SnapshotState, VolumeView, images, instances, snapshots, volumes
from infra.observed.aws_session import AwsSession
from infra.observed.errors import GoneError
from infra.observed.vsphere import VM_PATHS, VmView, make_view
from infra.observed.vsphere_session import VsphereSession


@dataclass(frozen=True, slots=True)
class HostView:
    """An ESXi host. It can run machines when it is `usable`."""

    moref: str
    name: str
    cluster: str
    cores: int
    mhz: int
    memory: int
    connection: str
    maintenance: bool

    @property
    def usable(self) -> bool:
        """Connected and not in maintenance."""
        return self.connection == "connected" and not self.maintenance


@dataclass(frozen=True, slots=True)
class ClusterView:
    """A cluster with its availability and balancing settings."""

    moref: str
    name: str
    ha: HighAvailability
    drs: bool
    hosts: tuple[HostView, ...]


@dataclass(frozen=True, slots=True)
class DatastoreView:
    """A datastore. `uncommitted` is what thin disks may still grow by."""

    moref: str
    name: str
    capacity: int
    free: int
    uncommitted: int
    accessible: bool


@dataclass(frozen=True, slots=True)
class PlacedVm:
    """A machine and where it stands, by name: cluster, host and inventory path."""

    view: VmView
    cluster: str
    host: str
    path: str


@dataclass(frozen=True, slots=True)
class VsphereInventory:
    """One datacenter of a vCenter at one moment."""

    site: str
    datacenter: str
    taken_at: datetime
    clusters: tuple[ClusterView, ...]
    datastores: tuple[DatastoreView, ...]
    networks: Mapping[str, str]
    machines: tuple[PlacedVm, ...]

    def machine(self, uuid: str) -> PlacedVm | None:
        """The machine with this BIOS uuid."""
        return next((m for m in self.machines if m.view.uuid == uuid), None)


@dataclass(frozen=True, slots=True)
class AwsInventory:
    """One account and region at one moment; what has no name of ours is there too."""

    site: str
    region: str
    taken_at: datetime
    instances: tuple[InstanceView, ...]
    volumes: tuple[VolumeView, ...]
    snapshots: tuple[SnapshotState, ...]
    images: tuple[ImageView, ...]


def read_vsphere(session: VsphereSession, datacenter: str, *, now: datetime | None = None) -> VsphereInventory:
    """A datacenter by name.

    Raises:
        GoneError: the vCenter has no such datacenter.
    """
    centre = find_datacenter(session, datacenter)
    within = (vim.Datacenter, centre)
    clusters = session.of_type(vim.ClusterComputeResource, ["name", "configurationEx"], within=within)
    hosts = _hosts(session, within, {moref: str(values["name"]) for moref, values in clusters.items()})
    folders = session.of_type(vim.Folder, ["name", "parent"], within=within)
    machines = session.of_type(vim.VirtualMachine, VM_PATHS, within=within)
    return VsphereInventory(
        site=session.site,
        datacenter=datacenter,
        taken_at=now or datetime.now(UTC),
        clusters=tuple(sorted((_cluster(m, v, hosts) for m, v in clusters.items()), key=lambda c: c.name)),
        datastores=_datastores(session, within),
        networks={m: str(v["name"]) for m, v in session.of_type(vim.Network, ["name"], within=within).items()},
        machines=_placed(machines, hosts, folders, datacenter),
    )


def read_aws(session: AwsSession, *, now: datetime | None = None) -> AwsInventory:
    """An account and region."""
    return AwsInventory(
        site=session.site,
        region=session.region,
        taken_at=now or datetime.now(UTC),
        instances=instances(session),
        volumes=volumes(session),
        snapshots=snapshots(session),
        images=images(session),
    )


def find_datacenter(session: VsphereSession, name: str) -> str:
    """The id of a datacenter.

    Raises:
        GoneError: the vCenter has none of this name (INC-6014).
    """
    names = {moref: str(values.get("name", "")) for moref, values in session.of_type(vim.Datacenter, ["name"]).items()}
    for moref, found in names.items():
        if found == name:
            return moref
    raise GoneError(
        f"{session.site}: the vCenter has no datacenter {name}",
        code="INC-6014",
        details=(f"it has: {', '.join(sorted(names.values())) or 'none that this user may see'}",),
        next_step="correct `datacenter` of the site",
    )


def _hosts(session: VsphereSession, within: tuple[Any, str], clusters: Mapping[str, str]) -> dict[str, HostView]:
    paths = ["name", "parent", "summary.hardware", "runtime.connectionState", "runtime.inMaintenanceMode"]
    found = session.of_type(vim.HostSystem, paths, within=within)
    return {moref: _host(moref, values, clusters) for moref, values in found.items()}


def _host(moref: str, values: Mapping[str, Any], clusters: Mapping[str, str]) -> HostView:
    hardware, parent = values.get("summary.hardware"), values.get("parent")
    return HostView(
        moref=moref,
        name=str(values["name"]),
        cluster=clusters.get(str(parent._moId), "") if parent is not None else "",  # noqa: SLF001
        cores=int(hardware.numCpuCores) if hardware else 0,
        mhz=int(hardware.cpuMhz) if hardware else 0,
        memory=int(hardware.memorySize) if hardware else 0,
        connection=str(values.get("runtime.connectionState", "")),
        maintenance=bool(values.get("runtime.inMaintenanceMode")),
    )


def _cluster(moref: str, values: Mapping[str, Any], hosts: Mapping[str, HostView]) -> ClusterView:
    name, config = str(values["name"]), values.get("configurationEx")
    drs = getattr(config, "drsConfig", None)
    return ClusterView(
        moref=moref,
        name=name,
        ha=availability(getattr(config, "dasConfig", None)),
        drs=bool(drs and drs.enabled),
        hosts=tuple(sorted((h for h in hosts.values() if h.cluster == name), key=lambda h: h.name)),
    )


def availability(das: Any) -> HighAvailability:
    """A cluster's dasConfig in the estate's words."""
    if das is None or not das.enabled:
        return HighAvailability(enabled=False, admission="disabled")
    policy = das.admissionControlPolicy
    if not das.admissionControlEnabled or policy is None:
        return HighAvailability(enabled=True, admission="disabled")
    failures = int(getattr(policy, "failoverLevel", None) or 0)
    if isinstance(policy, vim.cluster.FailoverLevelAdmissionControlPolicy):
        return HighAvailability(enabled=True, admission="slots", host_failures=max(1, failures))
    if isinstance(policy, vim.cluster.FailoverHostAdmissionControlPolicy):
        return HighAvailability(enabled=True, admission="failover-hosts", host_failures=max(1, len(policy.failoverHosts or ())))
    automatic = bool(getattr(policy, "autoComputePercentages", None))
    return HighAvailability(
        enabled=True,
        admission="percentage",
        host_failures=max(1, failures),
        cpu_percent=None if automatic else int(policy.cpuFailoverResourcesPercent),
        memory_percent=None if automatic else int(policy.memoryFailoverResourcesPercent),
    )


def _datastores(session: VsphereSession, within: tuple[Any, str]) -> tuple[DatastoreView, ...]:
    found = session.of_type(vim.Datastore, ["summary"], within=within)
    views = (
        DatastoreView(
            moref=moref,
            name=str(values["summary"].name),
            capacity=int(values["summary"].capacity or 0),
            free=int(values["summary"].freeSpace or 0),
            uncommitted=int(values["summary"].uncommitted or 0),
            accessible=bool(values["summary"].accessible),
        )
        for moref, values in found.items()
    )
    return tuple(sorted(views, key=lambda d: d.name))


def _placed(
    machines: Mapping[str, Mapping[str, Any]], hosts: Mapping[str, HostView], folders: Mapping[str, Mapping[str, Any]], datacenter: str
) -> tuple[PlacedVm, ...]:
    placed = []
    for moref, values in machines.items():
        view = make_view(moref, values)
        host = hosts.get(view.host)
        path = f"/{datacenter}/{_folder_path(view.folder, folders)}{view.name}"
        placed.append(PlacedVm(view, host.cluster if host else "", host.name if host else "", path))
    return tuple(sorted(placed, key=lambda p: (p.view.name, p.view.moref)))


def _folder_path(moref: str, folders: Mapping[str, Mapping[str, Any]]) -> str:
    names = []
    while moref in folders:
        names.append(str(folders[moref]["name"]))
        parent = folders[moref].get("parent")
        moref = "" if parent is None else str(parent._moId)  # noqa: SLF001
    return "".join(f"{name}/" for name in reversed(names))
