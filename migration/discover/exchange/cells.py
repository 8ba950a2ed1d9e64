"""What a cell means: numbers, yes and no, moments and names, in the many ways that spreadsheets and locales write them.

A parser returns None for an empty cell and raises ValueError for one that it cannot read; the caller makes a finding of that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Literal

Order = Literal["day", "month", ""]
"""Which comes first in 03/04/2026; empty while nothing in the file shows it."""

_YES = (
    "true yes y 1 on x wahr ja vrai oui verdadero verdadeiro si sí sim vero waar sant sand prawda tak igaz pravda ano tosi istina "
    "истина да 真 是 はい 참 doğru evet enabled"
)
_NO = (
    "false no n 0 off falsch nein faux non falso não nao onwaar nee falskt falsk usant fałsz nie hamis nepravda ne epätosi "
    "ложь нет 假 否 いいえ 거짓 yanlış hayır disabled"
)
YES, NO = frozenset(_YES.split()), frozenset(_NO.split())
EMPTY = frozenset({"", "-", "n/a", "na", "null", "none", "#n/a", "nan"})
EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
"""Day 0 of spreadsheets."""
_SPACES = re.compile(r"[\s\u00a0\u202f'’]+")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?", re.IGNORECASE)
_NUMERIC_DATE = re.compile(
    r"(\d{1,2})([/.\-])(\d{1,2})[/.\-](\d{4}|\d{2})(?:[ ,T]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,]\d+)?\s*([ap]\.?m\.?)?)?",
    re.IGNORECASE,
)
_ISO_DATE = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d+)?\s*([ap]\.?m\.?)?\s*(Z|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)


def text(cell: object) -> str:
    """A cell as people see it: 21.0 is 21, a moment is ISO."""
    if isinstance(cell, str):
        return cell.strip()
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return str(cell)


def number(cell: object, *, whole: bool = True) -> float | None:
    """A number, whatever its thousands and decimals look like.

    Args:
        cell: the cell.
        whole: the column holds whole numbers, so that 1,024 and 1.024 are a thousand and not one.
    """
    if isinstance(cell, bool):
        raise ValueError("true or false where a number belongs")  # noqa: TRY004 - as below
    if isinstance(cell, int | float):
        if cell != cell or cell in {float("inf"), float("-inf")}:  # noqa: PLR0124
            raise ValueError("no finite number")
        return float(cell)
    if cell is None:
        return None
    if not isinstance(cell, str):
        raise ValueError("a date where a number belongs")  # noqa: TRY004 - the cell is wrong, not the caller
    plain = cell.strip()
    if plain.casefold() in EMPTY:
        return None
    plain = _one_decimal_point(_SPACES.sub("", plain).rstrip("%"), whole=whole)
    if not _NUMBER.fullmatch(plain):
        raise ValueError("no number")
    value = float(plain)
    if abs(value) > 1e300:
        raise ValueError("no finite number")
    return value


def _one_decimal_point(plain: str, *, whole: bool) -> str:
    """1.234,5 and 1,234.5 are 1234.5. Several of one kind are thousands; so is one before three digits where whole numbers belong."""
    dots, commas = plain.count("."), plain.count(",")
    if dots and commas:
        decimal = max(".", ",", key=plain.rfind)
        return plain.replace("," if decimal == "." else ".", "").replace(decimal, ".")
    if dots > 1 or commas > 1:
        return plain.replace(".", "").replace(",", "")
    if whole and re.fullmatch(r"[-+]?[1-9]\d{0,2}[.,]\d{3}", plain):
        return plain.replace(".", "").replace(",", "")
    return plain.replace(",", ".")


def truth(cell: object) -> bool | None:
    """Yes or no in a dozen languages; None for an empty cell."""
    if isinstance(cell, bool):
        return cell
    word = text(cell).casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    if word in EMPTY:
        return None
    raise ValueError("neither yes nor no")


def moment(cell: object, order: Order = "") -> datetime | None:
    """A moment in UTC, which is what vCenter keeps: from a date cell, a spreadsheet's day number, an epoch, ISO, US or European text.

    Raises:
        AmbiguousDate: 03/04/2026, where nothing in the file shows which comes first.
        ValueError: no date.
    """
    if isinstance(cell, datetime):
        return cell if cell.tzinfo else cell.replace(tzinfo=UTC)
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day, tzinfo=UTC)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _counted(float(cell))
    plain = text(cell)
    if plain.casefold() in EMPTY:
        return None
    iso = _ISO_DATE.fullmatch(plain)
    if iso:
        return _moment(int(iso[1]), int(iso[2]), int(iso[3]), iso.groups()[3:7], iso[8] or "")
    numeric = _NUMERIC_DATE.fullmatch(plain)
    if numeric:
        day, month = _day_and_month(numeric, order)
        year = int(numeric[4]) + (2000 if len(numeric[4]) == 2 else 0)
        return _moment(year, month, day, numeric.groups()[4:8], "")
    if re.fullmatch(r"\d+([.,]\d+)?", plain):
        return _counted(float(plain.replace(",", ".")))
    raise ValueError("no date")


class AmbiguousDate(ValueError):  # noqa: N818
    """Two readings of one date are possible."""


def _day_and_month(match: re.Match[str], order: Order) -> tuple[int, int]:
    first, second = int(match[1]), int(match[3])
    if match[8]:
        order = "month"
    elif match[2] == ".":
        order = "day"
    if first > 12 or (order == "day" and second <= 12):
        return first, second
    if second > 12 or order == "month":
        return second, first
    if first == second:
        return first, second
    raise AmbiguousDate("day and month could each come first")


def order_of(cells: Iterable[object]) -> Order:
    """Whether day or month comes first, as far as the dates of a file show: a number above 12, am and pm, or dots."""
    for cell in cells:
        match = _NUMERIC_DATE.fullmatch(cell.strip()) if isinstance(cell, str) else None
        if match:
            if match[8] or int(match[3]) > 12:
                return "month"
            if int(match[1]) > 12 or match[2] == ".":
                return "day"
    return ""


def _counted(value: float) -> datetime | None:
    """0 is none; day numbers of spreadsheets stay below 100,000 (the year 2173), epochs in seconds and milliseconds far above."""
    if value == 0:
        return None
    if 10_000 <= value < 100_000:
        return EPOCH + timedelta(seconds=round(value * 86_400))
    if 5e8 <= value < 5e9:
        return datetime.fromtimestamp(value, UTC)
    if 5e11 <= value < 5e12:
        return datetime.fromtimestamp(value / 1000, UTC)
    raise ValueError("no date")


def is_epoch(cell: object) -> bool:
    """Whether a date cell counts seconds or milliseconds since 1970."""
    try:
        value = float(cell) if isinstance(cell, int | float | str) else 0.0
    except ValueError:
        return False
    return 5e8 <= value < 5e12


def _moment(year: int, month: int, day: int, clock: tuple[str | None, ...], zone: str) -> datetime:
    hour, minute, second = (int(part or 0) for part in clock[:3])
    half = (clock[3] or "").casefold()[:1]
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    found = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    if zone and zone.upper() != "Z":
        sign = 1 if zone[0] == "+" else -1
        found -= sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return found
