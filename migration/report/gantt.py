"""Waves as a Gantt chart: a row for each group, a column for each night between the first and the last, and what holds each night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

from migration.report.svg import LINE, SOFT, text
from migration.waves.document import WavePlan

_LEFT, _RIGHT, _ROW, _HEAD, _WIDTH = 200.0, 36.0, 20.0, 26.0, 900.0
ROWS = 120
"""Groups drawn one by one; of a larger plan each row is a night."""
_STATES = {"planned": ("var(--bar, #0550ae)", ""), "moved": ("var(--good, #116329)", "✓"), "failed": ("var(--bad, #a40e26)", "✗")}
_OTHER = ("var(--warn, #7d4e00)", "↩")


@dataclass(frozen=True, slots=True)
class Bar:
    """A row: who moves, in which night, in what state."""

    name: str
    night: date
    servers: int
    gb: float
    state: str


def bars(plan: WavePlan) -> tuple[Bar, ...]:
    """Groups in the order of their nights; nights, when there are very many groups."""
    rows: list[Bar] = []
    for night in plan.nights:
        groups: dict[str, list[tuple[float, str]]] = {}
        for each in night.servers:
            groups.setdefault(each.group or each.server, []).append((each.gb, each.state))
        for name, members in groups.items():
            states = {state for _, state in members}
            state = next((s for s in ("failed", "rolled-back") if s in states), "moved" if states == {"moved"} else "planned")
            rows.append(Bar(name, night.night, len(members), sum(gb for gb, _ in members), state))
    if len(rows) <= ROWS:
        return tuple(rows)
    return tuple(
        Bar(f"wave {n}", night.night, len(night.servers), sum(s.gb for s in night.servers), "planned")
        for n, night in enumerate(plan.nights, 1)
    )


def gantt(rows: Sequence[Bar], freezes: Sequence[tuple[date, date, str]] = ()) -> str:
    """The drawing; empty without rows. Frozen days are shaded, with their reason as title."""
    if not rows:
        return ""
    first, last = min(r.night for r in rows), max(r.night for r in rows)
    days = (last - first).days + 1
    wide = (_WIDTH - _LEFT - _RIGHT) / days
    height = _HEAD + _ROW * len(rows) + 6
    said = f"{sum(r.servers for r in rows)} servers in {len({r.night for r in rows})} nights from {first} to {last}"
    parts = [f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {height:g}" role="img" aria-label="{said}">']
    parts += [_frozen(first, last, wide, height, each) for each in freezes if each[0] <= last and each[1] >= first]
    parts += _months(first, days, wide, height)
    for number, row in enumerate(rows):
        parts += _row(row, number, first, wide)
    return "".join([*parts, "</svg>"])


def _frozen(first: date, last: date, wide: float, height: float, freeze: tuple[date, date, str]) -> str:
    begin, end = max(first, freeze[0]), min(last, freeze[1])
    x, w = _LEFT + (begin - first).days * wide, ((end - begin).days + 1) * wide
    return (
        f'<rect x="{x:.1f}" y="{_HEAD}" width="{w:.1f}" height="{height - _HEAD:.1f}" fill="var(--tight, #fbe9c4)">'
        f"<title>frozen {freeze[0]} to {freeze[1]}: {escape(freeze[2])}</title></rect>"
    )


def _months(first: date, days: int, wide: float, height: float) -> list[str]:
    """Lines at Mondays where they fit, labels where there is room."""
    every = max(1, -(-days // 10))
    found = []
    for number in range(0, days, every):
        x, day = _LEFT + number * wide, first + timedelta(days=number)
        found.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_HEAD - 6}" y2="{height:.1f}" stroke="{LINE}"/>')
        found.append(text(x + 3, 14, f"{day:%d %b}", size=11, fill=SOFT))
    return found


def _row(row: Bar, number: int, first: date, wide: float) -> list[str]:
    x, y = _LEFT + (row.night - first).days * wide, _HEAD + number * _ROW
    colour, sign = _STATES.get(row.state, _OTHER)
    said = f"{row.name}: {row.night}, {row.servers} server{'s' if row.servers != 1 else ''}, {row.gb:,.0f} GB, {row.state}"
    name = row.name if len(row.name) <= 27 else row.name[:26] + "…"
    wide = max(wide - 1, 7)
    drawn = f'<rect x="{x:.1f}" y="{y + 3:.1f}" width="{wide:.1f}" height="{_ROW - 6}" rx="2" fill="{colour}">'
    return [
        text(_LEFT - 8, y + 14, name, anchor="end"),
        f"{drawn}<title>{escape(said)}</title></rect>",
        text(x + wide + 4, y + 14, f"{sign}{row.servers}", size=11, fill=SOFT),
    ]
