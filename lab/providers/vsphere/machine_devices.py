"""The disks and cards of a virtual machine: as they are, and the device changes that make them as they shall be."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from pyVmomi import vim

from lab.providers.failures import ProviderError
from lab.providers.values import Values
from lab.providers.vsphere.session import VsphereSession, moref

GIB = 1 << 30
ORPHANED = "orphaned_disk_"
"""The label that upstream gives to a disk that no entry of the program knows."""

_Disk: Any = vim.vm.device.VirtualDisk
_Scsi: Any = vim.vm.device.VirtualSCSIController
_Card: Any = vim.vm.device.VirtualEthernetCard
_Spec: Any = vim.vm.device.VirtualDeviceSpec
_CONTROLLERS: dict[str, Any] = {
    "pvscsi": vim.vm.device.ParaVirtualSCSIController,
    "lsilogic": vim.vm.device.VirtualLsiLogicController,
    "lsilogic-sas": vim.vm.device.VirtualLsiLogicSASController,
    "buslogic": vim.vm.device.VirtualBusLogicController,
}
_CARDS: dict[str, Any] = {
    "vmxnet3": vim.vm.device.VirtualVmxnet3,
    "e1000e": vim.vm.device.VirtualE1000e,
    "e1000": vim.vm.device.VirtualE1000,
}
_OTHER_BUSES: dict[str, Any] = {
    "sata": vim.vm.device.VirtualSATAController,
    "ide": vim.vm.device.VirtualIDEController,
    "nvme": vim.vm.device.VirtualNVMEController,
}
_SLOTS = 15
_OWN_UNIT = 7


def shown_disks(devices: Iterable[Any], known: list[Values], *, importing: bool) -> list[Values]:
    """The disks by unit number. A disk keeps the label it is known by; an import takes the device's own."""
    every = list(devices)
    controllers = {device.key: device for device in every}
    labels = {disk.get("uuid"): disk for disk in known}
    shown: list[Values] = []
    orphans = 0
    for disk in (device for device in every if isinstance(device, _Disk)):
        entry = _shown_disk(disk, controllers[disk.controllerKey])
        before = labels.get(entry["uuid"]) or _fresh(known, entry)
        if before is not None and not str(before.get("label", "")).startswith(ORPHANED):
            entry |= {"label": before["label"], "keepOnRemove": bool(before.get("keepOnRemove")), "attach": bool(before.get("attach"))}
            if entry["attach"]:
                entry.pop("size")
                entry |= {"thinProvisioned": before.get("thinProvisioned"), "path": before.get("path")}
        elif importing:
            entry |= {"label": disk.deviceInfo.label, "keepOnRemove": False, "attach": False}
        else:
            entry |= {"label": f"{ORPHANED}{orphans}", "keepOnRemove": True, "attach": False}
            orphans += 1
        shown.append(entry)
    return sorted(shown, key=lambda entry: int(entry["unitNumber"]))


def _fresh(known: list[Values], entry: Values) -> Values | None:
    """The entry of the program that has no device yet and asks for this unit: a disk that was just made."""
    for disk in known:
        same = disk.get("unitNumber", 0) == entry["unitNumber"] and disk.get("controllerType", "scsi") == entry["controllerType"]
        if not disk.get("uuid") and same:
            return disk
    return None


