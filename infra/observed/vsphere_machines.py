"""The virtual machines of a data centre as a capacity snapshot keeps them: size, place, settings of hardening and recovery."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyVmomi import vim

from infra.observed.capacity import ObservedMachine, Usage
from infra.observed.vsphere import datastore_of, moref_in
from infra.observed.who import Roster

MACHINE_PATHS = (
    "name",
    "config.uuid",
    "config.template",
    "config.firmware",
    "config.version",
    "config.files.vmPathName",
    "config.hardware.numCPU",
    "config.hardware.memoryMB",
    "config.hardware.device",
    "config.cpuAllocation.reservation",
    "config.memoryAllocation.reservation",
    "config.bootOptions.efiSecureBootEnabled",
    "config.keyId",
    "config.migrateEncryption",
    "config.flags.enableLogging",
    "runtime.powerState",
    "runtime.host",
    "resourcePool",
    "network",
)
UNNEEDED = {
    "floppy": vim.vm.device.VirtualFloppy,
    "parallel": vim.vm.device.VirtualParallelPort,
    "serial": vim.vm.device.VirtualSerialPort,
}
"""Devices that the hardening guides ask to remove, by the name that the snapshot keeps."""
_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a machine's ids mean: names of hosts, their clusters, pools and networks; what its cluster and others say of it."""

    hosts: Mapping[str, str]
    clusters: Mapping[str, str]
    pools: Mapping[str, str]
    networks: Mapping[str, str]
    priorities: Mapping[str, str]
    tags: Mapping[str, Mapping[str, str]] | None
    usage: Mapping[str, Usage]
    roster: Roster


def observed_machines(found: Mapping[str, Mapping[str, Any]], around: Surroundings) -> tuple[ObservedMachine, ...]:
    """All machines but the templates, by name."""
    made = (_machine(moref, values, around) for moref, values in found.items() if not values.get("config.template"))
    return tuple(sorted(made, key=lambda m: (m.name, m.uuid)))


def _machine(moref: str, values: Mapping[str, Any], around: Surroundings) -> ObservedMachine:
    devices: Sequence[Any] = values.get("config.hardware.device") or ()
    name, uuid, host = str(values.get("name", "")), str(values.get("config.uuid", "")), moref_in(values, "runtime.host")
    known = "config.uuid" in values  # a machine whose configuration cannot be read has no settings, rather than bad ones
    migration = values.get("config.migrateEncryption")
    return ObservedMachine(
        name=name,
        server=around.roster.server(identity=uuid, name=name),
        uuid=uuid,
        cluster=around.clusters.get(host, ""),
        host=around.hosts.get(host, ""),
        datastore=datastore_of(str(values.get("config.files.vmPathName", "")))[0],
        running=str(values.get("runtime.powerState")) == "poweredOn",
        cpus=int(values.get("config.hardware.numCPU") or 0),
        memory=int(values.get("config.hardware.memoryMB") or 0) * _MIB,
        disks=tuple(int(d.capacityInBytes or (d.capacityInKB or 0) * 1024) for d in _disks(devices)),
        pool=around.pools.get(moref_in(values, "resourcePool"), ""),
        cpu_reservation_mhz=int(values.get("config.cpuAllocation.reservation") or 0),
        memory_reservation=int(values.get("config.memoryAllocation.reservation") or 0) * _MIB,
        firmware=values.get("config.firmware"),
        secure_boot=values.get("config.bootOptions.efiSecureBootEnabled"),
        hardware_version=_version(str(values.get("config.version", ""))),
        encrypted=_encrypted(values, devices) if known else None,
        vmotion_encryption=None if migration is None else str(migration),
        logging=values.get("config.flags.enableLogging"),
        nonpersistent_disks=_nonpersistent(devices) if known else None,
        devices=tuple(_unneeded(devices)) if known else None,
        restart_priority=around.priorities.get(moref),
        nics_connected=_connected(devices) if known else None,
        networks=tuple(sorted({around.networks.get(str(n._moId), "") for n in values.get("network") or ()} - {""})),  # noqa: SLF001
        tags=None if around.tags is None else dict(around.tags.get(moref, {})),
        usage=around.usage.get(moref),
    )


def _disks(devices: Sequence[Any]) -> list[Any]:
    found = [d for d in devices if isinstance(d, vim.vm.device.VirtualDisk)]
    return sorted(found, key=lambda d: (d.controllerKey or 0, d.unitNumber or 0))


def _encrypted(values: Mapping[str, Any], devices: Sequence[Any]) -> bool:
    """Whether all its disks are: an encrypted machine may have a disk that is not, never the other way round."""
    return values.get("config.keyId") is not None and all(getattr(d.backing, "keyId", None) is not None for d in _disks(devices))


def _nonpersistent(devices: Sequence[Any]) -> tuple[str, ...]:
    """Disks that forget: what is written to them is lost when the machine is switched off."""
    modes = {"independent_nonpersistent", "nonpersistent"}
    return tuple(_label(d) for d in _disks(devices) if str(getattr(d.backing, "diskMode", "")) in modes)


def _unneeded(devices: Sequence[Any]) -> Iterator[str]:
    for name, kind in UNNEEDED.items():
        if any(isinstance(d, kind) for d in devices):
            yield name
    if any(isinstance(d, vim.vm.device.VirtualVideoCard) and d.enable3DSupport for d in devices):
        yield "3d-video"


def _connected(devices: Sequence[Any]) -> bool:
    """Whether any card is connected, or will be at the next start."""
    cards = (d.connectable for d in devices if isinstance(d, vim.vm.device.VirtualEthernetCard))
    return any(c is not None and (c.connected or c.startConnected) for c in cards)


def _label(device: Any) -> str:
    return str(device.deviceInfo.label) if device.deviceInfo else str(device.key)


def _version(text: str) -> int | None:
    found = re.fullmatch(r"vmx-(\d+)", text)
    return int(found[1]) if found else None
