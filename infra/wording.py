"""How lists and counts stand in a sentence, so that rules, reports and commands word them alike."""

from __future__ import annotations

from collections.abc import Sequence


def listed(names: Sequence[str], shown: int = 3, *, between: str = ", ") -> str:
    """The first names, and how many more there are: `a, b, c and 4 more`."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return between.join(names[:shown]) + more


def counted(number: int, noun: str) -> str:
    """A number of things: 1 host, 1,200 hosts."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
