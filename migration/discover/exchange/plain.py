"""A plain table: one row per machine, with columns that people can fill in from any list they have.

docs/how-to/import-and-export.md shows them.
Several values of one cell are parted by `;`. Whatever of `;`, `=` and `%` is part of a value is written as in addresses (%3B, %3D, %25).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from io import StringIO
from urllib.parse import unquote

from migration.discover.exchange.book import Book
from migration.discover.exchange.cells import number, text
from migration.discover.exchange.faults import without_machines
from migration.discover.exchange.performance import STATISTICS, figures
from migration.discover.exchange.plain_machine import BYTES, FLAGS, MOMENTS, NUMBERS, TEXTS, draft_of, finish
from migration.discover.exchange.rvtools_draft import Index
from migration.discover.exchange.rvtools_machines import Origin, keys, machine
from migration.discover.exchange.sizes import memory_unit
from migration.discover.exchange.tables import GIB, MIB, Row, key_of, table_of
from migration.discover.exchange.writing import safe, stamp, units
from migration.discover.model import FoundDisk, FoundMachine, Inventory, Metric, Percentiles

NAMES = ("name", "vm", "vmname", "servername", "server", "hostname", "machine")
_SIZE_NAMES = ("memorymib", "memorymb", "memorygib", "memorygb", "memory", "rammib", "rammb", "ramgb", "ramgib", "ram")
_ALSO = (
    "vcpus",
    "vcpu",
    "cores",
    "ipaddresses",
    "ipaddress",
    "ip",
    "operatingsystem",
    "disksmib",
    "disksmb",
    "disksgib",
    "disksgb",
    "disks",
    "network",
)
FIXED = ("name", "kind", *TEXTS, *NUMBERS, *BYTES, *FLAGS, *MOMENTS, "power", "addresses", "networks", "disks_mib", "as_of")
USAGE = tuple(f"{metric}_{statistic}" for metric in Metric for statistic in STATISTICS)
SPAN = ("usage_samples", "usage_expected", "usage_interval_s", "usage_from", "usage_until")


def _known() -> frozenset[str]:
    return frozenset(key_of(each) for each in (*NAMES, *_SIZE_NAMES, *_ALSO, *FIXED, *USAGE, *SPAN))


def is_plain(header: Sequence[object]) -> bool:
    """Whether a header row names machines and something to plan with."""
    there = {key_of(text(cell)) for cell in header}
    return bool(there & set(NAMES)) and bool(there & {*_SIZE_NAMES, "cpus", "vcpus", "vcpu", "cores", "os", "operatingsystem"})


def read_plain(book: Book, tab: str, rows: Sequence[Sequence[object]], site: str, now: datetime) -> Inventory:
    """The machines of a table.

    Raises:
        InclineError: it names no machine.
    """
    at = next(index for index, row in enumerate(rows) if is_plain(row))
    table = table_of(tab if tab != book.name else "", rows[at], rows[at + 1 :], _known(), book.notes, now, first=at + 2)
    unit = memory_unit(table, ("memory", "ram"))
    index = Index()
    rows_of = []
    for row in table:
        draft = draft_of(row, NAMES, unit)
        if draft is None:
            continue
        same = [
            each
            for each in index.named(draft.name)
            if (each.uuid, each.moref, each.cluster, each.host) == (draft.uuid, draft.moref, draft.cluster, draft.host)
        ]
        if same:
            row.note("DSC-026", f"{draft.name} stands in row {same[0].line} already", taken="the first of the two", name=draft.name)
            continue
        if index.named(draft.name):
            row.note(
                "DSC-027",
                f"{draft.name} is the name of another machine too (row {index.named(draft.name)[0].line})",
                taken="both",
                name=draft.name,
            )
        draft.disks.extend(_disks(row))
        index.add(draft)
        rows_of.append(row)
    if not index.drafts:
        raise without_machines(f"{book.name} names no machine", "fill in the column name")
    origin = Origin(site, f"table {book.name}".strip(), now)
    made = [machine(draft, key, origin) for draft, key in zip(index.drafts, keys(index.drafts, site), strict=True)]
    machines = tuple(finish(one, row, draft) for one, row, draft in zip(made, rows_of, index.drafts, strict=True))
    usage = tuple(each for one, row in zip(machines, rows_of, strict=True) for each in _usage(row, one))
    return Inventory(taken_at=max(each.as_of for each in machines), machines=machines, usage=usage, findings=book.notes.findings())


def _disks(row: Row) -> list[FoundDisk]:
    """`102400; 51200`, or `Hard disk 1=102400`, in the unit of the header."""
    columns = (("disksmib", MIB), ("disksmb", MIB), ("disksgib", GIB), ("disksgb", GIB), ("disks", MIB))
    name, unit = next(((name, unit) for name, unit in columns if row.text(name)), ("disksmib", MIB))
    parts = split(row.text(name))
    found = []
    for order, part in enumerate(parts, 1):
        label, _, size = part.rpartition("=")
        try:
            value = number(size, whole=unit == MIB)
        except ValueError:
            value = None
        if not value or value <= 0:
            row.note("DSC-033", f"disk {order}: '{part[:40]}' is no size", taken="the disk was left out")
            continue
        found.append(FoundDisk(label=unquote(label).strip() or f"Hard disk {order}", size=round(value * unit)))
    return found


def split(cell: str) -> list[str]:
    """The values of a cell, still escaped."""
    return [each.strip() for each in cell.split(";")] if cell else []


def escaped(value: str) -> str:
    """A value that may stand between semicolons."""
    return re.sub(r"[%;,=]|^\s|\s$", lambda match: f"%{ord(match[0]):02X}", value)


def _usage(row: Row, found: FoundMachine) -> list[Percentiles]:
    span = {name: row.count(key_of(name)) for name in SPAN[:3]}
    first, last = row.moment("usagefrom"), row.moment("usageuntil")
    made = []
    for metric in Metric:
        told = {each: value for each in STATISTICS if (value := row.number(key_of(f"{metric}_{each}"), whole=False)) is not None}
        if not told:
            continue
        one = figures(found.key, metric, told, found.source, last or found.as_of)
        made.append(_with_span(one, span, first, last))
    return made


def _with_span(one: Percentiles, span: dict[str, int | None], first: datetime | None, last: datetime | None) -> Percentiles:
    samples, expected, interval = (span[name] for name in SPAN[:3])
    return replace(
        one,
        samples=samples or one.samples,
        expected=expected or one.expected,
        interval_s=interval or one.interval_s,
        first=first or one.first,
        last=last or one.last,
    )


def write_plain(inventory: Inventory) -> tuple[str, int, tuple[str, ...]]:
    """One row per machine; columns that no machine fills are left out, except the first ones."""
    usage = inventory.usage_of()
    rows = [_row(each, usage.get(each.key, {})) for each in inventory.machines]
    filled = {name for row in rows for name, value in row.items() if value not in {"", None}}
    always = ("name", "cpus", "memory_mib", "disks_mib", "os")
    ordered = dict.fromkeys([*FIXED, *USAGE, *SPAN, *sorted(filled)])
    header = [name for name in ordered if name in filled or name in always]
    stream = StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow([safe(name) for name in header])
    writer.writerows([[safe(row.get(name, "")) for name in header] for row in rows])
    return (
        stream.getvalue(),
        len(rows),
        ("hosts, clusters, datastores, snapshots, file systems, devices and card addresses: the table has no place for them",),
    )


def _row(each: FoundMachine, usage: dict[Metric, Percentiles]) -> dict[str, object]:
    row: dict[str, object] = {"name": each.name, "kind": each.kind, "power": each.power, "as_of": stamp(each.as_of)}
    row |= {column: getattr(each, attribute) for column, attribute in TEXTS.items()}
    row |= {column: getattr(each, attribute) if getattr(each, attribute) is not None else "" for column, attribute in NUMBERS.items()}
    row |= {column: "" if getattr(each, attribute) is None else units(getattr(each, attribute), MIB) for column, attribute in BYTES.items()}
    row |= {column: _yes(getattr(each, attribute)) for column, attribute in FLAGS.items()}
    row |= {column: stamp(getattr(each, attribute)) for column, attribute in MOMENTS.items()}
    row["addresses"] = ";".join(escaped(address) for address in each.addresses)
    row["networks"] = ";".join(escaped(card.network) for card in each.nics)
    row["disks_mib"] = ";".join(_disk(disk, order) for order, disk in enumerate(each.disks, 1))
    row |= {f"tag:{name}": value for name, value in each.tags.items()}
    row |= {f"custom:{name}": value for name, value in each.custom.items()}
    for metric, one in usage.items():
        row |= {f"{metric}_{statistic}": repr(getattr(one, statistic)) for statistic in STATISTICS}
        row |= {"usage_samples": one.samples, "usage_expected": one.expected, "usage_interval_s": one.interval_s}
        row |= {"usage_from": stamp(one.first), "usage_until": stamp(one.last)}
    return row


def _disk(disk: FoundDisk, order: int) -> str:
    size = units(disk.size, MIB)
    return str(size) if disk.label == f"Hard disk {order}" else f"{escaped(disk.label)}={size}"


def _yes(value: bool | None) -> str:
    return "" if value is None else "true" if value else "false"
