"""Whose a verdict is: the service that its object belongs to, the department that answers for it, and who shares what nobody owns alone."""

from __future__ import annotations

from dataclasses import dataclass

from policies.concerns import concerns
from policies.evidence import Evidence

SHARED_OWNER = "infrastructure team"
"""Who decides about what several services share: hosts, datastores, links, quotas."""
_OWNED = frozenset({"service", "server", "group", "move", "database"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a verdict belongs. `service` is empty for what is shared; `concerns` are then the departments whose services stand on it."""

    service: str = ""
    owner: str = SHARED_OWNER
    tier: str = ""
    concerns: tuple[str, ...] = ()


class Ownership:
    """Answers the place of a target. Every target is looked up once, so that 5,000 servers under 44 rules stay cheap."""

    def __init__(self, evidence: Evidence | None) -> None:
        self._services = evidence.services if evidence else {}
        self._concerns = concerns(evidence) if evidence else {}
        self._behind = {p.target: f"server/{p.server}" for p in evidence.ports if p.server} if evidence else {}
        self._places: dict[str, Place] = {}

    def of(self, target: str) -> Place:
        """Whose the object is."""
        if target not in self._places:
            self._places[target] = self._find(self._behind.get(target, target))
        return self._places[target]

    def _find(self, target: str) -> Place:
        names = self._concerns.get(target, ())
        if target.partition("/")[0] in _OWNED and names:
            service = self._services[names[0]]
            return Place(service=service.name, owner=service.owner, tier=service.tier.value)
        return Place(concerns=tuple(dict.fromkeys(self._services[name].owner for name in names)))
