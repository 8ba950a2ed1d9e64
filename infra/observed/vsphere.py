"""Virtual machines as they are: typed, read by property paths in one call, nothing cached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyVmomi import vim

from infra.observed.errors import GoneError
from infra.observed.vsphere_session import VsphereSession

VM_PATHS = (
    "name",
    "parent",
    "config.uuid",
    "config.template",
    "config.annotation",
    "config.guestId",
    "config.firmware",
    "config.version",
    "config.changeVersion",
    "config.changeTrackingEnabled",
    "config.extraConfig",
    "config.files.vmPathName",
    "config.hardware.numCPU",
    "config.hardware.memoryMB",
    "config.hardware.device",
    "runtime.powerState",
    "runtime.connectionState",
    "runtime.consolidationNeeded",
    "runtime.host",
    "resourcePool",
    "guest.toolsStatus",
    "guest.toolsRunningStatus",
    "guest.ipAddress",
    "guest.hostName",
    "snapshot",
)


@dataclass(frozen=True, slots=True)
class DiskView:
    """A virtual disk. `unit` counts on its controller; `mode` other than `persistent` means that snapshots leave it out."""

    label: str
    key: int
    unit: int
    controller: int
    uuid: str
    file: str
    capacity: int
    change_id: str
    mode: str
    flat: bool
    thin: bool


@dataclass(frozen=True, slots=True)
class NicView:
    """A network card. `network` is the port group's id or the standard network's name."""

    label: str
    key: int
    mac: str
    connected: bool
    start_connected: bool
    network: str


@dataclass(frozen=True, slots=True)
class SnapshotView:
    """A snapshot of the machine; `parent` is empty for the first."""

    moref: str
    name: str
    description: str
    parent: str


@dataclass(frozen=True, slots=True)
class VmView:
    """A virtual machine."""

    moref: str
    name: str
    uuid: str
    power: str
    connection: str
    template: bool
    cpus: int
    memory: int
    guest_id: str
    firmware: str
    hardware: str
    annotation: str
    change_version: str
    change_tracking: bool
    consolidation_needed: bool
    extra_config: Mapping[str, str]
    vmx: str
    host: str
    pool: str
    folder: str
    disks: tuple[DiskView, ...]
    nics: tuple[NicView, ...]
    snapshots: tuple[SnapshotView, ...]
    tools_status: str
    tools_running: bool
    ip: str
    host_name: str

    @property
    def cut_off(self) -> bool:
        """No card is connected, nor will be when it starts."""
        return not any(nic.connected or nic.start_connected for nic in self.nics)

    @property
    def datastore(self) -> str:
        """The datastore that holds its configuration."""
        return datastore_of(self.vmx)[0]


def find_vm(session: VsphereSession, *, uuid: str) -> str:
    """The id of the machine with this BIOS uuid.

    Raises:
        GoneError: there is none.
    """
    found = session.call(lambda si: si.RetrieveContent().searchIndex.FindByUuid(None, uuid, True, False))
    if found is None:
        raise GoneError(f"{session.site}: no virtual machine has the uuid {uuid}", code="INC-6013")
    return str(found._moId)  # noqa: SLF001


def find_vm_at(session: VsphereSession, path: str) -> str:
    """The id of the machine at an inventory path such as /Downtown/vm/Three Rivers/permits-db-01; empty when there is none."""
    found = session.call(lambda si: si.RetrieveContent().searchIndex.FindByInventoryPath(path.lstrip("/")))
    return "" if found is None else str(found._moId)  # noqa: SLF001


def vm_view(session: VsphereSession, moref: str) -> VmView:
    """One machine as it is now."""
    found = session.properties(vim.VirtualMachine, [moref], VM_PATHS)
    if moref not in found:
        raise GoneError(f"{session.site}: {moref} does not exist", code="INC-6011")
    return make_view(moref, found[moref])


def vm_views(session: VsphereSession) -> tuple[VmView, ...]:
    """All machines of the vCenter, templates included, by name."""
    found = session.of_type(vim.VirtualMachine, VM_PATHS)
    return tuple(sorted((make_view(moref, values) for moref, values in found.items()), key=lambda v: (v.name, v.moref)))


def snapshot_disks(session: VsphereSession, snapshot: str) -> tuple[DiskView, ...]:
    """The disks as the snapshot froze them: its own change ids, sizes and files, not the running machine's."""
    path = "config.hardware.device"
    values = session.properties(vim.vm.Snapshot, [snapshot], [path]).get(snapshot, {})
    return tuple(_disks(values.get(path) or ()))


