"""Who uses whom: conversations to edges between machines, with what people declared beside them.

Addresses become machines; those of nobody stay, those outside are one. Edges of earlier files are joined: another week makes an edge surer,
the same file twice does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from infra.estate.model import Estate
from migration.discover.dependencies_addresses import CROWD, Directory, crowd, directory
from migration.discover.dependencies_confidence import judged
from migration.discover.dependencies_hubs import hub_findings, hubs_of
from migration.discover.dependencies_services import Owners, declared_edges, service_findings
from migration.discover.flows_model import Conversation, Flows
from migration.discover.model import Edge, Finding, Gravity, Inventory

Key = tuple[str, str, int, str]


@dataclass(slots=True)
class _Sum:
    """Conversations between the same two, added up."""

    connections: int = 0
    sightings: int = 0
    octets: int = 0
    days: set[int] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None
    answered: bool = False
    both: bool = False
    certain: bool = False
    basis: set[str] = field(default_factory=set)
    process: str = ""

    def add(self, told: Conversation) -> None:
        self.connections += told.connections
        self.sightings += told.sightings
        self.octets += told.octets
        self.days |= told.on
        self.first = _least(self.first, told.first)
        self.last = _most(self.last, told.last)
        self.answered = self.answered or told.answered
        self.both = self.both or told.both
        self.certain = self.certain or told.certain
        self.basis |= {*told.basis}
        self.process = self.process or told.process

    def edge(self, key: Key) -> Edge:
        source, target, port, protocol = key
        return Edge(
            source=source,
            target=target,
            port=port,
            protocol=protocol,
            connections=self.connections,
            bytes=self.octets,
            first=self.first,
            last=self.last,
            days=len(self.days),
            once=self.sightings <= 1 and self.connections <= 1 and len(self.days) <= 1,
            basis=tuple(sorted(self.basis)),
            answered=self.answered,
            both=self.both,
            process=self.process,
        )


def edges(
    inventory: Inventory, flows: Flows, estate: Estate | None = None, *, before: Iterable[Edge] = ()
) -> tuple[tuple[Edge, ...], tuple[Finding, ...]]:
    """Every edge that flows and declarations tell, surest first, and what is odd about them.

    Args:
        inventory: the machines, with their addresses.
        flows: what files told.
        estate: for addresses that machines do not tell, and for declared dependencies of services.
        before: edges of earlier files, to be joined.
    """
    whose = directory(inventory.machines, estate, flows.guests)
    sums, strangers = _sums(flows.conversations, whose)
    owners = Owners.of(inventory.machines, estate)
    old = {_key(edge): edge for edge in before if edge.port}
    found = []
    for key in sorted({*sums, *old}):
        summed = sums.get(key)
        edge = _joined(summed.edge(key) if summed else None, old.get(key))
        certain = summed.certain if summed else "not sure" not in edge.why
        found.append(judged(edge, certain=certain, declared=owners.declared(edge)))
    hubs = hubs_of(inventory.machines, found)
    names = {machine.key: machine.name for machine in inventory.machines}
    about = (
        *flows.findings,
        *whose.findings,
        *_between_strangers(strangers),
        *hub_findings(hubs, names),
        *service_findings(found, owners, hubs, days=flows.days),
    )
    found += declared_edges(owners)
    return tuple(sorted(found, key=lambda edge: (-edge.confidence, _key(edge)))), about


def _sums(conversations: Iterable[Conversation], whose: Directory) -> tuple[dict[Key, _Sum], int]:
    """Conversations by the machines at their ends, and how many have none at either. A machine that talks to itself is no edge."""
    sums: dict[Key, _Sum] = {}
    strangers = 0
    ends = [(whose.end(told.client), whose.end(told.server), told) for told in conversations]
    crowds = _crowds(ends)
    for source, target, told in ends:
        if source.startswith("address/") and target.startswith("address/"):
            strangers += 1
        elif source != target:
            source = crowds.get((source, target, told.port), source)  # noqa: PLW2901 - the crowd stands for its member
            sums.setdefault((source, target, told.port, told.protocol), _Sum()).add(told)
    return sums, strangers


def _crowds(ends: Iterable[tuple[str, str, Conversation]]) -> dict[tuple[str, str, int], str]:
    """Unknown clients of one port that are so many of one network that they count as one."""
    members: dict[tuple[str, str, int], set[str]] = {}
    for source, target, told in ends:
        if source.startswith("address/") and source.removeprefix("address/") == told.client:
            members.setdefault((crowd(told.client), target, told.port), set()).add(source)
    return {
        (source, target, port): network
        for (network, target, port), sources in members.items()
        if len(sources) >= CROWD
        for source in sources
    }


def _joined(new: Edge | None, old: Edge | None) -> Edge:
    """One edge of two looks. Where their times overlap, the larger figures count: it may be the same file again."""
    if new is None or old is None:
        return _sure(new or old)
    apart = bool(new.first and new.last and old.first and old.last) and (
        _day(new.first) > _day(old.last) or _day(new.last) < _day(old.first)
    )
    add = _add if apart else max
    return replace(
        new,
        connections=add(new.connections, old.connections),
        bytes=add(new.bytes, old.bytes),
        days=add(new.days, old.days),
        first=_least(new.first, old.first),
        last=_most(new.last, old.last),
        once=new.once and old.once and not apart,
        basis=tuple(sorted({*new.basis, *old.basis})),
        answered=new.answered or old.answered,
        both=new.both or old.both,
        process=new.process or old.process,
    )


def _add(one: int, other: int) -> int:
    return one + other


def _sure(edge: Edge | None) -> Edge:
    if edge is None:
        raise ValueError("an edge of no look")
    return edge


def _day(moment: datetime | None) -> int:
    return moment.toordinal() if moment else 0


def _least(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((each for each in (one, other) if each), default=None)


def _most(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((each for each in (one, other) if each), default=None)


def _key(edge: Edge) -> Key:
    return edge.source, edge.target, edge.port, edge.protocol


def _between_strangers(count: int) -> tuple[Finding, ...]:
    if not count:
        return ()
    return (
        Finding(
            code="DSC-071",
            gravity=Gravity.NOTE,
            where="flows",
            what=f"{count:,} conversations are between addresses of which no machine is known",
            taken="they are left out",
            remedy="discover or import the sites of these machines first",
        ),
    )
