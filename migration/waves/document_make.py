"""A schedule as a plan document: per night its servers, bytes, hours, people, what binds it and what is left at both sides."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from infra.wording import counted, listed
from migration.discover.model import Finding, Gravity
from migration.waves.build import Built
from migration.waves.build_candidates import Candidate
from migration.waves.build_ledger import Left, ledger, tightest
from migration.waves.build_resources import GB
from migration.waves.document import Goal, PlannedNight, PlannedPin, PlannedServer, PlannedStay, Result, Unplanned, WavePlan
from migration.waves.durations import Estimate, Span, estimate, together
from migration.waves.model import Binding, Conflict, Solution
from migration.waves.programme import Programme


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What a document takes from beside the schedule.

    Attributes:
        cost: of the schedule, without the price of changes.
        before: the plan that it replaces: what has moved, and people's pins and reasons, stay on record.
        inputs: fingerprints by name.
    """

    goal: Goal
    now: datetime
    before: WavePlan | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    bindings: Sequence[Binding] = ()
    conflict: Conflict | None = None
    cost: float | None = None


def document_of(built: Built, solution: Solution, making: Making) -> WavePlan:
    """The document of a solution."""
    lefts = ledger(built, solution.at)
    held_by = _held_by(making.bindings)
    olds = {each.server: each for _, each in making.before.entries()} if making.before else {}
    by_night: dict[int, list[str]] = {}
    for group, index in solution.at.items():
        by_night.setdefault(index, []).append(group)
    fresh = [_night(built, index, sorted(groups), lefts, held_by, olds) for index, groups in sorted(by_night.items())]
    nights = _with_done(fresh, making.before)
    done = {each.server for night in nights for each in night.servers if each.state == "moved"}
    return WavePlan(
        estate=built.inputs.estate.name if built.inputs.estate else "",
        made=making.now.replace(microsecond=0),
        goal=making.goal,
        inputs=dict(making.inputs),
        result=Result(
            objective=round(solution.objective, 2),
            cost=round(solution.objective if making.cost is None else making.cost, 2),
            bound=round(solution.bound, 2),
            gap=round(solution.gap, 6),
            seconds=round(solution.seconds, 1),
            method=solution.method + (", stopped early" if solution.stopped else ""),
        ),
        nights=nights,
        pins=_pins(built, making.before),
        retained=tuple(PlannedStay(server=name, reason=why) for name, why in sorted(built.inputs.retained.items())),
        left_out=tuple(each for each in _left_out(built, solution, making.conflict) if each.server not in done),
    )


def _night(
    built: Built, index: int, groups: Sequence[str], lefts: tuple[Left, ...], held_by: Mapping[int, str], olds: Mapping[str, PlannedServer]
) -> PlannedNight:
    servers = [each for group in groups for each in built.parts[group].servers]
    moved = night_estimate(built, servers)
    people = built.inputs.programme.people
    night = built.problem.nights[index]
    return PlannedNight(
        night=night,
        gb=_gb(moved.seed_bytes),
        hours=round(moved.downtime_minutes.p50 / 60, 1),
        hours_p90=round(moved.downtime_minutes.p90 / 60, 1),
        people=round(len(servers) * people.minutes_per_server / 60 / people.hours, 1),
        held_by=held_by.get(index, ""),
        left=tightest(lefts, index),
        servers=tuple(_server(built, group, each, night, olds) for group in groups for each in built.parts[group].servers),
    )


def night_estimate(built: Built, servers: Sequence[Candidate]) -> Estimate:
    """Durations of all servers of a night: links work side by side, so the longest decides; bytes add up."""
    pairs = sorted({(each.site, each.target) for each in servers})
    each_link = [together([s for s in servers if (s.site, s.target) == pair], built.rates[pair], built.pace) for pair in pairs]
    longest = max(each_link, key=lambda moved: moved.downtime_minutes.p50)
    if len(each_link) == 1:
        return longest
    return Estimate(
        seed=max((m.seed for m in each_link), key=_middle),
        delta=max((m.delta for m in each_link), key=_middle),
        final=max((m.final for m in each_link), key=_middle),
        downtime_minutes=longest.downtime_minutes,
        seed_bytes=sum(m.seed_bytes for m in each_link),
        delta_bytes=sum(m.delta_bytes for m in each_link),
        final_bytes=sum(m.final_bytes for m in each_link),
        binds=longest.binds,
        formula="; ".join(m.formula for m in each_link),
        source="; ".join(m.source for m in each_link),
    )


def _middle(span: Span) -> float:
    return span.p50


