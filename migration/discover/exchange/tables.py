"""A tab of a file as rows that are asked by column name, tolerant of how different versions spell their headers.

"Total disk capacity MiB", "Total disk capacity MB" and "vInfoTotalDiskCapacityMiB" are one column; "Memory", "Memory GB" and "Size MiB"
say in which unit they count. A cell that cannot be read becomes a finding and is then empty, so that one bad cell costs one value and not
the row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from migration.discover.exchange import cells
from migration.discover.exchange.notes import Notes

KIB, MIB, GIB, TIB = 1024, 1024**2, 1024**3, 1024**4
UNITS = {
    "": MIB,
    "mib": MIB,
    "mb": MIB,
    "gib": GIB,
    "gb": GIB,
    "kib": KIB,
    "kb": KIB,
    "tib": TIB,
    "tb": TIB,
    "bytes": 1,
    "inmb": MIB,
    "ingb": GIB,
    "inbytes": 1,
}
"""By the ending of a header. MB has always meant MiB in these tools."""
SECRET_NAME = re.compile(
    r"pass(word|wd|phrase|wort)|\bpwd\b|secret|token|credential|api.?key|private.?key|(?<![a-z])keys?(?![a-z])", re.IGNORECASE
)
SECRET_VALUE = re.compile(
    r"(pass(word|wd|phrase)?|pwd|secret|token|api.?key)\s*[:=]\s*\S|-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b", re.IGNORECASE
)
EARLIEST_YEAR = 1995


def key_of(header: str, tab: str = "") -> str:
    """A header without case, blanks and punctuation, and without the tab's name that old versions put before it."""
    plain = re.sub(r"[^\w#%]", "", header.casefold()).replace("_", "")
    if tab and plain.startswith(tab.casefold()) and len(plain) > len(tab):
        plain = plain[len(tab) :]
    return re.sub(r"^num(?!ber|eric)", "#", plain)


@dataclass(slots=True)
class Table:
    """One tab.

    Attributes:
        columns: header key -> index.
        custom: columns that the tool's own list does not have, by their header as written.
        first: the line of the first row in the file, counted from 1.
    """

    tab: str
    notes: Notes
    now: datetime
    columns: dict[str, int]
    rows: Sequence[Sequence[object]]
    custom: dict[str, int] = field(default_factory=dict)
    first: int = 2
    order: cells.Order = ""
    _sizes: dict[tuple[str, ...], tuple[int, int] | None] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Row]:
        """The rows that hold anything, with their line numbers."""
        for offset, row in enumerate(self.rows):
            if any(cell not in {"", None} for cell in row):
                yield Row(self, row, self.first + offset)

    def has(self, *names: str) -> bool:
        """Whether one of these columns is there."""
        return any(key in self.columns for key in names)

    def size_column(self, names: tuple[str, ...]) -> tuple[int, int] | None:
        """The index and the unit in bytes of the first of these columns, whatever unit its header names."""
        if names not in self._sizes:
            self._sizes[names] = next(
                ((self.columns[name + unit], size) for name in names for unit, size in UNITS.items() if name + unit in self.columns), None
            )
        return self._sizes[names]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: cells by column key, each as what it should be."""

    table: Table
    cells: Sequence[object]
    line: int

    def cell(self, *names: str) -> object:
        """The first of these columns that is there and not empty."""
        for name in names:
            index = self.table.columns.get(name)
            if index is not None and index < len(self.cells):
                found = self.cells[index]
                if found not in {"", None}:
                    return found
        return None

    def text(self, *names: str) -> str:
        """A text."""
        found = self.cell(*names)
        return cells.text(found) if found is not None else ""

    def text_at(self, index: int) -> str:
        """A custom cell as a text."""
        return cells.text(self.cells[index])

    def number(self, *names: str, whole: bool = True, least: float | None = 0) -> float | None:
        """A number, not below `least`."""
        found = self.cell(*names)
        if found is None:
            return None
        try:
            value = cells.number(found, whole=whole)
        except ValueError as error:
            self.note("DSC-032", f"{names[0]}: {_shown(found)} is {error}", taken="nothing")
            return None
        if value is not None and least is not None and value < least:
            self.note("DSC-033", f"{names[0]}: {_shown(found)} is below {least:g}", taken="nothing")
            return None
        return value

    def count(self, *names: str) -> int | None:
        """A whole number from 0 on."""
        found = self.number(*names)
        return None if found is None else int(found)

    def size(self, *names: str, least: float = 0) -> float | None:
        """Bytes, by the unit in the column's header."""
        column = self.table.size_column(names)
        if column is None or column[0] >= len(self.cells) or self.cells[column[0]] in {"", None}:
            return None
        index, unit = column
        try:
            value = cells.number(self.cells[index], whole=unit < GIB)
        except ValueError as error:
            self.note("DSC-032", f"{names[0]}: {_shown(self.cells[index])} is {error}", taken="nothing")
            return None
        if value is None:
            return None
        if value < least:
            self.note("DSC-033", f"{names[0]}: {_shown(self.cells[index])} is no size", taken="nothing")
            return None
        return value * unit

    def flag(self, *names: str) -> bool | None:
        """Yes or no."""
        found = self.cell(*names)
        if found is None:
            return None
        try:
            return cells.truth(found)
        except ValueError as error:
            self.note("DSC-038", f"{names[0]}: {_shown(found)} is {error}", taken="unknown")
            return None

    def moment(self, *names: str) -> datetime | None:
        """A moment between 1995 and tomorrow."""
        found = self.cell(*names)
        if found is None:
            return None
        try:
            value = cells.moment(found, self.table.order)
        except cells.AmbiguousDate as error:
            self.note("DSC-036", f"{names[0]}: {_shown(found)}: {error}", taken="nothing")
            return None
        except (ValueError, OverflowError):
            self.note("DSC-037", f"{names[0]}: {_shown(found)} is no date", taken="nothing")
            return None
        if value is None:
            return None
        if value.year < EARLIEST_YEAR or value > self.table.now + timedelta(days=2):
            self.note("DSC-037", f"{names[0]}: {_shown(found)} lies before {EARLIEST_YEAR} or in the future", taken="nothing")
            return None
        if cells.is_epoch(found):
            self.note("DSC-037", f"{names[0]}: {_shown(found)} counts from 1970", taken=f"{value:%Y-%m-%d %H:%M:%S} UTC")
        return value

    def note(self, code: str, what: str, *, taken: str = "", remedy: str = "", name: str = "") -> None:
        """Make a finding about this row."""
        self.table.notes.add(
            code, what, tab=self.table.tab, line=self.line, taken=taken, remedy=remedy, name=name or self.text("vm", "host", "name")
        )


