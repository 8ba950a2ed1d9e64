"""The tabs that tell more about machines: processors, memory, disks, cards, snapshots, file systems, devices, tools, performance."""

from __future__ import annotations

import re
from collections.abc import Callable

from infra.wording import counted
from migration.discover.exchange.rvtools_draft import Draft, Index
from migration.discover.exchange.rvtools_machines import cpus, take_custom
from migration.discover.exchange.sizes import capacity, memory_size, memory_unit
from migration.discover.exchange.tables import MIB, Row, Table
from migration.discover.model import FoundDisk, FoundNic, FoundPartition, FoundSnapshot

CONTROLLERS = {
    "vmware paravirtual scsi": "pvscsi",
    "paravirtual": "pvscsi",
    "paravirtualscsi": "pvscsi",
    "lsi logic": "lsilogic",
    "lsi logic parallel": "lsilogic",
    "lsi logic sas": "lsilogic-sas",
    "buslogic": "buslogic",
    "nvme controller": "nvme",
    "ide": "ide",
    "ahci": "sata",
    "sata controller": "sata",
}
"""RVTools' names of controllers, and the inventory's."""
_ON_DATASTORE = re.compile(r"\[([^\]]+)\] ?(.*)")


def read_cpus(table: Table, index: Index) -> None:
    """vCPU: sockets and reservation; the count where vInfo has none."""
    for row, draft in _joined(table, index):
        told, sockets = cpus(row, "cpus"), row.count("sockets")
        ours = draft.facts.get("cpus")
        if told and ours and told != ours:
            row.note("DSC-046", f"{draft.name} has {counted(ours, 'processor')} by vInfo and {told} by vCPU", taken="those of vInfo")
        draft.learn(cpus=told, sockets=sockets or None, cpu_reservation=row.count("reservation"))


def read_memory(table: Table, index: Index) -> None:
    """vMemory: reservation; the size where vInfo has none."""
    unit = memory_unit(table, ("size", "memory"))
    for row, draft in _joined(table, index):
        told, ours = memory_size(row, ("size", "memory"), unit), draft.facts.get("memory")
        if told and ours and told != ours:
            row.note(
                "DSC-046",
                f"{draft.name} has {ours / MIB:,.0f} MiB of memory by vInfo and {told / MIB:,.0f} MiB by vMemory",
                taken="that of vInfo",
            )
        reserved = row.size("reservation")
        draft.learn(memory=told, memory_reservation=None if reserved is None else round(reserved))


def read_disks(table: Table, index: Index) -> None:
    """vDisk: one row per disk. A disk without a size that can be is left out: a plan without it is better than with a wrong one."""
    for row, draft in _joined(table, index):
        size = capacity(row, "capacity")
        if not size:
            row.note("DSC-033", f"a disk of {draft.name} has no size", taken="the disk was left out")
            continue
        uuid = row.text("diskuuid")
        if uuid and any(each.uuid == uuid for each in draft.disks):
            row.note("DSC-026", f"the disk {uuid} of {draft.name} stands there already", taken="the first of the two")
            continue
        draft.disks.append(_disk(row, size, uuid, len(draft.disks) + 1))


def _disk(row: Row, size: int, uuid: str, number: int) -> FoundDisk:
    path = next((each for each in (row.text("path"), row.text("diskpath")) if _ON_DATASTORE.fullmatch(each)), "")
    place = _ON_DATASTORE.fullmatch(path)
    controller = row.text("controller")
    label = row.text("disk", "label") or f"Hard disk {number}"
    return FoundDisk(
        label=f"Hard disk {label}" if label.isdigit() and not row.table.has("label") else label,
        size=size,
        uuid=uuid,
        path=path,
        datastore=place[1] if place else "",
        thin=row.flag("thin"),
        mode=row.text("diskmode"),
        sharing=row.text("sharingmode"),
        controller=CONTROLLERS.get(controller.casefold(), controller),
        raw=bool(row.flag("raw")),
    )


