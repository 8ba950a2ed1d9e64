"""What moves in one night: groups from dependencies or services, parted where the night, redundancy or people's pins ask for it.

- Services that need each other both ways are one group; so are servers that dependencies tie together (the caller brings those groups).
- Of a redundancy group so many move in one night that the others still decide: all but a majority, and of a pair one.
- What no night can hold is parted along its servers, and said. A single server that no night can hold is left out, and said.
- Test and production servers of one service are two groups, test first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from infra.estate.model import Estate
from migration.discover.model import Edge, Finding, Gravity
from migration.waves.build_candidates import Candidate, LeftOut
from migration.waves.model import Before
from migration.waves.programme import Programme

HUB_LEAST = 12
"""A group with fewer neighbours is no hub, however few groups there are."""

HUB_SHARE = 0.5
"""One that talks to half of all others says nothing about their order."""

Fits = Callable[[Sequence[Candidate]], str]
"""Why servers cannot move in one night, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Servers that move in one night. `base` is the group that it is a part of."""

    name: str
    base: str
    servers: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Wishes:
    """Nights that people gave to servers.

    Attributes:
        pins: by server.
        alone: servers that were moved by hand, each for itself: the rest of its group does not follow.
        split: the night of every server of a plan that is scored as it stands.
    """

    pins: Mapping[str, date] = field(default_factory=dict)
    alone: frozenset[str] = frozenset()
    split: Mapping[str, date] = field(default_factory=dict)


@dataclass(slots=True)
class Grouped:
    """All groups, what must come before what, and what was odd."""

    parts: list[Part] = field(default_factory=list)
    order: list[Before] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    left: list[LeftOut] = field(default_factory=list)


def grouped(
    candidates: Sequence[Candidate],
    programme: Programme,
    *,
    estate: Estate | None = None,
    together: Mapping[str, str] | None = None,
    edges: Iterable[Edge] = (),
    wishes: Wishes | None = None,
    fits: Fits = lambda _: "",
) -> Grouped:
    """The groups of these servers.

    Args:
        candidates: who moves.
        programme: how to group.
        estate: for the services' dependencies.
        together: group by machine key, as dependencies tell.
        edges: dependencies, for the order of groups.
        wishes: nights that people gave to servers; members of a group with different ones are parted.
        fits: what one night can hold.
    """
    found = Grouped()
    bases = _bases(candidates, programme, together or {}, _tied_services(candidates, estate))
    for base, members in sorted(bases.items()):
        _part(found, base, members, programme, wishes or Wishes(), fits)
    _service_order(found, estate)
    _edge_order(found, edges, programme)
    return found


def _bases(
    candidates: Sequence[Candidate], programme: Programme, together: Mapping[str, str], tied: Mapping[str, str]
) -> dict[str, list[Candidate]]:
    """Groups by name, before any is parted. Servers that go to different sites are never one group."""
    found: dict[str, list[Candidate]] = {}
    targets = {candidate.target for candidate in candidates}
    for each in candidates:
        name = _base(each, programme.groups.by, together, tied)
        found.setdefault(name if len(targets) == 1 else f"{name}>{each.target}", []).append(each)
    return found


def _base(each: Candidate, by: str, together: Mapping[str, str], tied: Mapping[str, str]) -> str:
    service = tied.get(each.service, each.service)
    if by == "server":
        return each.server
    if by == "dependencies" and each.machine in together:
        return together[each.machine]
    return service or together.get(each.machine, "") or each.server


def _tied_services(candidates: Sequence[Candidate], estate: Estate | None) -> dict[str, str]:
    """Services that need each other both ways, by the joint name of their group."""
    if estate is None:
        return {}
    moving = {each.service for each in candidates}
    needs = {name: {n for n in estate.services[name].depends_on if n in moving} for name in moving if name in estate.services}
    return {name: "+".join(ring) for ring in rings(needs) for name in ring if len(ring) > 1}


def _part(found: Grouped, base: str, members: Sequence[Candidate], programme: Programme, wishes: Wishes, fits: Fits) -> None:
    """One group in the parts that it needs, in the order in which they may move."""
    parts: list[tuple[list[Candidate], str, int]] = []
    for stage in _by_environment(members, programme):
        first = len(parts)
        for turn, turned in enumerate(_in_turns(stage, programme)):
            for index, (chunk, why) in enumerate(_chunks(found, base, turned, fits)):
                gap, reason = (1, "members of a redundancy group move in different nights") if turn and not index else (0, why)
                pieces = _pieces(chunk, wishes)
                parts += [(piece, reason, gap) for piece in pieces]
                if len(pieces) > 1:
                    found.findings.append(_split(base, pieces, wishes))
        if first and len(parts) > first:
            servers, _, _ = parts[first]
            parts[first] = (servers, "test moves before production", 1)
    names = [base if index == 0 else f"{base}/{index + 1}" for index in range(len(parts))]
    for index, (servers, why, gap) in enumerate(parts):
        found.parts.append(Part(name=names[index], base=base, servers=tuple(servers)))
        pinned = any(each.server in wishes.pins or each.server in wishes.split for each in servers)
        if index and not (pinned and gap == 0):
            found.order.append(Before(first=names[index - 1], then=names[index], gap=gap, why=why or f"parts of {base} in their order"))


def _by_environment(members: Sequence[Candidate], programme: Programme) -> Iterator[list[Candidate]]:
    test = [each for each in members if not each.production]
    rest = [each for each in members if each.production]
    if programme.environments.mix or not programme.environments.test_first:
        yield list(members)
        return
    yield from (stage for stage in (test, rest) if stage)


def _in_turns(members: Sequence[Candidate], programme: Programme) -> list[list[Candidate]]:
    """The members by the turn in which they move: the first holds all that no redundancy group keeps apart."""
    turns: list[list[Candidate]] = [[]]
    rings: dict[str, list[Candidate]] = {}
    for each in members:
        if each.redundancy and programme.groups.redundancy == "apart":
            rings.setdefault(each.redundancy, []).append(each)
        else:
            turns[0].append(each)
    for ring in rings.values():
        at_once = max(1, (len(ring) - 1) // 2)
        for index, each in enumerate(ring):
            turn = index // at_once
            while len(turns) <= turn:
                turns.append([])
            turns[turn].append(each)
    return [sorted(turn, key=lambda each: each.server) for turn in turns if turn]


def _chunks(found: Grouped, base: str, members: Sequence[Candidate], fits: Fits) -> Iterator[tuple[list[Candidate], str]]:
    """The members in chunks that one night can hold; a server that none can is left out and said."""
    whole = fits(members)
    if not whole:
        yield list(members), ""
        return
    able = [each for each in members if not _alone(found, each, fits)]
    chunk: list[Candidate] = []
    made = 0
    for each in able:
        if chunk and fits([*chunk, each]):
            yield chunk, "a group too large for one night moves in parts"
            made, chunk = made + 1, []
        chunk.append(each)
    if chunk:
        yield chunk, "a group too large for one night moves in parts"
        made += 1
    if made > 1:
        found.findings.append(
            Finding(
                code="PLN-001",
                gravity=Gravity.WARNING,
                where=f"group {base}",
                what=f"{len(members)} servers do not fit into one night: {whole}",
                taken=f"it is parted into {made} nights",
                remedy="plan more people, a wider window or larger waves; or say that it may be parted",
            )
        )


def _alone(found: Grouped, each: Candidate, fits: Fits) -> str:
    why = fits([each])
    if why:
        found.left.append(LeftOut(server=each.server, why=why, kind="does not fit"))
        found.findings.append(
            Finding(
                code="PLN-002",
                gravity=Gravity.ERROR,
                where=f"server {each.server}",
                what=f"no night can hold it: {why}",
                taken="it is in no night; all others are planned",
                remedy="widen what it names, or retain the server",
            )
        )
    return why


def _pieces(members: Sequence[Candidate], wishes: Wishes) -> list[list[Candidate]]:
    """Members that people have put into different nights are parted.

    Those without a night of their own follow the earliest, unless somebody took single servers out of the group by hand.
    """
    nights: dict[date | None, list[Candidate]] = {}
    for each in members:
        nights.setdefault(wishes.split.get(each.server) or wishes.pins.get(each.server), []).append(each)
    free = nights.pop(None, [])
    pieces = [nights[night] for night in sorted(night for night in nights if night)]
    if free and pieces and not any(each.server in wishes.alone for piece in pieces for each in piece):
        pieces[0] = sorted([*pieces[0], *free], key=lambda each: each.server)
    elif free:
        pieces.append(free)
    return pieces


def _split(base: str, pieces: Sequence[Sequence[Candidate]], wishes: Wishes) -> Finding:
    words = "; ".join(
        f"{', '.join(each.server for each in piece[:3])}{' ...' if len(piece) > 3 else ''} {_night_of(piece, wishes)}"
        for piece in pieces[:4]
    )
    return Finding(
        code="PLN-005",
        gravity=Gravity.WARNING,
        where=f"group {base}",
        what=f"people split it over {len(pieces)} nights: {words}",
        taken="as people wrote it",
        remedy="move its servers into one night, or leave it if they can live apart",
    )


def _night_of(piece: Sequence[Candidate], wishes: Wishes) -> str:
    night = next((wishes.split.get(each.server) or wishes.pins.get(each.server) for each in piece), None)
    return f"on {night}" if night else "in a night of their own"


def _service_order(found: Grouped, estate: Estate | None) -> None:
    """What a service needs moves in the same night or before it."""
    if estate is None:
        return
    chains: dict[str, list[Part]] = {}
    for part in found.parts:
        chains.setdefault(part.base, []).append(part)
    homes: dict[str, set[str]] = {}
    for part in found.parts:
        for each in part.servers:
            homes.setdefault(each.service, set()).add(part.base)
    seen: set[tuple[str, str]] = set()
    for service in sorted(homes):
        entry = estate.services.get(service)
        for needed in entry.depends_on if entry else ():
            for first in sorted(homes.get(needed, ())):
                for then in sorted(homes[service]):
                    pair = chains[first][-1].name, chains[then][0].name
                    if first != then and pair not in seen:
                        seen.add(pair)
                        found.order.append(Before(first=pair[0], then=pair[1], gap=0, why=f"{service} needs {needed}"))


def _edge_order(found: Grouped, edges: Iterable[Edge], programme: Programme) -> None:
    """What flows say of the order. A hub says nothing, and what lies on a ring has no order."""
    home = {each.machine: part.name for part in found.parts for each in part.servers}
    needs: dict[str, set[str]] = {}
    for edge in edges:
        source, target = home.get(edge.source), home.get(edge.target)
        if source and target and source != target and not edge.once and edge.confidence >= programme.groups.confidence:
            needs.setdefault(source, set()).add(target)
    needs = _without_hubs(found, needs)
    ring_of = {name: index for index, ring in enumerate(rings(needs)) for name in ring}
    known = {(each.first, each.then) for each in found.order}
    reverse = {(each.then, each.first) for each in found.order}
    dropped = 0
    for source in sorted(needs):
        for target in sorted(needs[source]):
            if ring_of[source] == ring_of[target] or (target, source) in reverse:
                dropped += 1
            elif (target, source) not in known:
                found.order.append(Before(first=target, then=source, gap=0, why=f"{source} uses {target}"))
    if dropped:
        found.findings.append(
            Finding(
                code="PLN-004",
                gravity=Gravity.NOTE,
                where="dependencies",
                what=f"{dropped} dependencies between groups go both ways or in rings",
                taken="they give no order",
                remedy="group what must move together: groups: {by: dependencies}",
            )
        )


def _without_hubs(found: Grouped, needs: Mapping[str, set[str]]) -> dict[str, set[str]]:
    neighbours: dict[str, set[str]] = {}
    for source, targets in needs.items():
        for target in targets:
            neighbours.setdefault(source, set()).add(target)
            neighbours.setdefault(target, set()).add(source)
    limit = max(HUB_LEAST, HUB_SHARE * len(found.parts))
    hubs = {name for name, around in neighbours.items() if len(around) >= limit}
    for name in sorted(hubs):
        found.findings.append(
            Finding(
                code="PLN-003",
                gravity=Gravity.NOTE,
                where=f"group {name}",
                what=f"it talks to {len(neighbours[name])} of {len(found.parts)} groups",
                taken="its dependencies give no order",
                remedy="pin its night if it must move first or last",
            )
        )
    return {source: targets - hubs for source, targets in needs.items() if source not in hubs}


def rings(needs: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """What can be reached from each other, as sorted rings; most have one member. Tarjan's way, without recursion."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[tuple[str, ...]] = []
    names = sorted({*needs, *(target for targets in needs.values() for target in targets)})
    for root in names:
        if root in index:
            continue
        work: list[tuple[str, Iterator[str]]] = [(root, iter(sorted(needs.get(root, ()))))]
        index[root] = low[root] = len(index)
        stack.append(root)
        while work:
            name, targets = work[-1]
            step = next(targets, None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    at = stack.index(name)
                    found.append(tuple(sorted(stack[at:])))
                    del stack[at:]
            elif step not in index:
                index[step] = low[step] = len(index)
                stack.append(step)
                work.append((step, iter(sorted(needs.get(step, ())))))
            elif step in stack:
                low[name] = min(low[name], index[step])
    return found
