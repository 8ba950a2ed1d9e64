"""A plan of moves as evidence: the estate after each step, while both copies exist, and when the sources are given up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from infra.errors import InclineError, why_unreadable
from infra.estate.model import Estate, Held, Machine, Model, Placement
from infra.estate.problems import did_you_mean
from infra.observed.capacity import CapacitySnapshot, VsphereCapacity
from infra.wording import listed
from policies.evidence import Evidence
from policies.readers.estate import PLANNED, read_estate
from policies.readers.places import Where, nowhere

HOLD_DAYS = 14
"""How long a source is kept where the estate does not say: the default of a move's intent."""


class PlanError(InclineError):
    """A plan that cannot be judged."""


class PlannedMove(Model):
    """One move of a plan: which server, to which site, in which night."""

    server: str
    to: str
    on: date | None = None


class Wave(Model):
    """Moves of one night, which stand on trial together."""

    name: str = ""
    on: date | None = None
    moves: tuple[PlannedMove, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class PlanState:
    """The estate at one moment of a plan. `gone`: sources given up by then, by server and site."""

    name: str
    estate: Estate
    dates: Mapping[str, date]
    gone: frozenset[tuple[str, str]] = frozenset()

    def evidence(self, today: date, where: Where = nowhere) -> Evidence:
        """This moment as evidence; the plan's nights in place of those that the estate names."""
        read = read_estate(self.estate, today, where, reader="plan")
        return replace(read, moves=tuple(replace(m, on=self.dates[m.server]) if m.server in self.dates else m for m in read.moves))

    def without_sources(self, snapshot: CapacitySnapshot) -> CapacitySnapshot:
        """A snapshot without the machines that are given up by then, or they would count as somebody else's load."""
        sites = {name: _left(name, site, self.gone) if isinstance(site, VsphereCapacity) else site for name, site in snapshot.sites.items()}
        return snapshot.model_copy(update={"sites": sites}) if self.gone else snapshot


def read_plan(estate: Estate, server: str, target: str, today: date, where: Where = nowhere) -> Evidence:
    """Evidence of the state after the cut-over of `server` to `target`. Both machines count, since rollback must stay possible."""
    return read_estate(after_cutover(estate, server, target, today), today, where, reader="plan")


def read_plan_file(path: Path) -> tuple[Wave, ...]:
    """The waves of a plan file, in order.

    It is `{waves: [{name, on, moves: [{server, to, on}]}]}`, `{moves: [...]}`, a list of moves to be made one after the other, or what
    `incline move plan --json` prints.

    Raises:
        PlanError: it cannot be read or is no plan (INC-3024).
    """
    hint = 'write {"waves": [{"on": "2026-12-05", "moves": [{"server": "permits-db-01", "to": "aws-east"}]}]}'
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return tuple(Wave.model_validate(wave) for wave in _waves(document))
    except (OSError, UnicodeDecodeError, RecursionError, json.JSONDecodeError) as error:
        raise PlanError(f"{path}: the plan cannot be read: {why_unreadable(error)}", code="INC-3024", next_step=hint) from error
    except ValidationError as error:
        told = tuple(f"{'.'.join(map(str, p['loc'])) or 'the plan'}: {p['msg']}" for p in error.errors(include_url=False)[:5])
        raise PlanError(f"{path}: no plan of moves", code="INC-3024", details=told, next_step=hint) from error
    except ValueError as error:
        raise PlanError(f"{path}: no plan of moves: {error}", code="INC-3024", next_step=hint) from error


def _waves(document: Any) -> Sequence[Any]:
    if isinstance(document, dict) and {"server", "target"} <= document.keys():
        return [{"moves": [{"server": document["server"], "to": document["target"]}]}]
    if isinstance(document, dict):
        document = document.get("waves") or document.get("steps") or document.get("moves")
    if not isinstance(document, list) or not document:
        raise ValueError("it holds no waves and no moves")
    # A list of moves without nights is a list of steps, one after the other.
    return [
        wave if isinstance(wave, dict) and "moves" in wave else {"moves": wave if isinstance(wave, list) else [wave]} for wave in document
    ]


def plan_states(estate: Estate, waves: Sequence[Wave], today: date) -> Iterator[PlanState]:
    """The estate after the cut-over of every wave, and at the end when all sources are given up.

    A source is held until its hold time is over; where a wave has no night, every source before it is still held, which is the harder case.

    Raises:
        PlanError: a server or site is not in the estate, or a move leads where the server stands already (INC-3028).
    """
    now, gone, dates, trials = estate, frozenset[tuple[str, str]](), dict[str, date](), list[tuple[str, str, date | None]]()
    for number, wave in enumerate(waves, 1):
        for move in wave.moves:
            night = move.on or wave.on
            for server, source, until in [t for t in trials if night and t[2] and t[2] < night]:
                now, gone = given_up(now, server), gone | {(server, source)}
                trials.remove((server, source, until))
            source = _checked(now, move)
            now = after_cutover(now, move.server, move.to, night or today)
            # A machine holds one source: who moves on gives up the one before, and who moves back takes it into use again.
            gone = (gone | {t[:2] for t in trials if t[0] == move.server}) - {(move.server, move.to)}
            trials = [t for t in trials if t[0] != move.server]
            if night:
                dates[move.server] = night
            trials.append((move.server, source, date.fromordinal(night.toordinal() + _hold_days(estate, move.server)) if night else None))
        moved = listed([f"{m.server} to {m.to}" for m in wave.moves])
        yield PlanState(f"step {number} of {len(waves)}: {wave.name + ', ' if wave.name else ''}{moved}", now, dict(dates), gone)
    for server, source, _ in trials:
        now, gone = given_up(now, server), gone | {(server, source)}
    yield PlanState("when all sources are given up", now, dict(dates), gone)


def _hold_days(estate: Estate, server: str) -> int:
    intent = estate.servers[server].move
    return intent.hold_days if intent else HOLD_DAYS


def _checked(estate: Estate, move: PlannedMove) -> str:
    """The site that a move leaves."""
    if move.server not in estate.servers:
        hint = did_you_mean(move.server, estate.servers)
        raise PlanError(f"the plan moves {move.server}: the estate has no such server", code="INC-3028", next_step=hint)
    if move.to not in estate.sites:
        hint = did_you_mean(move.to, estate.sites)
        raise PlanError(f"the plan moves {move.server} to {move.to}: the estate has no such site", code="INC-3028", next_step=hint)
    placement = estate.placements.get(move.server)
    source = placement.site if placement else estate.servers[move.server].site
    if source == move.to:
        raise PlanError(
            f"the plan moves {move.server} to {move.to}, where it stands already",
            code="INC-3028",
            next_step="take the move out of the plan",
        )
    return source


def after_cutover(estate: Estate, server: str, target: str, today: date) -> Estate:
    """The estate with the server's placement on `target` and its former machine held.

    Raises:
        KeyError: the estate has no such server.
    """
    entry = estate.servers[server]
    now = estate.placements.get(server)
    source = now.machine if now else Machine(site=entry.site)
    moved = Placement(
        server=server,
        generation=estate.generation + 1,
        origin="moved",
        machine=Machine(site=target),
        held=Held(machine=source, since=datetime.combine(today, time(), UTC), move=PLANNED),
    )
    servers = {**estate.servers, server: entry.model_copy(update={"site": target})}
    return estate.model_copy(update={"servers": servers, "placements": {**estate.placements, server: moved}})


def given_up(estate: Estate, server: str) -> Estate:
    """The estate with the server's held source gone."""
    placement = estate.placements[server].model_copy(update={"held": None})
    return estate.model_copy(update={"placements": {**estate.placements, server: placement}})


def _left(name: str, site: VsphereCapacity, gone: frozenset[tuple[str, str]]) -> VsphereCapacity:
    return site.model_copy(update={"machines": tuple(m for m in site.machines if (m.server, name) not in gone)})
