"""Tables that people open in a spreadsheet: a text in them must never run as a formula."""

from __future__ import annotations

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that spreadsheets would run."""


def as_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula: `=cmd()` becomes `'=cmd()`. `as_meant` takes the mark away again."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def as_meant(text: str) -> str:
    """A text as it was before `as_text`."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA) else text