def _shown_disk(disk: Any, controller: Any) -> Values:
    backing = disk.backing
    kind, unit = _place(disk, controller)
    size = disk.capacityInBytes or disk.capacityInKB * 1024
    allocation = disk.storageIOAllocation
    shares = allocation.shares if allocation is not None else None
    return {
        "key": disk.key,
        "uuid": backing.uuid,
        "deviceAddress": f"{kind}:{controller.busNumber}:{disk.unitNumber}",
        "controllerType": kind,
        "unitNumber": unit,
        "size": math.ceil(size / GIB),
        "path": backing.fileName.partition("] ")[2],
        "datastoreId": moref(backing.datastore) if backing.datastore is not None else None,
        "diskMode": backing.diskMode or "persistent",
        "diskSharing": getattr(backing, "sharing", None) or "sharingNone",
        "thinProvisioned": bool(getattr(backing, "thinProvisioned", False)),
        "eagerlyScrub": bool(getattr(backing, "eagerlyScrub", False)),
        "writeThrough": bool(backing.writeThrough),
        "ioLimit": allocation.limit if allocation is not None and allocation.limit is not None else -1,
        "ioReservation": allocation.reservation or 0 if allocation is not None else 0,
        "ioShareLevel": str(shares.level) if shares is not None else "normal",
        "ioShareCount": shares.shares if shares is not None else 0,
    }


def _place(disk: Any, controller: Any) -> tuple[str, int]:
    """Kind of bus, and the unit as upstream counts it: through all controllers, without the controller's own unit."""
    if isinstance(controller, _Scsi):
        own = controller.scsiCtlrUnitNumber if controller.scsiCtlrUnitNumber is not None else _OWN_UNIT
        return "scsi", disk.unitNumber - (disk.unitNumber > own) + _SLOTS * controller.busNumber
    for kind, bus in _OTHER_BUSES.items():
        if isinstance(controller, bus):
            return kind, disk.unitNumber + {"sata": 30, "ide": 2, "nvme": 64}[kind] * controller.busNumber
    raise ProviderError(f"unsupported controller of disk {disk.deviceInfo.label}: {type(controller).__name__}")


def check_importable(devices: Iterable[Any]) -> None:
    """Only flat disks are imported; a raw device would be taken for a disk of the program's."""
    for disk in devices:
        if isinstance(disk, _Disk) and not isinstance(disk.backing, _Disk.FlatVer2BackingInfo):
            raise ProviderError(
                f"unsupported disk type of {disk.deviceInfo.label}: expected flat VMDK version 2, got {type(disk.backing).__name__}"
            )


def shown_controllers(devices: Iterable[Any]) -> Values:
    """Type, sharing and number of SCSI controllers, and the number of the others; contiguous from bus 0."""
    every = list(devices)
    scsi = sorted((device for device in every if isinstance(device, _Scsi)), key=lambda device: int(device.busNumber))
    kinds = {name for device in scsi for name, kind in _CONTROLLERS.items() if type(device) is kind}
    counts = {
        f"{kind}ControllerCount": _contiguous(device for device in every if isinstance(device, bus)) for kind, bus in _OTHER_BUSES.items()
    }
    return {
        "scsiType": kinds.pop() if len(kinds) == 1 else "mixed" if kinds else "pvscsi",
        "scsiBusSharing": str(scsi[0].sharedBus) if scsi else "noSharing",
        "scsiControllerCount": _contiguous(scsi),
        **counts,
    }


def _contiguous(controllers: Iterable[Any]) -> int:
    buses = {controller.busNumber for controller in controllers}
    count = 0
    while count in buses:
        count += 1
    return count


def shown_cards(session: VsphereSession, devices: Iterable[Any], center: Any) -> list[Values]:
    """The network cards in the order of the bus."""
    return [_shown_card(session, card, center) for card in devices if isinstance(card, _Card)]


def _shown_card(session: VsphereSession, card: Any, center: Any) -> Values:
    backing = card.backing
    network = None
    if isinstance(backing, _Card.NetworkBackingInfo):
        network = moref(backing.network) if backing.network is not None else None
    elif isinstance(backing, _Card.DistributedVirtualPortBackingInfo):
        network = port_group(session, backing.port.portgroupKey, center)
    allocation = card.resourceAllocation
    return {
        "key": card.key,
        "networkId": network,
        "adapterType": next((name for name, kind in _CARDS.items() if isinstance(card, kind)), "unknown"),
        "macAddress": card.macAddress,
        "useStaticMac": card.addressType == "manual",
        "bandwidthLimit": allocation.limit if allocation is not None and allocation.limit is not None else -1,
        "bandwidthReservation": (allocation.reservation or 0) if allocation is not None else 0,
        "bandwidthShareLevel": str(allocation.share.level) if allocation is not None and allocation.share is not None else "normal",
        "bandwidthShareCount": allocation.share.shares if allocation is not None and allocation.share is not None else 50,
    }


