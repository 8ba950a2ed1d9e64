"""The plan as people read and edit it: `plan/waves.yaml`, one line a server, under the night in which it moves.

A line that a person moves to another night is an edit: it still says which night the planner had `chosen`, and `migration.waves.edits`
makes a pin of the difference. What happens to a server (moved, failed, rolled back) is written into its line by whoever runs the wave.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field, TypeAdapter

from infra.errors import InclineError
from infra.estate.document import Document, parse_document, read_document
from infra.estate.model import Model
from infra.estate.problems import Problem, ProblemsError
from infra.estate.shape import build

FILE = Path("plan") / "waves.yaml"
"""Where it stands, seen from the folder that holds the estate."""

SCHEMA: Literal["incline.waves/1"] = "incline.waves/1"
State = Literal["planned", "moved", "failed", "rolled-back"]


class PlanErrors(ProblemsError):  # noqa: N818 - it is many errors, as EstateErrors is
    """Everything that is wrong with a plan's file, sorted by line."""

    def __init__(self, path: Path, problems: Iterable[Problem]) -> None:
        super().__init__(f"the plan {path}", problems, code="INC-7121", next_step="mend the lines above, then run the same command again")


class Goal(Model):
    """What the plan is for: where to, and whom of."""

    to: str = Field(default="", description="a site; empty: the moves that the estate says")
    sites: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()


class Result(Model):
    """What the planner proved: no schedule of these inputs costs less than `bound` (USD).

    Attributes:
        cost: the objective without what leaving the nights of an earlier plan was counted with.
    """

    objective: float
    cost: float = 0.0
    bound: float
    gap: float
    seconds: float
    method: str


class PlannedServer(Model):
    """A server in its night. Hours and bytes are forecasts, `chosen` is the planner's night.

    Attributes:
        on: the night in which it really moved or failed.
        move: the id of that move.
    """

    server: str
    group: str = ""
    to: str
    gb: float = 0.0
    minutes: float = Field(default=0.0, description="downtime expected, p50")
    minutes_p90: float = 0.0
    chosen: date | None = None
    state: State = "planned"
    on: date | None = None
    move: str = ""
    note: str = ""


class PlannedNight(Model):
    """One night, which is one wave."""

    night: date
    gb: float = 0.0
    hours: float = Field(default=0.0, description="p50 of the longest cut-over")
    hours_p90: float = 0.0
    people: float = Field(default=0.0, description="people that the work needs")
    held_by: str = Field(default="", description="what binds the night, and what more of it would save")
    left: dict[str, str] = Field(default={}, description="what each site has left after it")
    servers: tuple[PlannedServer, ...] = ()


class PlannedPin(Model):
    """A night that a person chose."""

    server: str
    night: date
    why: str = ""


class PlannedStay(Model):
    """A server that a person keeps where it is."""

    server: str
    reason: str = ""


class Unplanned(Model):
    """A server that is in no night, and why."""

    server: str
    why: str = ""
    kind: str = ""


class WavePlan(Model):
    """All of the document."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    format: Literal["incline.waves/1"] = Field(default=SCHEMA, alias="schema")
    estate: str = ""
    made: datetime | None = None
    goal: Goal = Goal()
    inputs: dict[str, str] = Field(default={}, description="fingerprints of what it was made from")
    result: Result | None = None
    nights: tuple[PlannedNight, ...] = ()
    pins: tuple[PlannedPin, ...] = ()
    retained: tuple[PlannedStay, ...] = ()
    left_out: tuple[Unplanned, ...] = ()

    def entries(self) -> Iterator[tuple[date, PlannedServer]]:
        """Every server with its night."""
        for night in self.nights:
            for each in night.servers:
                yield night.night, each

    def night_of(self) -> dict[str, date]:
        """The night of each server."""
        return {each.server: night for night, each in self.entries()}

    def entry(self, server: str) -> tuple[date, PlannedServer] | None:
        """One server's night and line."""
        return next(((night, each) for night, each in self.entries() if each.server == server), None)

    def waves(self) -> Mapping[date, int]:
        """The number of each night's wave, from 1."""
        return {night.night: number for number, night in enumerate(self.nights, 1)}


def plan_path(estate: Path, given: Path | None = None) -> Path:
    """The file that was named, else `plan/waves.yaml` in the folder that holds the estate."""
    return given if given is not None else estate.resolve().parent / FILE


def read_wave_plan(path: Path) -> WavePlan:
    """The plan of a file.

    Raises:
        PlanErrors: INC-7121 with every problem of the file.
        InclineError: INC-7122 when there is none.
    """
    if not path.is_file():
        raise InclineError(f"{path}: there is no plan yet", code="INC-7122", next_step="incline plan make --yes")
    return _checked(read_document(path, path.parent), path)


def parse_wave_plan(text: str, path: Path) -> WavePlan:
    """The plan of a text.

    Raises:
        PlanErrors: INC-7121 with every problem of the text.
    """
    return _checked(parse_document(text, path.name), path)


def _checked(document: Document, path: Path) -> WavePlan:
    problems = list(document.problems)
    plan: WavePlan | None = None
    if document.readable and document.value is None:
        problems.append(Problem(file=path.name, line=1, what="the file is empty", instead="incline plan make --yes", code="INC-1001"))
    elif document.readable:
        plan, more = build(WavePlan, document.value, document, (), "the plan")
        problems += more
    if plan is not None:
        problems += _twice(plan, document)
    if problems or plan is None:
        raise PlanErrors(path, problems)
    return plan


def _twice(plan: WavePlan, document: Document) -> Iterator[Problem]:
    """A server or a night that stands twice: which of the two is meant, nobody can tell."""
    seen: dict[str, int] = {}
    nights: dict[date, int] = {}
    for place, night in enumerate(plan.nights):
        line = document.line(("nights", place))
        if night.night in nights:
            what = f"the night {night.night} stands twice, first on line {nights[night.night]}"
            yield Problem(file=document.file, line=line, what=what, instead="join the two", code="INC-1010")
        nights.setdefault(night.night, line)
        for index, each in enumerate(night.servers):
            line = document.line(("nights", place, "servers", index))
            if each.server in seen:
                what = f"{each.server} stands in two nights, first on line {seen[each.server]}"
                yield Problem(file=document.file, line=line, what=what, instead="keep one of the two lines", code="INC-1010")
            seen.setdefault(each.server, line)


def plan_schema() -> str:
    """The JSON schema of the file, for editors."""
    schema = TypeAdapter(WavePlan).json_schema(mode="validation", by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Incline plan: waves"}
    return json.dumps(head | {key: value for key, value in schema.items() if key != "title"}, indent=2) + "\n"
