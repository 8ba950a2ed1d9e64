"""The kept plan: reading it, writing it with its comments, and what of it is meant by a word on the command line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from cli.plan_inputs import Places, gather, places
from cli.project import near
from infra.atomic import replace_file
from infra.errors import InclineError
from infra.estate.problems import did_you_mean
from migration.waves.build import Built, build
from migration.waves.document import PlannedServer, WavePlan, plan_path, plan_schema, read_wave_plan
from migration.waves.document_text import render
from migration.waves.edits import Rescored, rescore, with_edits
from migration.waves.programme import programme_schema

SCHEMAS = {"waves.json": plan_schema, "programme.json": programme_schema}


def path_of(given: Path | None, estate: Path | None) -> Path:
    """The plan's file."""
    return given if given is not None else _usual(places(estate, store="-"))


def _usual(where: Places) -> Path:
    return plan_path(where.estate) if where.estate else where.base / "plan" / "waves.yaml"


def kept_plan(given: Path | None, estate: Path | None) -> tuple[Path, WavePlan]:
    """The plan that is kept, with its file.

    Raises:
        InclineError: there is none (INC-7122) or it has problems (INC-7121).
    """
    path = path_of(given, estate)
    return path, read_wave_plan(path)


def write_plan(path: Path, plan: WavePlan) -> None:
    """Write a plan, with the comments that the file has, and the schemas that editors use beside it."""
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    replace_file(path, render(plan, old))
    for name, schema in SCHEMAS.items():
        place = path.parent / "schema" / name
        if not place.is_file() or place.read_text(encoding="utf-8") != schema():
            replace_file(place, schema())


def night_or_server(plan: WavePlan, word: str) -> date | tuple[date, PlannedServer]:
    """A night of the plan, or a server with its night.

    Raises:
        InclineError: it is neither (INC-7128).
    """
    known = {str(night.night): night.night for night in plan.nights}
    known |= {f"wave-{number}": night for night, number in plan.waves().items()}
    if word in known:
        return known[word]
    found = plan.entry(word)
    if found is not None:
        return found
    names = [*known, *(each.server for _, each in plan.entries())]
    raise InclineError(
        f"{word}: no night and no server of the plan", code="INC-7128", next_step=_out(plan, word) or did_you_mean(word, names)
    )


def _out(plan: WavePlan, server: str) -> str:
    """Why a server that is not in the plan is not."""
    why = next((each.why for each in plan.left_out if each.server == server), "")
    kept = next((each.reason for each in plan.retained if each.server == server), "")
    return f"it is in no night: {why}" if why else f"it is retained: {kept}" if kept else ""


def rescored(where: Places, plan: WavePlan, *, before: date | None = None) -> Rescored:
    """The plan as it stands, scored. `before`: as on the day before this night, since a plan is about nights to come only."""
    inputs = gather(where, plan.goal).inputs
    if before is not None and inputs.today >= before:
        inputs = replace(inputs, today=before - timedelta(days=1))
    return rescore(inputs, plan)


def planned_problem(where: Places, plan: WavePlan) -> Built:
    """The problem that the next plan would solve, with the edits of this one."""
    return build(with_edits(gather(where, plan.goal).inputs, plan))


def told(path: Path) -> str:
    """A file as a person here would write it."""
    return str(near(path.resolve()))
