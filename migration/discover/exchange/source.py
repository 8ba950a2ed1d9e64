"""Opens what people hand over and says what it is by its content: workbook, archive or folder of tables, one table, Incline's own document.

Nothing is unpacked to disk. Sizes are bounded before anything is read into memory, since a few kilobytes of archive can hold terabytes,
and a sheet of two cells can claim sixteen thousand columns by a million rows.
"""

from __future__ import annotations

import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

from infra.errors import InclineError
from migration.discover.exchange.faults import damaged, protected, too_large, unknown, unreadable

MOST_BYTES = 1 << 30
"""Unpacked: a workbook of 10,000 machines with all tabs has about 300 MB."""
MOST_FILES = 2_000
MOST_CELLS = 30_000_000
OLE = bytes.fromhex("d0cf11e0a1b11ae1")
"""How old Excel files begin, and password-protected new ones."""
_UTF_16 = {b"\xff\xfe", b"\xfe\xff"}
_CHUNK = 1 << 20
_LONGEST_TAG = 4_096
_NEAR_ROW, _NEAR_COLUMN = 9_999, 26
_ADDRESS = rb"([A-Za-z]{2,9}|[A-Za-z]?(?=\d{5}))(\d{1,15})"
_FAR, _FAR_ANYHOW = re.compile(rb'r="' + _ADDRESS + rb'"'), re.compile(rb"""\br\s*=\s*["']""" + _ADDRESS + rb"""["']""")
"""The address of a row or a cell with five digits or two letters, as all programs write it (four times as quick) and as XML allows it."""
_UNUSUAL = re.compile(rb"""=(?:(?<=\s=)|(?!"))""")
"""An attribute that is not written name="value"."""
_HOLDS = re.compile(rb"<(?:\w+:)?c\b([^>]*)(?<!/)>\s*<(?!/)")
"""The inside of the tag of a cell that has a value."""
_ADDRESSED = re.compile(rb"""\br\s*=\s*["']""")
MOST_ROWS, MOST_COLUMNS = 1 << 20, 1 << 14
"""Of a sheet; an address beyond them is nobody's export."""
_CORRUPT = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, struct.error)
"""What the archive reader raises for bytes that are not what they should be."""


@dataclass(frozen=True)
class Source:
    """What was handed over.

    Attributes:
        kind: workbook (xlsx), tables (CSV by name), document (Incline's own JSON).
        workbook: the bytes of the workbook.
        tables: the reader of each CSV file, by its name without folder.
    """

    name: str
    kind: str
    workbook: bytes = b""
    tables: Mapping[str, Callable[[], bytes]] | None = None


def open_source(path: Path) -> Source:
    """Tell what a path holds.

    Raises:
        InclineError: it is not there, damaged, protected, too large, or of a kind that nobody reads.
    """
    if path.is_dir():
        return _folder(path)
    content = _bytes(path)
    if not content.strip(b"\0 \t\r\n"):
        raise unknown(f"{path.name} is empty")
    return _by_content(path.name, content)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise too_large(path.name, f"it has more than {MOST_BYTES >> 20:,} MiB")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def _by_content(name: str, content: bytes, *, nested: bool = False) -> Source:
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(name, content, nested=nested)
    if content.startswith(OLE):
        raise _old_excel(name, content)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return Source(name, "document", workbook=content)
    head = content[:4096]
    if head.count(0) * 100 > len(head) and head[:2] not in _UTF_16:
        raise _unknown(name)
    return Source(name, "tables", tables={name: lambda: content})


def _old_excel(name: str, content: bytes) -> InclineError:
    if "EncryptedPackage".encode("utf-16-le") in content or "EncryptionInfo".encode("utf-16-le") in content:
        return protected(name)
    return unknown(f"{name} is a workbook of the old kind (.xls)", "save it as .xlsx, then import that")


def _unknown(name: str) -> InclineError:
    return unknown(
        f"{name} is no workbook, table or archive that Incline knows",
        "export it again with one of these tools; docs/how-to/import-and-export.md shows the columns of a plain table",
        "known: RVTools (.xlsx, or CSV by tab, also zipped), Export for vCenter, Azure Migrate CSV, a plain table, Incline's own JSON",
    )


def _folder(path: Path) -> Source:
    try:
        found = sorted(each for each in path.iterdir() if each.suffix.casefold() == ".csv" and each.is_file())
    except OSError as error:
        raise unreadable(path, error) from error
    if not found:
        raise unknown(f"the folder {path.name} holds no CSV file", "name the folder with RVTools_tabvInfo.csv, or the file itself")
    if sum(each.stat().st_size for each in found) > MOST_BYTES:
        raise too_large(path.name, f"its tables have more than {MOST_BYTES >> 20:,} MiB")
    return Source(path.name, "tables", tables={each.name: lambda each=each: _bytes(each) for each in found})  # type: ignore[misc]


