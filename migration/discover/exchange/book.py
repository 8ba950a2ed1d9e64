"""The tabs of a workbook or of a set of CSV files, each read when it is asked for."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from io import BytesIO, StringIO
from typing import Protocol

import python_calamine

from infra.spreadsheet import as_meant
from migration.discover.exchange.cells import text
from migration.discover.exchange.faults import damaged, protected
from migration.discover.exchange.notes import Notes
from migration.discover.exchange.source import Source
from migration.discover.exchange.tables import Table, key_of, table_of

HEADER_WITHIN = 10
"""So many lines may stand above the header row: people write titles."""
_CSV_TAB = re.compile(r"(?:^|_)tab(d?v[a-z_]+)\.csv$", re.IGNORECASE)
Known = Callable[[str], frozenset[str]]


class Book(Protocol):
    """Tabs by name, in small letters."""

    name: str
    notes: Notes

    def tabs(self) -> tuple[str, ...]:
        """The names as the file has them."""

    def rows(self, tab: str) -> Sequence[Sequence[object]]:
        """All rows of a tab, header and all."""


def read_tab(book: Book, tab: str, known: Known, now: datetime) -> Table | None:
    """A tab as a table; None when there is none, with nothing said: whether that matters the caller knows."""
    actual = next((each for each in book.tabs() if tab_name(each) == tab.casefold()), None)
    if actual is None:
        return None
    rows = book.rows(actual)
    names = known(tab)
    at = _header(rows, names, tab)
    if at is None:
        if any(text(cell) for row in rows[:HEADER_WITHIN] for cell in row):
            book.notes.add("DSC-021", "no row of column names was found", tab=tab, taken="the tab was left out")
        else:
            book.notes.add("DSC-021", "the tab is empty", tab=tab, taken="the tab was left out")
        return None
    return table_of(tab, rows[at], rows[at + 1 :], names, book.notes, now, first=at + 2)


def tab_name(name: str) -> str:
    """VInfo from vInfo, tabvInfo and RVTools_tabvInfo.csv, in small letters."""
    match = _CSV_TAB.search(name)
    plain = (match[1] if match else name.removesuffix(".csv")).strip().casefold()
    return plain.removeprefix("rvtools_").removeprefix("tab")


def _header(rows: Sequence[Sequence[object]], known: frozenset[str], tab: str) -> int | None:
    """The first row with two names that the tool writes, or with one in its first cell."""
    for index, row in enumerate(rows[:HEADER_WITHIN]):
        keys = [key_of(text(cell), tab) for cell in row]
        if sum(key in known for key in keys) >= 2 or (keys and keys[0] in known and index == 0):
            return index
    return None


class Workbook:
    """An xlsx workbook."""

    def __init__(self, source: Source, notes: Notes) -> None:
        self.name, self.notes = source.name, notes
        try:
            self._book = python_calamine.CalamineWorkbook.from_filelike(BytesIO(source.workbook))
        except python_calamine.PasswordError as error:
            raise protected(self.name) from error
        except (python_calamine.CalamineError, OSError, ValueError) as error:
            raise damaged(self.name, str(error)) from error

    def tabs(self) -> tuple[str, ...]:
        """The names of its sheets."""
        return tuple(self._book.sheet_names)

    def rows(self, tab: str) -> Sequence[Sequence[object]]:
        """All rows of a sheet; none, with a finding, when it cannot be read."""
        try:
            return self._book.get_sheet_by_name(tab).to_python()
        except (python_calamine.CalamineError, OSError, ValueError, OverflowError) as error:
            self.notes.add("DSC-021", f"the tab cannot be read: {error}", tab=tab, taken="the tab was left out")
            return []


class Tables:
    """CSV files, one per tab."""

    def __init__(self, source: Source, notes: Notes) -> None:
        self.name, self.notes = source.name, notes
        self._readers = dict(source.tables or {})

    def tabs(self) -> tuple[str, ...]:
        """The names of the files."""
        return tuple(self._readers)

    def rows(self, tab: str) -> Sequence[Sequence[object]]:
        """All lines of a file."""
        return list(read_csv(self._readers[tab](), tab, self.notes))


class Renamed:
    """A book one of whose tabs goes by the name that its content says."""

    def __init__(self, book: Book, tab: str, name: str) -> None:
        self.name, self.notes = book.name, book.notes
        self._book, self._tab, self._name = book, tab, name

    def tabs(self) -> tuple[str, ...]:
        """The names, with the new one."""
        return tuple(self._name if each == self._tab else each for each in self._book.tabs())

    def rows(self, tab: str) -> Sequence[Sequence[object]]:
        """The rows of the tab behind a name."""
        return self._book.rows(self._tab if tab == self._name else tab)


def read_csv(content: bytes, name: str, notes: Notes) -> Iterator[list[str]]:
    """The rows of a CSV text, whatever its encoding and separator.

    A quote that nobody closes would swallow the rest of the file; such a stretch is read again line by line.
    """
    plain = _decoded(content, name, notes).replace("\0", "")
    first = next((line for line in plain.splitlines() if line.strip()), "")
    separator = max(",;\t|", key=lambda each: re.sub(r'"[^"]*"', "", first).count(each))
    width = 0
    for row, lines in _parsed(plain, separator):
        if not width:
            width = len(row) if len(row) > 1 else 0
            yield [as_meant(cell) for cell in row]
        elif len(lines) > 1 and len(row) != width:
            notes.add("DSC-050", f"a quote is opened and never closed, for {len(lines)} lines", tab=name, taken="read line by line")
            yield from ([as_meant(cell) for cell in next(csv.reader([line], delimiter=separator), [])] for line in lines)
        else:
            if len(row) > width and any(row[width:]):
                notes.add("DSC-050", f"{len(row)} fields under {width} names", tab=name, taken=f"the first {width}", name=row[0][:60])
            yield [as_meant(cell) for cell in row]


def _parsed(plain: str, separator: str) -> Iterator[tuple[list[str], list[str]]]:
    """Rows with the lines they came from."""
    seen: list[str] = []

    def lines() -> Iterator[str]:
        for line in StringIO(plain, newline=""):
            seen.append(line)
            yield line

    reader = csv.reader(lines(), delimiter=separator)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            row = []
        taken, seen[:] = list(seen), []
        yield row, taken


def _decoded(content: bytes, name: str, notes: Notes) -> str:
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        notes.add("DSC-047", "the text is not UTF-8", tab=name, taken="read as Windows-1252")
        return content.decode("cp1252", errors="replace")
