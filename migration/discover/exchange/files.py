"""One way in and one way out: what a file is is told by its content, what is written by the format's name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from infra.atomic import replace_file
from migration.discover.exchange.azure import is_azure, read_azure, write_azure
from migration.discover.exchange.book import Renamed, Tables, Workbook
from migration.discover.exchange.document import read_document, write_document
from migration.discover.exchange.faults import no_format, unknown
from migration.discover.exchange.notes import Notes
from migration.discover.exchange.plain import is_plain, read_plain, write_plain
from migration.discover.exchange.rvtools import is_info, is_rvtools, read_rvtools
from migration.discover.exchange.rvtools_write import write_rvtools
from migration.discover.exchange.source import Source, open_source
from migration.discover.model import Inventory

FORMATS = {"rvtools": ".xlsx", "azure": ".csv", "csv": ".csv", "json": ".json"}
"""What can be written, and the usual ending. `json` is Incline's own and loses nothing."""


@dataclass(frozen=True)
class Written:
    """What went into a file, and in words what did not, because the format has no place for it."""

    path: Path
    format: str
    machines: int
    left_out: tuple[str, ...] = ()


def format_of(path: Path) -> str:
    """The format that an ending means: .xlsx is RVTools, .csv a plain table, .json Incline's own.

    Raises:
        InclineError: the ending means none.
    """
    found = {".xlsx": "rvtools", ".csv": "csv", ".json": "json"}.get(path.suffix.casefold())
    if found is None:
        raise no_format(f"the ending of {path.name} names no format", tuple(FORMATS))
    return found


def read_file(path: Path, site: str, now: datetime) -> Inventory:
    """Read what another tool or Incline has written.

    Args:
        path: a workbook, a table, an archive or a folder of tables, or Incline's own document.
        site: the name that its machines are kept under.
        now: when it is read; the age of what it says where it says no date itself.

    Raises:
        InclineError: nothing in it can be used. What is odd but usable is in the findings of the inventory.
    """
    source = open_source(path)
    if source.kind == "document":
        return read_document(source, site)
    return _read_tables(source, site, now)


def _read_tables(source: Source, site: str, now: datetime) -> Inventory:

    notes = Notes(source.name)
    book = Workbook(source, notes) if source.kind == "workbook" else Tables(source, notes)
    if is_rvtools(book.tabs()):
        return read_rvtools(book, site, now)
    for tab in book.tabs():
        rows = book.rows(tab)
        header = next((row for row in rows[:10] if any(cell not in {"", None} for cell in row)), ())
        if is_info(header):
            return read_rvtools(Renamed(book, tab, "vInfo"), site, now)
        if is_azure(header):
            return read_azure(book, tab, rows, site, now)
        if is_plain(header):
            return read_plain(book, tab, rows, site, now)
    raise unknown(
        f"{source.name} holds no tab of RVTools and no table that Incline knows",
        "docs/how-to/import-and-export.md shows what can be read, and the columns of a plain table",
        f"it has: {', '.join(book.tabs()) or 'nothing'}",
    )


def write_file(inventory: Inventory, path: Path, format: str) -> Written:  # noqa: A002
    """Write an inventory for another tool, or for people.

    Raises:
        InclineError: no such format, or the file cannot be written.
    """
    writers: dict[str, Callable[[Inventory], tuple[str | bytes, int, tuple[str, ...]]]] = {
        "rvtools": write_rvtools,
        "azure": write_azure,
        "csv": write_plain,
        "json": write_document,
    }
    writer = writers.get(format)
    if writer is None:
        raise no_format(f"no format is named {format}", tuple(FORMATS))
    content, machines, left_out = writer(inventory)
    replace_file(path, content)
    return Written(path, format, machines, left_out)