def read_cards(table: Table, index: Index) -> None:
    """vNetwork: one row per card."""
    for row, draft in _joined(table, index):
        addresses = re.split(r"[,;\s]+", f"{row.text('ipv4address', 'ipaddress')} {row.text('ipv6address')}")
        draft.nics.append(
            FoundNic(
                label=row.text("niclabel") or f"Network adapter {len(draft.nics) + 1}",
                network=row.text("network"),
                mac=row.text("macaddress").casefold(),
                addresses=tuple(each for each in addresses if each and each.casefold() not in {"unknown", "none"}),
                adapter=row.text("adapter").casefold(),
                connected=row.flag("connected"),
            )
        )


def read_snapshots(table: Table, index: Index) -> None:
    """vSnapshot: one row per snapshot."""
    for row, draft in _joined(table, index):
        size = row.size("sizemibtotal", "size", "sizetotal")
        draft.snapshots.append(
            FoundSnapshot(name=row.text("name"), created=row.moment("datetime", "date"), size=None if size is None else round(size))
        )


def read_partitions(table: Table, index: Index) -> None:
    """vPartition: one row per file system of the guest."""
    for row, draft in _joined(table, index):
        whole, free = capacity(row, "capacity"), row.size("free")
        if not whole:
            row.note("DSC-033", f"a file system of {draft.name} has no size", taken="left out")
            continue
        if free is not None and free > whole:
            row.note("DSC-035", f"{row.text('disk')} of {draft.name} has more free than it holds", taken="free space unknown")
            free = None
        draft.partitions.append(FoundPartition(path=row.text("disk"), capacity=whole, free=None if free is None else round(free)))


def read_drives(table: Table, index: Index) -> None:
    """vCD: optical drives that hold something or are connected; an idle one hinders nobody."""
    for row, draft in _joined(table, index):
        held = row.text("devicetype")
        if row.flag("connected") or "iso" in held.casefold():
            draft.devices.append(f"cd: {'connected, ' if row.flag('connected') else ''}{held or row.text('devicenode')}")


def read_usb(table: Table, index: Index) -> None:
    """vUSB: devices passed through from a host or a client."""
    for row, draft in _joined(table, index):
        draft.devices.append(f"usb: {row.text('devicenode', 'devicetype') or 'USB'}")


def read_tools(table: Table, index: Index) -> None:
    """vTools: the state of VMware Tools, and the hardware version where vInfo has none."""
    for row, draft in _joined(table, index):
        version = re.sub(r"\D", "", row.text("vmversion"))
        draft.learn(tools=row.text("tools"), hardware_version=int(version) if version and len(version) <= 3 else None)


DETAILS: dict[str, Callable[[Table, Index], None]] = {
    "vCPU": read_cpus,
    "vMemory": read_memory,
    "vDisk": read_disks,
    "vPartition": read_partitions,
    "vNetwork": read_cards,
    "vCD": read_drives,
    "vUSB": read_usb,
    "vSnapshot": read_snapshots,
    "vTools": read_tools,
}
"""By tab. Left out: vRP, vHBA, vNIC, vSC_VMK, vMultiPath, vFileInfo hold nothing that the inventory keeps; vLicense holds keys."""


def _joined(table: Table, index: Index) -> list[tuple[Row, Draft]]:
    """Each row with its machine; rows without one are findings. Rows of what vInfo left out on purpose are not."""
    found = []
    for row in table:
        if row.table.has("srmplaceholder") and row.flag("srmplaceholder"):
            continue
        name = row.text("vm", "vmname")
        if name.startswith("vCLS"):
            continue
        if row.table.tab == "vDisk" and not row.cell("capacitymib", "capacitymb", "capacity", "disk", "diskkey"):
            continue
        draft = index.find(row)
        if draft is not None:
            _fill(row, draft)
            found.append((row, draft))
    return found


def _fill(row: Row, draft: Draft) -> None:
    """What every tab repeats, for a machine whose row in vInfo is cut short."""
    if row.table.custom:
        take_custom(row, draft)
    draft.host = draft.host or row.text("host")
    draft.cluster = draft.cluster or row.text("cluster")
    draft.datacenter = draft.datacenter or row.text("datacenter")
    draft.os_config = draft.os_config or row.text("osaccordingtotheconfigurationfile", "os")
    if draft.facts.get("os_guest") is None:
        draft.learn(os_guest=row.text("osaccordingtothevmwaretools", "ostools"))