def _server(built: Built, group: str, each: Candidate, night: date, olds: Mapping[str, PlannedServer]) -> PlannedServer:
    moved = estimate(each, built.rates[each.site, each.target], built.pace)
    old = olds.get(each.server)
    return PlannedServer(
        server=each.server,
        group=group,
        to=each.target,
        gb=_gb(each.bytes),
        minutes=round(moved.downtime_minutes.p50),
        minutes_p90=round(moved.downtime_minutes.p90),
        chosen=night,
        note=_note(old) if old else "",
    )


def _note(old: PlannedServer) -> str:
    if old.state in {"failed", "rolled-back"}:
        return f"{old.state} on {old.on}" if old.on else old.state
    return old.note


def _gb(size: int) -> float:
    return round(size / GB, 1)


def _with_done(fresh: Iterable[PlannedNight], before: WavePlan | None) -> tuple[PlannedNight, ...]:
    """The nights, with those of the earlier plan that hold servers which have moved."""
    nights = {night.night: night for night in fresh}
    planned = {each.server for night in nights.values() for each in night.servers}
    for old in before.nights if before else ():
        done = tuple(each for each in old.servers if each.state == "moved" and each.server not in planned)
        if done:
            night = nights.get(old.night, old.model_copy(update={"servers": ()}))
            nights[old.night] = night.model_copy(update={"servers": (*done, *night.servers)})
    return tuple(nights[day] for day in sorted(nights))


def _pins(built: Built, before: WavePlan | None) -> tuple[PlannedPin, ...]:
    whys = {pin.server: pin.why for pin in before.pins} if before else {}
    return tuple(PlannedPin(server=name, night=night, why=whys.get(name, "")) for name, night in sorted(built.inputs.pins.items()))


def _held_by(bindings: Sequence[Binding]) -> dict[int, str]:
    """The sentence of the worthiest binding of each night."""
    best: dict[int, Binding] = {}
    for each in bindings:
        if each.night not in best or each.worth > best[each.night].worth:
            best[each.night] = each
    return {night: each.said for night, each in best.items()}


def _left_out(built: Built, solution: Solution, conflict: Conflict | None) -> Iterable[Unplanned]:
    found = {
        each.server: Unplanned(server=each.server, why=each.why, kind=each.kind)
        for each in built.left
        if each.server not in built.inputs.retained
    }
    caught = set(conflict.groups) if conflict else set()
    for group in built.problem.groups:
        if group.name in solution.at:
            continue
        why = "no night is left for it beside the others"
        if conflict and (group.name in caught or not caught):
            why = "; ".join(conflict.demands)
        for server in group.servers:
            found[server] = Unplanned(server=server, why=why, kind="not placed")
    return [found[name] for name in sorted(found)]


def small_nights(plan: WavePlan, programme: Programme) -> Iterable[Finding]:
    """Nights with fewer servers than people wish: said, since a demand for more would only make plans worse."""
    small = [night for night in plan.nights if len(night.servers) < programme.wave.least]
    if small:
        yield Finding(
            code="PLN-017",
            gravity=Gravity.NOTE,
            where=", ".join(str(night.night) for night in small[:5]) + (" ..." if len(small) > 5 else ""),
            what=f"{counted(len(small), 'night')} with fewer than {counted(programme.wave.least, 'server')}",
            taken="kept as it is",
            remedy="pin their groups to another night, or change wave: {least: ...}",
        )


def late(built: Built, solution: Solution) -> Iterable[Finding]:
    """Groups that move after their deadline: the price of it is in the cost, and people have to be told."""
    found = [
        (group, solution.at[group.name])
        for group in built.problem.groups
        if group.due is not None and group.name in solution.at and solution.at[group.name] > group.due
    ]
    for group, night in found:
        due = group.due or 0
        nights = built.problem.nights
        what = f"moves on {nights[night]}, after its deadline" + (
            f" (its last night was {nights[due]})" if due >= 0 else ", which has passed"
        )
        yield Finding(
            code="PLN-019",
            gravity=Gravity.WARNING,
            where=f"group {group.name}",
            what=what,
            taken="the programme's price of each late night is counted",
            remedy="pin it earlier, move the deadline, or give the nights before it more room",
        )


def dropped(before: WavePlan | None, plan: WavePlan) -> Iterable[Finding]:
    """Servers of the earlier plan that the new one says nothing about: it is for something else."""
    known = {*plan.night_of(), *(each.server for each in plan.left_out), *(each.server for each in plan.retained)}
    lost = sorted(each.server for _, each in before.entries() if each.server not in known) if before else []
    if lost:
        yield Finding(
            code="PLN-018",
            gravity=Gravity.WARNING,
            where=listed(lost, 5),
            what=f"of the plan that is kept, {counted(len(lost), 'server')} would not be part of this one",
            taken="with --yes in no plan any more",
            remedy="name all that is to move, --service may be repeated; or write to another file with --out",
        )


def fingerprint(value: Any) -> str:
    """A short digest of something that went into a plan: equal digests, equal inputs."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
