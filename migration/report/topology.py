"""The map of an estate: sites that hold services that hold servers, and what uses what. It knows boxes and lines, no coordinates.

Ids are stable: they are made from names in the estate (or keys of the inventory), never from an order, so that a position which a
person gave to a box in a drawing belongs to the same box in the next export.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from infra.estate.model import GIB, Estate
from infra.wording import listed
from migration.discover.model import Edge, FoundMachine, Inventory

UNKNOWN_SERVICE = "no known service"
"""Machines that neither the estate nor a tag assigns to a service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A thing on the map. `parent` is the box it stands in; `detail` a second line; `wave` the night it moves in (1 is the first)."""

    id: str
    label: str
    kind: Literal["site", "service", "server", "address"]
    parent: str = ""
    detail: str = ""
    wave: int | None = None
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`source` uses `target`. `style`: declared in the estate, seen in flows, or seen once only."""

    id: str
    source: str
    target: str
    label: str = ""
    style: Literal["declared", "seen", "once"] = "seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Boxes (parents before children) and lines between them."""

    title: str
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Travel:
    """When and where to a server moves: the number of its wave, the site."""

    wave: int
    target: str


def topology(
    title: str,
    inventory: Inventory,
    estate: Estate | None = None,
    travels: Mapping[str, Travel] | None = None,
    service_of: Mapping[str, str] | None = None,
) -> Topology:
    """The map of all machines but templates, in order of site, service and name.

    Args:
        title: the drawing's name.
        inventory: machines and edges.
        estate: services and declared dependencies; None for an imported inventory.
        travels: by machine key, what a plan says of it.
        service_of: by machine key, where the estate does not tell.
    """
    machines = [each for each in inventory.machines if not each.template]
    owners = {m.key: _service(m, estate, service_of or {}) for m in machines}
    servers = {m.key: _server_box(m, owners[m.key], (travels or {}).get(m.key)) for m in machines}
    lines = [*_seen(inventory.edges, servers, estate), *_declared(estate, owners, machines)]
    addresses = _addresses(lines)
    boxes = [*_frames(machines, owners, estate), *sorted(servers.values(), key=lambda b: (b.parent, b.label)), *addresses]
    known = {box.id for box in boxes}
    kept = {line.id: line for line in lines if line.source in known and line.target in known and line.source != line.target}
    return Topology(title=title, boxes=tuple(boxes), lines=tuple(kept[key] for key in sorted(kept)))


def services_only(whole: Topology) -> Topology:
    """The same map, with services in place of servers: what a large estate is read by."""
    frame = {box.id: box.parent if box.kind == "server" else box.id for box in whole.boxes}
    counts: dict[str, int] = {}
    for box in whole.boxes:
        if box.kind == "server":
            counts[box.parent] = counts.get(box.parent, 0) + 1
    boxes = tuple(_counted(box, counts.get(box.id, 0)) for box in whole.boxes if box.kind != "server")
    joined: dict[tuple[str, str], Line] = {}
    for line in whole.lines:
        ends = (frame[line.source], frame[line.target])
        before = joined.get(ends)
        if ends[0] != ends[1] and (before is None or _WEIGHT[line.style] > _WEIGHT[before.style]):
            joined[ends] = Line(id=f"uses:{ends[0]}:{ends[1]}", source=ends[0], target=ends[1], style=line.style)
    return Topology(title=whole.title, boxes=boxes, lines=tuple(joined[ends] for ends in sorted(joined)))


_WEIGHT = {"once": 0, "seen": 1, "declared": 2}


def _counted(box: Box, servers: int) -> Box:
    if box.kind != "service":
        return box
    return Box(id=box.id, label=box.label, kind="service", parent=box.parent, detail=f"{servers} server{'s' if servers != 1 else ''}")


def _service(machine: FoundMachine, estate: Estate | None, told: Mapping[str, str]) -> str:
    if estate is not None and machine.server in estate.servers:
        return estate.servers[machine.server].service
    return told.get(machine.key) or machine.tags.get("service", "") or UNKNOWN_SERVICE


def _frames(machines: Sequence[FoundMachine], owners: Mapping[str, str], estate: Estate | None) -> Iterable[Box]:
    """Sites, each with the services that have a machine there."""
    found: dict[str, set[str]] = {}
    for machine in machines:
        found.setdefault(machine.site, set()).add(owners[machine.key])
    for site in sorted(found):
        title = estate.sites[site].title if estate is not None and site in estate.sites else site
        yield Box(id=f"site:{site}", label=title, kind="site", detail=site if title != site else "")
        for service in sorted(found[site]):
            known = estate.services.get(service) if estate is not None else None
            detail = f"{known.tier.value}, {known.owner}" if known else ""
            yield Box(id=f"service:{site}:{service}", label=service, kind="service", parent=f"site:{site}", detail=detail)


def _server_box(machine: FoundMachine, service: str, travel: Travel | None) -> Box:
    size = f"{machine.cpus} vCPU, {machine.memory / GIB:,.0f} GiB" + ("" if machine.power == "on" else f", {machine.power}")
    return Box(
        id=f"server:{machine.server or machine.key}",
        label=machine.server or machine.name,
        kind="server",
        parent=f"service:{machine.site}:{service}",
        detail=size,
        wave=travel.wave if travel else None,
        target=travel.target if travel else "",
    )


def _seen(edges: Iterable[Edge], servers: Mapping[str, Box], estate: Estate | None) -> Iterable[Line]:
    """Lines between servers as they were seen; many ports between the same two are one line."""
    ports: dict[tuple[str, str], list[Edge]] = {}
    for edge in edges:
        if edge.basis == ("declared",) and estate is not None:
            continue
        ends = tuple(servers[end].id if end in servers else end for end in (edge.source, edge.target))
        ports.setdefault((ends[0], ends[1]), []).append(edge)
    for (source, target), found in ports.items():
        seen = sorted({f"{e.protocol}/{e.port}" for e in found if e.port})
        style: Literal["once", "seen"] = "once" if all(e.once for e in found) else "seen"
        yield Line(id=f"uses:{source}:{target}", source=source, target=target, label=listed(seen), style=style)


def _declared(estate: Estate | None, owners: Mapping[str, str], machines: Sequence[FoundMachine]) -> Iterable[Line]:
    """What the estate says, between the frames of services; a service that stands on several sites is used where it stands alike."""
    if estate is None:
        return
    places: dict[str, list[str]] = {}
    for machine in machines:
        frame = f"service:{machine.site}:{owners[machine.key]}"
        if frame not in places.setdefault(owners[machine.key], []):
            places[owners[machine.key]].append(frame)
    for name, service in estate.services.items():
        for used in (*service.depends_on, *service.uses):
            for frame in places.get(name, ()):
                site = frame.split(":")[1]
                near = [each for each in places.get(used, []) if each.split(":")[1] == site] or places.get(used, [])
                for each in near:
                    yield Line(id=f"needs:{frame}:{each}", source=frame, target=each, style="declared")


def _addresses(lines: Iterable[Line]) -> list[Box]:
    """Ends that no machine is known at."""
    found = sorted({end for line in lines for end in (line.source, line.target) if end.startswith("address/")})
    return [Box(id=end, label=end.removeprefix("address/"), kind="address", detail="no known machine") for end in found]
