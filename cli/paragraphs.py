"""Longer texts for a terminal: wrapped where a person reads, one line a fact where a program does."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence

from cli.output import is_terminal, styled

WIDEST = 110


def paragraph(text: str, *, indent: str = "", first: str = "") -> str:
    """A text in the width of the terminal, hanging behind `first`; unbroken where nobody looks."""
    if not is_terminal(sys.stdout):
        return f"{indent}{first}{text}"
    width = min(shutil.get_terminal_size().columns, WIDEST)
    hanging = len(indent) + len(first)
    if hanging > width // 2:
        return f"{indent}{first.rstrip()}\n{_filled(text, width, indent + '    ', indent + '    ')}"
    return _filled(text, width, indent + first, " " * hanging)


def _filled(text: str, width: int, initial: str, following: str) -> str:
    return textwrap.fill(
        text, width=width, initial_indent=initial, subsequent_indent=following, break_long_words=False, break_on_hyphens=False
    )


def heading(text: str) -> str:
    """The title of a part, with a line of room above it."""
    return f"\n{styled(text, 'bold', sys.stdout)}"


def columns(rows: Iterable[Sequence[str]], *, indent: str = "  ") -> list[str]:
    """Rows with aligned columns; the last column may be as long as it likes."""
    listed = [tuple(row) for row in rows]
    widths = [max(len(row[n]) for row in listed) for n in range(len(listed[0]) - 1)] if listed else []
    return [
        paragraph(row[-1], indent=indent, first="".join(f"{cell:<{width}}  " for cell, width in zip(row, widths, strict=False)))
        for row in listed
    ]
