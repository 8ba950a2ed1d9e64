"""What the architects' page is made from, gathered: assessments, the plan scored as it stands, projections of capacity, the risks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from cli.assess_load import Judged, Wanted, judged
from cli.capacity_bars import without_largest
from cli.output import say
from cli.plan_inputs import gather, places
from cli.store_path import estate_if_any
from infra.errors import InclineError
from infra.estate.load import load_estate
from infra.estate.model import Estate
from infra.forecast.model import NoForecast
from infra.observed.capacity import UNITS, CapacitySnapshot, History, VsphereCapacity
from migration.discover.model import Finding
from migration.report.model import Material, Projection, RiskRow, RoomCurve
from migration.report.topology import Topology, Travel, topology
from migration.waves.document import WavePlan, plan_path, read_wave_plan

HORIZON_DAYS = 180
SHOWN_DAYS = 120
"""Measured days drawn before the fan."""
_HIGH = 3


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the command line asked for."""

    to: str = ""
    plan: Path | None = None
    prices: Path | None = None
    store: str | None = None
    capacity: Path | None = None
    estate: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Ready:
    """All that is drawn and written."""

    material: Material
    drawing: Topology
    plan_file: Path | None


def ready(wish: Wish) -> Ready:
    """Gather it. No site is asked.

    Raises:
        InclineError: the estate, the inventory, the prices or a plan that was named cannot be read.
    """
    folder = estate_if_any(wish.store, wish.estate)
    estate = load_estate(folder, settled=False) if folder else None
    missing: dict[str, str] = {}
    plan, plan_file = _plan(wish, folder, missing)
    to = wish.to or (plan.goal.to if plan else "")
    found = judged(Wanted(to=to, prices=wish.prices, store=wish.store, estate=wish.estate))
    if not found.discovered:
        missing["what machines really are and use"] = "incline discover --all"
    if not found.inventory.edges:
        missing["dependencies seen in flows"] = "incline inventory dependencies --flows FILE"
    rooms, more = _rooms(wish, plan, missing)
    snapshot = _snapshot(wish, folder, estate)
    if snapshot is None:
        missing["forecasts of clusters and datastores"] = "incline capacity snapshot"
    now = datetime.now(UTC)
    material = Material(
        title=f"Where the servers of {estate.title if estate else 'this inventory'} go",
        made=now,
        estate=estate,
        inventory=found.inventory,
        assessments=found.assessments,
        summary=found.summary,
        plan=plan,
        rooms=rooms,
        projections=tuple(_projections(snapshot)) if snapshot else (),
        risks=_risks(folder, wish.capacity) if folder else (),
        findings=(*found.inventory.findings, *more),
        freezes=tuple((f.begins, f.ends, f.reason) for f in estate.standards.freezes) if estate else (),
        prices=tuple(f"{name}: {each.value:g} {each.unit} ({each.said}, {each.dated})" for name, each in found.prices.prices.items()),
        missing=missing,
    )
    return Ready(material=material, drawing=_drawing(material, found, plan), plan_file=plan_file)


def _plan(wish: Wish, folder: Path | None, missing: dict[str, str]) -> tuple[WavePlan | None, Path | None]:
    path = plan_path(folder or Path.cwd() / "estate", wish.plan)
    if wish.plan is None and not path.is_file():
        missing["waves"] = "incline plan make --yes"
        return None, None
    return read_wave_plan(path), path


def _rooms(wish: Wish, plan: WavePlan | None, missing: dict[str, str]) -> tuple[tuple[RoomCurve, ...], tuple[Finding, ...]]:
    """Capacity by night, from the plan as it stands. A plan whose servers are gone is shown without."""
    if plan is None or not plan.nights:
        return (), ()
    from migration.waves.build_ledger import ledger  # noqa: PLC0415 - only with a plan
    from migration.waves.edits import rescore  # noqa: PLC0415

    try:
        scored = rescore(gather(places(wish.estate, None, wish.store, wish.capacity), plan.goal).inputs, plan)
    except InclineError as error:
        say(f"capacity by night is left out: {error.what}", style="yellow")
        missing[f"capacity by night ({error.what})"] = error.next_step or "incline plan make"
        return (), ()
    nights = scored.built.problem.nights
    kept = [n for n, night in enumerate(nights) if plan.nights[0].night <= night]
    curves = (
        RoomCurve(
            site=each.room.site,
            title=each.room.title,
            unit=each.room.unit,
            nights=tuple(nights[n] for n in kept),
            left=tuple(each.left[n] for n in kept),
            capacity=tuple(each.capacity[n] for n in kept),
            usable=each.room.whole - each.room.reserve,
            source=each.room.source,
        )
        for each in ledger(scored.built, scored.at)
    )
    return tuple(curves), (*scored.built.findings, *scored.findings)


