"""Virtual machines, with what hurts in the real plugin: an update ends with a power-on, another disk label is another disk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyVmomi import vim

from lab.providers.failures import ProviderError
from lab.providers.table import Change, Field, Fields, GeneratedName, Problem, Resource
from lab.providers.values import Unknown, Values, is_empty
from lab.providers.vsphere.machine_devices import (
    card_changes,
    check_importable,
    disk_changes,
    kept_disks,
    new_card,
    new_controllers,
    new_disk,
)
from lab.providers.vsphere.machine_power import power_off, power_on
from lab.providers.vsphere.machine_settings import SETTINGS, needs_restart, write_settings
from lab.providers.vsphere.machine_state import is_template, machine_at, machine_values
from lab.providers.vsphere.places import datacenter_of, normalised
from lab.providers.vsphere.session import VsphereSession
from lab.providers.vsphere.tagging import TAGS, VsphereWork, bring_tags

_LOCAL = {
    "waitForGuestIpTimeout": 0,
    "waitForGuestNetTimeout": 5,
    "waitForGuestNetRoutable": True,
    "shutdownWaitTimeout": 3,
    "migrateWaitTimeout": 30,
    "poweronTimeout": 300,
    "forcePowerOff": True,
    "extraConfigRebootRequired": True,
}
_DISK = {
    "disks[].diskMode": Field(default="persistent"),
    "disks[].eagerlyScrub": Field(default=False),
    "disks[].diskSharing": Field(default="sharingNone"),
    "disks[].thinProvisioned": Field(default=True),
    "disks[].writeThrough": Field(default=False),
    "disks[].ioLimit": Field(default=-1),
    "disks[].ioReservation": Field(default=0),
    "disks[].ioShareLevel": Field(default="normal"),
    "disks[].unitNumber": Field(default=0),
    "disks[].keepOnRemove": Field(default=False),
    "disks[].attach": Field(default=False),
    "disks[].controllerType": Field(default="scsi"),
}
_CARD = {
    "networkInterfaces[].adapterType": Field(default="vmxnet3"),
    "networkInterfaces[].bandwidthLimit": Field(default=-1),
    "networkInterfaces[].bandwidthReservation": Field(default=0),
    "networkInterfaces[].bandwidthShareLevel": Field(default="normal"),
}
_FIXED = ("attach", "thinProvisioned", "eagerlyScrub")
_DEVICES = ("disks", "networkInterfaces")


class VirtualMachine(Resource[VsphereSession]):
    """One machine. Its id is its BIOS uuid; it is imported by its inventory path."""

    name = "vsphere:index/virtualMachine:VirtualMachine"
    upstream = "vsphere/resource_vsphere_virtual_machine.go"
    generated_name = GeneratedName(max_length=80)
    fields = Fields(
        {
            **{name: setting.field for name, setting in SETTINGS.items()},
            **{name: Field(default=value, local=True) for name, value in _LOCAL.items()},
            "resourcePoolId": Field(),
            "datastoreId": Field(computed=True),
            "datastorePath": Field(replace=True, local=True),
            "hostSystemId": Field(computed=True),
            "folder": Field(canonical=normalised),
            "hardwareVersion": Field(computed=True),
            "scsiType": Field(default="pvscsi"),
            "scsiBusSharing": Field(default="noSharing"),
            "scsiControllerCount": Field(default=1),
            "ideControllerCount": Field(default=2),
            "sataControllerCount": Field(default=0),
            "nvmeControllerCount": Field(default=0),
            "disks": Field(computed=True, key="label"),
            **_DISK,
            "networkInterfaces": Field(),
            **_CARD,
            "ignoredGuestIps": Field(local=True),
            "extraConfig": Field(),
            "replaceTrigger": Field(replace=True, local=True),
            "tags": TAGS,
        }
    )

    def check(self, inputs: Values) -> Iterable[Problem]:
        """What upstream's CustomizeDiff refuses of the inputs alone."""
        if is_empty(inputs.get("networkInterfaces")):
            yield Problem(
                property="networkInterfaces", reason="network_interface parameter is required when not deploying from ovf template"
            )
        disks = inputs.get("disks")
        if isinstance(disks, Unknown):
            return
        if not disks:
            yield Problem(property="disks", reason="there must be at least one disk specified")
            return
        yield from _check_disks([disk for disk in disks if isinstance(disk, dict)], inputs)

    def refuse_change(self, state: Values, news: Values) -> str:
        """A disk never shrinks, and is what it is: attached or not, thin or not (upstream: DiffExisting, GetWithVeto)."""
        before = {disk["label"]: disk for disk in state.get("disks") or ()}
        for disk in news.get("disks") or () if isinstance(news.get("disks"), list) else ():
            old = before.get(disk.get("label")) if isinstance(disk, dict) and isinstance(disk.get("label"), str) else None
            if old is None:
                continue
            size, new_size = old.get("size"), disk.get("size")
            if isinstance(size, int) and isinstance(new_size, int) and new_size < size:
                return f'virtual disk "{disk["label"]}": virtual disks cannot be shrunk (old: {size} new: {new_size})'
            for name in _FIXED:
                if name in disk and not isinstance(disk[name], Unknown) and bool(disk[name]) != bool(old.get(name)):
                    values = f"(old: {old.get(name)} newValue: {disk[name]})"
                    return f'virtual disk "{disk["label"]}": cannot change the value of "{name}" - {values}'
        return ""

    def create(self, work: VsphereWork, inputs: Values) -> str:
        """A machine from nothing: its disks are new and empty."""
        session = work.session
        pool = session.ref(vim.ResourcePool, inputs["resourcePoolId"])
        center = datacenter_of(session, pool)
        if center is None:
            raise ProviderError(f"resource pool {inputs['resourcePoolId']} not found")
        folder = self._folder(work, center, inputs.get("folder"))
        host = session.ref(vim.HostSystem, inputs["hostSystemId"]) if inputs.get("hostSystemId") else None
        spec = self._new_spec(session, inputs)
        machine = session.run(work.wait, f"creating {inputs['name']}", lambda: folder.CreateVM_Task(spec, pool, host))
        return str(session.properties(machine, "config.uuid")["config.uuid"])

    def complete(self, work: VsphereWork, id_: str, inputs: Values) -> None:
        """It is made when it is tagged and on."""
        machine = self._machine(work, id_)
        if inputs.get("tags"):
            bring_tags(work.session, machine, inputs["tags"])
        power_on(work, machine, inputs)

    def read(self, work: VsphereWork, id_: str, prior: Values) -> Values | None:
        """Everything from where and how it stands."""
        return machine_values(work, id_, prior)

    def update(self, work: VsphereWork, change: Change) -> None:
        """Place, tags, configuration, and always a power-on at the end, of a machine that was off too."""
        session, new = work.session, change.new
        machine = self._machine(work, change.id)
        if change.touches("folder"):
            self._bring_folder(work, machine, new.get("folder"))
        if change.touches("tags"):
            bring_tags(session, machine, new.get("tags") or [])
        spec = vim.vm.ConfigSpec()
        write_settings(spec, change.changed, {**change.state, **new})
        if change.touches("extraConfig"):
            spec.extraConfig = _options(change.state.get("extraConfig") or {}, new.get("extraConfig") or {})
        if change.touches(*_DEVICES):
            spec.deviceChange = self._device_changes(work, machine, change)
        if needs_restart(change.changed, change.state, new) or (
            change.touches("extraConfig") and new.get("extraConfigRebootRequired", True)
        ):
            power_off(work, machine, new, force=bool(new.get("forcePowerOff", True)))
        if change.changed - {"tags", "folder", "resourcePoolId", "hostSystemId", "datastoreId"}:
            session.run(work.wait, f"reconfiguring {work.name}", lambda: machine.ReconfigVM_Task(spec))
        if change.touches("hardwareVersion") and new.get("hardwareVersion"):
            self._upgrade(work, machine, new)
        power_on(work, machine, new)
        if change.touches("resourcePoolId", "hostSystemId", "datastoreId"):
            self._relocate(work, machine, change)

    def delete(self, work: VsphereWork, id_: str, state: Values) -> None:
        """Off, with the disks that shall stay taken out, then destroyed."""
        machine = work.session.machine(id_)
        found = work.session.properties(machine, "config.hardware.device") if machine is not None else {}
        if machine is None or not found:
            return
        power_off(work, machine, state, force=True)
        keep = kept_disks(list(found["config.hardware.device"]), state)
        if keep:
            spec = vim.vm.ConfigSpec(deviceChange=keep)
            work.session.run(work.wait, f"detaching disks of {work.name}", lambda: machine.ReconfigVM_Task(spec))
        work.session.run(work.wait, f"destroying {work.name}", machine.Destroy_Task)

    def locate(self, work: VsphereWork, import_id: str) -> str:
        """Imported by its inventory path. Templates and raw disks are refused."""
        machine = machine_at(work.session, import_id)
        if is_template(work.session, machine):
            raise ProviderError(f'VM "{import_id}" is a template and cannot be imported')
        found = work.session.properties(machine, "config.uuid", "config.hardware.device")
        check_importable(found.get("config.hardware.device") or ())
        return str(found["config.uuid"])

    def _new_spec(self, session: VsphereSession, inputs: Values) -> Any:
        store = inputs.get("datastoreId")
        name = session.properties(session.ref(vim.Datastore, store), "name").get("name") if store else None
        if name is None:
            raise ProviderError(f"datastore {store} not found" if store else "datastoreId is needed for a new machine")
        spec = vim.vm.ConfigSpec(files=vim.vm.FileInfo(vmPathName=f"[{name}] {inputs.get('datastorePath') or ''}".rstrip()))
        said = [key for key, value in inputs.items() if key in SETTINGS and (key in _BASIC or value != SETTINGS[key].default)]
        write_settings(spec, said, inputs)
        # Upstream sends "off" when it was told nothing; vSphere's own default is on.
        spec.flags = spec.flags or vim.vm.FlagInfo()
        spec.flags.enableLogging = bool(inputs.get("enableLogging"))
        spec.guestId = inputs.get("guestId") or "otherGuest64"
        if inputs.get("hardwareVersion"):
            spec.version = f"vmx-{inputs['hardwareVersion']:02d}"
        if inputs.get("extraConfig"):
            spec.extraConfig = _options({}, inputs["extraConfig"])
        controllers = new_controllers(inputs)
        keys = {item.device.busNumber: item.device.key for item in controllers}
        disks = [new_disk(session, disk, keys, -200 - index, store) for index, disk in enumerate(inputs["disks"])]
        cards = [new_card(session, card, -300 - index) for index, card in enumerate(inputs["networkInterfaces"])]
        spec.deviceChange = [*controllers, *disks, *cards]
        return spec

    def _device_changes(self, work: VsphereWork, machine: Any, change: Change) -> list[Any]:
        devices = list(work.session.properties(machine, "config.hardware.device")["config.hardware.device"])
        store = change.new.get("datastoreId") or change.state.get("datastoreId")
        changes = []
        if change.touches("disks"):
            changes += disk_changes(work.session, devices, change.state.get("disks") or [], change.new.get("disks") or [], store)
        if change.touches("networkInterfaces"):
            old, new = change.state.get("networkInterfaces") or [], change.new.get("networkInterfaces") or []
            changes += card_changes(work.session, devices, old, new)
        return changes

    def _bring_folder(self, work: VsphereWork, machine: Any, path: Any) -> None:
        folder = self._folder(work, datacenter_of(work.session, machine), path)
        work.session.run(work.wait, f"moving {work.name}", lambda: folder.MoveIntoFolder_Task([machine]))

    @staticmethod
    def _relocate(work: VsphereWork, machine: Any, change: Change) -> None:
        """Another pool, host or datastore. Upstream moves within one cluster by MoveIntoResourcePool, which comes to the same."""
        session, new = work.session, change.new
        spec = vim.vm.RelocateSpec(pool=session.ref(vim.ResourcePool, new["resourcePoolId"]))
        if change.touches("hostSystemId") and new.get("hostSystemId"):
            spec.host = session.ref(vim.HostSystem, new["hostSystemId"])
        if change.touches("datastoreId") and new.get("datastoreId"):
            spec.datastore = session.ref(vim.Datastore, new["datastoreId"])
        session.run(work.wait, f"migrating {work.name}", lambda: machine.RelocateVM_Task(spec))

    @staticmethod
    def _upgrade(work: VsphereWork, machine: Any, new: Values) -> None:
        power_off(work, machine, new, force=bool(new.get("forcePowerOff", True)))
        version = f"vmx-{new['hardwareVersion']:02d}"
        work.session.run(work.wait, f"upgrading {work.name} to {version}", lambda: machine.UpgradeVM_Task(version))

    @staticmethod
    def _machine(work: VsphereWork, id_: str) -> Any:
        machine = work.session.machine(id_)
        if machine is None:
            raise ProviderError(f"cannot locate virtual machine with UUID {id_}")
        return machine

    @staticmethod
    def _folder(work: VsphereWork, center: Any, path: Any) -> Any:
        whole = "/".join(part for part in (work.session.path_of(center), "vm", normalised(path or "")) if part)
        folder = work.session.at(whole, vim.Folder)
        if folder is None:
            raise ProviderError(f"folder {whole} not found")
        return folder


