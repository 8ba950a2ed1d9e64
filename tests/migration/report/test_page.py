"""The architects' page and its curves, from small material whose sums can be checked by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from xml.etree.ElementTree import fromstring

import pytest

from infra.forecast.passage import days_until
from infra.forecast.project import forecast
from migration.assess.model import Assessment, Cost, Modernize, Readiness, Reason, Score, SizeOption, Sizing, Strategy
from migration.assess.summary import summarize
from migration.discover.model import Edge, Finding, FoundMachine, Gravity, Inventory
from migration.report.chart import Axes, Series, line_chart, ticks
from migration.report.decisions import TEAM, decisions
from migration.report.gantt import bars, gantt
from migration.report.model import Material, Projection, RiskRow, RoomCurve
from migration.report.money import curves, fleet_chosen, fleet_frontier
from migration.report.page import answer_of, architects_page
from migration.report.topology import topology
from migration.report.workbook import report_sheets
from migration.waves.document import PlannedNight, PlannedServer, Result, Unplanned, WavePlan

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
NIGHT = date(2026, 12, 25)
SMALL = SizeOption(name="small", cpus=2, memory=4 << 30, usd_month=10.0, risk=0.02)
LARGE = SizeOption(name="large", cpus=4, memory=8 << 30, usd_month=30.0, risk=0.0)


def machine(name: str) -> FoundMachine:
    return FoundMachine(
        key=f"hill/{name}", name=name, site="hill", kind="vsphere", source="vCenter hill", as_of=NOW, cpus=4, memory=8 << 30
    )


def judged(name: str, **more: object) -> Assessment:
    values: dict[str, object] = {
        "machine": f"hill/{name}",
        "server": name,
        "site": "hill",
        "target": "cloud",
        "direction": "up",
        "service": "maps",
        "tier": "gold",
        "owner": "Public Works",
        "readiness": Readiness.READY,
        "reasons": (),
        "complexity": Score(value=2, of=5, why=("one disk",)),
        "confidence": Score(value=3, of=5, why=("30 days",)),
        "strategy": Strategy.REHOST,
        "strategy_why": "nothing speaks against it",
        "bytes": 40 << 30,
        "cpus": 4,
        "memory": 8 << 30,
        "cost": Cost(now_usd_month=100.0, then_usd_month=60.0, once_usd=200.0, double_usd=10.0, lines=()),
        "sizing": Sizing(chosen=SMALL, provisioned=LARGE, frontier=(SMALL, LARGE), basis="measured 30 days"),
    }
    return Assessment(**{**values, **more})  # type: ignore[arg-type]


BLOCKED = judged(
    "old",
    readiness=Readiness.NOT_READY,
    reasons=(Reason(code="RDY-008", what="has rhel-5", remedy="upgrade it", blocks=True),),
    modernize=Modernize(what="rhel-5", until=date(2020, 1, 1), path=("rebuild it", "retire it")),
)


def plan(**more: object) -> WavePlan:
    night = PlannedNight(night=NIGHT, servers=(PlannedServer(server="web", group="maps", to="cloud", gb=40.0),))
    result = Result(objective=100.0, bound=99.0, gap=0.01, seconds=1.0, method="exact")
    return WavePlan(**{"nights": (night,), "result": result, **more})  # type: ignore[arg-type]


def material(**more: object) -> Material:
    assessments = (judged("web"), BLOCKED)
    values: dict[str, object] = {
        "title": "Where it goes",
        "made": NOW,
        "estate": None,
        "inventory": Inventory(taken_at=NOW, machines=(machine("web"), machine("old"))),
        "assessments": assessments,
        "summary": summarize(assessments),
        "plan": plan(),
    }
    return Material(**{**values, **more})  # type: ignore[arg-type]


def page(given: Material) -> str:
    return architects_page(given, topology(given.title, given.inventory))


def test_the_page_opens_with_the_answer_then_who_decides() -> None:
    text = page(material())

    assert "1 of 2 servers move in 1 night, 2026-12-25" in text
    assert text.index('class="answer"') < text.index('id="decide"') < text.index('id="map"')
    assert "Public Works: 2 decisions" in text


def test_the_page_needs_no_network_and_every_link_within_it_leads_somewhere() -> None:
    text = page(material())

    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text
    targets = set(re.findall(r'id="([^"]+)"', text))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= targets
    assert len(re.findall(r'id="([^"]+)"', text)) == len(targets)


def test_names_from_outside_are_never_markup() -> None:
    evil = "<script>alert(1)</script>"
    given = material(
        assessments=(judged(evil, owner=evil, strategy_why=evil),),
        inventory=Inventory(
            taken_at=NOW,
            machines=(replace(machine("web"), name=evil, tags={"service": evil}),),
            edges=(Edge(source=evil, target=evil, why=evil),),
            findings=(),
        ),
        findings=(Finding(code="DSC-001", gravity=Gravity.ERROR, where=evil, what=evil),),
        plan=plan(left_out=(Unplanned(server=evil, why=evil, kind="not placed"),)),
    )

    assert evil not in page(given)


def test_what_is_not_known_is_said_with_the_command_that_tells_it() -> None:
    text = page(material(plan=None, missing={"waves": "incline plan make --yes"}))

    assert "no nights are planned yet" in text
    assert "<code>incline plan make --yes</code>" in text
    assert 'id="waves"' not in text


def test_a_page_of_nothing_is_a_page() -> None:
    text = page(material(assessments=(), summary=summarize(()), inventory=Inventory(taken_at=NOW), plan=None))

    assert "0 of 0 servers can move" in text


def test_decisions_name_who_what_and_the_way_out() -> None:
    given = material(
        plan=plan(left_out=(Unplanned(server="big", why="no night is long enough", kind="does not fit"),)),
        risks=(
            RiskRow(level="high", grave=True, what="one path only", owner=TEAM, measure="a second one", due="2026-12-31"),
            RiskRow(level="low", grave=False, what="small", owner=TEAM, measure="none", due="2027-12-31"),
        ),
    )
    found = decisions(given)

    assert [(d.who, d.what) for d in found if d.who == TEAM] == [
        (TEAM, "big: in no night: no night is long enough"),
        (TEAM, "one path only"),
    ]
    assert [(d.what, d.next) for d in found if d.who == "Public Works"] == [
        ("old: has rhel-5", "upgrade it"),
        ("old: rhel-5, out of support since 2020-01-01", "rebuild it"),
    ]


def test_cost_is_that_of_now_until_the_night_and_that_of_then_after_it() -> None:
    found = curves([judged("web"), BLOCKED], {"web": NOW.date() + timedelta(days=61)}, NOW.date(), months=4)

    assert found.stay == (0.0, 100.0, 200.0, 300.0, 400.0)
    at = 61 / 30.4375 - 2
    assert found.move == pytest.approx((0.0, 100.0, 200.0, 200 + at * 100 + (1 - at) * 60 + 210, 200 + at * 100 + (1 - at) * 60 + 270))
    assert found.even is None


def test_the_month_in_which_it_has_paid_for_itself() -> None:
    found = curves([judged("web")], {"web": NOW.date()}, NOW.date())

    # 210 once, 40 saved a month: even after 5.25 months.
    assert found.even == 6


def test_it_has_not_paid_for_itself_while_a_later_wave_takes_it_all_again() -> None:
    dear = Cost(now_usd_month=100.0, then_usd_month=60.0, once_usd=400.0, double_usd=0.0, lines=())
    cheap = Cost(now_usd_month=100.0, then_usd_month=0.0, once_usd=0.0, double_usd=0.0, lines=())
    today = NOW.date()
    found = curves([judged("a", cost=cheap), judged("b", cost=dear)], {"a": today, "b": today + timedelta(days=70)}, today)

    assert found.move[2] < found.stay[2]
    assert found.move[3] > found.stay[3]
    # 400 once; 100 a month from the first day on and 40 from the third month on.
    assert found.even == 4


def test_the_frontier_of_a_fleet_goes_from_cheapest_to_safest_and_no_point_is_beaten() -> None:
    points = fleet_frontier([judged("a"), judged("b"), replace(BLOCKED, sizing=None)])

    assert (points[0].usd_month, points[0].risk) == (20.0, 0.02)
    assert (points[-1].usd_month, points[-1].risk) == (60.0, 0.0)
    assert all(b.risk <= a.risk for a, b in pairwise(points))
    chosen = fleet_chosen([judged("a"), judged("b")])
    assert chosen is not None
    assert (chosen.usd_month, chosen.risk) == (20.0, 0.02)


def test_a_fleet_without_measurements_has_no_frontier() -> None:
    blind = replace(SMALL, risk=None)
    given = judged("a", sizing=Sizing(chosen=blind, provisioned=blind, frontier=(blind,)))

    assert fleet_frontier([given]) == ()
    assert fleet_chosen([given]) is None
    assert "Nothing was measured for long enough" in page(material(assessments=(given,)))


def test_groups_stand_in_their_nights_with_what_became_of_them() -> None:
    night = PlannedNight(
        night=NIGHT,
        servers=(
            PlannedServer(server="a", group="g", to="cloud", gb=1.0, state="moved"),
            PlannedServer(server="b", group="g", to="cloud", gb=2.0, state="rolled-back"),
            PlannedServer(server="c", to="cloud", gb=3.0, state="moved"),
        ),
    )
    rows = bars(WavePlan(nights=(night,)))

    assert [(row.name, row.servers, row.gb, row.state) for row in rows] == [("g", 2, 3.0, "rolled-back"), ("c", 1, 3.0, "moved")]
    assert "frozen 2026-12-24 to 2026-12-26: feast" in gantt(rows, [(date(2026, 12, 24), date(2026, 12, 26), "feast")])


def test_a_very_large_plan_is_drawn_by_night() -> None:
    night = PlannedNight(night=NIGHT, servers=tuple(PlannedServer(server=f"s{n}", to="cloud") for n in range(300)))

    assert [(row.name, row.servers) for row in bars(WavePlan(nights=(night,)))] == [("wave 1", 300)]


def test_a_room_that_runs_out_is_told() -> None:
    nights = (NIGHT, NIGHT + timedelta(days=1))
    room = RoomCurve(
        site="cloud", title="quota", unit="vCPU", nights=nights, left=(5.0, -1.0), capacity=(6.0, 6.0), usable=10.0, source="snapshot"
    )
    text = page(material(rooms=(room,)))

    assert "cloud: least is left of quota, -10% of what may be used" in text


def test_a_projection_carries_its_dates_and_how_often_such_levels_held() -> None:
    days = [(date(2026, 1, 1) + timedelta(days=n), 100.0 + n) for n in range(200)]
    found = forecast(days, 90)
    assert not isinstance(found, tuple)
    given = Projection(
        name="space of hill/vmfs",
        unit="GiB",
        forecast=found,  # type: ignore[arg-type]
        measured=tuple(days[-30:]),
        limit=330.0,
        limit_means="its size",
        passage=days_until(found, 330.0),  # type: ignore[arg-type]
        source="snapshot",
    )
    text = page(material(projections=(given,)))

    assert "full in" in text
    assert "95 % intervals held" in text
    assert any(d.anchor == "forecasts" for d in decisions(material(projections=(given,))))


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 7.0), (-3.0, 12.0), (0.0, 123456.0), (0.0, 0.0031)])
def test_ticks_are_round_numbers_within_the_axis(low: float, high: float) -> None:
    found = ticks(low, high)

    assert 2 <= len(found) <= 7
    assert all(low - 1e-9 <= each <= high + 1e-9 for each in found)


def test_a_chart_is_well_formed_with_odd_numbers_and_empty_without_any() -> None:
    axes = Axes(x=str, y=str)

    assert line_chart("nothing", [Series(name="a", points=[])], axes) == ""
    drawn = line_chart('a "b" <c>', [Series(name="<a>", points=[(1.0, 5.0)]), Series(name="b", points=[(0.0, 0.0), (2.0, -4.0)])], axes)
    assert fromstring(drawn).tag.endswith("svg")


def test_the_workbook_has_what_the_page_has() -> None:
    sheets = {sheet.name: sheet for sheet in report_sheets(material())}

    assert [row[0] for row in sheets["Readiness"].rows] == ["web", "old"]
    assert [row[3] for row in sheets["Sizing"].rows if row[0] == "web"] == ["large", "small"]
    assert all(len(row) == len(sheet.heads) for sheet in sheets.values() for row in sheet.rows)


def test_one_sentence_says_it_all() -> None:
    said = answer_of(material(), 0)

    assert said == (
        "1 of 2 servers move in 1 night, 2026-12-25; a month costs 40 USD less afterwards (100 USD to 60 USD); nothing is left to decide."
    )


def test_the_month_is_that_of_the_servers_with_a_night() -> None:
    given = material()
    more = replace(given, summary=replace(given.summary, now=900.0, then=100.0, going=5))

    assert "a month costs 40 USD less afterwards (100 USD to 60 USD)" in answer_of(more, 0)
    assert "a month of the 5 that should go costs 800 USD less afterwards" in answer_of(replace(more, plan=None), 0)