def _snapshot(wish: Wish, folder: Path | None, estate: Estate | None) -> CapacitySnapshot | None:
    from policies.readers.snapshot import read_snapshot  # noqa: PLC0415 - help stays fast
    from policies.readers.surroundings import capacity_file  # noqa: PLC0415

    path = capacity_file(folder, str(wish.capacity or ""), Path()) if folder else None
    if path is None:
        return None
    seen = read_snapshot(path)
    return seen if estate is None or seen.estate == estate.name else None


def _projections(snapshot: CapacitySnapshot) -> Iterable[Projection]:
    """Every cluster and datastore with a history that is long enough, beside what it can hold."""
    for name, site in snapshot.sites.items():
        if not isinstance(site, VsphereCapacity):
            continue
        for cluster in site.clusters:
            hosts = [host for host in cluster.hosts if host.usable]
            limits: dict[str, Callable[[], float]] = {
                "cpu": lambda hosts=hosts: without_largest([h.cores * h.mhz for h in hosts]),  # type: ignore[misc]
                "memory": lambda hosts=hosts: without_largest([h.memory for h in hosts]),  # type: ignore[misc]
            }
            for history in cluster.history:
                if history.resource in limits:
                    where = f"{history.resource} of {name}/{cluster.name}"
                    yield from _projected(where, history, limits[history.resource](), "without its largest host", site.source)
        for datastore in site.datastores:
            for history in datastore.history:
                yield from _projected(f"space of {name}/{datastore.name}", history, float(datastore.capacity), "its size", site.source)


def _projected(name: str, history: History, limit: float, means: str, source: str) -> Iterable[Projection]:
    from infra.forecast.passage import days_until  # noqa: PLC0415 - numpy only when there is a history
    from infra.forecast.project import forecast  # noqa: PLC0415

    unit, scale = UNITS[history.resource]
    days = [(each.day, each.value / scale) for each in history.days]
    found = forecast(days, HORIZON_DAYS)
    if isinstance(found, NoForecast) or limit <= 0:
        return
    measured: tuple[tuple[date, float], ...] = tuple(days[-SHOWN_DAYS:])
    yield Projection(
        name=name,
        unit=unit,
        forecast=found,
        measured=measured,
        limit=limit / scale,
        limit_means=means,
        passage=days_until(found, limit / scale),
        source=source,
    )


def _risks(folder: Path, capacity: Path | None) -> tuple[RiskRow, ...]:
    from cli.check_evidence import Asked  # noqa: PLC0415 - the rules are read only here
    from cli.check_evidence import judged as checked  # noqa: PLC0415
    from policies.risk import register  # noqa: PLC0415

    answer = checked(Asked(estate=folder, capacity=capacity))
    return tuple(
        RiskRow(level=r.level.words, grave=r.level >= _HIGH, what=r.description, owner=r.owner, measure=r.measure, due=r.due)
        for r in register(answer.result, answer.evidence, {})
    )


def _drawing(material: Material, found: Judged, plan: WavePlan | None) -> Topology:
    """The map, with who moves when."""
    waves = plan.waves() if plan else {}
    travels: dict[str, Travel] = {}
    if plan is not None:
        nights = {entry.server: (night, entry.to) for night, entry in plan.entries()}
        for a in found.assessments:
            if a.server in nights:
                night, to = nights[a.server]
                travels[a.machine] = Travel(waves[night], to)
    services = {a.machine: a.service for a in found.assessments if a.service}
    return topology(material.title, found.inventory, material.estate, travels, services)
