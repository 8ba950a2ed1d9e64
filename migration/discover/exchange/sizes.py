"""Sizes in the wrong unit: memory of 4 in a column of MiB, bytes where MiB belong.

What no machine can have is read in the unit in which it makes sense, and a finding says so; what makes sense in no unit is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from migration.discover.exchange import cells
from migration.discover.exchange.tables import GIB, KIB, MIB, TIB, Row, Table

MOST_MEMORY = 24 * TIB
"""The most that vSphere 8 and EC2 give one machine."""
LEAST_MEMORY = 64 * MIB
"""Less than any guest starts with: 4 in a column of MiB means GiB."""
MOST_PER_CPU = 256 * GIB
"""More than any machine has for each processor: large databases have 30 GiB."""
MOST_DISK = 64 * TIB
_UNIT_NAMES = {1: "bytes", KIB: "KiB", MIB: "MiB", GIB: "GiB"}


def disk_size(mib: int) -> int:
    """Bytes of so many MiB."""
    return mib * MIB


def memory_unit(table: Table, names: tuple[str, ...] = ("memory", "memorysize")) -> int:
    """The unit of the memory column when every value of it says that it is another than the header's; 0 for the header's own."""
    column = table.size_column(names)
    if column is None:
        return 0
    processors = table.columns.get("cpus")
    pairs = [(value, _positive(row, processors)) for row in table.rows if (value := _positive(row, column[0]))]
    values = [value for value, _ in pairs]
    if len(values) < 3:
        return 0
    typical = median(values) * column[1]
    each = median([value * column[1] / count for value, count in pairs if count] or [0])
    if typical < LEAST_MEMORY and max(values) * GIB <= MOST_MEMORY:
        chosen = GIB
    elif max(values) * column[1] > MOST_MEMORY and LEAST_MEMORY <= typical / column[1] <= MOST_MEMORY and min(values) >= LEAST_MEMORY:
        chosen = 1
    elif column[1] == MIB and each > MOST_PER_CPU and max(values) * KIB <= MOST_MEMORY:
        chosen = KIB
    else:
        return 0
    table.notes.add("DSC-034", f"the whole memory column counts {_UNIT_NAMES[chosen]}", tab=table.tab, taken=f"{_UNIT_NAMES[chosen]}")
    return chosen


def _positive(row: Sequence[object], at: int | None) -> float:
    """The number in a cell, if it is one above zero."""
    if at is None or at >= len(row):
        return 0
    try:
        return max(0.0, cells.number(row[at]) or 0)
    except ValueError:
        return 0


def memory_size(row: Row, names: tuple[str, ...], unit: int = 0) -> int | None:
    """Bytes of memory."""
    value = row.size(*names, least=1)
    column = row.table.size_column(names)
    if value is None or column is None:
        return None
    if unit:
        return round(value / column[1] * unit)
    return _sensible(row, value, column[1], LEAST_MEMORY, MOST_MEMORY, "memory")


def capacity(row: Row, *names: str) -> int | None:
    """Bytes of a disk."""
    value = row.size(*names, least=1 / MIB)
    column = row.table.size_column(names)
    if value is None or column is None:
        return None
    return _sensible(row, value, column[1], 1, MOST_DISK, "disk")


def _sensible(row: Row, value: float, unit: int, least: int, most: int, what: str) -> int | None:
    """A size that can be, in the header's unit or in the one that was meant."""
    if least <= value <= most:
        return round(value)
    number = value / unit
    if value < least:
        if unit == MIB and LEAST_MEMORY <= number * GIB <= most:
            row.note("DSC-034", f"{what} of {number:g} MiB is too little to be meant", taken=f"{number:g} GiB")
            return round(number * GIB)
    else:
        for other in (1, KIB):
            if other < unit and max(least, 256 * MIB) <= number * other <= most:
                row.note(
                    "DSC-034",
                    f"{what} of {number:,.0f} {_UNIT_NAMES.get(unit, '')} is more than there is",
                    taken=f"{number:,.0f} {_UNIT_NAMES[other]}",
                )
                return round(number * other)
    row.note("DSC-035", f"{what} of {number:,.6g} {_UNIT_NAMES.get(unit, '')} cannot be", taken="unknown")
    return None
