"""What the architects' page is made from. All of it was worked out elsewhere; the page adds no number of its own but sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from infra.estate.model import Estate
from infra.forecast.model import FirstPassage, Forecast
from migration.assess.model import Assessment
from migration.assess.summary import Summary
from migration.discover.model import Finding, Inventory
from migration.waves.document import WavePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomCurve:
    """What one room of a site has left after each night of the plan.

    `usable` is all of it but what is kept for failures; `capacity` what of that moves may take in a night, growth taken off.
    """

    site: str
    title: str
    unit: str
    nights: tuple[date, ...]
    left: tuple[float, ...]
    capacity: tuple[float, ...]
    usable: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """A forecast beside the line that it must stay under."""

    name: str
    unit: str
    forecast: Forecast
    measured: tuple[tuple[date, float], ...]
    limit: float
    limit_means: str
    passage: FirstPassage
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRow:
    """A risk of the register."""

    level: str
    grave: bool
    what: str
    owner: str
    measure: str
    due: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything. `missing` says what could not be shown, and the command that would provide it."""

    title: str
    made: datetime
    estate: Estate | None
    inventory: Inventory
    assessments: tuple[Assessment, ...]
    summary: Summary
    plan: WavePlan | None = None
    rooms: tuple[RoomCurve, ...] = ()
    projections: tuple[Projection, ...] = ()
    risks: tuple[RiskRow, ...] = ()
    findings: tuple[Finding, ...] = ()
    freezes: tuple[tuple[date, date, str], ...] = ()
    prices: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Something that a person has to decide: what, who, what happens otherwise, where on the page the numbers stand."""

    who: str
    what: str
    next: str
    anchor: str
