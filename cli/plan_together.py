"""Groups of a plan from who talks to whom."""

from __future__ import annotations

from collections.abc import Sequence

from migration.discover.dependencies_hubs import hubs_of
from migration.discover.groups import Groups, move_groups
from migration.discover.model import Inventory
from migration.waves.build_candidates import Candidate
from migration.waves.programme import Programme


def together(inventory: Inventory, candidates: Sequence[Candidate], programme: Programme) -> Groups:
    """What must move together of those that move. None where the programme groups otherwise and every server has a service."""
    wanted = programme.groups
    if not inventory.edges or wanted.by == "server" or (wanted.by == "service" and all(each.service for each in candidates)):
        return Groups()
    moving = {each.machine for each in candidates}
    return move_groups(
        (machine for machine in inventory.machines if machine.key in moving),
        inventory.edges,
        hubs=hubs_of(inventory.machines, inventory.edges),
        largest=wanted.largest,
        confidence=wanted.confidence,
        services={each.machine: each.service for each in candidates if each.service},
    )
