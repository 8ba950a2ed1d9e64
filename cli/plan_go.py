"""Go or no-go for a wave: what has to hold before anybody touches a server, each with what it says and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cli.move_engine import gate_of, sites_of
from cli.move_state import state_folder
from cli.plan_check import judged_waves
from cli.plan_file import rescored
from cli.plan_inputs import Places
from infra.errors import InclineError
from infra.estate.load import load_estate
from infra.wording import counted, listed
from migration.engine import check_new_move
from migration.moves import FINAL
from migration.plan import make_plan
from migration.waves.document import PlannedNight, PlannedServer, WavePlan
from migration.waves.run import LATEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question. `server`: it holds up this server's group only, not the whole wave."""

    name: str
    ok: bool
    what: str
    next: str = ""
    server: str = ""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a wave is checked against."""

    folder: Path
    where: Places
    plan: WavePlan
    night: PlannedNight
    today: date
    early: str = ""


def checks(asked: Asked) -> Iterator[Check]:
    """All questions, cheapest first; each answer comes as soon as it is known."""
    yield _night(asked)
    yield _earlier(asked)
    yield from _score(asked)
    yield from _rules(asked)
    yield from _servers(asked)


def _night(asked: Asked) -> Check:
    night = asked.night.night
    if asked.today > night + LATEST and not asked.early:
        what = f"it was planned for {night}, which has passed: nothing of that night was judged for {asked.today}"
        return Check(name="night", ok=False, what=what, next="incline plan make")
    if asked.today >= night:
        return Check(name="night", ok=True, what=f"it is {asked.today}, the wave is planned for {night}")
    if asked.early:
        return Check(name="night", ok=True, what=f"planned for {night}, run on {asked.today}: {asked.early}")
    return Check(
        name="night", ok=False, what=f"it is planned for {night}, today is {asked.today}", next='wait, or give a reason: --early "WHY"'
    )


def _earlier(asked: Asked) -> Check:
    waiting = [each.server for night, each in asked.plan.entries() if night < asked.night.night and each.state == "planned"]
    if not waiting:
        return Check(name="earlier waves", ok=True, what="nobody of an earlier night still waits")
    return Check(
        name="earlier waves",
        ok=False,
        what=f"{counted(len(waiting), 'server')} of earlier nights not moved yet: {listed(waiting, 4)}",
        next="incline plan run   or   incline plan make",
    )


def _score(asked: Asked) -> Iterator[Check]:
    """Bandwidth, people, capacity of both sides, order: the plan as it stands, on this night."""
    try:
        found = rescored(asked.where, asked.plan, before=asked.night.night)
    except InclineError as error:
        yield Check(name="plan", ok=False, what=error.what, next=error.next_step)
        return
    nights = found.built.problem.nights
    broken = [each.what for each in found.violations if each.night is not None and nights[each.night] == asked.night.night]
    if not broken:
        yield Check(name="plan", ok=True, what="bandwidth, people, order and capacity of both sides hold on this night")
    for each in broken:
        yield Check(name="plan", ok=False, what=each, next="incline plan make")


def _rules(asked: Asked) -> Iterator[Check]:
    try:
        found = judged_waves(asked.folder, asked.plan, asked.where.capacity, asked.night.night)
    except InclineError as error:
        yield Check(name="rules", ok=False, what=error.what, next=error.next_step)
        return
    blocking = [verdict for each in found for verdict in each.blocking]
    if not blocking:
        yield Check(name="rules", ok=True, what="no rule stands in the way of the estate after this wave")
    for verdict in blocking:
        yield Check(name="rules", ok=False, what=f"{verdict.rule}: {verdict.message}", next=f"incline plan check {asked.night.night}")


def _servers(asked: Asked) -> Iterator[Check]:
    """Each server as `incline move plan` would say; one that is on its way already goes on."""
    estate = load_estate(asked.folder)
    gate, state = gate_of(asked.folder), state_folder(asked.folder)
    with sites_of(asked.folder) as sites:
        for each in asked.night.servers:
            if each.state == "moved":
                continue
            record = state.latest(each.server)
            if record is not None and record.state not in FINAL and record.target == each.to:
                yield Check(name=each.server, ok=True, what=f"its move is {record.state.value}", server=each.server)
                continue
            try:
                placement = check_new_move(estate, each.server, each.to, record)
                plan = make_plan(estate, placement, each.to, gate, sites.side(placement.site), sites.side(each.to))
            except InclineError as error:
                yield _stopped(each, error.what, error.next_step)
                continue
            why = (*plan.reasons, *plan.gate.blocking)
            if why:
                yield _stopped(each, "; ".join(why), f"incline move plan {each.server} --to {each.to}")
            else:
                size = sum(disk.size for disk in plan.disks) / (1 << 30)
                yield Check(name=each.server, ok=True, what=f"{placement.site} to {each.to}, {size:,.0f} GiB", server=each.server)


def _stopped(each: PlannedServer, why: str, what_next: str) -> Check:
    return Check(name=each.server, ok=False, what=why, next=what_next, server=each.server)
