"""A machine's devices: disks and cards as they are, everything else that may stand in a move's way in words.

The words are `<what>: <label or detail>`, sorted; `what` is one of the constants below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.observed.soap.shapes import KIND
from infra.observed.vsphere import datastore_of
from migration.discover.model import FoundDisk, FoundNic

Device = Mapping[str, Any]

_CONTROLLERS = {
    "ParaVirtualSCSIController": "pvscsi",
    "VirtualLsiLogicController": "lsilogic",
    "VirtualLsiLogicSASController": "lsilogic-sas",
    "VirtualBusLogicController": "buslogic",
    "VirtualIDEController": "ide",
    "VirtualSATAController": "sata",
    "VirtualAHCIController": "sata",
    "VirtualNVMEController": "nvme",
}
_CARDS = {
    "VirtualVmxnet3": "vmxnet3",
    "VirtualVmxnet3Vrdma": "vmxnet3-vrdma",
    "VirtualVmxnet2": "vmxnet2",
    "VirtualVmxnet": "vmxnet",
    "VirtualE1000": "e1000",
    "VirtualE1000e": "e1000e",
    "VirtualPCNet32": "pcnet32",
    "VirtualSriovEthernetCard": "sriov",
}
_OTHERS = {
    "VirtualUSB": "usb",
    "VirtualUSBController": "usb-controller",
    "VirtualUSBXHCIController": "usb-controller",
    "VirtualSerialPort": "serial",
    "VirtualParallelPort": "parallel",
    "VirtualFloppy": "floppy",
    "VirtualTPM": "tpm",
    "VirtualNVDIMM": "nvdimm",
    "VirtualSCSIPassthrough": "scsi-passthrough",
    "VirtualSoundBlaster16": "sound",
    "VirtualEnsoniq1371": "sound",
    "VirtualHdAudioCard": "sound",
    "VirtualSriovEthernetCard": "sriov",
}
_SHARED_BUSES = frozenset({"physicalSharing", "virtualSharing"})


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a machine's device list comes to."""

    disks: tuple[FoundDisk, ...] = ()
    nics: tuple[FoundNic, ...] = ()
    devices: tuple[str, ...] = ()


def hardware(devices: Sequence[Device], networks: Mapping[str, str]) -> Hardware:
    """`networks`: names by port group key, by opaque network id and by name."""
    by_key = {device["key"]: device for device in devices if "key" in device}
    disks = sorted((d for d in devices if d[KIND] == "VirtualDisk"), key=lambda d: _slot(d, by_key))
    return Hardware(
        disks=tuple(_disk(device, by_key) for device in disks),
        nics=tuple(_nic(device, networks) for device in devices if "macAddress" in device or device[KIND] in _CARDS),
        devices=tuple(sorted(word for device in devices for word in _words(device))),
    )


def _slot(device: Device, by_key: Mapping[int, Device]) -> tuple[int, int, int]:
    """In the order in which a guest finds them: controller, then place on it."""
    key = int(device.get("controllerKey", 0))
    return int(by_key.get(key, {}).get("busNumber", 0)), key, int(device.get("unitNumber", 0))


def _disk(device: Device, by_key: Mapping[int, Device]) -> FoundDisk:
    backing: Device = device.get("backing") or {KIND: ""}
    file = str(backing.get("fileName", ""))
    controller = by_key.get(device.get("controllerKey", -1), {KIND: ""})[KIND]
    return FoundDisk(
        label=label(device),
        size=int(device.get("capacityInBytes") or int(device.get("capacityInKB", 0)) * 1024),
        uuid=str(backing.get("uuid", "")),
        path=file,
        datastore=datastore_of(file)[0] if file.startswith("[") else "",
        thin=backing.get("thinProvisioned"),
        mode=str(backing.get("diskMode", "")),
        sharing=str(backing.get("sharing", "")),
        controller=_CONTROLLERS.get(controller, ""),
        raw="RawDisk" in str(backing[KIND]),
        encrypted=True if "keyId" in backing else None,
    )


def _nic(device: Device, networks: Mapping[str, str]) -> FoundNic:
    backing: Device = device.get("backing") or {}
    key = backing.get("port") or backing.get("opaqueNetworkId") or backing.get("deviceName") or ""
    state: Device | None = device.get("connectable")
    return FoundNic(
        label=label(device),
        network=networks.get(key, key),
        mac=str(device.get("macAddress", "")),
        adapter=_CARDS.get(device[KIND], str(device[KIND]).removeprefix("Virtual").lower()),
        connected=None if state is None else bool(state.get("connected") or state.get("startConnected")),
    )


def _words(device: Device) -> Iterator[str]:
    kind, backing = device[KIND], device.get("backing") or {KIND: ""}
    if kind in _OTHERS:
        yield f"{_OTHERS[kind]}: {label(device)}"
    elif kind == "VirtualPCIPassthrough":
        profile = backing.get("vgpu")
        yield f"vgpu: {profile}" if profile or "Vmiop" in backing[KIND] else f"pci-passthrough: {label(device)}"
    elif kind == "VirtualCdrom":
        yield from _disc(device, backing)
    elif device.get("sharedBus") in _SHARED_BUSES:
        yield f"shared-bus: {label(device)} {device['sharedBus']}"
    elif device.get("enable3DSupport"):
        yield f"3d-video: {label(device)}"


def _disc(device: Device, backing: Device) -> Iterator[str]:
    """A drive matters while something is in it: an empty one is on every machine."""
    connected = bool((device.get("connectable") or {}).get("connected"))
    file = str(backing.get("fileName", ""))
    if connected or file:
        yield ", ".join(part for part in ("cd: connected" if connected else "cd: disconnected", file) if part)


def label(device: Device) -> str:
    """What vCenter calls a device."""
    return str(device.get("deviceInfo") or device.get("key", ""))
