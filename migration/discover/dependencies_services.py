"""What people declared of services, beside what was seen: declared and never seen, seen and not declared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from infra.estate.model import Estate
from migration.discover.dependencies_hubs import Hub
from migration.discover.flows_ports import COMMON
from migration.discover.model import Edge, Finding, FoundMachine, Gravity

WEEK = 7
"""Days of flows after which something that was never seen is worth a word."""

_SURE = 0.5
_NEEDED_DAYS = 5  # used on so many days, a service is needed rather than used now and then


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """Services by machine, and what each service declares."""

    service: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    depends_on: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    uses: Mapping[str, AbstractSet[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, machines: Iterable[FoundMachine], estate: Estate | None) -> Owners:
        """From the estate; without one, nothing is declared."""
        if estate is None:
            return cls()
        known = {machine.key: machine for machine in machines}
        return cls(
            service={key: server.service for key, machine in known.items() if (server := estate.servers.get(machine.server))},
            names={key: machine.name for key, machine in known.items()},
            depends_on={name: frozenset(service.depends_on) for name, service in estate.services.items()},
            uses={name: frozenset(service.uses) for name, service in estate.services.items()},
        )

    def pair(self, edge: Edge) -> tuple[str, str] | None:
        """The two services of an edge, if they are two."""
        source, target = self.service.get(edge.source, ""), self.service.get(edge.target, "")
        return (source, target) if source and target and source != target else None

    def declared(self, edge: Edge) -> bool:
        """Whether people declared what this edge shows: the service needs the other, or the two are of one service."""
        source, target = self.service.get(edge.source, ""), self.service.get(edge.target, "")
        return bool(source and target) and target in self.wanted(source)

    def wanted(self, service: str) -> frozenset[str]:
        """All that a service declares."""
        return frozenset({*self.depends_on.get(service, ()), *self.uses.get(service, ())})


def declared_edges(owners: Owners) -> list[Edge]:
    """One edge for each declared dependency, between services."""
    return [
        Edge(
            source=f"service/{service}",
            target=f"service/{needed}",
            why=f"{service} {'depends on' if needed in owners.depends_on.get(service, ()) else 'uses'} {needed}",
            basis=("declared",),
        )
        for service in sorted({*owners.depends_on, *owners.uses})
        for needed in sorted(owners.wanted(service))
    ]


def service_findings(edges: Iterable[Edge], owners: Owners, hubs: Mapping[str, Hub], *, days: int) -> tuple[Finding, ...]:
    """What was declared and never seen, and what was seen and not declared."""
    seen: dict[tuple[str, str], list[Edge]] = {}
    watched: set[str] = set()
    for edge in edges:
        watched |= {owners.service.get(end, "") for end in (edge.source, edge.target)}
        pair = owners.pair(edge)
        if pair:
            seen.setdefault(pair, []).append(edge)
    return (*_unseen(owners, seen, watched, days), *_undeclared(owners, seen, hubs))


def _unseen(owners: Owners, seen: Mapping[tuple[str, str], list[Edge]], watched: set[str], days: int) -> Iterable[Finding]:
    """Only of services whose machines do show in flows: of others nothing can be said."""
    if days < WEEK:
        return
    for service in sorted(watched & {*owners.depends_on}):
        for needed in sorted(owners.wanted(service)):
            if (service, needed) not in seen and needed in watched:
                yield Finding(
                    code="DSC-073",
                    gravity=Gravity.WARNING,
                    where=f"service {service}",
                    what=f"it declares that it needs {needed}, and nothing was seen of it in {days} days",
                    taken="the declaration counts",
                    remedy=f"ask its owner; if it is over, take {needed} out of depends_on or uses",
                )


def _undeclared(owners: Owners, seen: Mapping[tuple[str, str], list[Edge]], hubs: Mapping[str, Hub]) -> Iterable[Finding]:
    """Hubs that use everything (monitoring, backup) need nothing of it, and administration is no dependency."""
    for (service, other), edges in sorted(seen.items()):
        if other in owners.wanted(service):
            continue
        telling = [e for e in edges if e.confidence >= _SURE and e.source not in hubs and not COMMON.get(e.port, "").startswith("admin")]
        if not telling:
            continue
        best = max(telling, key=lambda edge: (edge.confidence, edge.connections, edge.source, edge.target))
        word = "depends_on" if best.days >= _NEEDED_DAYS else "uses"
        names = owners.names
        yield Finding(
            code="DSC-074",
            gravity=Gravity.NOTE,
            where=f"service {service}",
            what=f"it uses {other} and does not declare it: {names.get(best.source)} -> {names.get(best.target)} "
            f"{best.protocol}/{best.port}, {best.why}",
            taken="the edges that were seen",
            remedy=f"add {other} to `{word}` of {service}, if its owner agrees",
        )
