"""Who uses whom, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cli.inventory_detail import find
from cli.paragraphs import columns
from migration.discover.model import Edge, Inventory


def chosen(inventory: Inventory, sites: Sequence[str], machine: str | None) -> tuple[Edge, ...]:
    """The edges of these sites and this machine; all without either."""
    key = find(inventory, machine).key if machine else ""
    return tuple(edge for edge in inventory.edges if _of(edge, sites) and (not key or key in {edge.source, edge.target}))


def _of(edge: Edge, sites: Sequence[str]) -> bool:
    return not sites or any(end.partition("/")[0] in sites for end in (edge.source, edge.target))


def document(edges: Sequence[Edge]) -> dict[str, Any]:
    """For programs."""
    return {"schema": "incline.inventory-dependencies/1", "edges": [asdict(edge) for edge in edges]}


def text(inventory: Inventory, edges: Sequence[Edge]) -> str:
    """For people: the surest first."""
    if not edges:
        return "no dependencies are known"
    names = {machine.key: machine.name for machine in inventory.machines}
    ordered = sorted(edges, key=lambda e: (-e.confidence, names.get(e.source, e.source), names.get(e.target, e.target), e.port))
    rows = [
        (
            names.get(edge.source, edge.source),
            "->",
            names.get(edge.target, edge.target),
            f"{edge.protocol}/{edge.port}" if edge.port else "declared",
            f"{100 * edge.confidence:3.0f} %",
            ", ".join(word for word in ("seen once" if edge.once else "", edge.why or "/".join(edge.basis)) if word),
        )
        for edge in ordered
    ]
    once = sum(edge.once for edge in edges)
    return "\n".join([*columns(rows, indent=""), "", f"{len(edges):,} dependencies, {once:,} seen only once"])
