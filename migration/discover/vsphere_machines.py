"""One machine of a vCenter from its property values; what did not change is taken from what was known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from infra.observed.soap.answer import Found
from migration.discover.model import FoundMachine, FoundNic, FoundPartition, FoundSnapshot
from migration.discover.operating_systems import os_id
from migration.discover.vsphere_devices import hardware
from migration.discover.vsphere_paths import DEVICES
from migration.discover.vsphere_places import Places, name_of

_MIB = 1 << 20
_POWER: dict[str, Literal["on", "off", "suspended"]] = {"poweredOn": "on", "poweredOff": "off"}
_UNPROTECTED = frozenset({"", "notConfigured"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What all machines of one look share."""

    site: str
    source: str
    now: datetime
    places: Places


def key_of(values: Mapping[str, Any], moref: str, site: str) -> str:
    """`<site>/<instance uuid>`; a machine whose configuration nobody can read has only its id."""
    return f"{site}/{values.get('config.instanceUuid') or moref}"


def stands_for(values: Mapping[str, Any]) -> str:
    """What a machine is that nobody ever moves, because vCenter makes and removes it by itself; empty for all others.

    Agents are known by who manages them (Broadcom KB 370219 for both kinds of vSphere Cluster Services).
    """
    managed = values.get("config.managedBy") or {}
    by, kind = str(managed.get("extensionKey", "")), str(managed.get("type", ""))
    if by == "com.vmware.vim.eam" or kind == "vcls-entity":
        return "agents of vSphere (Cluster Services, ESX Agent Manager)"
    return "placeholders of Site Recovery Manager" if by.startswith("com.vmware.vcDr") and kind == "placeholderVm" else ""


def machine(found: Found, known: FoundMachine | None, context: Context) -> FoundMachine:
    """A machine. `known`: what was known of it at the same version; None to take its devices from `found`."""
    values, places = found.values, context.places
    host, nets = values.get("runtime.host", ""), values.get("guest.net") or ()
    parts = known if known is not None else hardware(values.get(DEVICES) or (), places.network_names)
    return FoundMachine(
        key=key_of(values, found.moref, context.site),
        name=name_of(values),
        site=context.site,
        kind="vsphere",
        source=context.source,
        as_of=context.now,
        uuid=values.get("config.uuid", ""),
        moref=found.moref,
        cpus=values.get("config.hardware.numCPU", 0),
        memory=values.get("config.hardware.memoryMB", 0) * _MIB,
        sockets=_sockets(values),
        power=_POWER.get(values.get("runtime.powerState", ""), "suspended"),
        template=bool(values.get("config.template")),
        os=_system(values),
        os_config=values.get("config.guestFullName", "") or values.get("config.guestId", ""),
        os_guest=values.get("guest.guestFullName", ""),
        firmware=values.get("config.firmware", ""),
        secure_boot=values.get("config.bootOptions.efiSecureBootEnabled"),
        hardware_version=_hardware_version(values.get("config.version", "")),
        tools=values.get("guest.toolsStatus", ""),
        datacenter=places.datacenter,
        cluster=places.cluster_of_host.get(host, ""),
        host=places.host_names.get(host, ""),
        folder=places.folder_paths.get(values.get("parent", ""), ""),
        pool=places.pool_names.get(values.get("resourcePool", ""), ""),
        dns_name=values.get("guest.hostName", ""),
        addresses=_addresses(values.get("guest.ipAddress", ""), nets),
        disks=parts.disks,
        nics=tuple(_addressed(nic, nets) for nic in parts.nics),
        snapshots=_snapshots(values),
        partitions=_partitions(values.get("guest.disk") or ()),
        devices=parts.devices,
        tracking=values.get("config.changeTrackingEnabled"),
        consolidate=values.get("runtime.consolidationNeeded"),
        cpu_reservation_mhz=values.get("config.cpuAllocation.reservation"),
        memory_reservation=_bytes(values.get("config.memoryAllocation.reservation")),
        in_use=values.get("summary.storage.committed"),
        created=_known_moment(values.get("config.createDate")),
        booted=values.get("runtime.bootTime"),
        version=values.get("config.changeVersion", ""),
        custom=_custom(values.get("customValue") or (), places.custom_fields),
        fault_tolerance=_protected(values.get("runtime.faultToleranceState")),
        encrypted=None if "config.uuid" not in values else "config.keyId" in values,
    )