_BASIC = frozenset({"name", "annotation", "guestId", "firmware", "numCpus", "numCoresPerSocket", "memory"})


def _check_disks(disks: list[Values], inputs: Values) -> Iterable[Problem]:
    labels: set[Any] = set()
    units: set[Any] = set()
    for index, disk in enumerate(disks):
        place, label = f"disks[{index}]", disk.get("label")
        unit = (disk.get("controllerType", "scsi"), disk.get("unitNumber", 0))
        if label in labels and isinstance(label, str):
            yield Problem(property=f"{place}.label", reason=f"duplicate name {label}")
        if unit in units:
            yield Problem(property=f"{place}.unitNumber", reason=f"duplicate unit_number {unit[1]} on {unit[0]}")
        labels.add(label)
        units.add(unit)
        yield from _check_disk(disk, place, str(label), inputs)
    if not any(unit in (("scsi", 0), ("sata", 0), ("nvme", 0), ("ide", 1)) for unit in units):
        reason = "at least one disk must have a unit_number of 0 for SATA, SCSI, NVMe or 1 for IDE"
        yield Problem(property="disks", reason=reason)


def _check_disk(disk: Values, place: str, label: str, inputs: Values) -> Iterable[Problem]:
    if disk.get("attach") is True:
        if not disk.get("datastoreId"):
            yield Problem(property=f"{place}.datastoreId", reason=f'datastore_id for disk "{label}" is required when attach is set')
        if "size" in disk:
            yield Problem(property=f"{place}.size", reason=f'size for disk "{label}" cannot be defined when attach is set')
        if disk.get("keepOnRemove") is True:
            yield Problem(property=f"{place}.keepOnRemove", reason=f'keep_on_remove for disk "{label}" is implicit when attach is set')
    elif is_empty(disk.get("size")):
        yield Problem(property=f"{place}.size", reason=f'size for disk "{label}": required option not set')
    if disk.get("eagerlyScrub") is True and disk.get("thinProvisioned") is True:
        yield Problem(property=f"{place}.eagerlyScrub", reason=f"{label}: eagerly_scrub and thin_provisioned cannot both be set to true")
    unit, highest = disk.get("unitNumber", 0), inputs.get("scsiControllerCount", 1) * 15 - 1
    if disk.get("controllerType", "scsi") == "scsi" and isinstance(unit, int) and isinstance(highest, int) and unit > highest:
        yield Problem(
            property=f"{place}.unitNumber", reason=f'unit_number on disk "{label}" too high ({unit}) - maximum value is {highest}'
        )
    if label.startswith("orphaned_disk_"):
        yield Problem(property=f"{place}.label", reason=f'disk label "{label}" cannot start with "orphaned_disk_"')


def _options(old: Values, new: Values) -> list[Any]:
    """Keys that go are set empty: that is how vSphere removes them."""
    wanted = {**dict.fromkeys(old, ""), **new}
    return [vim.option.OptionValue(key=key, value=str(value)) for key, value in wanted.items()]
