"""What people changed in a plan, what that does to it, and the plan with one more change.

An edit is a difference between a line's night and the night that the planner had `chosen`. It becomes a pin; the plan as it stands is
scored at once, with every demand that it breaks in words; and a new plan keeps the pins and leaves as few other servers as it can.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from infra.errors import InclineError
from infra.estate.problems import did_you_mean
from infra.wording import listed
from migration.discover.model import Finding, Gravity
from migration.waves.build import Built, Inputs, build
from migration.waves.document import PlannedNight, PlannedPin, PlannedServer, PlannedStay, WavePlan
from migration.waves.model import Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What people asked for beyond the planner's choice.

    Attributes:
        pins: nights by server: those on record and those that a moved line makes.
        moved: the servers whose line was moved, with the night the planner had chosen.
        retained: reasons by server.
    """

    pins: Mapping[str, date]
    moved: Mapping[str, date]
    retained: Mapping[str, str]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescored:
    """A plan as it stands: what it costs, and each demand that it breaks.

    Attributes:
        built: the problem that it was scored against, its groups as the plan splits them.
        at: the night of each group, as an index.
    """

    built: Built
    at: Mapping[str, int]
    objective: float
    violations: tuple[Violation, ...]
    findings: tuple[Finding, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Violations as sentences with their night, soonest first."""
        nights = self.built.problem.nights
        ordered = sorted(self.violations, key=lambda each: (each.night is None, each.night or 0, each.what))
        return tuple(f"{nights[each.night]}: {each.what}" if each.night is not None else each.what for each in ordered)


def edits_of(plan: WavePlan, known: Iterable[str] | None = None) -> Edits:
    """The edits of a plan. With `known`, what names a server that there is none of is said, and passed over."""
    pins = {pin.server: pin.night for pin in plan.pins}
    moved: dict[str, date] = {}
    findings: list[Finding] = []
    for night, each in plan.entries():
        if each.state == "moved":
            continue
        if each.chosen != night:
            moved[each.server] = each.chosen or night
            pins[each.server] = night
        elif each.server in pins and pins[each.server] != night:
            findings.append(_two_nights(each.server, pins[each.server], night))
    kept = {stay.server: stay.reason or "kept by hand" for stay in plan.retained}
    for name in sorted(kept.keys() & pins.keys()):
        findings.append(_kept_and_pinned(name))
        del pins[name]
    if known is not None:
        names = set(known)
        for name in sorted((pins.keys() | kept.keys()) - names):
            findings.append(_stranger(name, names))
            pins.pop(name, None)
            kept.pop(name, None)
    return Edits(pins=pins, moved=moved, retained=kept, findings=tuple(findings))


def _two_nights(server: str, pinned: date, night: date) -> Finding:
    return Finding(
        code="PLN-020",
        gravity=Gravity.NOTE,
        where=server,
        what=f"it is pinned to {pinned} and stands in {night}",
        taken="the pin: the next plan moves it there",
        remedy=f"incline plan unpin {server}, if {night} is meant",
    )


def _kept_and_pinned(server: str) -> Finding:
    return Finding(
        code="PLN-021",
        gravity=Gravity.WARNING,
        where=server,
        what="it is retained and pinned",
        taken="it is retained",
        remedy="take one of the two out of the plan",
    )


def _stranger(server: str, known: Iterable[str]) -> Finding:
    return Finding(
        code="PLN-022",
        gravity=Gravity.WARNING,
        where=server,
        what="there is no such server to move",
        taken="it is passed over",
        remedy=did_you_mean(server, known),
    )


def with_edits(inputs: Inputs, plan: WavePlan) -> Inputs:
    """Inputs for a new plan that keeps people's edits and stays near the nights of this one."""
    edits = edits_of(plan)
    stay = {each.server: night for night, each in plan.entries() if each.state != "moved"}
    return replace(_ahead(inputs, plan), pins=edits.pins, retained={**inputs.retained, **edits.retained}, stay=stay)


def _ahead(inputs: Inputs, plan: WavePlan) -> Inputs:
    """Inputs without the servers that the plan has moved: an old inventory may still show them at their source."""
    done = {each.server for _, each in plan.entries() if each.state == "moved"}
    return replace(inputs, candidates=tuple(each for each in inputs.candidates if each.server not in done)) if done else inputs


def rescore(inputs: Inputs, plan: WavePlan) -> Rescored:
    """The plan as it stands, scored; nothing is solved."""
    from migration.waves.check import check  # noqa: PLC0415 - numpy is not needed to read a plan
    from migration.waves.score import score  # noqa: PLC0415

    inputs = _ahead(inputs, plan)
    known = {each.server for each in inputs.candidates} | {each.server for each in inputs.left}
    edits = edits_of(plan, known)
    nights = plan.night_of()
    kept = {*edits.retained, *inputs.retained, *(entry.server for entry in inputs.programme.retained)}
    absent = {each.server: "not in the plan" for each in inputs.candidates if each.server not in nights and each.server not in kept}
    asked = replace(
        inputs,
        pins={},
        stay={},
        split=nights,
        retained={**inputs.retained, **edits.retained, **dict.fromkeys(absent, "in no night of the plan")},
    )
    built = build(asked)
    index = {night: place for place, night in enumerate(built.problem.nights)}
    names = {group.name for group in built.problem.groups}
    at = {
        name: index[nights[part.servers[0].server]]
        for name, part in built.parts.items()
        if name in names and part.servers and nights.get(part.servers[0].server) in index
    }
    return Rescored(
        built=built,
        at=at,
        objective=score(built.problem, at).objective,
        violations=check(built.problem, at),
        findings=(
            *edits.findings,
            *_ghosts(plan, known, edits.findings),
            *_missing(plan, absent),
            *_overdue(plan, inputs.today),
            *built.findings,
        ),
    )


def _ghosts(plan: WavePlan, known: Collection[str], told: Sequence[Finding]) -> Iterable[Finding]:
    """Servers of the plan that have vanished from estate and inventory, or whose names somebody mistyped."""
    said = {each.where for each in told}
    for name in sorted(each.server for _, each in plan.entries() if each.state != "moved" and each.server not in known):
        if name not in said:
            yield _stranger(name, known)


def _missing(plan: WavePlan, absent: Mapping[str, str]) -> Iterable[Finding]:
    """Servers that could move and that somebody took out of the plan without a word."""
    said = {each.server for each in plan.left_out}
    for name in sorted(absent.keys() - said):
        yield Finding(
            code="PLN-023",
            gravity=Gravity.WARNING,
            where=name,
            what="it is to move and stands in no night of the plan",
            taken="it is scored as staying where it is",
            remedy=f"incline plan make, or incline plan retain {name} --reason WHY",
        )


def _overdue(plan: WavePlan, today: date) -> Iterable[Finding]:
    """Servers whose night has passed without a word of what became of them."""
    late = sorted(each.server for night, each in plan.entries() if night <= today and each.state == "planned")
    if late:
        yield Finding(
            code="PLN-024",
            gravity=Gravity.WARNING,
            where=listed(late, 5),
            what="the night has passed, and the plan does not say that they moved",
            taken="they are scored as having no night",
            remedy="incline plan make",
        )


# --- single changes


def with_pin(plan: WavePlan, server: str, night: date, *, alone: bool = False, why: str = "") -> WavePlan:
    """The plan with a server, and its group unless it goes alone, moved to a night and pinned there.

    Raises:
        InclineError: INC-7123 when the plan has no such server, INC-7124 when it has moved already.
    """
    _, entry = _entry(plan, server)
    mates = {server} if alone else {each.server for _, each in plan.entries() if each.group == entry.group and entry.group}
    mates |= {server}
    moving = [each for _, each in plan.entries() if each.server in mates and each.state != "moved"]
    pins = {pin.server: pin for pin in plan.pins} | {each.server: PlannedPin(server=each.server, night=night, why=why) for each in moving}
    return _moved(plan, {each.server: night for each in moving}).model_copy(update={"pins": tuple(pins[name] for name in sorted(pins))})


def without_pin(plan: WavePlan, server: str) -> WavePlan:
    """The plan without the pins of a server's group. It stays where it stands until the next plan is made.

    Raises:
        InclineError: INC-7125 when it has no pin.
    """
    if server not in {pin.server for pin in plan.pins}:
        pinned = sorted(pin.server for pin in plan.pins)
        raise InclineError(f"{server} is not pinned", code="INC-7125", next_step=did_you_mean(server, pinned) or "incline plan show")
    found = plan.entry(server)
    group = found[1].group if found else ""
    mates = {each.server for _, each in plan.entries() if group and each.group == group} | {server}
    freed = tuple(
        night.model_copy(update={"servers": tuple(_chosen(e, night.night) if e.server in mates else e for e in night.servers)})
        for night in plan.nights
    )
    return plan.model_copy(update={"pins": tuple(pin for pin in plan.pins if pin.server not in mates), "nights": freed})


def _chosen(entry: PlannedServer, night: date) -> PlannedServer:
    return entry.model_copy(update={"chosen": night})


def with_retained(plan: WavePlan, server: str, reason: str) -> WavePlan:
    """The plan with a server that stays where it is.

    Raises:
        InclineError: INC-7124 when it has moved already.
    """
    if plan.entry(server) is not None:
        _entry(plan, server)
    return with_moves(plan, {}, {server: reason})


def _entry(plan: WavePlan, server: str) -> tuple[date, PlannedServer]:
    found = plan.entry(server)
    if found is None:
        names = [each.server for _, each in plan.entries()]
        raise InclineError(f"{server}: the plan moves no such server", code="INC-7123", next_step=did_you_mean(server, names))
    if found[1].state == "moved":
        raise InclineError(
            f"{server} has moved already, on {found[1].on or found[0]}", code="INC-7124", next_step=f"incline plan show {server}"
        )
    return found


def _moved(plan: WavePlan, to: Mapping[str, date]) -> WavePlan:
    """The plan with lines moved to other nights; a night that it has not yet is made, an empty one goes."""
    lines: dict[date, list[PlannedServer]] = {day: [] for day in (*(night.night for night in plan.nights), *to.values())}
    for night, each in plan.entries():
        lines[to.get(each.server, night)].append(each)
    heads = {night.night: night for night in plan.nights}
    nights = (
        heads.get(day, PlannedNight(night=day)).model_copy(update={"servers": tuple(lines[day])}) for day in sorted(lines) if lines[day]
    )
    return plan.model_copy(update={"nights": tuple(nights)})


def with_moves(plan: WavePlan, moved: Mapping[str, date], retained: Mapping[str, str]) -> WavePlan:
    """The plan with many servers moved and pinned, and others kept where they are."""
    changed = _moved(plan, moved) if moved else plan
    pins = {pin.server: pin for pin in plan.pins} | {name: PlannedPin(server=name, night=night) for name, night in moved.items()}
    stays = {stay.server: stay for stay in plan.retained} | {name: PlannedStay(server=name, reason=why) for name, why in retained.items()}
    nights = (
        night.model_copy(update={"servers": tuple(each for each in night.servers if each.server not in retained)})
        for night in changed.nights
    )
    return changed.model_copy(
        update={
            "nights": tuple(night for night in nights if night.servers),
            "pins": tuple(pins[name] for name in sorted(pins) if name not in stays),
            "retained": tuple(stays[name] for name in sorted(stays)),
            "left_out": tuple(each for each in plan.left_out if each.server not in retained),
        }
    )
