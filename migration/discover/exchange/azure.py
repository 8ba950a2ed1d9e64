"""Azure Migrate's CSV: one row per server, with the columns of its import template."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from io import StringIO

from infra.guest_systems import bits
from migration.discover.exchange.book import Book
from migration.discover.exchange.cells import text
from migration.discover.exchange.faults import without_machines
from migration.discover.exchange.performance import figures, percent
from migration.discover.exchange.rvtools_draft import Draft, Index
from migration.discover.exchange.rvtools_machines import Origin, cpus, keys, machine
from migration.discover.exchange.sizes import capacity, memory_size, memory_unit
from migration.discover.exchange.tables import GIB, MIB, Row, key_of, table_of
from migration.discover.exchange.writing import safe, units
from migration.discover.model import FoundDisk, FoundMachine, Inventory, Metric, Percentiles
from migration.discover.operating_systems import full_name, os_id

MOST_DISKS = 64
COLUMNS = [
    "*Server Name",
    "IP addresses",
    "*Cores",
    "*Memory (In MB)",
    "*OS name",
    "OS version",
    "OS architecture",
    "CPU utilization percentage",
    "Memory utilization percentage",
    "Network adapters",
    "Network In throughput",
    "Network Out throughput",
    "Boot type",
    "Number of disks",
]
DISK_COLUMNS: tuple[str, ...] = (
    *("*Server Name", "IP addresses", "*Cores", "*Memory (In MB)", "*OS name", "OS version", "OS architecture"),
    *("CPU utilization percentage", "Memory utilization percentage", "Network adapters", "Network In throughput"),
    *("Network Out throughput", "Boot type", "Number of disks"),
)
DISK_COLUMNS = (
    "Disk {} size (In GB)",
    "Disk {} read throughput (MB per second)",
    "Disk {} write throughput (MB per second)",
    "Disk {} read ops (operations per second)",
    "Disk {} write ops (operations per second)",
)
_EXTRA = ("Server type", "Hypervisor", "Storage in use (In GB)")
_MEGABYTE = 1_000_000


def _known() -> frozenset[str]:
    disks = [each.format(n) for n in range(1, MOST_DISKS + 1) for each in DISK_COLUMNS]
    return frozenset(key_of(each) for each in (*COLUMNS, *_EXTRA, *disks))


def is_azure(header: Sequence[object]) -> bool:
    """Whether a header row is that of the template."""
    there = {key_of(text(cell)) for cell in header}
    return {"servername", "cores", "osname"} <= there and bool(there & {"memoryinmb", "memorymb", "memory"})


def read_azure(book: Book, tab: str, rows: Sequence[Sequence[object]], site: str, now: datetime) -> Inventory:
    """The servers of a template that somebody filled in.

    Raises:
        InclineError: it names no server.
    """
    at = next(index for index, row in enumerate(rows) if is_azure(row))
    table = table_of(tab if tab != book.name else "", rows[at], rows[at + 1 :], _known(), book.notes, now, first=at + 2)
    unit = memory_unit(table)
    index = Index()
    found: list[tuple[Draft, Row]] = []
    for row in table:
        name = row.text("servername")
        if not name:
            row.note("DSC-025", "the row has no name", taken="left out")
        elif index.named(name):
            row.note("DSC-026", f"{name} stands in row {index.named(name)[0].line} already", taken="the first of the two", name=name)
        else:
            draft = _draft(row, name, unit)
            index.add(draft)
            found.append((draft, row))
    if not found:
        raise without_machines(f"{book.name} names no server", "fill in the column *Server Name")
    origin = Origin(site, f"Azure Migrate CSV {book.name}", now)
    machines = tuple(machine(draft, key, origin) for (draft, _), key in zip(found, keys(index.drafts, site), strict=True))
    usage = tuple(each for one, (_, row) in zip(machines, found, strict=True) for each in _usage(row, one, origin))
    if usage:
        book.notes.add(
            "DSC-051",
            f"usage of {len({each.machine for each in usage}):,} machines is told in one figure",
            taken="that figure for every percentile",
        )
    return Inventory(taken_at=now, machines=machines, usage=usage, findings=book.notes.findings())


def _draft(row: Row, name: str, unit: int) -> Draft:
    draft = Draft(name=name, line=row.line, os_config=_os_text(row), power="poweredon", told_disks=row.count("numberofdisks"))
    addresses = [each for each in row.text("ipaddresses").replace(",", ";").split(";") if each.strip()]
    draft.learn(
        cpus=cpus(row, "cores"),
        memory=memory_size(row, ("memory",), unit),
        firmware={"uefi": "efi"}.get(row.text("boottype").casefold(), row.text("boottype").casefold()),
    )
    draft.learn(addresses=tuple(each.strip() for each in addresses), architecture=_ARCHITECTURES.get(row.text("osarchitecture").casefold()))
    for number in range(1, MOST_DISKS + 1):
        if not row.text(f"disk{number}sizeingb"):
            continue
        size = capacity(row, f"disk{number}size")
        if size:
            draft.disks.append(FoundDisk(label=f"Hard disk {number}", size=size))
    if not os_id(config=draft.os_config):
        row.note("DSC-045", f"{name}: '{draft.os_config[:60]}' does not tell which operating system it has", taken="unknown", name=name)
    return draft


_ARCHITECTURES = {"x64": "x86_64", "64-bit": "x86_64", "amd64": "x86_64", "x86_64": "x86_64", "x86": "i386", "32-bit": "i386"}


def _os_text(row: Row) -> str:
    """Name and version, where the version adds anything."""
    name, version = row.text("osname"), row.text("osversion")
    return name if not version or version in name else f"{name} {version}"


def _usage(row: Row, found: FoundMachine, origin: Origin) -> list[Percentiles]:
    cpu, memory = percent(row, "cpuutilizationpercentage"), percent(row, "memoryutilizationpercentage")
    told = {Metric.CPU_PERCENT: cpu, Metric.MEMORY: memory / 100 * found.memory if memory is not None and found.memory else None}
    told[Metric.NET_BYTES] = _sum(row, ("networkinthroughput", "networkoutthroughput"), _MEGABYTE)
    disks = range(1, MOST_DISKS + 1)
    told[Metric.DISK_BYTES] = _sum(row, [f"disk{n}{way}throughputmbpersecond" for n in disks for way in ("read", "write")], _MEGABYTE)
    told[Metric.IOPS] = _sum(row, [f"disk{n}{way}opsoperationspersecond" for n in disks for way in ("read", "write")], 1)
    return [
        figures(found.key, metric, {"maximum": value}, origin.source, origin.as_of) for metric, value in told.items() if value is not None
    ]


def _sum(row: Row, names: Sequence[str], unit: int) -> float | None:
    values = [row.number(name, whole=False) for name in names if name in row.table.columns]
    told = [value for value in values if value is not None]
    return sum(told) * unit if told else None


def write_azure(inventory: Inventory) -> tuple[str, int, tuple[str, ...]]:
    """The template filled in. Templates are no servers; rates are not told, since the template wants them for each disk and direction."""
    usage = inventory.usage_of()
    servers = [each for each in inventory.machines if not each.template]
    disks = max((len(each.disks) for each in servers), default=0)
    header = [*COLUMNS, *(each.format(n) for n in range(1, disks + 1) for each in DISK_COLUMNS)]
    stream = StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(header)
    for each in servers:
        writer.writerow([safe(value) for value in _row(each, usage.get(each.key, {}))])
    left = len(inventory.machines) - len(servers)
    names = (f"{left} templates",) if left else ()
    return (
        stream.getvalue(),
        len(servers),
        (*names, "power state, clusters, hosts, networks, snapshots and file systems: the template has no place for them"),
    )


def _row(each: FoundMachine, usage: dict[Metric, Percentiles]) -> list[object]:
    cpu, memory = usage.get(Metric.CPU_PERCENT), usage.get(Metric.MEMORY)
    row: list[object] = [each.name, ";".join(each.addresses), each.cpus or "", units(each.memory, MIB) if each.memory else ""]
    row += [full_name(each.os) if each.os else each.os_guest or each.os_config, "", _architecture(each)]
    row += [f"{cpu.p95:.6g}" if cpu else "", f"{memory.p95 / each.memory * 100:.6g}" if memory and each.memory else ""]
    row += [len(each.nics) or "", "", "", {"efi": "UEFI", "bios": "BIOS"}.get(each.firmware, ""), len(each.disks) or ""]
    for disk in each.disks:
        row += [units(disk.size, GIB), "", "", "", ""]
    return row


def _architecture(each: FoundMachine) -> str:
    width = bits(each.os_guest) or bits(each.os_config)
    if each.architecture in {"x86_64", "i386"}:
        return "x64" if each.architecture == "x86_64" else "x86"
    return {64: "x64", 32: "x86"}.get(width or 0, "")
