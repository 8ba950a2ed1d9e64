"""The map as a draw.io file: plain XML (mxGraphModel) that opens in draw.io, Lucid and Cloud Migration Factory.

What a person did to the drawing survives the next export: positions and sizes of our boxes, routes of our lines, styles that were changed,
and every shape that is not ours. What vanished from the estate vanishes from the drawing; what is new stands where nothing stood.

Format: jgraph's mxGraphModel as draw.io writes it; a compressed page is base64 of raw deflate of URL-encoded XML
(drawio.com, "Extract XML").
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError, SubElement, indent, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from infra.errors import InclineError, why_unreadable
from migration.report.layout import Place, arrange
from migration.report.topology import Box, Line, Topology

OURS = "incline-"
"""What our cells' ids begin with; all others belong to people."""
LARGEST = 64 << 20
"""Bytes of a drawing that are read: a drawing of 5,000 servers has 5 MB."""
_FRAME = "whiteSpace=wrap;html=0;container=1;collapsible=0;verticalAlign=top;"
_STYLES = {
    "site": f"rounded=0;fontStyle=1;fillColor=#F6F8FA;strokeColor=#57606A;{_FRAME}",
    "service": f"rounded=1;arcSize=4;fillColor=#FFFFFF;strokeColor=#0550AE;{_FRAME}",
    "server": "rounded=1;whiteSpace=wrap;html=0;fillColor=#DDF4FF;strokeColor=#0550AE;fontSize=11;",
    "moving": "rounded=1;whiteSpace=wrap;html=0;fillColor=#FFF8C5;strokeColor=#7D4E00;fontSize=11;strokeWidth=2;",
    "address": "shape=ellipse;whiteSpace=wrap;html=0;fillColor=#FFFFFF;strokeColor=#57606A;dashed=1;fontSize=11;",
}
_LINES = {
    "declared": "endArrow=block;html=0;rounded=1;strokeColor=#0550AE;edgeStyle=orthogonalEdgeStyle;",
    "seen": "endArrow=open;html=0;rounded=1;strokeColor=#57606A;dashed=1;edgeStyle=orthogonalEdgeStyle;",
    "once": "endArrow=open;html=0;rounded=1;strokeColor=#9DA7B3;dashed=1;dashPattern=1 4;edgeStyle=orthogonalEdgeStyle;",
}


class DrawingError(InclineError):
    """A drawing that cannot be read, and is therefore not overwritten."""


def to_drawio(topology: Topology, before: str | None = None, *, name: str = "the drawing") -> str:
    """The drawing as text.

    Args:
        topology: what to draw.
        before: the drawing as it stands now, whose positions and own shapes are kept.
        name: how errors name that drawing.

    Raises:
        DrawingError: `before` is no draw.io file (INC-7160); it is refused rather than overwritten.
    """
    old = _cells(before, name) if before and before.strip() else {}
    places = arrange(topology, _kept(topology, old))
    file = Element("mxfile", host="incline", type="device")
    diagram = SubElement(file, "diagram", id="incline", name=topology.title)
    model = SubElement(diagram, "mxGraphModel", grid="1", gridSize="10", guides="1", tooltips="1", connect="1", arrows="1", page="0")
    root = SubElement(model, "root")
    SubElement(root, "mxCell", {"id": "0"})
    SubElement(root, "mxCell", {"id": "1", "parent": "0"})
    for box in topology.boxes:
        root.append(_vertex(box, places[box.id], old.get(OURS + box.id)))
    for line in topology.lines:
        root.append(_edge(line, old.get(OURS + line.id)))
    _keep_foreign(root, old)
    indent(file)
    return tostring(file, encoding="unicode") + "\n"


def read_drawing(path: Path) -> str | None:
    """The drawing's text; None where there is none yet.

    Raises:
        DrawingError: it is there and cannot be read (INC-7160).
    """
    try:
        if path.exists() and path.stat().st_size > LARGEST:
            raise _refused(str(path), f"it is larger than {LARGEST >> 20} MiB")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(str(path), why_unreadable(error)) from error


def _refused(name: str, why: str) -> DrawingError:
    return DrawingError(
        f"{name}: no draw.io drawing that can be read: {why}",
        code="INC-7160",
        details=("it is left as it is, since its positions cannot be kept",),
        next_step="move it away, or name another file",
    )


