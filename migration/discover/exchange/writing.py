"""How values are written so that people, spreadsheets and we read the same again."""

from __future__ import annotations

from datetime import UTC, datetime

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that spreadsheets would run."""


def safe(value: object) -> object:
    """A text that no spreadsheet takes for a formula: `=cmd()` becomes `'=cmd()`. Reading takes the mark away again."""
    if isinstance(value, str) and value.lstrip("'").startswith(FORMULA):
        return f"'{value}"
    return value


def units(size: int, unit: int) -> int | str:
    """A size in a unit: a whole number where it is one, else with so many decimals that nobody takes the point for thousands."""
    whole, rest = divmod(size, unit)
    return whole if not rest else f"{size / unit:.10f}"


def number_of(size: int, unit: int) -> float:
    """The same as a number for a cell."""
    return size // unit if size % unit == 0 else size / unit


def stamp(moment: datetime | None) -> str:
    """A moment as ISO in UTC."""
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
