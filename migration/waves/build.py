"""The planner's problem, built from what is known of servers, sites and people. Pure: it reads no file and asks no clock.

    candidates -> groups -> nights, uses, order -> Problem

What cannot be planned is left out with a reason and the rest is planned. Nothing is left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from infra.estate.model import Estate
from infra.observed.capacity import CapacitySnapshot
from migration.discover.dependencies_hubs import hub_findings, hubs_of
from migration.discover.groups import move_groups
from migration.discover.model import Edge, Finding, Gravity, Inventory
from migration.waves.build_candidates import Candidate, LeftOut
from migration.waves.build_capacity import Room, joined, overfull, rooms, unknown, uses_of, with_growth
from migration.waves.build_groups import Wishes, grouped
from migration.waves.build_nights import Calendar, calendar, nights_of, wanted_nights
from migration.waves.build_parts import Grouped, Part
from migration.waves.build_resources import (
    GB,
    PEOPLE,
    SERVERS,
    barred_words,
    by_link,
    copies,
    days_apart,
    lag,
    needed,
    resources,
    snapshots,
    waiting_cost,
)
from migration.waves.durations import Estimate, History, Pace, Rate, assumed_rate, pace, rate, together
from migration.waves.model import Group, Problem, Use
from migration.waves.programme import Programme


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All that a plan is made from.

    Attributes:
        today: the day of planning; copies may begin in the night after it.
        together: group by machine key, as dependencies tell.
        told: what was odd when these groups were made.
        pins: nights by server that people chose in the plan.
        retained: reasons by server that people gave in the plan.
        split: the night of every server of a plan that is to be scored as it stands.
        stay: nights by server of an earlier plan.
    """

    candidates: tuple[Candidate, ...]
    today: date
    programme: Programme = field(default_factory=Programme)
    estate: Estate | None = None
    inventory: Inventory | None = None
    snapshot: CapacitySnapshot | None = None
    edges: tuple[Edge, ...] = ()
    together: Mapping[str, str] = field(default_factory=dict)
    told: tuple[Finding, ...] = ()
    history: History = field(default_factory=History)
    pins: Mapping[str, date] = field(default_factory=dict)
    retained: Mapping[str, str] = field(default_factory=dict)
    stay: Mapping[str, date] = field(default_factory=dict)
    split: Mapping[str, date] = field(default_factory=dict)
    left: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The problem, and what people want to know about its parts.

    Attributes:
        parts: groups by name.
        estimates: of each group when it moves alone.
        rooms: what fills up on both sides, also what can never bind.
        room_uses: what each group takes of them, in the rooms' units.
        barred: of groups that have no night at all, why.
    """

    inputs: Inputs
    problem: Problem
    parts: Mapping[str, Part]
    estimates: Mapping[str, Estimate]
    rooms: tuple[Room, ...]
    room_uses: Mapping[str, tuple[Use, ...]]
    rates: Mapping[tuple[str, str], Rate]
    pace: Pace
    findings: tuple[Finding, ...]
    left: tuple[LeftOut, ...]
    pins: Mapping[str, date]

    @property
    def home(self) -> dict[str, str]:
        """The group of each server."""
        return {each.server: part.name for part in self.parts.values() for each in part.servers}


def build(inputs: Inputs) -> Built:
    """The problem of these inputs."""
    maker = _Builder(inputs)
    found = maker.groups()
    # Nights of the plan that is kept stay nights, however near they have come since.
    wanted = sorted({*maker.pins.values(), *inputs.split.values(), *inputs.stay.values()})
    days = calendar(inputs.programme, inputs.estate, inputs.today, wanted, found.parts, found.order)
    return maker.problem(found, days)


class _Builder:
    """What the steps share: rates by pair of sites, the pace, the pins."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.findings: list[Finding] = [*inputs.told]
        self._estimates: dict[tuple[str, ...], Estimate] = {}
        self.pace = pace(inputs.programme, inputs.estate, inputs.history)
        kept = {entry.server: entry.reason for entry in inputs.programme.retained} | dict(inputs.retained)
        self.moving = tuple(each for each in inputs.candidates if each.server not in kept)
        known = {each.server for each in inputs.candidates}
        self.left = [
            *inputs.left,
            *(LeftOut(server=name, why=why, kind="retained") for name, why in sorted(kept.items()) if name in known),
        ]
        self.pins = self._to_come(wanted_nights(inputs.programme, self.moving, inputs.pins))
        self.rates = {pair: self._rate(*pair) for pair in sorted({(each.site, each.target) for each in self.moving})}

    def _to_come(self, pins: Mapping[str, date]) -> dict[str, date]:
        """Without the nights that have passed: nobody can move in them any more."""
        passed = {server: night for server, night in pins.items() if night <= self.inputs.today}
        self.findings += [
            Finding(
                code="PLN-025",
                gravity=Gravity.WARNING,
                where=server,
                what=f"it is pinned to {night}, a night that has passed",
                taken="it is planned as if nobody had pinned it",
                remedy="pin it to a night to come, or take the pin out",
            )
            for server, night in sorted(passed.items())
        ]
        return {server: night for server, night in pins.items() if server not in passed}

    def _rate(self, site: str, target: str) -> Rate:
        found = rate(self.pace, self.inputs.estate, site, target)
        if found is not None:
            return found
        taken = assumed_rate(self.pace, site, target)
        self.findings.append(
            Finding(
                code="PLN-011",
                gravity=Gravity.WARNING,
                where=f"{site} to {target}",
                what="no link between the two is known",
                taken=f"{taken.mbit_s:g} Mbit/s at all hours, of which {taken.share_percent:g} % for copies",
                remedy="write it under `links:` of the programme or of the estate",
            )
        )
        return taken

    # --- groups

    def groups(self) -> Grouped:
        """The groups, each of which some night can hold."""
        inputs = self.inputs
        able = [each for each in self.moving if not self._never(each)]
        found = grouped(
            able,
            inputs.programme,
            estate=inputs.estate,
            together=self._together(able),
            edges=inputs.edges,
            wishes=Wishes(self.pins, frozenset(inputs.pins), inputs.split, inputs.stay),
            fits=self._fits,
        )
        self._pin_groups(found)
        self.left += found.left
        self.findings += found.findings
        return found

    def _together(self, able: Sequence[Candidate]) -> Mapping[str, str]:
        """The groups of dependencies that the caller brings, else those of the inventory's, where the programme asks for such."""
        inputs, groups = self.inputs, self.inputs.programme.groups
        if inputs.together or groups.by != "dependencies":
            return inputs.together
        moving = {each.machine: each.service for each in able}
        machines = [machine for machine in inputs.inventory.machines if machine.key in moving] if inputs.inventory else []
        hubs = hubs_of(machines, inputs.edges)
        found = move_groups(machines, inputs.edges, hubs=hubs, largest=groups.largest, confidence=groups.confidence, services=moving)
        self.findings += [*hub_findings(hubs, {machine.key: machine.server or machine.name for machine in machines}), *found.findings]
        if not found.of:
            self.findings.append(_no_groups())
        return found.of

    def _pin_groups(self, found: Grouped) -> None:
        """Pins of whole groups, whose names only the grouping knows."""
        for pin in self.inputs.programme.pins:
            mine = [part for part in found.parts if pin.group and pin.group in {part.base, part.name}]
            if pin.group and not mine:
                self.findings.append(
                    Finding(
                        code="PLN-006",
                        gravity=Gravity.WARNING,
                        where=f"pin of group {pin.group}",
                        what="no group has this name",
                        taken="the pin does nothing",
                        remedy="incline plan show names the groups",
                    )
                )
            for part in mine:
                self.pins |= self._to_come({each.server: pin.night for each in part.servers if each.server not in self.pins})

    def _never(self, each: Candidate) -> bool:
        """Whether the rules would stop its move in every night, because it is down for too long."""
        minutes = self._moved((each,)).downtime_minutes.p50
        for limit, words in ((each.rto_minutes, f"the RTO of {each.service}"), (each.window_minutes, "its window under `move:`")):
            if limit is not None and minutes > limit:
                why = f"its cut-over takes about {minutes:,.0f} min, {words} is {limit} min (MIG-002)"
                self.left.append(LeftOut(server=each.server, why=why, kind="does not fit"))
                self.findings.append(
                    Finding(
                        code="PLN-002",
                        gravity=Gravity.ERROR,
                        where=f"server {each.server}",
                        what=why,
                        taken="it is in no night; all others are planned",
                        remedy="copy more often before it, widen the link, agree a longer downtime, or retain the server",
                    )
                )
                return True
        return False

    def _fits(self, servers: Sequence[Candidate]) -> str:
        """Why no night can hold these servers together, or nothing."""
        programme, count = self.inputs.programme, len(servers)
        if count > min(programme.wave.most, programme.groups.largest):
            return f"{count} servers, {min(programme.wave.most, programme.groups.largest)} at most"
        if count * programme.people.minutes_per_server > programme.people.minutes:
            return f"{count} servers x {programme.people.minutes_per_server:g} min of work, a night has {programme.people.minutes:,.0f}"
        for pair, mine in by_link(servers).items():
            moved = self._moved(mine)
            hours = min(self.rates[pair].hours, programme.people.hours)
            if moved.downtime_minutes.p50 > hours * 60:
                return f"cut-over of {moved.downtime_minutes.p50 / 60:,.1f} h ({moved.final_bytes / GB:,.0f} GB), a night has {hours:g} h"
        return ""

    # --- the problem

    def problem(self, found: Grouped, days: Calendar) -> Built:
        """The problem over these nights."""
        inputs, programme = self.inputs, self.inputs.programme
        sites = {site for pair in self.rates for site in pair}
        budget = programme.money.budget_usd_month or (inputs.estate.standards.budget_usd_month if inputs.estate else None)
        found_rooms = rooms(inputs.estate, inputs.inventory, inputs.snapshot, sites, budget)
        all_rooms = with_growth(found_rooms, inputs.snapshot, days.nights, inputs.today)
        known = {room.key: room for room in all_rooms}
        self.findings += [*overfull(all_rooms, found.parts), *unknown(all_rooms, found.parts)]
        lags = {days_held: lag(days.nights, days_held) for days_held in {each.hold_days for each in self.moving}}
        room_uses = {part.name: self._room_uses(part, known, lags) for part in found.parts}
        estimates = {part.name: self._estimate(part) for part in found.parts}
        ledger = resources(programme, days.nights, inputs.today, self.rates, all_rooms, found.parts)
        groups = tuple(self._group(part, days, room_uses[part.name]) for part in found.parts)
        groups, lost = self._placeable(groups)
        limits = needed(ledger, groups)
        names = {resource.name for resource in limits}
        full = {room.title for room in all_rooms if room.ever_over(days.nights, inputs.today, programme.growth.percent_per_month)}
        # Where more runs than may, what leaves only ends that.
        kept_uses = {g.name: tuple(u for u in g.uses if u.resource in names and (u.amount > 0 or u.resource not in full)) for g in groups}
        groups = tuple(replace(g, uses=kept_uses[g.name]) for g in groups)
        kept = {group.name for group in groups}
        stay = {name: index for name, index in self._stay(found.parts, days) if name in kept}
        problem = Problem(
            nights=days.nights,
            groups=groups,
            resources=limits,
            order=tuple(each for each in found.order if each.first in kept and each.then in kept),
            stay=stay,
            stay_weight=programme.money.stay_usd if stay else 0.0,
        )
        return Built(
            inputs=inputs,
            problem=problem,
            parts={part.name: part for part in found.parts if part.name in kept},
            estimates=estimates,
            rooms=all_rooms,
            room_uses=room_uses,
            rates=self.rates,
            pace=self.pace,
            findings=(*self.findings, *days.findings),
            left=(*self.left, *lost),
            pins=self.pins,
        )

    def _moved(self, servers: tuple[Candidate, ...]) -> Estimate:
        """Durations of servers that share a link, counted once."""
        key = tuple(each.server for each in servers)
        if key not in self._estimates:
            self._estimates[key] = together(servers, self.rates[servers[0].site, servers[0].target], self.pace)
        return self._estimates[key]

    def _estimate(self, part: Part) -> Estimate:
        """A group's durations: those of the link that is busy longest."""
        return max((self._moved(mine) for mine in by_link(part.servers).values()), key=lambda moved: moved.downtime_minutes.p50)

    def _room_uses(self, part: Part, known: Mapping[str, Room], lags: Mapping[int, int]) -> tuple[Use, ...]:
        return joined(use for each in part.servers for use in uses_of(each, known.get, lags[each.hold_days]) if use[1])

    def _group(self, part: Part, days: Calendar, room_uses: tuple[Use, ...]) -> Group:
        programme = self.inputs.programme
        nights = nights_of(part, days, self.pins)
        uses = [
            Use(resource=PEOPLE, amount=len(part.servers) * programme.people.minutes_per_server),
            Use(resource=SERVERS, amount=float(len(part.servers))),
            *copies({pair: self._moved(mine) for pair, mine in by_link(part.servers).items()}, self.rates),
            *snapshots(part.servers, programme.throttles.snapshots_per_datastore),
            *room_uses,
        ]
        return Group(
            name=part.name,
            servers=tuple(each.server for each in part.servers),
            nights=nights.open,
            uses=tuple(use for use in uses if use.amount),
            per_night=sum(waiting_cost(each, programme, days_apart(days.nights)) for each in part.servers),
            due=nights.due,
            late_per_night=nights.late_per_night,
            hard=nights.hard,
            pinned=nights.pinned,
            barred=nights.barred,
        )

    def _placeable(self, groups: tuple[Group, ...]) -> tuple[tuple[Group, ...], list[LeftOut]]:
        """Those that have a night. A group without one is left out, with what stands behind it in the order."""
        open_groups, lost = [], list[LeftOut]()
        for group in groups:
            if group.nights:
                open_groups.append(group)
                continue
            why = barred_words(group, self.inputs.programme)
            lost += [LeftOut(server=server, why=why, kind="does not fit") for server in group.servers]
            self.findings.append(
                Finding(
                    code="PLN-012",
                    gravity=Gravity.ERROR,
                    where=f"group {group.name}",
                    what=f"no night is open to it: {why}",
                    taken="it is in no night; all others are planned",
                    remedy="plan more nights, or lift what bars them",
                )
            )
        return tuple(open_groups), lost

    def _stay(self, parts: Sequence[Part], days: Calendar) -> Iterable[tuple[str, int]]:
        """The night of an earlier plan for each group: that of most of its servers."""
        index = days.index
        for part in parts:
            nights = [self.inputs.stay[each.server] for each in part.servers if each.server in self.inputs.stay]
            if nights:
                night = max(sorted(set(nights)), key=nights.count)
                if night in index:
                    yield part.name, index[night]


def _no_groups() -> Finding:
    return Finding(
        code="PLN-007",
        gravity=Gravity.WARNING,
        where="groups",
        what="the programme groups by dependencies, and no groups of dependencies are known",
        taken="servers are grouped by service",
        remedy="import flows first: incline inventory dependencies",
    )
