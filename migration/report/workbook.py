"""All that the page shows, and what it leaves out for length, as sheets of a workbook."""

from __future__ import annotations

from collections.abc import Iterator

from infra.estate.model import GIB
from migration.report.model import Material
from migration.waves.workbook import Row, Sheet, sheets


def report_sheets(material: Material) -> tuple[Sheet, ...]:
    """Servers, sizes, every cost line, dependencies, the waves, capacity, risks, findings."""
    return (
        Sheet(
            "Readiness",
            ("Server", "Service", "Tier", "Owner", "From", "To", "Readiness", "Way", "Why", "Reasons", "Complexity", "Confidence", "GiB"),
            tuple(_readiness(material)),
            wide=("Why", "Reasons"),
        ),
        Sheet(
            "Sizing",
            ("Server", "vCPU now", "GiB now", "Size", "vCPU", "GiB", "USD a month", "Hours over", "Saved", "Chosen", "Basis"),
            tuple(_sizes(material)),
            wide=("Basis",),
        ),
        Sheet(
            "Cost lines",
            ("Server", "Side", "What", "Amount", "Unit", "USD", "Per", "Source", "Dated"),
            tuple(_lines(material)),
            wide=("What",),
        ),
        Sheet(
            "Dependencies",
            ("Source", "Uses", "Protocol", "Port", "Confidence", "Days", "Once", "Why"),
            tuple(_edges(material)),
            wide=("Why",),
        ),
        *((page for page in sheets(material.plan) if page.name in {"Waves", "Servers", "Notes"} and page.rows) if material.plan else ()),
        Sheet("Capacity", ("Site", "What", "Unit", "Night", "For moves", "Left"), tuple(_rooms(material))),
        Sheet("Risks", ("Level", "What", "Owner", "Measure", "Decide by"), tuple(_risks(material)), wide=("What", "Measure")),
        Sheet(
            "Input", ("Code", "Gravity", "Where", "What", "Taken", "Remedy"), tuple(_findings(material)), wide=("What", "Taken", "Remedy")
        ),
    )


def _readiness(material: Material) -> Iterator[Row]:
    for a in material.assessments:
        reasons = "; ".join(f"{r.code} {r.what}: {r.remedy}" for r in a.reasons)
        about = (a.server, a.service, a.tier, a.owner, a.site, a.target, a.readiness.value, a.strategy.value, a.strategy_why, reasons)
        yield (*about, a.complexity.value, a.confidence.value, round(a.bytes / GIB, 1))


def _sizes(material: Material) -> Iterator[Row]:
    for a in material.assessments:
        if a.sizing is None:
            continue
        options = {o.name: o for o in (a.sizing.provisioned, *a.sizing.frontier, a.sizing.chosen)}
        for o in options.values():
            saved = 1 - o.usd_month / a.sizing.provisioned.usd_month if a.sizing.provisioned.usd_month else 0.0
            chosen = "chosen" if o.name == a.sizing.chosen.name else ""
            now = (a.server, a.cpus, round(a.memory / GIB, 1))
            yield (*now, o.name, o.cpus, round(o.memory / GIB, 1), round(o.usd_month, 2), o.risk, round(saved, 4), chosen, a.sizing.basis)


def _lines(material: Material) -> Iterator[Row]:
    for a in material.assessments:
        for line in a.cost.lines if a.cost else ():
            yield (a.server, line.side, line.what, line.amount, line.unit, round(line.usd, 4), line.per, line.source, line.dated)


def _edges(material: Material) -> Iterator[Row]:
    names = {m.key: m.server or m.name for m in material.inventory.machines}
    for e in material.inventory.edges:
        ends = (names.get(e.source, e.source), names.get(e.target, e.target))
        yield (*ends, e.protocol, e.port or None, e.confidence, e.days, "once" if e.once else "", e.why)


def _rooms(material: Material) -> Iterator[Row]:
    nights = {night.night for night in material.plan.nights} if material.plan else set()
    for room in material.rooms:
        for night, capacity, left in zip(room.nights, room.capacity, room.left, strict=True):
            if night in nights:
                yield (room.site, room.title, room.unit, night, round(capacity, 1), round(left, 1))


def _risks(material: Material) -> Iterator[Row]:
    yield from ((r.level, r.what, r.owner, r.measure, r.due) for r in material.risks)


def _findings(material: Material) -> Iterator[Row]:
    yield from ((f.code, f.gravity.value, f.where, f.what, f.taken, f.remedy) for f in material.findings)
