"""Who uses whom, and what belongs together, as tables."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cli.inventory_detail import find
from cli.output import styled
from cli.paragraphs import columns, heading, paragraph
from migration.discover.dependencies_hubs import Hub, hubs_of
from migration.discover.groups import Groups, move_groups
from migration.discover.model import Edge, Inventory

if TYPE_CHECKING:
    from infra.estate.model import Estate

_SHOWN = 120
_WEAK = 0.5


@dataclass(frozen=True, kw_only=True)
class Links:
    """What is shown: edges, and of all machines the hubs and the groups. `folded`: edges of hubs are a line for each hub."""

    inventory: Inventory
    edges: tuple[Edge, ...]
    folded: bool
    hubs: Mapping[str, Hub]
    groups: Groups


def links(inventory: Inventory, sites: Sequence[str], key: str, estate: Estate | None = None) -> Links:
    """The edges of these sites and this machine, with what all edges say together."""
    hubs = hubs_of(inventory.machines, inventory.edges)
    servers = estate.servers if estate else {}
    services = {machine.key: servers[machine.server].service for machine in inventory.machines if machine.server in servers}
    machines = [machine for machine in inventory.machines if not machine.template]
    groups = move_groups(machines, inventory.edges, hubs=hubs, services=services)
    return Links(inventory=inventory, edges=_chosen(inventory, sites, key), folded=not key, hubs=hubs, groups=groups)


def machine_of(inventory: Inventory, name: str | None) -> str:
    """The key of a machine that is named; empty without a name.

    Raises:
        InclineError: none or several have this name.
    """
    return find(inventory, name).key if name else ""


def _chosen(inventory: Inventory, sites: Sequence[str], key: str) -> tuple[Edge, ...]:
    found = (edge for edge in inventory.edges if _of(edge, sites) and (not key or key in {edge.source, edge.target}))
    return tuple(sorted(found, key=lambda edge: (-edge.confidence, edge.source, edge.target, edge.port, edge.protocol)))


def _of(edge: Edge, sites: Sequence[str]) -> bool:
    return not sites or any(end.partition("/")[0] in sites for end in (edge.source, edge.target))


def document(shown: Links) -> dict[str, Any]:
    """For programs."""
    return {
        "schema": "incline.inventory-dependencies/1",
        "edges": [asdict(edge) for edge in shown.edges],
        "hubs": [asdict(hub) for hub in shown.hubs.values()],
        "groups": shown.groups.members(),
        "cut": [asdict(tie) for tie in shown.groups.cut],
    }


def text(shown: Links) -> str:
    """For people: the surest first, what is only declared last."""
    if not shown.edges:
        return "no dependencies are known: read flows with --flows FILE or --ss FOLDER"
    names = {machine.key: machine.name for machine in shown.inventory.machines}

    def rank(edge: Edge) -> tuple[bool, float, str, str, int]:
        return not edge.port, -edge.confidence, _name(names, edge.source), _name(names, edge.target), edge.port

    ordered = sorted((edge for edge in shown.edges if not shown.folded or not {edge.source, edge.target} & shown.hubs.keys()), key=rank)
    rows = [_row(edge, names) for edge in ordered[:_SHOWN]]
    once = sum(edge.once for edge in shown.edges)
    lines = [*(columns(rows, indent="") if rows else []), ""]
    if len(ordered) > _SHOWN:
        lines.append(f"the surest {_SHOWN} are shown: --server names one machine, --json has all")
    aside = len(shown.edges) - len(ordered)
    lines.append(f"{len(shown.edges):,} dependencies, {once:,} seen only once" + (f", {aside:,} of the machines below" if aside else ""))
    if shown.hubs:
        lines += [heading("Talk to everything, and tie nothing together"), *columns(_hub_rows(shown, names))]
    return "\n".join(lines)


def _name(names: Mapping[str, str], end: str) -> str:
    """A machine's name; what is no machine says what it is."""
    if end == "address/internet":
        return "internet"
    return names.get(end, end.removeprefix("address/"))


def _row(edge: Edge, names: Mapping[str, str]) -> tuple[str, ...]:
    marks = [word for word, true in (("seen once", edge.once), ("weak", not edge.once and edge.port and edge.confidence < _WEAK)) if true]
    return (
        _name(names, edge.source),
        "->",
        _name(names, edge.target),
        f"{edge.protocol}/{edge.port}" if edge.port else "declared",
        f"{100 * edge.confidence:3.0f} %",
        styled(", ".join(marks) or "-", "yellow" if marks else "dim", sys.stdout),
        edge.why or "/".join(edge.basis),
    )


def _hub_rows(shown: Links, names: Mapping[str, str]) -> list[tuple[str, ...]]:
    ordered = sorted(shown.hubs.values(), key=lambda hub: (-hub.neighbours, hub.machine))
    return [(_name(names, hub.machine), f"{hub.neighbours:,} of {hub.of:,} machines", hub.looks_like or "-") for hub in ordered]


def groups_text(shown: Links) -> str:
    """For people: what belongs together, the largest first, and what was cut."""
    members = shown.groups.members()
    if not members:
        return "no machines are tied together: no dependency is sure enough"
    names = {machine.key: machine.name for machine in shown.inventory.machines}
    lines = []
    for name, keys in sorted(members.items(), key=lambda each: (-len(each[1]), each[0])):
        lines.append(heading(f"{name}  {len(keys):,} machines").lstrip("\n"))
        lines.append(paragraph(", ".join(names[key] for key in keys), indent="  "))
    for cut in shown.groups.findings:
        lines += [heading(f"cut: {cut.where}"), paragraph(cut.what, indent="  ")]
    alone = len([machine for machine in shown.inventory.machines if not machine.template]) - len(shown.groups.of)
    lines.append(f"\n{len(members):,} groups of {len(shown.groups.of):,} machines; nothing ties the other {alone:,}")
    return "\n".join(lines)