def _archive(name: str, content: bytes, *, nested: bool) -> Source:
    try:
        archive = zipfile.ZipFile(BytesIO(content))
        members = [each for each in archive.infolist() if not each.is_dir()]
    except (*_CORRUPT, zipfile.LargeZipFile, UnicodeDecodeError) as error:
        raise damaged(name, f"it is cut off or no archive ({error})") from error
    if len(members) > MOST_FILES:
        raise too_large(name, f"it holds {len(members):,} files")
    if sum(each.file_size for each in members) > MOST_BYTES:
        raise too_large(name, f"it unpacks to more than {MOST_BYTES >> 20:,} MiB")
    if any(each.flag_bits & 1 for each in members):
        raise protected(name)
    if any(each.filename == "xl/workbook.xml" for each in members):
        _check_sheets(name, archive, members)
        return Source(name, "workbook", workbook=content)
    return _packed(name, archive, members, nested=nested)


def _packed(name: str, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], *, nested: bool) -> Source:
    def reader(member: zipfile.ZipInfo) -> Callable[[], bytes]:
        return lambda: _member(name, archive, member)

    tables = {PurePosixPath(each.filename).name: reader(each) for each in members if each.filename.casefold().endswith(".csv")}
    if tables:
        return Source(name, "tables", tables=tables)
    inner = [each for each in members if each.filename.casefold().endswith((".xlsx", ".json"))]
    if inner and not nested:
        return _by_content(PurePosixPath(inner[0].filename).name, _member(name, archive, inner[0]), nested=True)
    raise unknown(f"{name} is an archive without a workbook or a table", "pack the RVTools_tab*.csv files, or name the workbook itself")


def _member(name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(member)
    except _CORRUPT as error:
        raise damaged(name, f"{member.filename} cannot be unpacked ({error})") from error


def _check_sheets(name: str, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Unpack every part once: its checksum must hold, and no sheet may claim more cells than memory has.

    The workbook reader lays a sheet out as a full rectangle, so two values in far corners would ask for sixteen thousand million cells.
    Rows and columns that only have a style cost it nothing and are common: the exact look is taken only at sheets that seem large.
    """
    for member in members:
        sheet = member.filename.startswith("xl/worksheets/")
        rows, columns = _extent(name, archive, member, _claimed if sheet else None)
        if rows * columns > MOST_CELLS and rows <= MOST_ROWS and columns <= MOST_COLUMNS:
            rows, columns = _extent(name, archive, member, _filled)
        if rows * columns > MOST_CELLS:
            raise too_large(name, f"{member.filename} claims {rows:,} rows by {columns:,} columns")


def _extent(
    name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo, look: Callable[[bytes], tuple[int, int]] | None
) -> tuple[int, int]:
    """The last row and the last column of a sheet."""
    rows = columns = 0
    tail = b""
    try:
        with archive.open(member) as stream:
            while chunk := stream.read(_CHUNK):
                if look is not None:
                    found = look(tail + chunk)
                    rows, columns = max(rows, found[0]), max(columns, found[1])
                    tail = chunk[-_LONGEST_TAG:]
    except _CORRUPT as error:
        raise damaged(name, f"{member.filename} cannot be unpacked ({error})") from error
    return rows, columns


def _claimed(part: bytes) -> tuple[int, int]:
    """By the addresses of rows and cells that are far away: quick, and too much where cells are empty."""
    far = set((_FAR_ANYHOW if _UNUSUAL.search(part) else _FAR).findall(part))
    rows = max((int(digits) for _, digits in far), default=0)
    return max(rows, _NEAR_ROW), max((_column(letters) for letters, _ in far if letters), default=_NEAR_COLUMN)


def _filled(part: bytes) -> tuple[int, int]:
    """By cells that hold something. One without an address stands beside the one before it: then all that is claimed counts."""
    inside = _HOLDS.findall(part)
    if not all(_ADDRESSED.search(each) for each in inside):
        return _claimed(part)
    return _claimed(b"".join(each for each in inside if _FAR_ANYHOW.search(each)))


def _column(letters: bytes) -> int:
    """Z is 26, XFD 16,384."""
    value = 0
    for letter in letters.upper()[:6]:
        value = value * 26 + letter - 64
    return value
