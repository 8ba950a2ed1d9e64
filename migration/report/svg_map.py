"""The map as SVG in the colours of the page it stands in. Every shape has a title, so that a screen reader and a mouse can ask it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from migration.report.layout import Place, arrange
from migration.report.svg import SOFT, text
from migration.report.topology import Box, Line, Topology

_DASH = {"declared": "", "seen": ' stroke-dasharray="6 3"', "once": ' stroke-dasharray="1 4"'}
_WORDS = {"declared": "declared", "seen": "seen in flows", "once": "seen once only"}
_MARGIN = 10.0
_ARROW = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0L8 4L0 8z" fill="var(--soft, #57606a)"/></marker></defs>'
)


def to_svg(topology: Topology, kept: Mapping[str, Place] | None = None) -> str:
    """The drawing, as wide as it needs to be; the page scrolls or scales it."""
    places = _absolute(topology, arrange(topology, kept))
    left = min((p.x for p in places.values()), default=0.0) - _MARGIN
    top = min((p.y for p in places.values()), default=0.0) - _MARGIN
    width = max((p.x + p.w for p in places.values()), default=100.0) + _MARGIN - left
    height = max((p.y + p.h for p in places.values()), default=40.0) + _MARGIN - top
    names = {box.id: box.label for box in topology.boxes}
    frames = [_frame(box, places[box.id]) for box in topology.boxes if box.kind in {"site", "service"}]
    lines = [_line(line, places, names) for line in topology.lines]
    leaves = [_leaf(box, places[box.id]) for box in topology.boxes if box.kind in {"server", "address"}]
    opened = (
        f'<svg class="map" xmlns="http://www.w3.org/2000/svg" viewBox="{left:g} {top:g} {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label="{escape(topology.title, quote=True)}">'
    )
    return "\n".join([opened, _ARROW, *frames, *lines, *leaves, "</svg>"])


def _absolute(topology: Topology, places: Mapping[str, Place]) -> dict[str, Place]:
    """Places on the page; parents come before their children."""
    found: dict[str, Place] = {}
    for box in topology.boxes:
        place, parent = places[box.id], found.get(box.parent)
        found[box.id] = Place(place.x + parent.x, place.y + parent.y, place.w, place.h) if parent else place
    return found


def _frame(box: Box, place: Place) -> str:
    fill = "var(--panel, #f6f8fa)" if box.kind == "site" else "var(--bg, #fff)"
    stroke = "var(--soft, #57606a)" if box.kind == "site" else "var(--line, #d0d7de)"
    return (
        f"<g><title>{escape(_said(box))}</title>{_rectangle(place, fill, stroke)}"
        f"{text(place.x + 10, place.y + 20, box.label, bold=box.kind == 'site', size=14 if box.kind == 'site' else 12)}</g>"
    )


def _leaf(box: Box, place: Place) -> str:
    moving = box.wave is not None
    stroke = "var(--warn, #7d4e00)" if moving else "var(--bar, #0550ae)"
    badge = text(place.x + place.w - 8, place.y + 18, f"▲ {box.wave}", bold=True, size=11, anchor="end") if moving else ""
    dash = ' stroke-dasharray="3 3"' if box.kind == "address" else ""
    return (
        f"<g><title>{escape(_said(box))}</title>{_rectangle(place, 'var(--bg, #fff)', stroke, 2 if moving else 1, dash)}"
        f"{text(place.x + 8, place.y + 18, _cut(box.label, 17 if moving else 21), size=12)}"
        f"{text(place.x + 8, place.y + 35, _cut(box.detail, 25), size=10, fill=SOFT)}{badge}</g>"
    )


def _line(line: Line, places: Mapping[str, Place], names: Mapping[str, str]) -> str:
    source, target = places[line.source], places[line.target]
    path = _between(source, target) or _beside(source, target)
    said = f"{names[line.source]} uses {names[line.target]}, {_WORDS[line.style]}" + (f": {line.label}" if line.label else "")
    return (
        f'<path d="{path}" fill="none" stroke="var(--soft, #57606a)" stroke-width="1.2" marker-end="url(#arrow)"{_DASH[line.style]}>'
        f"<title>{escape(said)}</title></path>"
    )


def _between(source: Place, target: Place) -> str:
    """From side to side of two boxes that stand beside each other; empty when they do not."""
    if target.x >= source.x + source.w:
        x1, x2 = source.x + source.w, target.x
    elif target.x + target.w <= source.x:
        x1, x2 = source.x, target.x + target.w
    else:
        return ""
    y1, y2, bend = source.y + source.h / 2, target.y + target.h / 2, (x1 + x2) / 2
    return f"M{x1:g} {y1:g}C{bend:g} {y1:g} {bend:g} {y2:g} {x2:g} {y2:g}"


def _beside(source: Place, target: Place) -> str:
    """A bow past the right of two boxes that stand above each other; the wider, the further they are apart."""
    x1, x2 = source.x + source.w, target.x + target.w
    y1, y2 = source.y + source.h / 2, target.y + target.h / 2
    bow = max(x1, x2) + 24 + min(90.0, abs(y2 - y1) / 8)
    return f"M{x1:g} {y1:g}C{bow:g} {y1:g} {bow:g} {y2:g} {x2:g} {y2:g}"


def _rectangle(place: Place, fill: str, stroke: str, width: float = 1, extra: str = "") -> str:
    return (
        f'<rect x="{place.x:g}" y="{place.y:g}" width="{place.w:g}" height="{place.h:g}" rx="4" fill="{fill}" stroke="{stroke}" '
        f'stroke-width="{width:g}"{extra}/>'
    )


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"


def _said(box: Box) -> str:
    wave = f"moves to {box.target} in wave {box.wave}" if box.wave else ""
    return ", ".join(part for part in (box.label, box.detail, wave) if part)
