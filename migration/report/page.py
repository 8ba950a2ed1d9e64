"""The architects' page: one HTML file that opens with the answer, then what needs a decision and by whom, then the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from markupsafe import Markup

from infra.estate.model import GIB
from infra.pages.environment import page_environment
from migration.assess.model import Assessment, Readiness
from migration.discover.model import Gravity
from migration.report import pictures
from migration.report.decisions import TEAM, decisions
from migration.report.gantt import bars
from migration.report.model import Material
from migration.report.money import curves, fleet_chosen, fleet_frontier
from migration.report.topology import Topology, services_only

MAP_SERVERS = 150
"""Servers drawn one by one; of a larger estate the map shows services."""
RISKY = 0.05
"""Fleets that are too small more often than this are no choice, and would flatten the picture of those that are."""
EDGE_ROWS, FINDING_ROWS, SERVER_ROWS = 300, 200, 2000
"""Rows on the page, so that it opens anywhere; the workbook has all."""


def architects_page(material: Material, drawing: Topology) -> str:
    """The whole page."""
    environment = page_environment("migration.report", thousands=_thousands, usd=_usd, size=_size, percent=_percent, sentence=_sentence)
    found = decisions(material)
    plan, today = material.plan, material.made.date()
    when = plan.night_of() if plan else {}
    money = curves(material.assessments, when, today) if plan else None
    frontier = [each for each in fleet_frontier(material.assessments) if each.risk <= RISKY]
    small = sum(box.kind == "server" for box in drawing.boxes) > MAP_SERVERS
    return environment.get_template("architects.html").render(
        m=material,
        s=material.summary,
        answer=answer_of(material, len(found)),
        decisions=[(who, list(group)) for who, group in groupby(found, key=lambda d: d.who)],
        shown_map=Markup(pictures.estate_map(services_only(drawing) if small else drawing)),  # noqa: S704 - made by us, every word escaped
        map_of="services" if small else "servers",
        drawing=drawing,
        edges=_edges(material),
        rows=_rows(material.assessments, when),
        left_out=max(0, len(material.assessments) - SERVER_ROWS),
        gantt=Markup(pictures.waves(plan, material.freezes)) if plan else "",  # noqa: S704
        bars=bars(plan) if plan else (),
        rooms=[(site, Markup(picture), curves_) for site, picture, curves_ in pictures.rooms(material.rooms)],  # noqa: S704
        money=money,
        money_picture=Markup(pictures.money(money, today)) if money else "",  # noqa: S704
        frontier=frontier,
        chosen=fleet_chosen(material.assessments),
        frontier_picture=Markup(pictures.frontier(frontier, fleet_chosen(material.assessments))),  # noqa: S704
        fans=[(each, Markup(pictures.fan(each))) for each in material.projections],  # noqa: S704
        findings=_findings(material),
        sections=_sections(material, found),
        team=TEAM,
        ready=Readiness,
    )


def _sections(material: Material, found: Sequence[object]) -> list[tuple[str, str]]:
    plan = material.plan
    parts = (
        ("decide", "decisions", found),
        ("map", "map", True),
        ("dependencies", "dependencies", material.inventory.edges),
        ("readiness", "readiness", material.assessments),
        ("sizing", "sizing", material.assessments),
        ("cost", "cost", material.assessments),
        ("waves", "waves", plan and plan.nights),
        ("capacity", "capacity by night", material.rooms),
        ("forecasts", "forecasts", material.projections),
        ("risks", "risks", material.risks),
        ("legacy", "legacy", material.summary.legacy),
        ("licences", "licences", any(a.licences for a in material.assessments)),
        ("findings", "input", material.findings),
        ("missing", "not shown", material.missing),
        ("sources", "sources", True),
    )
    return [(anchor, name) for anchor, name, content in parts if content]


def answer_of(material: Material, open_questions: int) -> str:
    """One sentence: how many can go, in which nights, what it costs, what is open."""
    summary, plan = material.summary, material.plan
    parts = []
    if plan is not None and plan.nights:
        servers = sum(len(night.servers) for night in plan.nights)
        first, last = plan.nights[0].night, plan.nights[-1].night
        nights = "1 night" if len(plan.nights) == 1 else f"{len(plan.nights)} nights"
        when = f"{first}" if first == last else f"{first} to {last}"
        parts.append(f"{servers:,} of {summary.servers:,} servers move in {nights}, {when}")
    else:
        able = summary.servers - summary.by_readiness.get(Readiness.NOT_READY, 0)
        parts.append(f"{able:,} of {summary.servers:,} servers can move, and no nights are planned yet")
    whose, now, then = _month(material)
    change = (round(now) - round(then)) if min(now, then) >= 10 else now - then  # the figures shown add up
    parts.append(f"a month{whose} costs {_usd(abs(change))} {'less' if change >= 0 else 'more'} afterwards ({_usd(now)} to {_usd(then)})")
    parts.append(
        f"{open_questions} decision{'s are' if open_questions != 1 else ' is'} open" if open_questions else "nothing is left to decide"
    )
    return "; ".join(parts) + "."


def _month(material: Material) -> tuple[str, float, float]:
    """Whose month it is where that is not plain, and what it costs now and then: of who has a night; without nights, of who should go."""
    summary, plan = material.summary, material.plan
    if plan is None or not plan.nights:
        able = summary.servers - summary.by_readiness.get(Readiness.NOT_READY, 0)
        return (f" of the {summary.going:,} that should go" if summary.going != able else "", summary.now, summary.then)
    planned = {entry.server for _, entry in plan.entries()}
    costs = [a.cost for a in material.assessments if a.cost and (a.server in planned or a.machine in planned)]
    return "", sum(c.now_usd_month for c in costs), sum(c.then_usd_month for c in costs)


def _rows(assessments: Sequence[Assessment], when: Mapping[str, date]) -> list[dict[str, Any]]:
    """Servers: those that cannot move first, then by night."""
    order = {Readiness.NOT_READY: 0, Readiness.CONDITIONS: 1, Readiness.READY: 2}
    chosen = sorted(assessments, key=lambda a: (order[a.readiness], when.get(a.server, date.max), a.server))
    return [{"a": each, "night": when.get(each.server)} for each in chosen[:SERVER_ROWS]]


def _edges(material: Material) -> list[dict[str, Any]]:
    names = {m.key: m.server or m.name for m in material.inventory.machines}
    edges = sorted(material.inventory.edges, key=lambda e: (-e.confidence, e.source, e.target, e.port))
    return [
        {"e": each, "source": names.get(each.source, each.source), "target": names.get(each.target, each.target)}
        for each in edges[:EDGE_ROWS]
    ]


def _findings(material: Material) -> list[Any]:
    order = {Gravity.ERROR: 0, Gravity.WARNING: 1, Gravity.NOTE: 2}
    return sorted(material.findings, key=lambda f: (order[f.gravity], f.code, f.where))[:FINDING_ROWS]


def _sentence(words: str) -> str:
    """With a capital, unless it begins with a command or with the name of a server, and a full stop."""
    first = words.split(" ", 1)[0]
    plain = first.isalpha() and first != "incline"
    return (words[:1].upper() if plain else words[:1]) + words[1:].rstrip(".") + "."


def _thousands(value: float) -> str:
    return f"{value:,.0f}"


def _usd(value: float) -> str:
    """Whole dollars from ten on: nobody's estimate is better."""
    return f"{value:,.0f} USD" if abs(value) >= 10 else f"{value:,.2f} USD"


def _size(value: float) -> str:
    return f"{value / GIB:,.0f} GiB" if value < 1024 * GIB else f"{value / GIB / 1024:,.1f} TiB"


def _percent(value: float) -> str:
    """Two digits below one per cent, where risks live."""
    if 0 < abs(value) < 0.00005:
        return "under 0.01%"
    return f"{value:.2%}" if 0 < abs(value) < 0.01 else f"{value:.0%}"
