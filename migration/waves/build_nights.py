"""In which nights a group may move, and why it may not in the others: freezes, early nights, test nights, deadlines, pins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from infra.estate.model import Estate, Freeze
from migration.discover.model import Finding, Gravity
from migration.waves.build_candidates import Candidate
from migration.waves.build_parts import Part
from migration.waves.model import Before
from migration.waves.programme import Deadline, Programme

Barred = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Nights:
    """What a group may do. `pinned` is one of `open`, or None."""

    open: tuple[int, ...]
    barred: Barred
    pinned: int | None = None
    due: int | None = None
    late_per_night: float = 0.0
    hard: bool = False


@dataclass
class Calendar:
    """The nights of a plan, and what holds for all groups.

    Attributes:
        nights: by the evening on which each begins.
        test_nights: the first so many are for test servers alone; 0 where none is parted.
        early: how many first nights are for easy groups.
        awaited: groups that are not easy, and that easy ones wait for: order goes before prudence.
    """

    nights: tuple[date, ...]
    programme: Programme
    freezes: tuple[Freeze, ...]
    freeze_days: int = 1
    test_nights: int = 0
    early: int = 0
    awaited: frozenset[str] = frozenset()
    findings: list[Finding] = field(default_factory=list)
    _frozen: dict[frozenset[str], tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def index(self) -> Mapping[date, int]:
        """The place of each night."""
        return {night: index for index, night in enumerate(self.nights)}

    def frozen(self, services: frozenset[str]) -> tuple[str, ...]:
        """For each night the freeze that it lies in, for a group of these services; empty where there is none."""
        if services not in self._frozen:
            mine = [each for each in self.freezes if not each.services or services & set(each.services)]
            self._frozen[services] = tuple(self._met(night, mine) for night in self.nights) if mine else ("",) * len(self.nights)
        return self._frozen[services]

    def _met(self, night: date, freezes: Sequence[Freeze]) -> str:
        last = night + timedelta(days=self.freeze_days - 1)
        met = next((each for each in freezes if each.begins <= last and night <= each.ends), None)
        return f"freeze {met.begins} to {met.ends}: {met.reason}" if met else ""

    def last_by(self, day: date) -> int:
        """The last night that is not after a day; -1 when all are."""
        return sum(night <= day for night in self.nights) - 1


def calendar(
    programme: Programme, estate: Estate | None, today: date, wanted: Sequence[date], parts: Sequence[Part], order: Sequence[Before] = ()
) -> Calendar:
    """The calendar of a plan. Nights that people named belong to it, whatever weekday they are."""
    planned = programme.calendar(today)
    nights = tuple(sorted(night for night in {*planned, *wanted} if night > today))
    freezes = (*(estate.standards.freezes if estate else ()), *programme.freezes)
    given = estate.standards.rules.get("MIG-006", {}).get("nights", 1) if estate else 1
    found = Calendar(nights, programme, freezes, int(given) if isinstance(given, int | float) else 1)
    found.test_nights = _test_nights(programme, parts, len(nights))
    found.early = _early(found, parts)
    found.awaited = _awaited(found, parts, order) if found.early else frozenset()
    return found


def _test_nights(programme: Programme, parts: Sequence[Part], count: int) -> int:
    """How many nights the test servers need for themselves, where a night may not hold both."""
    test = [part for part in parts if not any(each.production for each in part.servers)]
    if programme.environments.mix or not test or len(test) == len(parts):
        return 0
    by_people = int(programme.people.minutes // programme.people.minutes_per_server) or 1
    a_night = max(1, min(programme.wave.most, by_people))
    needed = -(-sum(len(part.servers) for part in test) // a_night)
    return min(count - 1, needed + needed // 2 + 1)  # half as many again: groups do not fill a night to the brim


def _early(found: Calendar, parts: Sequence[Part]) -> int:
    """How many first nights are for easy groups alone. None when no group is easy: an empty night teaches nobody."""
    wanted = min(found.programme.early.nights, len(found.nights))
    if wanted and parts and not any(_easy(part.servers, found.programme) for part in parts):
        found.findings.append(
            Finding(
                code="PLN-010",
                gravity=Gravity.NOTE,
                where="early nights",
                what="every group is critical or complex, so that none is fit for the first nights",
                taken="the rule for early nights is left out",
                remedy="begin with something easier, or change `early:` of the programme",
            )
        )
        return 0
    return wanted


def _awaited(found: Calendar, parts: Sequence[Part], order: Sequence[Before]) -> frozenset[str]:
    """The groups that easy ones cannot move without, at however many removes."""
    needs: dict[str, list[str]] = {}
    for each in order:
        needs.setdefault(each.then, []).append(each.first)
    easy = {part.name for part in parts if _easy(part.servers, found.programme)}
    waiting, reached = [first for name in easy for first in needs.get(name, ())], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += needs.get(name, ())
    hard = reached - easy
    if hard:
        found.findings.append(
            Finding(
                code="PLN-014",
                gravity=Gravity.NOTE,
                where=", ".join(sorted(hard)),
                what="critical or complex, and easier groups wait for this",
                taken="the first nights are open to it too",
                remedy="pin it, or begin with groups that do not need it",
            )
        )
    return frozenset(hard)


def _easy(servers: Sequence[Candidate], programme: Programme) -> bool:
    return not _hard_words(servers, programme)


def _hard_words(servers: Sequence[Candidate], programme: Programme) -> str:
    """Why a group does not belong into the first nights, or nothing."""
    tiers = {str(tier) for tier in programme.early.tiers}
    for each in servers:
        if each.tier in tiers and each.production:
            return f"{each.server} is {each.tier}"
        if each.complexity >= programme.early.complexity:
            return f"{each.server} has complexity {each.complexity}"
    return ""


def nights_of(part: Part, found: Calendar, pins: Mapping[str, date]) -> Nights:
    """The nights of one group, with the reasons for the others."""
    frozen = found.frozen(frozenset(each.service for each in part.servers))
    pin = _pin(part, found, pins)
    if pin is not None:
        # People put it there: rules of prudence give way, freezes and deadlines do not.
        reasons = [f"pinned to {found.nights[pin]}"] * len(found.nights)
        reasons[pin] = frozen[pin]
    else:
        reasons = _reasons(part, found, frozen)
    due, late, is_hard, cut = _due(part, found)
    if cut is not None:
        index, words = cut
        reasons = [words if place > index and not why else why for place, why in enumerate(reasons)]
    open_nights = tuple(index for index, why in enumerate(reasons) if not why)
    pinned = pin if pin is not None and pin in open_nights else None
    return Nights(open_nights, _spans(reasons), pinned, due, late, is_hard)


def _reasons(part: Part, found: Calendar, frozen: Sequence[str]) -> list[str]:
    """Why each night is closed to a group; empty for one that is open. The first reason counts."""
    reasons = list(frozen)
    test = not any(each.production for each in part.servers)
    words = "the first nights are for test servers alone" if not test else "production nights: test servers moved before"
    if found.test_nights:
        closed = range(found.test_nights) if not test else range(found.test_nights, len(reasons))
        for index in closed:
            reasons[index] = reasons[index] or words
    if found.early and part.name not in found.awaited and (hard := _hard_words(part.servers, found.programme)):
        for index in range(found.early):
            reasons[index] = reasons[index] or f"one of the first {found.early} nights, and {hard}"
    return reasons


def _pin(part: Part, found: Calendar, pins: Mapping[str, date]) -> int | None:
    nights = {pins[each.server] for each in part.servers if each.server in pins}
    return found.index.get(min(nights)) if nights else None


def _due(part: Part, found: Calendar) -> tuple[int | None, float, bool, tuple[int, str] | None]:
    """The last night that is not late, what lateness costs, whether it may not be missed, and a further hard end, if any."""
    soft, hard = list[tuple[int, Deadline, int]](), list[tuple[int, Deadline]]()
    for deadline in found.programme.deadlines:
        met = sum(_meets(deadline, each, part) for each in part.servers)
        if met:
            index = found.last_by(deadline.by)
            if deadline.hard:
                hard.append((index, deadline))
            else:
                soft.append((index, deadline, met))
    first_hard = min(hard, key=lambda each: each[0], default=None)
    if not soft:
        return (None, 0.0, False, None) if first_hard is None else (first_hard[0], 0.0, True, None)
    index = min(each[0] for each in soft)
    cost = sum(deadline.usd_per_night * met for _, deadline, met in soft)
    cut = None if first_hard is None else (first_hard[0], f"after {first_hard[1].by}: {first_hard[1].reason or 'a hard deadline'}")
    return index, cost, False, cut


def _meets(deadline: Deadline, each: Candidate, part: Part) -> bool:
    if deadline.server:
        return deadline.server == each.server
    if deadline.service:
        return deadline.service == each.service
    if deadline.site:
        return deadline.site == each.site
    return deadline.group in {part.base, part.name}


def _spans(reasons: Sequence[str]) -> Barred:
    """Neighbouring nights with one reason as one span."""
    return tuple(_runs(reasons))


def _runs(reasons: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    begun = 0
    for index in range(1, len(reasons) + 1):
        if index == len(reasons) or reasons[index] != reasons[begun]:
            if reasons[begun]:
                yield begun, index - 1, reasons[begun]
            begun = index


def wanted_nights(programme: Programme, parts: Sequence[Candidate], pins: Mapping[str, date]) -> dict[str, date]:
    """Nights by server that people asked for: in the plan, in the programme, or under `move:` of the estate. The first of them counts."""
    found = dict[str, date]()
    for each in parts:
        chosen = pins.get(each.server) or next(
            (pin.night for pin in programme.pins if _pins(pin.server, pin.service, pin.site, each)), each.on
        )
        if chosen is not None:
            found[each.server] = chosen
    return found


def _pins(server: str, service: str, site: str, each: Candidate) -> bool:
    return (bool(server) and server == each.server) or (bool(service) and service == each.service) or (bool(site) and site == each.site)