def with_sizes(found: FoundMachine, ids: Sequence[str], layout: Mapping[str, Any]) -> FoundMachine:
    """The machine with the sizes of its snapshots. `ids`: of its snapshots, in its order.

    A snapshot's size is its own files (state, memory) and what was written to disks after it, until the next one froze that.
    """
    sizes = {file["key"]: file.get("size", 0) for file in layout.get("file", ()) if "key" in file}
    shots = {shot.get("key", ""): shot for shot in layout.get("snapshot", ())}
    chains = [_files(shot.get("disk", ())) for shot in shots.values()] + [_files(layout.get("disk", ()))]
    made = []
    for snapshot, moref in zip(found.snapshots, ids, strict=True):
        shot = shots.get(moref)
        if shot is None:
            made.append(snapshot)
            continue
        own = _files(shot.get("disk", ()))
        after = min((chain - own for chain in chains if chain > own), key=len, default=set[int]())
        files = {shot.get("dataKey", -1), shot.get("memoryKey", -1)} | after
        made.append(replace(snapshot, size=sum(sizes.get(file, 0) for file in files)))
    return replace(found, snapshots=tuple(made))


def snapshot_ids(values: Mapping[str, Any]) -> list[str]:
    """The ids of a machine's snapshots, parents first."""
    return [str(node.get("snapshot", "")) for node in _nodes(_roots(values))]


def _roots(values: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = (values.get("snapshot") or {}).get("rootSnapshotList", ())
    return found


def _nodes(tree: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for node in tree:
        yield node
        yield from _nodes(node.get("childSnapshotList", ()))


def _snapshots(values: Mapping[str, Any]) -> tuple[FoundSnapshot, ...]:
    return tuple(FoundSnapshot(name=name_of(node), created=node.get("createTime")) for node in _nodes(_roots(values)))


def _files(disks: Sequence[Mapping[str, Any]]) -> set[int]:
    return {file for disk in disks for unit in disk.get("chain", ()) for file in unit.get("fileKey", ())}


def _sockets(values: Mapping[str, Any]) -> int | None:
    cpus, per_socket = values.get("config.hardware.numCPU", 0), values.get("config.hardware.numCoresPerSocket")
    return cpus // per_socket if per_socket else None


def _bytes(mebibytes: int | None) -> int | None:
    return None if mebibytes is None else mebibytes * _MIB


def _system(values: Mapping[str, Any]) -> str:
    config, guest = values.get("config.guestFullName", ""), values.get("guest.guestFullName", "")
    return os_id(guest_id=values.get("config.guestId", ""), config=config, guest=guest)


def _hardware_version(said: str) -> int | None:
    found = re.fullmatch(r"vmx-(\d+)", said)
    return int(found[1]) if found else None


def _addresses(first: str, nets: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The guest's main address first, then the others as its cards come."""
    return tuple(dict.fromkeys(each for each in (first, *(ip for net in nets for ip in net.get("ipAddress", ()))) if each))


def _addressed(nic: FoundNic, nets: Sequence[Mapping[str, Any]]) -> FoundNic:
    told = tuple(ip for net in nets if net.get("macAddress", "").lower() == nic.mac.lower() for ip in net.get("ipAddress", ()))
    return nic if told == nic.addresses else replace(nic, addresses=told)


def _partitions(disks: Sequence[Mapping[str, Any]]) -> tuple[FoundPartition, ...]:
    return tuple(FoundPartition(path=d.get("diskPath", ""), capacity=d.get("capacity", 0), free=d.get("freeSpace")) for d in disks)


def _custom(said: Sequence[Mapping[str, Any]], names: Mapping[int, str]) -> dict[str, str]:
    return {names.get(each["key"], str(each["key"])): each.get("value", "") for each in said if each.get("value") and "key" in each}


def _protected(state: str | None) -> bool | None:
    return None if state is None else state not in _UNPROTECTED


def _known_moment(created: datetime | None) -> datetime | None:
    """A vCenter says the epoch, 1970, of machines made before it kept their birthday."""
    return created if created is not None and created.year > 1970 else None
