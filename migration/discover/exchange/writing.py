"""How values are written so that people, spreadsheets and we read the same again."""

from __future__ import annotations

from datetime import UTC, datetime

from infra.spreadsheet import as_text


def safe(value: object) -> object:
    """A value that no spreadsheet takes for a formula. Reading takes the mark away again."""
    return as_text(value) if isinstance(value, str) else value


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
