"""Writes an RVTools workbook: all 27 tabs with RVTools' own column names, filled where the inventory knows the value, else blank.

It holds at least what Export for vCenter writes, which is what AWS Transform, Azure Migrate and Red Hat's planner ask for. Texts are
written as texts, never as formulas or links, and quoted, so that editing a cell does not wake one up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from io import BytesIO

import xlsxwriter

from migration.discover.exchange.rvtools_tabs import TABS
from migration.discover.exchange.tables import MIB
from migration.discover.exchange.writing import FORMULA, number_of
from migration.discover.model import FoundHost, FoundMachine, Inventory

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


def write_rvtools(inventory: Inventory) -> tuple[bytes, int, tuple[str, ...]]:
    """The workbook, how many machines are in it, and what it has no place for."""
    stream = BytesIO()
    book = xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    quoted, dated = book.add_format({"quote_prefix": True}), book.add_format({"num_format": "yyyy/mm/dd hh:mm:ss"})
    for tab, columns in TABS.items():
        sheet = book.add_worksheet(tab)
        rows = list(_rows(tab, inventory))
        header = [*columns, *_own_columns(tab, inventory)]
        for at, name in enumerate(header):
            sheet.write_string(0, at, name, quoted if name.startswith(FORMULA) else None)
        position = {name.casefold(): at for at, name in enumerate(header)}
        for line, row in enumerate(rows, 1):
            for name, value in row.items():
                if name.casefold() in position:  # a tab need not have all that the tabs of machines have in common
                    _write(sheet, line, position[name.casefold()], value, (quoted, dated))
    book.close()
    left = ["usage, edges and quotas", "the estate's names of servers"]
    if any(each.kind == "aws" for each in inventory.machines):
        left.append("instance types, zones and volumes of AWS")
    return stream.getvalue(), len(inventory.machines), tuple(left)


def _write(sheet: object, line: int, at: int, value: object, formats: tuple[object, object]) -> None:
    """A cell of the right kind; nothing for what is not known."""
    if value is None or value == "":
        return
    if isinstance(value, bool):
        sheet.write_string(line, at, str(value))  # type: ignore[attr-defined]
    elif isinstance(value, int | float):
        sheet.write_number(line, at, value)  # type: ignore[attr-defined]
    elif isinstance(value, datetime):
        sheet.write_datetime(line, at, value.astimezone(UTC).replace(tzinfo=None), formats[1])  # type: ignore[attr-defined]
    else:
        plain = str(value)[:32767]
        sheet.write_string(line, at, plain, formats[0] if plain.startswith(FORMULA) else None)  # type: ignore[attr-defined]


def _own_columns(tab: str, inventory: Inventory) -> list[str]:
    """Custom attributes and tags, as RVTools appends them to vInfo."""
    if tab != "vInfo":
        return []
    tags = sorted({f"vInfo_tags_{name}" for each in inventory.machines for name in each.tags})
    taken = {name.casefold() for name in TABS["vInfo"]}
    return [*tags, *sorted({name for each in inventory.machines for name in each.custom if name.casefold() not in taken})]


def _rows(tab: str, inventory: Inventory) -> Iterable[Cells]:
    machines = _PER_MACHINE.get(tab)
    if machines is not None:
        return (row for each in inventory.machines for row in machines(each))
    whole = _WHOLE.get(tab)
    return whole(inventory) if whole is not None else ()


def _common(each: FoundMachine) -> dict[str, object]:
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
    }


def _info(each: FoundMachine) -> Iterable[Cells]:
    networks = {f"Network #{n}": card.network for n, card in enumerate(each.nics[:8], 1)}
    yield _common(each) | networks | _info_facts(each) | {f"vInfo_tags_{name}": value for name, value in each.tags.items()} | _custom(each)


def _custom(each: FoundMachine) -> dict[str, object]:
    taken = {name.casefold() for name in TABS["vInfo"]}
    return {name: value for name, value in each.custom.items() if name.casefold() not in taken}


def _info_facts(each: FoundMachine) -> dict[str, object]:
    return {
        "Connection state": "connected",
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
    yield _common(each) | own


def _memory(each: FoundMachine) -> Iterable[Cells]:
    reserved = each.memory_reservation
    yield _common(each) | {
        "Size MiB": number_of(each.memory, MIB) or None,
        "Reservation": None if reserved is None else number_of(reserved, MIB),
    }


def _disks(each: FoundMachine) -> Iterable[Cells]:
    for number, disk in enumerate(each.disks):
        yield _common(each) | {
            "Disk": disk.label,
            "Disk Key": 2000 + number,
            "Disk UUID": disk.uuid,
            "Capacity MiB": number_of(disk.size, MIB),
            "Raw": disk.raw,
            "Disk Mode": disk.mode,
            "Sharing mode": disk.sharing,
            "Thin": disk.thin,
            "Controller": _PROPER.get(disk.controller, disk.controller),
            "Path": disk.path,
        }


def _partitions(each: FoundMachine) -> Iterable[Cells]:
    for one in each.partitions:
        free = None if one.free is None else number_of(one.free, MIB)
        used = None if one.free is None else number_of(one.capacity - one.free, MIB)
        share = None if one.free is None or not one.capacity else round(100 * one.free / one.capacity)
        yield _common(each) | {
            "Disk": one.path,
            "Capacity MiB": number_of(one.capacity, MIB),
            "Consumed MiB": used,
            "Free MiB": free,
            "Free %": share,
        }


def _cards(each: FoundMachine) -> Iterable[Cells]:
    for card in each.nics:
        yield _common(each) | {
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
        yield _common(each) | {
            "Name": one.name,
            "Date / time": one.created,
            "Size MiB (total)": None if one.size is None else number_of(one.size, MIB),
        }


def _drives(each: FoundMachine) -> Iterable[Cells]:
    for device in each.devices:
        kind, _, what = device.partition(": ")
        if kind == "cd":
            connected = what.startswith("connected, ")
            yield _common(each) | {"Device Node": "CD/DVD drive", "Connected": connected, "Device Type": what.removeprefix("connected, ")}


def _usb(each: FoundMachine) -> Iterable[Cells]:
    for device in each.devices:
        kind, _, what = device.partition(": ")
        if kind == "usb":
            yield _common(each) | {"Device Node": what}


def _tools(each: FoundMachine) -> Iterable[Cells]:
    yield _common(each) | {"VM Version": each.hardware_version, "Tools": each.tools}


def _clusters(inventory: Inventory) -> Iterable[Cells]:
    for each in inventory.clusters:
        inside = [host for host in inventory.hosts if host.cluster == each.name]
        yield {
            "Name": each.name,
            "NumHosts": len(inside),
            "numEffectiveHosts": sum(not host.maintenance for host in inside),
            "TotalCpu": sum(host.cores * host.mhz for host in inside),
            "NumCpuCores": sum(host.cores for host in inside),
            "TotalMemory": number_of(sum(host.memory for host in inside), MIB),
            "HA enabled": each.ha,
            "Failover Level": each.host_failures,
            "DRS enabled": each.drs,
            "VI SDK Server": each.site,
        }


def _hosts(inventory: Inventory) -> Iterable[Cells]:
    standing: dict[str, list[FoundMachine]] = {}
    for machine in inventory.machines:
        standing.setdefault(machine.host, []).append(machine)
    for each in inventory.hosts:
        yield _host(each) | _load(each, standing.get(each.name, []))


def _host(each: FoundHost) -> dict[str, object]:
    per_socket = each.cores // each.sockets if each.sockets and each.cores % each.sockets == 0 else None
    return {
        "Host": each.name,
        "Datacenter": each.datacenter,
        "Cluster": each.cluster,
        "in Maintenance Mode": each.maintenance,
        "CPU Model": each.cpu_model,
        "Speed": each.mhz,
        "HT Active": None if each.threads is None else each.threads > each.cores,
        "# CPU": each.sockets,
        "Cores per CPU": per_socket,
        "# Cores": each.cores,
        "CPU usage %": None
        if each.cpu_used_mhz is None or not each.cores * each.mhz
        else 100 * each.cpu_used_mhz / (each.cores * each.mhz),
        "# Memory": number_of(each.memory, MIB),
        "Memory usage %": None if each.memory_used is None or not each.memory else 100 * each.memory_used / each.memory,
        "ESX Version": each.version,
        "Vendor": each.vendor,
        "Model": each.model,
        "VI SDK Server": each.site,
    }


def _load(each: FoundHost, machines: list[FoundMachine]) -> dict[str, object]:
    vcpus = sum(one.cpus for one in machines if one.power == "on")
    return {
        "# VMs total": len(machines),
        "# VMs": sum(one.power == "on" for one in machines),
        "# vCPUs": vcpus,
        "vCPUs per Core": vcpus / each.cores if each.cores else None,
        "vRAM": number_of(sum(one.memory for one in machines if one.power == "on"), MIB),
    }


def _ports(inventory: Inventory) -> Iterable[Cells]:
    return ({"Port Group": each.name, "Switch": each.switch, "VLAN": each.vlan, "VI SDK Server": each.site} for each in inventory.networks)


def _datastores(inventory: Inventory) -> Iterable[Cells]:
    for each in inventory.datastores:
        free, whole = each.free, each.capacity
        yield {
            "Name": each.name,
            "Accessible": each.accessible,
            "Type": each.kind,
            "Capacity MiB": number_of(whole, MIB),
            "In Use MiB": None if free is None else number_of(whole - free, MIB),
            "Free MiB": None if free is None else number_of(free, MIB),
            "Free %": None if free is None or not whole else round(100 * free / whole),
            "VI SDK Server": each.site,
        }


def _pools(inventory: Inventory) -> Iterable[Cells]:
    pools: dict[str, list[FoundMachine]] = {}
    for machine in inventory.machines:
        if machine.pool:
            pools.setdefault(machine.pool, []).append(machine)
    for path, inside in sorted(pools.items()):
        yield {
            "Resource Pool name": path.rsplit("/", 1)[-1],
            "Resource Pool path": path,
            "# VMs total": len(inside),
            "# vCPUs": sum(each.cpus for each in inside),
        }


def _switches(inventory: Inventory) -> Iterable[Cells]:
    return ({"Switch": name} for name in sorted({each.switch for each in inventory.networks if each.switch}))


def _source(inventory: Inventory) -> Iterable[Cells]:
    sites = sorted({each.site for each in inventory.machines} | {each.site for each in inventory.hosts})
    return ({"Name": "Incline", "Fullname": f"Incline, site {site}", "Vendor": "Incline", "VI SDK Server": site} for site in sites)


def _metadata(inventory: Inventory) -> Iterable[Cells]:
    yield {"RVTools major version": "4.4", "RVTools version": "4.4.0.0", "xlsx creation datetime": inventory.taken_at, "Server": "Incline"}


_PER_MACHINE: dict[str, Callable[[FoundMachine], Iterable[Cells]]] = {
    "vInfo": _info,
    "vCPU": _cpu,
    "vMemory": _memory,
    "vDisk": _disks,
    "vPartition": _partitions,
    "vNetwork": _cards,
    "vCD": _drives,
    "vUSB": _usb,
    "vSnapshot": _snapshots,
    "vTools": _tools,
}
_WHOLE: dict[str, Callable[[Inventory], Iterable[Cells]]] = {
    "vSource": _source,
    "vRP": _pools,
    "vCluster": _clusters,
    "vHost": _hosts,
    "vSwitch": _switches,
    "vPort": _ports,
    "vDatastore": _datastores,
    "vMetaData": _metadata,
}
"""The other tabs have their header row alone: the inventory keeps nothing of them."""