def port_group(session: VsphereSession, key: str, center: Any) -> str | None:
    """The port group with a key: its key is its id, on a real vCenter too; a group of another id is looked for."""
    group = session.ref(vim.dvs.DistributedVirtualPortgroup, key)
    if session.glance(group, "key"):
        return key
    networks = session.properties(center, "network").get("network") or []
    groups = [network for network in networks if isinstance(network, vim.dvs.DistributedVirtualPortgroup)]
    return next((id_ for id_, found in session.many(groups, "key").items() if found.get("key") == key), None)


def new_controllers(inputs: Values) -> list[Any]:
    """The SCSI controllers of a new machine, with the keys that its disks refer to."""
    kind = _CONTROLLERS[inputs.get("scsiType", "pvscsi")]
    sharing = inputs.get("scsiBusSharing", "noSharing")
    made = []
    for bus in range(inputs.get("scsiControllerCount", 1)):
        device = kind(key=1000 + bus, busNumber=bus, sharedBus=sharing, scsiCtlrUnitNumber=_OWN_UNIT)
        made.append(_Spec(operation="add", device=device))
    return made


def new_disk(session: VsphereSession, disk: Values, controllers: dict[int, int], key: int, datastore: str | None) -> Any:
    """The change that adds a disk: a new empty one, or with `attach` the file that is there."""
    bus, slot = divmod(int(disk.get("unitNumber", 0)), _SLOTS)
    if bus not in controllers:
        raise ProviderError(f"no SCSI controller for unit {disk.get('unitNumber')} of disk {disk['label']}")
    place = disk.get("datastoreId") or datastore
    if not place:
        raise ProviderError(f"no datastore for disk {disk['label']}: set datastoreId")
    store = session.ref(vim.Datastore, place)
    name = session.properties(store, "name").get("name")
    if name is None:
        raise ProviderError(f"datastore {place} not found")
    attach = bool(disk.get("attach"))
    backing = _Disk.FlatVer2BackingInfo(
        fileName=f"[{name}] {disk.get('path') or ''}" if attach else f"[{name}]",
        datastore=store,
        diskMode=disk.get("diskMode", "persistent"),
        writeThrough=bool(disk.get("writeThrough")),
    )
    device = _Disk(key=key, controllerKey=controllers[bus], unitNumber=slot + (slot >= _OWN_UNIT), backing=backing)
    if not attach:
        backing.thinProvisioned = bool(disk.get("thinProvisioned", True))
        backing.eagerlyScrub = bool(disk.get("eagerlyScrub"))
        device.capacityInBytes = int(disk["size"]) * GIB
        device.capacityInKB = int(disk["size"]) * (GIB >> 10)
    return _Spec(operation="add", fileOperation=None if attach else "create", device=device)


def new_card(session: VsphereSession, card: Values, key: int) -> Any:
    """The change that adds a card, connected."""
    device = _CARDS[card.get("adapterType", "vmxnet3")](key=key, backing=_card_backing(session, card["networkId"]))
    device.connectable = vim.vm.device.VirtualDevice.ConnectInfo(startConnected=True, connected=True, allowGuestControl=True)
    if card.get("useStaticMac"):
        device.addressType, device.macAddress = "manual", card["macAddress"]
    else:
        device.addressType = "assigned" if card.get("macAddress") else "generated"
    return _Spec(operation="add", device=device)


