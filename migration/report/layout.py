"""Places for the boxes of a map: sites side by side, services stacked within, servers in rows. Deterministic, no solver.

A box that already has a place (a person moved it in a drawing) keeps it; new boxes are put where nothing stands.
Coordinates are in points, relative to the parent's upper left corner, as draw.io has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from migration.report.topology import Box, Topology

SERVER_W, SERVER_H, GAP, HEAD = 150.0, 46.0, 12.0, 34.0
COLUMNS = 3
"""Servers side by side within a service: names stay readable at a page's width."""
SITE_GAP = 170.0
"""Between sites, so that lines between them can be seen."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box stands in its parent, and how large it is."""

    x: float
    y: float
    w: float
    h: float


def arrange(topology: Topology, kept: Mapping[str, Place] | None = None) -> dict[str, Place]:
    """A place for every box."""
    known = kept or {}
    children: dict[str, list[Box]] = {}
    for box in topology.boxes:
        children.setdefault(box.parent, []).append(box)
    places: dict[str, Place] = {}
    for top in children.get("", ()):
        for service in children.get(top.id, ()):
            _fill(service, children.get(service.id, ()), places, known)
        _stack(top, children.get(top.id, ()), places, known)
    _side_by_side(children.get("", ()), places, known)
    return places


def _fill(frame: Box, inner: Sequence[Box], places: dict[str, Place], kept: Mapping[str, Place]) -> None:
    """Servers in rows within their service; those with a place first, the others in the free cells."""
    taken = [kept[box.id] for box in inner if box.id in kept]
    cell = 0
    for box in inner:
        if box.id in kept:
            places[box.id] = kept[box.id]
            continue
        place = _cell(cell)
        while any(_overlap(place, other) for other in taken):
            cell += 1
            place = _cell(cell)
        places[box.id] = place
        cell += 1
    places[frame.id] = _around(frame, inner, places, kept, least=(SERVER_W + 2 * GAP, HEAD + GAP))


def _cell(number: int) -> Place:
    row, column = divmod(number, COLUMNS)
    return Place(GAP + column * (SERVER_W + GAP), HEAD + row * (SERVER_H + GAP), SERVER_W, SERVER_H)


def _stack(frame: Box, inner: Sequence[Box], places: dict[str, Place], kept: Mapping[str, Place]) -> None:
    """Services below each other; new ones below everything that has a place."""
    fixed = [places[box.id] for box in inner if box.id in kept]
    below = max((p.y + p.h + GAP for p in fixed), default=HEAD)
    wide = max((places[box.id].w for box in inner), default=0.0)
    for box in inner:
        if box.id in kept:
            continue
        size = places[box.id]
        places[box.id] = Place(GAP, below, wide, size.h)
        below += size.h + GAP
    places[frame.id] = _around(frame, inner, places, kept, least=(SERVER_W + 4 * GAP, SERVER_H))


def _around(frame: Box, inner: Sequence[Box], places: Mapping[str, Place], kept: Mapping[str, Place], least: tuple[float, float]) -> Place:
    """The frame's own place when it has one, at least as large as what stands in it."""
    width = max((places[b.id].x + places[b.id].w + GAP for b in inner), default=least[0])
    height = max((places[b.id].y + places[b.id].h + GAP for b in inner), default=least[1])
    old = kept.get(frame.id, Place(0.0, 0.0, *least))
    return Place(old.x, old.y, max(width, old.w), max(height, old.h))


def _side_by_side(tops: Sequence[Box], places: dict[str, Place], kept: Mapping[str, Place]) -> None:
    """Sites from left to right; loose addresses in a column after them; new ones right of everything that has a place."""
    right = max((places[b.id].x + places[b.id].w + SITE_GAP for b in tops if b.id in kept and b.id in places), default=0.0)
    loose = [box for box in tops if box.kind == "address"]
    for box in tops:
        if box.kind != "address" and box.id not in kept:
            size = places[box.id]
            places[box.id] = Place(right, 0.0, size.w, size.h)
            right += size.w + SITE_GAP
    fresh = 0
    for box in loose:
        if box.id in kept:
            places[box.id] = kept[box.id]
        else:
            places[box.id] = Place(right, fresh * (SERVER_H + GAP), SERVER_W, SERVER_H)
            fresh += 1


def _overlap(one: Place, other: Place) -> bool:
    return one.x < other.x + other.w and other.x < one.x + one.w and one.y < other.y + other.h and other.y < one.y + one.h
