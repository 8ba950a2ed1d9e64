"""The programme: what people decide about a migration before any night is planned, in one YAML file beside the estate.

Everything has a default, so that no file is needed to begin. A problem of the file is said with file and line, all of them at once,
as the estate's problems are. Money is USD, dates are the evenings on which a night begins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, model_validator

from infra.estate.document import Document, Where, parse_document, read_document
from infra.estate.model import Estate, Freeze, Model, Name, Tier
from infra.estate.problems import Problem, ProblemsError, did_you_mean
from infra.estate.shape import build

FILE = Path("plan") / "programme.yaml"
"""Where it stands, seen from the folder that holds the estate."""

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = r"^([01]?\d|2[0-3]):[0-5]\d$"
Clock = Annotated[str, Field(pattern=_CLOCK)]


class ProgrammeErrors(ProblemsError):  # noqa: N818 - it is many errors, as EstateErrors is
    """Everything that is wrong with a programme's file, sorted by line."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        super().__init__(
            f"the programme {path}", problems, code="INC-7120", next_step="mend the lines above, then run the same command again"
        )


class People(Model):
    """Who works in a night. An hour a server is what Red Hat's planner counts for the work after a move."""

    per_night: int = Field(default=4, gt=0, description="people at work in one night")
    hours: float = Field(default=6.0, gt=0, le=24, description="hours that each of them works in it")
    minutes_per_server: float = Field(default=60.0, gt=0, description="work of one person for one server: cut-over, look, hand-over")

    @property
    def minutes(self) -> float:
        """All that can be done in one night."""
        return self.per_night * self.hours * 60


class Hours(Model):
    """Hours of the night and what a link carries in them."""

    begins: Clock
    ends: Clock
    mbit_s: float = Field(gt=0)


class LinkUse(Model):
    """What moves may take of the link between two sites; what is left out, the estate's link says."""

    between: tuple[Name, Name]
    mbit_s: float | None = Field(default=None, gt=0)
    latency_ms: float | None = Field(default=None, ge=0)
    share_percent: float = Field(default=70.0, gt=0, le=100, description="of the bandwidth; the rest is the city's own traffic")
    hours: tuple[Hours, ...] = Field(default=(), description="bandwidth by hour, in place of the estate's window")


class Throttles(Model):
    """How fast sources can be read and targets written. Published figures; see docs/planning.md for whose."""

    disk_mb_s: float = Field(default=170.0, gt=0, description="one disk (162 MiB/s, Forklift's largest single-disk rate)")
    host_mb_s: float = Field(default=308.0, gt=0, description="one ESXi host (294 MiB/s, Forklift with one host)")
    datastore_mb_s: float | None = Field(default=None, gt=0, description="one datastore; none: no limit")
    disks_per_host: int = Field(default=8, gt=0, description="disks read from one host at once (NFC memory, Azure's rule)")
    snapshots_per_datastore: int = Field(default=15, gt=0, description="disks with a snapshot on one datastore at once (Azure's rule)")
    snapshot_blocks_s: float = Field(default=1000.0, gt=0, description="blocks of 512 KiB a second into one EBS snapshot (fixed quota)")
    account_blocks_s: float = Field(default=1000.0, gt=0, description="the same for an account (adjustable quota)")


class Change(Model):
    """How much of the disks is written meanwhile, until rounds of a move have measured it."""

    percent_per_hour: float | None = Field(default=None, ge=0, description="at cut-over; none: the parameter of MIG-002, 1 per cent")
    percent_per_day: float = Field(default=5.0, ge=0, description="over the days between first copy and cut-over")
    days_between: float = Field(default=3.0, ge=0, description="days between first copy and cut-over")


class Retained(Model):
    """A server that stays where it is, and why."""

    server: str
    reason: str = Field(min_length=3)


class _Chosen(Model):
    server: str = ""
    service: str = ""
    group: str = ""
    site: str = ""

    @model_validator(mode="after")
    def _one(self) -> _Chosen:
        given = [name for name in ("server", "service", "group", "site") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"name exactly one of server, service, group or site, got {', '.join(given) or 'none'}")
        return self


class Pin(_Chosen):
    """A server, a service or a group that moves in one night and no other."""

    night: date
    why: str = ""