def _shown(cell: object) -> str:
    """A cell in a message: short, and on one line."""
    plain = " ".join(cells.text(cell).split())
    return f"'{plain[:40]}...'" if len(plain) > 40 else f"'{plain}'"


def table_of(
    tab: str, header: Sequence[object], rows: Sequence[Sequence[object]], known: frozenset[str], notes: Notes, now: datetime, first: int = 2
) -> Table:
    """Match a header row with the names that the tool is known to write; the rest are custom attributes."""
    columns: dict[str, int] = {}
    custom: dict[str, int] = {}
    for index, cell in enumerate(header):
        name = cells.text(cell)
        key = key_of(name, tab)
        if not key:
            if any(index < len(row) and cells.text(row[index]) for row in rows):
                notes.add("DSC-024", f"column {index + 1} has values and no name", tab=tab, line=first - 1, taken="left out")
            continue
        if key not in known:
            _take_custom(tab, name, index, custom, notes)
        elif key in columns:
            notes.add(
                "DSC-024", f"the column {name} is there twice", tab=tab, line=first - 1, taken="the first", remedy="remove one of them"
            )
        else:
            columns[key] = index
    order = cells.order_of(row[index] for index in _date_columns(columns) for row in rows if index < len(row))
    return Table(tab=tab, notes=notes, now=now, columns=columns, rows=rows, custom=custom, first=first, order=order)


def _date_columns(columns: dict[str, int]) -> list[int]:
    return [
        index
        for key, index in columns.items()
        if "date" in key or "time" in key or key in {"poweron", "created", "booted", "changeversion"}
    ]


def _take_custom(tab: str, name: str, index: int, custom: dict[str, int], notes: Notes) -> None:
    if SECRET_NAME.search(name.replace("_", " ")):
        notes.add("DSC-023", f"the column {name} looks like a secret", tab=tab, taken="never read")
    else:
        custom.setdefault(name, index)