def _card_backing(session: VsphereSession, network: str) -> Any:
    if network.startswith("dvportgroup"):
        group = session.ref(vim.dvs.DistributedVirtualPortgroup, network)
        config = session.properties(group, "config").get("config")
        if config is None:
            raise ProviderError(f"network {network} not found")
        switch = session.properties(config.distributedVirtualSwitch, "uuid")["uuid"]
        return _Card.DistributedVirtualPortBackingInfo(port=vim.dvs.PortConnection(switchUuid=switch, portgroupKey=config.key))
    found = session.ref(vim.Network, network)
    name = session.properties(found, "name").get("name")
    if name is None:
        raise ProviderError(f"network {network} not found")
    return _Card.NetworkBackingInfo(deviceName=name, network=found)


def disk_changes(session: VsphereSession, devices: list[Any], old: list[Values], new: list[Values], datastore: str | None) -> list[Any]:
    """What makes the disks as the program says. The label is the key: another label is another disk, and the old one goes."""
    there = {device.backing.uuid: device for device in devices if isinstance(device, _Disk)}
    controllers = {device.busNumber: device.key for device in devices if isinstance(device, _Scsi)}
    wanted = {disk["label"]: disk for disk in new}
    changes = []
    for disk in old:
        device = there.get(disk.get("uuid"))
        if device is None:
            continue
        target = wanted.get(disk["label"])
        if target is None:
            keep = disk.get("keepOnRemove") or disk.get("attach")
            changes.append(_Spec(operation="remove", fileOperation=None if keep else "destroy", device=device))
        elif _differs(disk, target):
            changes.append(_edited(device, target, controllers))
    known = {disk["label"] for disk in old}
    for index, disk in enumerate(disk for disk in new if disk["label"] not in known):
        changes.append(new_disk(session, disk, controllers, -200 - index, datastore))
    return changes


_EDITABLE = ("size", "unitNumber", "diskMode", "writeThrough")


def _differs(old: Values, new: Values) -> bool:
    return any(name in new and new[name] != old.get(name) for name in _EDITABLE)


def _edited(device: Any, target: Values, controllers: dict[int, int]) -> Any:
    if not target.get("attach"):
        size = int(target["size"])
        if size * GIB >= (device.capacityInBytes or device.capacityInKB * 1024):
            device.capacityInBytes, device.capacityInKB = size * GIB, size * (GIB >> 10)
    bus, slot = divmod(int(target.get("unitNumber", 0)), _SLOTS)
    device.controllerKey, device.unitNumber = controllers[bus], slot + (slot >= _OWN_UNIT)
    device.backing.diskMode = target.get("diskMode", "persistent")
    device.backing.writeThrough = bool(target.get("writeThrough"))
    return _Spec(operation="edit", device=device)


def card_changes(session: VsphereSession, devices: list[Any], old: list[Values], new: list[Values]) -> list[Any]:
    """What makes the cards as the program says, position by position; another adapter is another card."""
    there = {device.key: device for device in devices if isinstance(device, _Card)}
    changes = []
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        device = there.get(before.get("key")) if before else None
        if after is not None and device is not None and before is not None and after.get("adapterType") == before.get("adapterType"):
            if after["networkId"] != before.get("networkId"):
                device.backing = _card_backing(session, after["networkId"])
                changes.append(_Spec(operation="edit", device=device))
            continue
        if device is not None:
            changes.append(_Spec(operation="remove", device=device))
        if after is not None:
            changes.append(new_card(session, after, -300 - index))
    return changes


def kept_disks(devices: list[Any], state: Values) -> list[Any]:
    """The changes that take disks out before the machine is destroyed, so that their files stay."""
    keep = {disk.get("uuid") for disk in state.get("disks") or () if disk.get("keepOnRemove") or disk.get("attach")}
    return [_Spec(operation="remove", device=device) for device in devices if isinstance(device, _Disk) and device.backing.uuid in keep]
