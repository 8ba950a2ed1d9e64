"""The plan document: what is written is read back, comments follow their line, and mistakes have a line."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.errors import InclineError
from migration.waves.document import (
    Goal,
    PlanErrors,
    PlannedNight,
    PlannedPin,
    PlannedServer,
    PlannedStay,
    Result,
    Unplanned,
    WavePlan,
    parse_wave_plan,
    plan_schema,
    read_wave_plan,
)
from migration.waves.document_text import render
from tests.fakes.wave_plans import planned, wave_plan

FILE = Path("plan/waves.yaml")
ROOT = Path(__file__).parents[3]

names = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4}){0,2}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30)
days = st.dates(date(2026, 1, 1), date(2030, 12, 31))
amounts = st.floats(0, 1e6).map(lambda value: round(value, 1))


@st.composite
def plans(draw: st.DrawFn) -> WavePlan:
    """Any plan: names unique, texts of all sorts."""
    servers = draw(st.lists(names, unique=True, max_size=12))
    nights = sorted(draw(st.sets(days, min_size=1, max_size=4)))
    lines: dict[date, list[PlannedServer]] = {night: [] for night in nights}
    for name in servers:
        lines[draw(st.sampled_from(nights))].append(
            PlannedServer(
                server=name, group=draw(texts), to=draw(names), gb=draw(amounts), minutes=draw(amounts), minutes_p90=draw(amounts),
                chosen=draw(st.none() | days), state=draw(st.sampled_from(["planned", "moved", "failed", "rolled-back"])),
                on=draw(st.none() | days), move=draw(names), note=draw(texts),
            )
        )  # fmt: skip
    return WavePlan(
        estate=draw(texts),
        made=draw(st.none() | st.just(datetime(2026, 11, 25, 20, 1, 2, tzinfo=UTC))),
        goal=Goal(to=draw(texts), services=tuple(draw(st.lists(texts, max_size=2)))),
        inputs=draw(st.dictionaries(names, texts, max_size=3)),
        result=draw(st.none() | st.just(Result(objective=12.5, bound=12.25, gap=0.02, seconds=1.5, method="two levels, polish"))),
        nights=tuple(
            PlannedNight(
                night=night, gb=draw(amounts), hours=draw(amounts), people=draw(amounts), held_by=draw(texts),
                left=draw(st.dictionaries(names, texts, max_size=2)), servers=tuple(lines[night]),
            )
            for night in nights
        ),
        pins=tuple(PlannedPin(server=name, night=nights[0], why=draw(texts)) for name in servers[:2]),
        retained=tuple(PlannedStay(server=name, reason=draw(texts)) for name in servers[2:4]),
        left_out=tuple(Unplanned(server=name, why=draw(texts), kind="not ready") for name in servers[4:5]),
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(plans())
def test_what_is_written_is_read_back(plan: WavePlan) -> None:
    assert parse_wave_plan(render(plan), FILE) == plan


@settings(max_examples=40, deadline=None)
@given(plans())
def test_writing_again_changes_nothing(plan: WavePlan) -> None:
    once = render(plan)

    assert render(parse_wave_plan(once, FILE), once) == once


def test_a_line_a_server() -> None:
    lines = render(wave_plan()).splitlines()

    assert sum("server: desk-db-01" in line for line in lines) == 1
    assert [line for line in lines if line.startswith("  - night")] == ["  - night: 2026-12-01", "  - night: 2026-12-03"]


def test_comments_follow_their_server_into_another_night() -> None:
    text = render(wave_plan()).replace(
        "      - {server: desk-db-01",
        "      # the vendor wants to watch\n      - {server: desk-db-01",
    )
    text = text.replace("pins: []", "# nobody may move in the week of the fair\npins: []  # yet")
    text += "# signed: R. Alvarez\n"
    other = date(2026, 12, 3)
    moved = wave_plan(
        nights=(
            PlannedNight(night=date(2026, 12, 1), servers=(planned("desk-app-01", date(2026, 12, 1)),)),
            PlannedNight(night=other, servers=(planned("base-dns-01", other), planned("desk-db-01", other))),
        )
    )
    found = render(moved, text).splitlines()
    place = next(n for n, line in enumerate(found) if "server: desk-db-01" in line)

    assert found[place - 1] == "      # the vendor wants to watch"
    assert place > next(n for n, line in enumerate(found) if "2026-12-03" in line)
    assert "# nobody may move in the week of the fair" in found
    assert "pins: []  # yet" in found
    assert found[-1] == "# signed: R. Alvarez"


def test_a_hash_within_quotes_is_no_comment() -> None:
    night = PlannedNight(night=date(2026, 12, 1), servers=(planned("a-1", date(2026, 12, 1), note="ticket #7"),))
    text = render(wave_plan(nights=(night,)))

    assert render(parse_wave_plan(text, FILE), text) == text


def test_every_mistake_has_its_line() -> None:
    text = render(wave_plan())
    broken = text.replace("to: cloud, gb: 1.5, minutes: 0, minutes_p90: 0, chosen: 2026-12-03", "too: cloud, gb: many")

    with pytest.raises(PlanErrors) as caught:
        parse_wave_plan(broken, FILE)

    line = next(n for n, each in enumerate(broken.splitlines(), 1) if "too: cloud" in each)
    assert {problem.line for problem in caught.value.problems} == {line}
    assert len(caught.value.problems) == 2


def test_a_server_in_two_nights_is_a_mistake() -> None:
    line = "      - {server: desk-db-01, group: desk, to: cloud}\n"

    with pytest.raises(PlanErrors, match="1 problem") as caught:
        parse_wave_plan(render(wave_plan()).replace("pins: []", line + "pins: []"), FILE)

    assert "stands in two nights" in str(caught.value)


def test_a_night_that_stands_twice_is_a_mistake() -> None:
    with pytest.raises(PlanErrors) as caught:
        parse_wave_plan(render(wave_plan()).replace("2026-12-03", "2026-12-01"), FILE)

    assert "the night 2026-12-01 stands twice" in str(caught.value)


def test_no_plan_yet_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InclineError, match="no plan yet") as caught:
        read_wave_plan(tmp_path / "waves.yaml")

    assert caught.value.code == "INC-7122"


def test_the_schema_for_editors_is_the_models() -> None:
    assert json.loads(plan_schema())["title"] == "Incline plan: waves"
    assert (ROOT / "plan/schema/waves.json").read_text() == plan_schema()


def test_thousands_of_lines_are_read_in_a_moment() -> None:
    """Not timed: that it is one pass is held by the size alone."""
    nights = tuple(
        PlannedNight(
            night=date(2026, 1, 1) + timedelta(days=n),
            servers=tuple(planned(f"s-{n}-{k}", date(2026, 1, 1) + timedelta(days=n)) for k in range(10)),
        )
        for n in range(100)
    )

    assert len(parse_wave_plan(render(wave_plan(nights=nights)), FILE).night_of()) == 1000
