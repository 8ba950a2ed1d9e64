"""What moves in one night: groups from dependencies or services, parted where the night, redundancy or people's pins ask for it.

- Services that need each other both ways are one group; so are servers that dependencies tie together (the caller brings those groups).
- Of a redundancy group so many move in one night that the others still decide: all but a majority, and of a pair one.
- What no night can hold is parted along its servers, and said. A single server that no night can hold is left out, and said.
- Test and production servers of one service are two groups, test first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from infra.estate.model import Estate
from migration.discover.model import Edge, Finding, Gravity
from migration.waves.build_apart import apart
from migration.waves.build_candidates import Candidate, LeftOut
from migration.waves.build_order import edge_order, rings, service_order
from migration.waves.build_parts import Grouped, Part
from migration.waves.model import Before
from migration.waves.programme import Programme

Fits = Callable[[Sequence[Candidate]], str]
"""Why servers cannot move in one night, or nothing."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Nights that people gave to servers.

    Attributes:
        pins: by server.
        alone: servers that were moved by hand, each for itself: the rest of its group does not follow.
        split: the night of every server of a plan that is scored as it stands.
        stay: nights of an earlier plan: they part nothing, but say who of a redundancy group went first.
    """

    pins: Mapping[str, date] = field(default_factory=dict)
    alone: frozenset[str] = frozenset()
    split: Mapping[str, date] = field(default_factory=dict)
    stay: Mapping[str, date] = field(default_factory=dict)


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
    found, kept = Grouped(), wishes or Wishes()
    bases = _bases(candidates, programme, together or {}, _tied_services(candidates, estate))
    for base, members in sorted(bases.items()):
        _part(found, base, members, programme, kept, fits)
    service_order(found, estate)
    edge_order(found, edges, programme)
    if programme.groups.redundancy == "apart":
        found.order += apart(found, lambda part: _known_night(part.servers, kept) or _stayed(part.servers, kept))
    return found


def _bases(
    candidates: Sequence[Candidate], programme: Programme, together: Mapping[str, str], tied: Mapping[str, str]
) -> dict[str, list[Candidate]]:
    """Groups by name, before any is parted. Servers that go to different sites are never one group."""
    by_target: dict[tuple[str, str], list[Candidate]] = {}
    for each in candidates:
        by_target.setdefault((_base(each, programme.groups.by, together, tied), each.target), []).append(each)
    names = Counter(name for name, _ in by_target)
    return {name if names[name] == 1 else f"{name}>{target}": members for (name, target), members in by_target.items()}


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


@dataclass(slots=True)
class _Piece:
    """A part in the making: who, and whether the servers are for tests."""

    servers: list[Candidate]
    test: bool
    name: str = ""


def _part(found: Grouped, base: str, members: Sequence[Candidate], programme: Programme, wishes: Wishes, fits: Fits) -> None:
    """One group in the parts that it needs, and what must lie between them."""
    pieces: list[_Piece] = []
    for stage in _by_environment(members, programme):
        for turned in _in_turns(stage, programme):
            for chunk in _chunks(found, base, turned, fits):
                parted = _pieces(chunk, wishes)
                if len(parted) > 1:
                    found.findings.append(_split(base, parted, wishes))
                pieces += [_Piece(each, test=not stage[0].production) for each in parted]
    for index, piece in enumerate(pieces):
        piece.name = base if index == 0 else f"{base}/{index + 1}"
        found.parts.append(Part(name=piece.name, base=base, servers=tuple(piece.servers)))
    if programme.environments.test_first:
        words = "test moves before production"
        found.order += [
            Before(first=one.name, then=other.name, gap=1, why=words) for one in pieces if one.test for other in pieces if not other.test
        ]


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


def _chunks(found: Grouped, base: str, members: Sequence[Candidate], fits: Fits) -> Iterator[list[Candidate]]:
    """The members in chunks that one night can hold; a server that none can is left out and said."""
    whole = fits(members)
    if not whole:
        yield list(members)
        return
    able = [each for each in members if not _alone(found, each, fits)]
    chunk: list[Candidate] = []
    made = 0
    for each in able:
        if chunk and fits([*chunk, each]):
            yield chunk
            made, chunk = made + 1, []
        chunk.append(each)
    if chunk:
        yield chunk
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
    night = _known_night(piece, wishes)
    return f"on {night}" if night else "in a night of their own"


def _stayed(piece: Sequence[Candidate], wishes: Wishes) -> date:
    return min((wishes.stay[each.server] for each in piece if each.server in wishes.stay), default=date.max)


def _known_night(piece: Sequence[Candidate], wishes: Wishes) -> date | None:
    return next((wishes.split.get(each.server) or wishes.pins.get(each.server) for each in piece), None)
