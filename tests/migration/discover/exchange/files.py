"""Small workbooks and tables for the tests."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import xlsxwriter

from migration.discover.exchange import read_file
from migration.discover.model import Finding, Inventory

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SAMPLE = Path(__file__).parents[3] / "data/rvtools/example1.xlsx"
Rows = Sequence[Sequence[object]]
INFO = ("VM", "Powerstate", "CPUs", "Memory", "VM ID", "VM UUID", "OS according to the configuration file")
LINUX = "Debian GNU/Linux 12 (64-bit)"
WEB = ("web", "poweredOn", 2, 4096, "vm-1", "500a-1", LINUX)
DATABASE = ("database", "poweredOn", 8, 32768, "vm-2", "500a-2", LINUX)


def workbook(path: Path, tabs: Mapping[str, Rows]) -> Path:
    """An xlsx with these tabs."""
    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False, "default_date_format": "yyyy-mm-dd hh:mm:ss"})
    for name, rows in tabs.items():
        sheet = book.add_worksheet(name)
        for line, row in enumerate(rows):
            sheet.write_row(line, 0, ["" if cell is None else cell for cell in row])
    book.close()
    return path


def info(*rows: Sequence[object], header: Sequence[object] = INFO, **tabs: Rows) -> dict[str, Rows]:
    """Tabs with a vInfo of these rows, and others."""
    return {"vInfo": [header, *rows], **tabs}


def read(path: Path, tabs: Mapping[str, Rows]) -> Inventory:
    """The inventory of a workbook with these tabs."""
    return read_file(workbook(path / "export.xlsx", tabs), "harbour", NOW)


def table(rows: Rows, separator: str = ",") -> str:
    """A CSV text."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator).writerows(rows)
    return stream.getvalue()


def tables(folder: Path, tabs: Mapping[str, Rows], separator: str = ",", prefix: str = "RVTools_tab") -> Path:
    """A folder with a CSV file for each tab."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tabs.items():
        (folder / f"{prefix}{name}.csv").write_text(table(rows, separator), encoding="utf-8")
    return folder


def packed(path: Path, folder: Path) -> Path:
    """The files of a folder in a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in folder.iterdir():
            archive.write(each, f"export/{each.name}")
    return path


def of(inventory: Inventory, code: str) -> list[Finding]:
    """The findings of a code."""
    return [each for each in inventory.findings if each.code == code]