class Deadline(_Chosen):
    """By when something must have moved: the end of a licence, a lease or old hardware."""

    by: date
    hard: bool = Field(default=False, description="it cannot be missed at all; else each night late has a price")
    usd_per_night: float = Field(default=100.0, ge=0, description="what each night after it costs, for each server")
    reason: str = ""


class Environments(Model):
    """Which servers are no production. Unknown ones count as production."""

    test: tuple[str, ...] = Field(default=("*-test-*", "*-dev-*", "test-*", "dev-*", "*-stage-*"), description="globs of server names")
    test_first: bool = Field(default=True, description="test before production, for each service")
    mix: bool = Field(default=False, description="whether one night may hold both")


class Early(Model):
    """What does not belong into the first nights, in which people still learn."""

    nights: int = Field(default=2, ge=0)
    tiers: tuple[Tier, ...] = (Tier.GOLD,)
    complexity: int = Field(default=4, ge=1, le=6, description="this complexity and higher; 6: none")


class Wave(Model):
    """How many servers a night holds."""

    most: int = Field(default=50, gt=0)
    least: int = Field(default=0, ge=0, description="fewer are said, not forbidden")


class Grouping(Model):
    """What moves in one night."""

    by: Literal["dependencies", "service", "server"] = "service"
    largest: int = Field(default=50, gt=0, description="a larger group is parted, or said")
    confidence: float = Field(default=0.5, ge=0, le=1, description="of a dependency that counts")
    redundancy: Literal["apart", "together"] = Field(default="apart", description="members of a redundancy group: most stay up")


class Money(Model):
    """What waiting costs beyond the running cost that an assessment knows."""

    waiting_usd: float = Field(default=1.0, ge=0, description="a server and night: the programme's own people and tools")
    risk_usd: dict[Tier, float] = Field(
        default={Tier.GOLD: 2.0, Tier.SILVER: 1.0, Tier.BRONZE: 0.5}, description="a server and night on what is being left, by tier"
    )
    stay_usd: float = Field(default=25.0, ge=0, description="leaving the night of an earlier plan, for each server")
    budget_usd_month: float | None = Field(default=None, gt=0, description="what the target may cost; none: the standards' budget")


class Growth(Model):
    """How the load of the target grows where no history tells."""

    percent_per_month: float = Field(default=1.0, ge=0)


