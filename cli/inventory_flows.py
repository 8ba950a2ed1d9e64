"""Files of flows into the inventory: who uses whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.discover_progress import Narrator
from infra.errors import InclineError
from migration.discover.dependencies import edges
from migration.discover.flows import read_flows
from migration.discover.flows_model import Flows
from migration.discover.model import Edge, Finding, FoundMachine, Gravity, Inventory
from migration.discover.store import Store

if TYPE_CHECKING:
    from infra.estate.model import Estate


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What flows brought."""

    flows: Flows
    inventory: Inventory
    findings: tuple[Finding, ...]


def known(store: Store, estate: Estate | None) -> Inventory:
    """The inventory, with declared machines for those servers that no look has shown: flows may tell of them."""
    from migration.assess.declared import inventory_of  # noqa: PLC0415 - only with an estate

    seen = store.load()
    if estate is None:
        return seen
    there = {machine.server for machine in seen.machines if machine.server}
    declared = inventory_of(estate, datetime.now(UTC)).machines
    return replace(seen, machines=(*seen.machines, *(machine for machine in declared if machine.server not in there)))


def bring_in(
    store: Store, inventory: Inventory, files: Sequence[Path], folder: Path | None, estate: Estate | None, narrator: Narrator
) -> Seen:
    """Read flows, join them with the edges that are known, and keep them all.

    Raises:
        InclineError: a file cannot be read (INC-7050 to INC-7053).
    """
    if folder is not None and not folder.is_dir():
        raise InclineError(
            f"{folder}: it is no folder", code="INC-7054", next_step="name the folder that holds one file of ss for each guest"
        )
    narrator.begin("flows")
    paths = [*files, *([folder] if folder else [])]
    flows = read_flows(paths, watch=lambda count: narrator.at(count, count, "file"))
    narrator.end(f"{flows.records:,} records of {flows.files:,} files", count=flows.records, unit="records")
    before = _renamed(inventory.edges, inventory.machines)
    found, about = edges(inventory, flows, estate, before=before)
    store.save_edges(found, about, whole=True)
    return Seen(flows=flows, inventory=replace(inventory, edges=found), findings=about)


def _renamed(before: Iterable[Edge], machines: Iterable[FoundMachine]) -> list[Edge]:
    """Edges of a server that was only declared, now that a look has found its machine."""
    keys = {f"{machine.site}/{machine.server}": machine.key for machine in machines if machine.server}
    return [replace(edge, source=keys.get(edge.source, edge.source), target=keys.get(edge.target, edge.target)) for edge in before]


def document(seen: Seen) -> dict[str, Any]:
    """For programs."""
    flows = seen.flows
    return {
        "files": flows.files,
        "records": flows.records,
        "conversations": len(flows.conversations),
        "days": flows.days,
        "first": flows.first,
        "last": flows.last,
    }


def text(seen: Seen) -> str:
    """For people."""
    flows = seen.flows
    span = f"{flows.first:%Y-%m-%d} to {flows.last:%Y-%m-%d}" if flows.first and flows.last else "at times that nobody knows"
    bad = sum(each.gravity is not Gravity.NOTE for each in seen.findings)
    lines = [
        f"{flows.records:,} records of {flows.files:,} files: {len(flows.conversations):,} conversations on {flows.days:,} days, {span}"
    ]
    if seen.findings:
        lines.append(f"{len(seen.findings):,} findings, {bad:,} of them warnings: incline inventory findings")
    return "\n".join(lines)
