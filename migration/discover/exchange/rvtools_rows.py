"""The rows of a machine on the tabs of an RVTools workbook, by RVTools' column names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from uuid import NAMESPACE_URL, uuid5

from migration.discover.exchange.rvtools_tabs import TABS
from migration.discover.exchange.tables import MIB
from migration.discover.exchange.writing import number_of
from migration.discover.model import FoundMachine, FoundNic

Cells = Mapping[str, object]
POWER = {"on": "poweredOn", "off": "poweredOff", "suspended": "suspended"}
_PROPER = {
    "pvscsi": "VMware paravirtual SCSI",
    "lsilogic": "LSI Logic",
    "lsilogic-sas": "LSI Logic SAS",
    "buslogic": "BusLogic",
    "ide": "IDE",
    "sata": "AHCI",
    "nvme": "NVME Controller",
}


def common(each: FoundMachine) -> dict[str, object]:
    """What RVTools repeats on every tab of machines."""
    return {
        "VM": each.name,
        "Powerstate": POWER[each.power],
        "Template": each.template,
        "SRM Placeholder": False,
        "Datacenter": each.datacenter,
        "Cluster": each.cluster,
        "Host": each.host,
        "Folder": each.folder,
        "OS according to the configuration file": each.os_config,
        "OS according to the VMware Tools": each.os_guest,
        "VM ID": each.moref,
        "VM UUID": each.uuid,
        "VI SDK Server": each.site,
        "VI SDK UUID": source_id(each.site),
    }


@lru_cache(maxsize=256)
def source_id(site: str) -> str:
    """What stands for the vCenter's UUID, which Red Hat's planner will not do without: always the same for the same site."""
    return str(uuid5(NAMESPACE_URL, f"incline:site:{site}"))


def _info(each: FoundMachine) -> Iterable[Cells]:
    networks = {f"Network #{n}": card.network for n, card in enumerate(each.nics[:8], 1)}
    yield common(each) | networks | _info_facts(each) | {f"vInfo_tags_{name}": value for name, value in each.tags.items()} | _custom(each)


def _custom(each: FoundMachine) -> dict[str, object]:
    taken = {name.casefold() for name in TABS["vInfo"]}
    return {name: value for name, value in each.custom.items() if name.casefold() not in taken}


def _info_facts(each: FoundMachine) -> dict[str, object]:
    return {
        "Connection state": each.connection,
        "Guest state": "running" if each.power == "on" else "notRunning",
        "DNS Name": each.dns_name,
        "Consolidation Needed": each.consolidate,
        "PowerOn": each.booted,
        "Creation date": each.created,
        "Change Version": each.version,
        "CPUs": each.cpus or None,
        "Memory": number_of(each.memory, MIB) or None,
        "NICs": len(each.nics),
        "Disks": len(each.disks),
        "Total disk capacity MiB": number_of(each.provisioned, MIB),
        "CBT": each.tracking,
        "Primary IP Address": each.addresses[0] if each.addresses else "",
        "Resource pool": each.pool,
        "FT State": None if each.fault_tolerance is None else "running" if each.fault_tolerance else "notConfigured",
        "Provisioned MiB": number_of(each.provisioned, MIB),
        "In Use MiB": None if each.in_use is None else number_of(each.in_use, MIB),
        "EFI Secure boot": each.secure_boot,
        "Firmware": each.firmware,
        "HW version": each.hardware_version,
        "VI SDK Server type": "VMware vCenter Server" if each.kind == "vsphere" else "Amazon EC2",
    }


def _cpu(each: FoundMachine) -> Iterable[Cells]:
    per_socket = each.cpus // each.sockets if each.sockets and each.cpus % each.sockets == 0 else None
    own = {"CPUs": each.cpus or None, "Sockets": each.sockets, "Cores p/s": per_socket, "Reservation": each.cpu_reservation_mhz}
    yield common(each) | own


def _memory(each: FoundMachine) -> Iterable[Cells]:
    reserved = each.memory_reservation
    yield common(each) | {
        "Size MiB": number_of(each.memory, MIB) or None,
        "Reservation": None if reserved is None else number_of(reserved, MIB),
    }


def _disks(each: FoundMachine) -> Iterable[Cells]:
    for number, disk in enumerate(each.disks):
        yield common(each) | {
            "Disk": disk.label,
            "Disk Key": 2000 + number,
            "Disk UUID": disk.uuid,
            "Capacity MiB": number_of(disk.size, MIB),
            "Raw": disk.raw,
            "Disk Mode": disk.mode,
            "Sharing mode": disk.sharing,
            "Thin": disk.thin,
            "Controller": _PROPER.get(disk.controller, disk.controller),
            "Disk Path": disk.path,
            "Path": disk.path,
        }


def _partitions(each: FoundMachine) -> Iterable[Cells]:
    for one in each.partitions:
        free = None if one.free is None else number_of(one.free, MIB)
        used = None if one.free is None else number_of(one.capacity - one.free, MIB)
        share = None if one.free is None or not one.capacity else round(100 * one.free / one.capacity)
        yield common(each) | {
            "Disk": one.path,
            "Capacity MiB": number_of(one.capacity, MIB),
            "Consumed MiB": used,
            "Free MiB": free,
            "Free %": share,
        }


def card_facts(card: FoundNic) -> dict[str, object]:
    """A network card."""
    return {
        "NIC label": card.label,
        "Adapter": card.adapter,
        "Network": card.network,
        "Connected": card.connected,
        "Mac Address": card.mac,
        "IPv4 Address": ", ".join(address for address in card.addresses if ":" not in address),
        "IPv6 Address": ", ".join(address for address in card.addresses if ":" in address),
    }


def _snapshots(each: FoundMachine) -> Iterable[Cells]:
    for one in each.snapshots:
        yield common(each) | {
            "Name": one.name,
            "Date / time": one.created,
            "Size MiB (total)": None if one.size is None else number_of(one.size, MIB),
        }


def _drives(each: FoundMachine) -> Iterable[Cells]:
    for device in each.devices:
        kind, _, what = device.partition(": ")
        if kind == "cd":
            connected = what.startswith("connected, ")
            yield common(each) | {"Device Node": "CD/DVD drive", "Connected": connected, "Device Type": what.removeprefix("connected, ")}


def _usb(each: FoundMachine) -> Iterable[Cells]:
    for device in each.devices:
        kind, _, what = device.partition(": ")
        if kind == "usb":
            yield common(each) | {"Device Node": what}


def _tools(each: FoundMachine) -> Iterable[Cells]:
    yield common(each) | {"VM Version": each.hardware_version, "Tools": each.tools}


PER_MACHINE: dict[str, Callable[[FoundMachine], Iterable[Cells]]] = {
    "vInfo": _info,
    "vCPU": _cpu,
    "vMemory": _memory,
    "vDisk": _disks,
    "vPartition": _partitions,
    "vCD": _drives,
    "vUSB": _usb,
    "vSnapshot": _snapshots,
    "vTools": _tools,
}
"""By tab."""