def _cells(text: str, name: str) -> dict[str, Element]:
    """All cells of the first page by id, but the two roots. A cell within an `object` (custom properties) is the object."""
    try:
        file = fromstring(text)
        page = file if file.tag == "mxGraphModel" else file.find("diagram")
        if page is not None and page.tag == "diagram":
            page = page.find("mxGraphModel") if len(page) else _inflated(page.text or "")
        root = page.find("root") if page is not None else None
    except (ParseError, DefusedXmlException, zlib.error, binascii.Error, ValueError) as error:
        raise _refused(name, str(error).splitlines()[0]) from error
    if root is None:
        raise _refused(name, "it has no page with a drawing")
    return {each.get("id", ""): each for each in root if each.get("id", "") not in {"", "0", "1"}}


def _inflated(text: str) -> Element:
    """A compressed page; more than `LARGEST` is refused by the limit of the decompressor."""
    unpacked = zlib.decompressobj(-15).decompress(base64.b64decode(text, validate=False), LARGEST)
    page: Element = fromstring(unquote(unpacked.decode("utf-8")))
    return page


def _kept(topology: Topology, old: Mapping[str, Element]) -> dict[str, Place]:
    """Places of boxes that stand in the same parent as before: a server that moved to another site gets a new place there."""
    found = {}
    for box in topology.boxes:
        cell = _cell(old.get(OURS + box.id))
        if cell is None or cell.get("parent") != (OURS + box.parent if box.parent else "1"):
            continue
        place = _place(cell.find("mxGeometry"))
        if place is not None:
            found[box.id] = place
    return found


def _place(geometry: Element | None) -> Place | None:
    """A box's place; draw.io leaves zeros out. None where no finite numbers stand: then the box gets a new one."""
    if geometry is None:
        return None
    try:
        numbers = [float(geometry.get(key) or 0.0) for key in ("x", "y", "width", "height")]
    except ValueError:
        return None
    return Place(*numbers) if all(isfinite(each) for each in numbers) else None


def _cell(element: Element | None) -> Element | None:
    """The mxCell itself, also within an object or UserObject."""
    if element is None or element.tag == "mxCell":
        return element
    return element.find("mxCell")


def _vertex(box: Box, place: Place, old: Element | None) -> Element:
    wave = f"\nwave {box.wave} to {box.target}" if box.wave else ""
    label = "\n".join(part for part in (box.label, box.detail) if part) + wave
    ours = _STYLES["moving" if box.kind == "server" and box.wave else box.kind]
    parent = OURS + box.parent if box.parent else "1"
    cell = Element("mxCell", id=OURS + box.id, value=label, style=_style(old, ours), vertex="1", parent=parent)
    size = {"x": f"{place.x:g}", "y": f"{place.y:g}", "width": f"{place.w:g}", "height": f"{place.h:g}"}
    SubElement(cell, "mxGeometry", {**size, "as": "geometry"})
    return cell


def _edge(line: Line, old: Element | None) -> Element:
    said = {"id": OURS + line.id, "value": line.label, "style": _style(old, _LINES[line.style]), "edge": "1", "parent": "1"}
    cell = Element("mxCell", {**said, "source": OURS + line.source, "target": OURS + line.target})
    before = _cell(old)
    route = before.find("mxGeometry") if before is not None else None
    if route is not None:
        cell.append(route)
    else:
        SubElement(cell, "mxGeometry", {"relative": "1", "as": "geometry"})
    return cell


def _style(old: Element | None, ours: str) -> str:
    """Our style, unless a person gave the box one that was never ours."""
    cell = _cell(old)
    style = cell.get("style", "") if cell is not None else ""
    return style if style and style not in {*_STYLES.values(), *_LINES.values()} else ours


def _keep_foreign(root: Element, old: Mapping[str, Element]) -> None:
    """Shapes that people drew. One whose parent or end is gone is put on the page, or stays loose, rather than lost."""
    foreign = {key: element for key, element in old.items() if not key.startswith(OURS)}
    there = {each.get("id") for each in root} | set(foreign)
    for element in foreign.values():
        cell = _cell(element)
        if cell is not None:
            if cell.get("parent") not in there:
                cell.set("parent", "1")
            for end in ("source", "target"):
                if cell.get(end) and cell.get(end) not in there:
                    del cell.attrib[end]
        root.append(element)
