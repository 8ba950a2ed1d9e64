"""How sure an edge is, from 0 to 1, and why, in words.

What adds up: days on which it was seen (up to a week), how many connections (up to a thousand), that somebody answered, that several
exporters tell of it, that a process is known to listen, that people declared it. What takes away: seen once, never answered, ports that
leave open who serves.
"""

from __future__ import annotations

import math
from dataclasses import replace

from migration.discover.model import Edge

BASE, DAYS, MANY, ANSWERED, BOTH, LISTENS, DECLARED = 0.15, 0.35, 0.15, 0.15, 0.1, 0.05, 0.2
ONCE = 0.25
"""The most that one sighting is worth, unless people declared it."""

UNANSWERED = 0.15
UNSURE = 0.15
MOST = 0.99
_WEEK = 7


def judged(edge: Edge, *, certain: bool = True, declared: bool = False) -> Edge:
    """The edge with its confidence and the reason. `declared`: people say the same."""
    value = BASE + DAYS * min(1.0, edge.days / _WEEK) + MANY * min(1.0, math.log10(max(1, edge.connections)) / 3)
    value += (ANSWERED if edge.answered else 0.0) + (BOTH if edge.both else 0.0) + (LISTENS if edge.process else 0.0)
    value -= 0.0 if certain else UNSURE
    if not edge.answered:
        value = min(value, UNANSWERED)
    if edge.once:
        value = min(value, ONCE)
    value += DECLARED if declared else 0.0
    basis = tuple(sorted({*edge.basis} - {"declared"} | ({"declared"} if declared else set())))
    return replace(edge, basis=basis, confidence=round(min(MOST, max(0.05, value)), 2), why=_why(edge, certain=certain, declared=declared))


def _why(edge: Edge, *, certain: bool, declared: bool) -> str:
    words = [f"seen on {edge.days} day{'' if edge.days == 1 else 's'}" if edge.days else "seen, no one knows when"]
    words.append(f"{edge.connections:,} connection{'' if edge.connections == 1 else 's'}")
    if edge.bytes:
        words.append(size(edge.bytes))
    if edge.both:
        words.append("told by several")
    if not edge.answered:
        words.append("never answered")
    if edge.process:
        words.append(f"{edge.process} listens")
    if not certain:
        words.append("who serves is not sure")
    if declared:
        words.append("declared")
    return ", ".join(words)


def size(count: int) -> str:
    """Bytes as people say them."""
    value, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"
