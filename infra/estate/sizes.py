"""Sizes as people write them (`40.5GiB`) and as machines count them (bytes)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def parse_size(value: object) -> int:
    """Bytes from an integer or a text such as `512MiB` or `40.5GiB`.

    Raises:
        ValueError: the unit is unknown or decimal (GB), or the size is not a whole number of bytes.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = str(value).strip()
    for unit in sorted(_UNITS, key=len, reverse=True):
        if text.endswith(unit):
            return _scaled(text.removesuffix(unit).strip(), unit, text)
    raise ValueError(f"a size is a number of bytes or a text like 40GiB (units {', '.join(_UNITS)}), got {text!r}")


def _scaled(number: str, unit: str, text: str) -> int:
    try:
        size = Decimal(number) * _UNITS[unit]
    except InvalidOperation:
        raise ValueError(f"a size needs a number before {unit}, got {text!r}") from None
    if size != size.to_integral_value():
        raise ValueError(f"{text!r} is not a whole number of bytes")
    return int(size)


def format_size(size: int) -> str:
    """The shortest exact text: `40.5GiB`, `512MiB`, or plain bytes where no unit divides well."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        scaled = Decimal(size) / _UNITS[unit]
        if scaled >= 1 and scaled == scaled.quantize(Decimal("0.001")):
            return f"{scaled.normalize():f}{unit}"
    return str(size)