class Programme(Model):
    """All of it."""

    first_night: date | None = Field(default=None, description="none: the first allowed night at least `lead_days` from today")
    lead_days: int = Field(default=7, ge=0)
    nights: int = Field(default=60, gt=0, le=2000, description="nights to plan with, on the weekdays named")
    weekdays: tuple[Weekday, ...] = Field(default=("mon", "tue", "wed", "thu", "sat"), min_length=1)
    people: People = People()
    wave: Wave = Wave()
    links: tuple[LinkUse, ...] = ()
    throttles: Throttles = Throttles()
    change: Change = Change()
    hold_days: int | None = Field(default=None, ge=0, description="how long sources are held; none: as each server's `move:` says, or 14")
    retained: tuple[Retained, ...] = ()
    pins: tuple[Pin, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    freezes: tuple[Freeze, ...] = Field(default=(), description="beside those of the estate's standards")
    environments: Environments = Environments()
    early: Early = Early()
    groups: Grouping = Grouping()
    money: Money = Money()
    growth: Growth = Growth()

    def calendar(self, today: date) -> tuple[date, ...]:
        """The nights, by the evening on which each begins."""
        day, found = self.first_night or today + timedelta(days=self.lead_days), list[date]()
        while len(found) < self.nights:
            if WEEKDAYS[day.weekday()] in self.weekdays:
                found.append(day)
            day += timedelta(days=1)
        return tuple(found)


def programme_path(estate: Path, given: Path | None = None) -> Path:
    """The file that was named, else `plan/programme.yaml` in the folder that holds the estate."""
    return given if given is not None else estate.resolve().parent / FILE


def load_programme(path: Path, estate: Estate | None = None, *, needed: bool = False) -> Programme:
    """The programme of a file; the defaults where there is none.

    Args:
        path: the file.
        estate: when given, names of servers, services and sites are checked against it.
        needed: the file was named by a person, so that its absence is an error.

    Raises:
        ProgrammeErrors: INC-7120 with every problem of the file.
    """
    if not path.is_file() and not needed:
        return Programme()
    return _checked(read_document(path, path.parent), path, estate)


def parse_programme(text: str, path: Path, estate: Estate | None = None) -> Programme:
    """The programme of a text.

    Raises:
        ProgrammeErrors: INC-7120 with every problem of the text.
    """
    return _checked(parse_document(text, path.name), path, estate)


def _checked(document: Document, path: Path, estate: Estate | None) -> Programme:
    problems = list(document.problems)
    programme: Programme | None = None
    if document.readable:
        programme, more = build(Programme, document.value if document.value is not None else {}, document, (), "the programme")
        problems += more
    if programme is not None:
        problems += _odd(programme, document)
        if estate is not None:
            problems += _strangers(programme, document, estate)
    if problems or programme is None:
        raise ProgrammeErrors(path, problems)
    return programme


def _problem(document: Document, place: Where, what: str, instead: str) -> Problem:
    return Problem(file=document.file, line=document.line(place), what=what, instead=instead, code="INC-1005")


def _odd(programme: Programme, document: Document) -> Iterator[Problem]:
    """What no single field can tell."""
    for index, freeze in enumerate(programme.freezes):
        if freeze.ends < freeze.begins:
            yield _problem(document, ("freezes", index, "ends"), f"the freeze ends on {freeze.ends}, before it begins", "swap the two")
    if programme.wave.least > programme.wave.most:
        yield _problem(document, ("wave", "least"), "a night would need more servers than it may hold", "write least <= most")
    seen: dict[str, int] = {}
    for index, kept in enumerate(programme.retained):
        if kept.server in seen:
            yield _problem(document, ("retained", index), f"{kept.server} is retained twice", "keep one of the two")
        seen[kept.server] = index
    for index, pin in enumerate(programme.pins):
        if pin.server in seen and pin.server:
            yield _problem(document, ("pins", index), f"{pin.server} is pinned and retained", "keep one of the two")
        twin = next((old for old in programme.pins[:index] if _whom(old) == _whom(pin)), None)
        if twin is not None and twin.night != pin.night:
            what = " ".join(filter(None, _whom(pin)))
            yield _problem(
                document, ("pins", index, "night"), f"{what} is pinned to {twin.night} and to {pin.night}", "keep one of the two"
            )
        if programme.first_night and pin.night < programme.first_night:
            yield _problem(
                document, ("pins", index, "night"), f"{pin.night} lies before the first night {programme.first_night}", "write a later one"
            )


def _whom(pin: Pin) -> tuple[str, str, str, str]:
    return pin.server, pin.service, pin.site, pin.group


def _strangers(programme: Programme, document: Document, estate: Estate) -> Iterator[Problem]:
    """Names that the estate does not have: without a word, a deadline would hold for nobody."""
    kinds: dict[str, tuple[str, ...]] = {"server": tuple(estate.servers), "service": tuple(estate.services), "site": tuple(estate.sites)}
    listed: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("retained", programme.retained),
        ("pins", programme.pins),
        ("deadlines", programme.deadlines),
    )
    for key, entries in listed:
        for index, entry in enumerate(entries):
            for kind, known in kinds.items():
                name = getattr(entry, kind, "")
                if name and name not in known:
                    place = (key, index, kind)
                    yield _problem(document, place, f"the estate has no {kind} {name}", did_you_mean(name, known))
    named = (
        *((("freezes", n, "services"), "service", name) for n, each in enumerate(programme.freezes) for name in each.services),
        *((("links", n, "between"), "site", name) for n, each in enumerate(programme.links) for name in each.between),
    )
    for where, kind, name in named:
        if name not in kinds[kind]:
            yield _problem(document, where, f"the estate has no {kind} {name}", did_you_mean(name, kinds[kind]))


def programme_schema() -> str:
    """The JSON schema of the file, for editors."""
    schema = TypeAdapter(Programme).json_schema(mode="validation")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Incline plan: programme"}
    return json.dumps(head | {key: value for key, value in schema.items() if key != "title"}, indent=2) + "\n"


def minutes_of(clock: str) -> int:
    """Minutes since midnight of a time such as 22:30."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", clock.strip())
    if found is None:
        raise ValueError(f"a time such as 22:30, got {clock!r}")
    return int(found[1]) * 60 + int(found[2])