def datastore_of(file: str) -> tuple[str, str]:
    """Datastore and path of `[datastore] folder/file`."""
    name, _, path = file.partition("] ")
    return name.removeprefix("["), path


def make_view(moref: str, values: Mapping[str, Any]) -> VmView:
    """A view from property values; what is unset becomes empty, zero or False."""
    devices = values.get("config.hardware.device") or ()
    return VmView(
        moref=moref,
        name=_str(values, "name"),
        uuid=_str(values, "config.uuid"),
        power={"poweredOn": "on", "poweredOff": "off"}.get(_str(values, "runtime.powerState"), "suspended"),
        connection=_str(values, "runtime.connectionState"),
        template=bool(values.get("config.template")),
        cpus=int(values.get("config.hardware.numCPU") or 0),
        memory=int(values.get("config.hardware.memoryMB") or 0) << 20,
        guest_id=_str(values, "config.guestId"),
        firmware=_str(values, "config.firmware"),
        hardware=_str(values, "config.version"),
        annotation=_str(values, "config.annotation"),
        change_version=_str(values, "config.changeVersion"),
        change_tracking=bool(values.get("config.changeTrackingEnabled")),
        consolidation_needed=bool(values.get("runtime.consolidationNeeded")),
        extra_config={str(o.key): str(o.value) for o in values.get("config.extraConfig") or ()},
        vmx=_str(values, "config.files.vmPathName"),
        host=moref_in(values, "runtime.host"),
        pool=moref_in(values, "resourcePool"),
        folder=moref_in(values, "parent"),
        disks=tuple(_disks(devices)),
        nics=tuple(_nics(devices)),
        snapshots=tuple(_snapshots(getattr(values.get("snapshot"), "rootSnapshotList", None) or (), "")),
        tools_status=_str(values, "guest.toolsStatus"),
        tools_running=_str(values, "guest.toolsRunningStatus") == "guestToolsRunning",
        ip=_str(values, "guest.ipAddress"),
        host_name=_str(values, "guest.hostName"),
    )


def _disks(devices: Sequence[Any]) -> Iterator[DiskView]:
    for device in devices:
        if isinstance(device, vim.vm.device.VirtualDisk):
            backing = device.backing
            yield DiskView(
                label=str(device.deviceInfo.label) if device.deviceInfo else "",
                key=int(device.key),
                unit=int(device.unitNumber or 0),
                controller=int(device.controllerKey or 0),
                uuid=str(getattr(backing, "uuid", None) or ""),
                file=str(getattr(backing, "fileName", None) or ""),
                capacity=int(device.capacityInBytes or (device.capacityInKB or 0) * 1024),
                change_id=str(getattr(backing, "changeId", None) or ""),
                mode=str(getattr(backing, "diskMode", None) or ""),
                flat=isinstance(backing, vim.vm.device.VirtualDisk.FlatVer2BackingInfo),
                thin=bool(getattr(backing, "thinProvisioned", None)),
            )


def _nics(devices: Sequence[Any]) -> Iterator[NicView]:
    for device in devices:
        if isinstance(device, vim.vm.device.VirtualEthernetCard):
            state = device.connectable
            yield NicView(
                label=str(device.deviceInfo.label) if device.deviceInfo else "",
                key=int(device.key),
                mac=str(device.macAddress or ""),
                connected=bool(state and state.connected),
                start_connected=bool(state is None or state.startConnected),
                network=_network(device.backing),
            )


def _network(backing: Any) -> str:
    port = getattr(backing, "port", None)
    return str(port.portgroupKey) if port is not None else str(getattr(backing, "deviceName", None) or "")


def _snapshots(tree: Sequence[Any], parent: str) -> Iterator[SnapshotView]:
    for node in tree:
        moref = str(node.snapshot._moId)  # noqa: SLF001
        yield SnapshotView(moref=moref, name=str(node.name), description=str(node.description or ""), parent=parent)
        yield from _snapshots(node.childSnapshotList or (), moref)


def _str(values: Mapping[str, Any], path: str) -> str:
    value = values.get(path)
    return "" if value is None else str(value)


def moref_in(values: Mapping[str, Any], path: str) -> str:
    """The id of the object that a property names; empty where it names none."""
    value = values.get(path)
    return "" if value is None else str(value._moId)  # noqa: SLF001 - pyVmomi names objects in no other way
