"""A vCenter as one side of a move: the verbs on its machines. Bytes go through `migration.sources` and `migration.targets`.

A change that must not overtake somebody else's carries the `changeVersion` it was decided on; a stale one is refused by the vCenter
itself (ConcurrentAccess), which is what makes the lease a lease.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from pyVmomi import vim

from infra.endpoints import Endpoint
from infra.estate.model import DiskRecord, Estate, Machine, Server, VsphereSite
from infra.observed.errors import GoneError, VsphereFault
from infra.observed.vsphere import DiskView, VmView, find_vm, find_vm_at, snapshot_disks, vm_view
from infra.observed.vsphere_session import VsphereSession
from migration.control import vsphere_machine
from migration.control.interface import ControlError, Health, Lease, LeaseTakenError, MachineState, Point, TargetRequest
from migration.nbd.client import NbdClient
from migration.sources.vsphere_access import SessionAccess
from migration.sources.vsphere_datastore import SnapshotDisk, VsphereSource
from migration.targets.vsphere_nbd import NbdDisk, VsphereNbdTarget
from migration.types import BlockReader, BlockSource, BlockTarget

LEASE_KEY = "incline.lease"
SHUTDOWN_S = 180  # for a guest to shut down by itself, databases included; then the power is cut
POLL_S = 1.0
CAS_ATTEMPTS = 5  # another change of the machine, such as a tag, may come between reading and writing


class VsphereControl:
    """One vSphere site. `estate` is read when a machine is made, for its note and tags."""

    point_is_base = False

    def __init__(
        self,
        session: VsphereSession,
        endpoint: Endpoint,
        site: VsphereSite,
        estate: Callable[[], Estate],
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._session, self._endpoint, self._site, self._estate, self._sleep = session, endpoint, site, estate, sleep

    @property
    def site(self) -> str:
        """The site's name."""
        return self._site.name

    def identify(self, server: Server, machine: Machine) -> Machine:
        """By the server's inventory path, when the placement names no uuid."""
        if machine.uuid:
            return machine
        moref = find_vm_at(self._session, vsphere_machine.inventory_path(self._site, server))
        if not moref:
            return machine
        view = vm_view(self._session, moref)
        live = sorted(view.disks, key=lambda d: d.unit)
        disks = tuple(
            record.model_copy(update={"uuid": disk.uuid, "label": disk.label, "file": disk.file, "size": disk.capacity})
            for record, disk in zip(machine.disks, live, strict=False)
        )
        return machine.model_copy(update={"uuid": view.uuid, "disks": disks})

    def look(self, machine: Machine) -> MachineState | None:
        """The machine as it is; None when the vCenter does not know its uuid."""
        view = self._view(machine)
        if view is None:
            return None
        return MachineState(
            power="changing" if view.power == "suspended" else ("on" if view.power == "on" else "off"),
            cut_off=view.cut_off,
            lease=_parse(view.extra_config.get(LEASE_KEY, "")),
            snapshots=tuple(s.name for s in view.snapshots),
            disks=tuple(DiskRecord(name=_slug(d.label), size=d.capacity, label=d.label, uuid=d.uuid, file=d.file) for d in view.disks),
            tracking=view.change_tracking,
        )

    def assess(self, server: Server, machine: Machine) -> tuple[str, ...]:
        """Independent and raw disks, foreign snapshots, a machine that vCenter cannot speak for."""
        view = self._must(machine)
        reasons = [
            f"{d.label} is independent ({d.mode}): no snapshot holds it; set its mode to Dependent while {server.name} is off"
            for d in view.disks
            if d.mode and d.mode != "persistent"
        ]
        reasons += [f"{d.label} is no flat virtual disk (a raw device?): it cannot be read by blocks" for d in view.disks if not d.flat]
        reasons += [
            f"has a snapshot that is not this move's: {s.name}; remove it, or wait for the backup that made it"
            for s in view.snapshots
            if not s.name.startswith("incline-")
        ]
        if view.consolidation_needed:
            reasons.append("its disks need consolidation: do that first, in vCenter")
        if view.template or view.connection not in {"", "connected"}:
            reasons.append(f"is {'a template' if view.template else view.connection} in vCenter")
        return tuple(reasons)

    def address_taken(self, server: Server) -> str:
        """A running machine of another name that reports one of the server's addresses here. Asked by address: inventories are large."""
        for nic in server.at[self.site].nics if self.site in server.at else ():
            address = str(nic.address)
            found = self._session.call(lambda si, ip=address: si.RetrieveContent().searchIndex.FindAllByIp(None, ip, True))  # type: ignore[misc]
            for moref in (str(vm._moId) for vm in found or ()):  # noqa: SLF001 - pyVmomi has no public name for it
                view = vm_view(self._session, moref)
                if view.name != server.name and view.power == "on":
                    return f"{view.name} answers at {address}"
        return ""

    def health(self, server: Server, machine: Machine) -> Health:
        """Power, cards, tools and disks of the running machine."""
        view = self._must(machine)
        wrong = [
            text
            for bad, text in (
                (view.power != "on", f"power {view.power}"),
                (not any(n.connected for n in view.nics), "no network card is connected"),
                (not view.tools_running, f"guest tools: {view.tools_status or 'not running'}"),
                ({d.uuid for d in view.disks} != {d.uuid for d in machine.disks}, "its disks are not the recorded ones"),
            )
            if bad
        ]
        seen = f"tools running, {view.host_name or server.name} at {view.ip or 'no address'}"
        return Health(ok=not wrong, detail="; ".join(wrong) or seen)

    def write_lease(self, machine: Machine, lease: Lease | None, *, expected: Lease | None) -> None:
        """Compare and set in extraConfig, guarded by changeVersion."""
        for _ in range(CAS_ATTEMPTS):
            view = self._must(machine)
            found = _parse(view.extra_config.get(LEASE_KEY, ""))
            if found == lease:
                return
            if found != expected:
                raise LeaseTakenError(f"{view.name}: its lease is {found}, not {expected}", code="INC-2020")
            text = f"{lease.move} {lease.owner} {lease.epoch}" if lease else ""
            spec = vim.vm.ConfigSpec(changeVersion=view.change_version, extraConfig=[vim.option.OptionValue(key=LEASE_KEY, value=text)])
            try:
                self._reconfigure(view, spec, "write the lease")
            except VsphereFault as exc:
                if exc.fault != "ConcurrentAccess":
                    raise
        raise LeaseTakenError(f"{machine.import_id}: somebody else keeps changing this machine", code="INC-2020")

    def enable_tracking(self, machine: Machine) -> None:
        """Switch change tracking on; the next snapshot activates it."""
        view = self._must(machine)
        if not view.change_tracking:
            self._reconfigure(view, vim.vm.ConfigSpec(changeTrackingEnabled=True), "enable change tracking")

    def disable_tracking(self, machine: Machine) -> None:
        """Switch change tracking off."""
        view = self._must(machine)
        if view.change_tracking:
            self._reconfigure(view, vim.vm.ConfigSpec(changeTrackingEnabled=False), "disable change tracking")

    def create_point(self, machine: Machine, name: str) -> Point:
        """One snapshot over all disks; with a quiet file system where the guest's tools can give one."""
        found = self.find_point(machine, name)
        if found is not None:
            return found
        view = self._must(machine)
        try:
            self._snapshot(view, name, quiesce=view.tools_running and view.power == "on")
        except VsphereFault as exc:
            if "Quiesce" not in exc.fault:
                raise
            self._snapshot(view, name, quiesce=False)
        made = self.find_point(machine, name)
        if made is None:
            raise ControlError(f"{view.name}: snapshot {name} was made and is not there", code="INC-2201")
        return made

    def find_point(self, machine: Machine, name: str) -> Point | None:
        """The snapshot of that name, with the change ids of its own configuration."""
        view = self._must(machine)
        moref = next((s.moref for s in view.snapshots if s.name == name), "")
        if not moref:
            return None
        frozen = {d.key: d for d in snapshot_disks(self._session, moref)}
        tracking = {record.name: frozen[_live(view, record).key].change_id for record in machine.disks}
        return Point(name=name, id=moref, tracking=tracking)

    def remove_point(self, machine: Machine, name: str) -> None:
        """Remove the snapshot of that name and consolidate."""
        view = self._view(machine)
        for found in (s for s in (view.snapshots if view else ()) if s.name == name):
            task = self._session.call_on(
                vim.vm.Snapshot, found.moref, lambda s: s.RemoveSnapshot_Task(removeChildren=False, consolidate=True)
            )
            self._session.wait_task(task, what=f"remove snapshot {name}")

    def open_source(self, machine: Machine, point: Point, disk: DiskRecord) -> BlockSource:
        """Datastore ranges and change tracking of one disk."""
        view = self._must(machine)
        frozen = next(d for d in snapshot_disks(self._session, point.id) if d.key == _live(view, disk).key)
        return VsphereSource(
            SessionAccess(self._session),
            SnapshotDisk(
                vm=view.moref,
                snapshot=point.id,
                key=frozen.key,
                file=frozen.file,
                datacenter=self._site.datacenter,
                size_bytes=frozen.capacity,
                change_id=frozen.change_id,
            ),
        )

    def open_target(self, request: TargetRequest) -> BlockTarget:
        """A disk of a machine that is off, over NBD."""
        if request.machine is None:
            raise ControlError(f"{request.server.name}: no machine to write to", code="INC-2202")
        live = _live(self._must(request.machine), request.disk, request.machine)
        host, port = self._nbd()
        return VsphereNbdTarget(lambda: NbdClient.connect(host, port, live.file), round_key=live.uuid)

    def open_reader(self, machine: Machine, disk: DiskRecord) -> BlockReader:
        """The disk's NBD export."""
        live = _live(self._must(machine), disk, machine)
        host, port = self._nbd()
        return NbdDisk(lambda: NbdClient.connect(host, port, live.file))

    def drop_target(self, key: str) -> None:
        """Nothing lies outside of a machine."""

    def verify_spec(self, machine: Machine | None, disk: DiskRecord, receipt: str) -> Mapping[str, object]:  # noqa: ARG002 - AWS needs it
        """The disk's NBD export."""
        if machine is None:
            raise ControlError(f"disk {disk.name}: no machine to verify", code="INC-2202")
        host, port = self._nbd()
        return {"kind": "vsphere-nbd", "address": f"{host}:{port}", "export": _live(self._must(machine), disk, machine).file}

    def power_off(self, machine: Machine) -> None:
        """By the guest when its tools run, else by the switch."""
        view = self._must(machine)
        if view.power != "off" and view.tools_running:
            self._session.call_on(vim.VirtualMachine, view.moref, lambda vm: vm.ShutdownGuest())
            self._await_power(machine, "off", SHUTDOWN_S)
        view = self._must(machine)
        if view.power != "off":
            task = self._session.call_on(vim.VirtualMachine, view.moref, lambda vm: vm.PowerOffVM_Task())
            self._session.wait_task(task, what=f"power off {view.name}")
        if not self._await_power(machine, "off", SHUTDOWN_S):
            raise ControlError(f"{view.name}: does not go off", code="INC-2203", next_step="look at it in vCenter")

    def power_on(self, machine: Machine) -> None:
        """Start; cards that are to be connected are connected."""
        view = self._must(machine)
        if view.power != "on":
            task = self._session.call_on(vim.VirtualMachine, view.moref, lambda vm: vm.PowerOnVM_Task())
            self._session.wait_task(task, what=f"power on {view.name}")
            self._await_power(machine, "on", SHUTDOWN_S)
        view = self._must(machine)
        waiting = {n.key for n in view.nics if n.start_connected and not n.connected}
        if waiting:
            self._connect(view, waiting, connected=True)

    def connections(self, machine: Machine) -> Mapping[str, object]:
        """The cards, by key, that connect at start."""
        return {"cards": [n.key for n in self._must(machine).nics if n.connected or n.start_connected]}

    def cut_off(self, machine: Machine) -> None:
        """Disconnect every card, also for later starts."""
        view = self._must(machine)
        if not view.cut_off:
            self._connect(view, {n.key for n in view.nics}, connected=False)

    def reconnect(self, machine: Machine, connections: Mapping[str, object]) -> None:
        """Connect the cards that were connected; all of them when that is not known."""
        view = self._must(machine)
        known = connections.get("cards")
        wanted = {int(k) for k in known} if isinstance(known, list) else {n.key for n in view.nics}
        if any(n.key in wanted and not n.start_connected for n in view.nics):
            self._connect(view, wanted, connected=True)

    def create_machine(self, server: Server, sizes: Mapping[str, int], move: str) -> Machine:
        """See `vsphere_machine.build`."""
        return vsphere_machine.build(self._session, self._endpoint, self._site, self._estate(), server, sizes, move)

    def find_made(self, server: Server, move: str) -> Machine | None:
        """The machine that this move made."""
        return vsphere_machine.find_made(self._session, self._site, server, move)

    def unmark_machine(self, machine: Machine) -> None:
        """Empty the mark in extraConfig: vCenter drops keys without a value."""
        view = self._must(machine)
        if view.extra_config.get(vsphere_machine.MADE_KEY):
            option = vim.option.OptionValue(key=vsphere_machine.MADE_KEY, value="")
            self._reconfigure(view, vim.vm.ConfigSpec(extraConfig=[option]), "unmark it")

    def destroy_machine(self, machine: Machine) -> None:
        """Remove the machine and its disks."""
        view = self._view(machine)
        if view is None:
            return
        if view.power != "off":
            raise ControlError(f"{view.name}: is not off, so it is not destroyed", code="INC-2204")
        task = self._session.call_on(vim.VirtualMachine, view.moref, lambda vm: vm.Destroy_Task())
        self._session.wait_task(task, what=f"destroy {view.name}")

    def grow_disk(self, machine: Machine, disk: DiskRecord, size: int) -> None:
        """Grow a disk in place."""
        view = self._must(machine)
        live = _live(view, disk)
        if live.capacity >= size:
            return
        device = self._device(view, live.key)
        device.capacityInKB = size >> 10
        device.capacityInBytes = size
        change = vim.vm.device.VirtualDeviceSpec(operation="edit", device=device)
        self._reconfigure(view, vim.vm.ConfigSpec(deviceChange=[change]), f"grow {live.label}")

    def _view(self, machine: Machine) -> VmView | None:
        if not machine.uuid:
            return None
        try:
            return vm_view(self._session, find_vm(self._session, uuid=machine.uuid))
        except GoneError:
            return None

    def _must(self, machine: Machine) -> VmView:
        return vm_view(self._session, find_vm(self._session, uuid=machine.uuid))

    def _reconfigure(self, view: VmView, spec: Any, what: str) -> None:
        task = self._session.call_on(vim.VirtualMachine, view.moref, lambda vm: vm.ReconfigVM_Task(spec))
        self._session.wait_task(task, what=f"{view.name}: {what}")

    def _snapshot(self, view: VmView, name: str, *, quiesce: bool) -> None:
        task = self._session.call_on(
            vim.VirtualMachine,
            view.moref,
            lambda vm: vm.CreateSnapshot_Task(name=name, description="made by incline move", memory=False, quiesce=quiesce),
        )
        self._session.wait_task(task, what=f"{view.name}: create snapshot {name}")

    def _device(self, view: VmView, key: int) -> Any:
        path = "config.hardware.device"
        devices = self._session.properties(vim.VirtualMachine, [view.moref], [path])[view.moref][path]
        return next(d for d in devices if d.key == key)

    def _connect(self, view: VmView, keys: set[int], *, connected: bool) -> None:
        changes = []
        for nic in (n for n in view.nics if n.key in keys):
            device = self._device(view, nic.key)
            # A machine that is off can only be told what to do when it starts.
            device.connectable = vim.vm.device.VirtualDevice.ConnectInfo(
                startConnected=connected, connected=connected and view.power == "on", allowGuestControl=True
            )
            changes.append(vim.vm.device.VirtualDeviceSpec(operation="edit", device=device))
        if changes:
            self._reconfigure(view, vim.vm.ConfigSpec(deviceChange=changes), "connect its cards" if connected else "disconnect its cards")

    def _await_power(self, machine: Machine, power: str, patience_s: float) -> bool:
        waited = 0.0
        while self._must(machine).power != power:
            if waited >= patience_s:
                return False
            self._sleep(POLL_S)
            waited += POLL_S
        return True

    def _nbd(self) -> tuple[str, int]:
        host, _, port = self._endpoint.nbd.partition(":")
        if not host:
            prefix = f"INCLINE_SITE_{self.site.upper().replace('-', '_')}"
            raise ControlError(
                f"site {self.site}: no NBD server to write disks through",
                code="INC-2205",
                next_step=f"start nbdkit with its VDDK plugin beside the vCenter and set {prefix}_NBD=host:port",
            )
        return host, int(port or 10809)


def _live(view: VmView, record: DiskRecord, machine: Machine | None = None) -> DiskView:
    """The machine's disk that a record means: by uuid, or by name when the record is the other side's."""
    wanted = record
    if machine is not None:
        wanted = next((d for d in machine.disks if d.name == record.name), record)
    for disk in view.disks:
        if wanted.uuid and disk.uuid == wanted.uuid:
            return disk
    raise ControlError(
        f"{view.name}: has no disk with the uuid {wanted.uuid or '(none)'} of {record.name}",
        code="INC-2206",
        next_step="compare its placement with vCenter: incline estate settle --observe",
    )


def _parse(text: str) -> Lease | None:
    parts = text.split()
    return Lease(move=parts[0], owner=parts[1], epoch=int(parts[2])) if len(parts) == 3 else None


def _slug(label: str) -> str:
    return "-".join(label.lower().split()) or "disk"
