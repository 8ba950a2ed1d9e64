"""Plans: the forms of a file, the moments of a plan, and what is refused."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from infra.estate.model import Estate
from infra.observed.capacity import CapacitySnapshot, VsphereCapacity
from policies.examples.case import TODAY
from policies.examples.ground import ESTATE, SNAPSHOT
from policies.readers.plan import PlanError, Wave, plan_states, read_plan_file

TOWN = Estate.model_validate(ESTATE)
DB = {"server": "records-db-01", "to": "cloud"}
APP = {"server": "records-app-01", "to": "cloud"}


def waves(folder: Path, document: Any) -> tuple[Wave, ...]:
    path = folder / "plan.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return read_plan_file(path)


@pytest.mark.parametrize(
    ("document", "servers"),
    [
        ({"waves": [{"on": "2026-12-05", "moves": [DB, APP]}]}, [["records-db-01", "records-app-01"]]),
        ({"steps": [[DB], [APP]]}, [["records-db-01"], ["records-app-01"]]),
        ({"moves": [DB, APP]}, [["records-db-01"], ["records-app-01"]]),
        ([DB, {**APP, "on": "2026-12-06"}], [["records-db-01"], ["records-app-01"]]),
        ({"schema": "incline.move-plan/1", "server": "records-db-01", "target": "cloud", "disks": []}, [["records-db-01"]]),
    ],
)
def test_the_forms_of_a_plan(tmp_path: Path, document: Any, servers: list[list[str]]) -> None:
    assert [[m.server for m in wave.moves] for wave in waves(tmp_path, document)] == servers


@pytest.mark.parametrize(
    "document", ["no json", "7", {}, [], {"waves": []}, {"waves": [{"moves": []}]}, [{"server": "x"}], [{**DB, "on": "soon"}]]
)
def test_what_is_no_plan_says_how_to_write_one(tmp_path: Path, document: Any) -> None:
    with pytest.raises(PlanError) as raised:
        waves(tmp_path, document)

    assert raised.value.code == "INC-3024"
    assert '"waves"' in raised.value.next_step


def test_a_plan_is_judged_after_each_step_and_at_its_end(tmp_path: Path) -> None:
    first, second, end = plan_states(TOWN, waves(tmp_path, [DB, APP]), TODAY)

    assert {(s.name, s.site, s.held) for s in first.evidence(TODAY).servers if s.name == "records-db-01"} == {
        ("records-db-01", "cloud", False),
        ("records-db-01", "hill", True),
    }
    assert second.name == "step 2 of 2: records-app-01 to cloud"
    assert not [s for s in end.evidence(TODAY).servers if s.held]
    assert end.gone == {("records-db-01", "hill"), ("records-app-01", "hill")}


@pytest.mark.parametrize(("later", "held"), [("2026-12-19", True), ("2026-12-20", False)])
def test_a_source_is_held_for_its_time(tmp_path: Path, later: str, held: bool) -> None:
    plan = {"waves": [{"on": "2026-12-05", "moves": [DB]}, {"on": later, "moves": [APP]}]}
    _, second, _ = plan_states(TOWN, waves(tmp_path, plan), TODAY)

    assert any(s.held and s.name == "records-db-01" for s in second.evidence(TODAY).servers) is held


def test_the_plans_nights_win_over_the_estates(tmp_path: Path) -> None:
    first, _ = plan_states(TOWN, waves(tmp_path, [{**DB, "on": "2026-12-05"}]), TODAY)

    assert [(m.server, m.on) for m in first.evidence(TODAY).moves] == [("records-db-01", date(2026, 12, 5))]


def test_a_source_that_is_given_up_is_not_somebody_elses_load(tmp_path: Path) -> None:
    *_, end = plan_states(TOWN, waves(tmp_path, [DB]), TODAY)
    left = end.without_sources(CapacitySnapshot.model_validate(SNAPSHOT)).sites["hill"]

    assert isinstance(left, VsphereCapacity)
    assert "records-db-01" not in {m.server for m in left.machines}


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        ([{"server": "records-db-02", "to": "cloud"}], "the estate has no such server"),
        ([{"server": "records-db-01", "to": "clouds"}], "the estate has no such site"),
        ([{"server": "records-db-01", "to": "hill"}], "where it stands already"),
        ([DB, DB], "where it stands already"),
    ],
)
def test_a_move_that_cannot_be_is_refused(tmp_path: Path, moves: list[Any], words: str) -> None:
    with pytest.raises(PlanError, match=words) as raised:
        list(plan_states(TOWN, waves(tmp_path, moves), TODAY))

    assert raised.value.code == "INC-3028"


def test_a_server_may_come_back(tmp_path: Path) -> None:
    *_, end = plan_states(TOWN, waves(tmp_path, [DB, {"server": "records-db-01", "to": "hill"}]), TODAY)

    assert [s.site for s in end.evidence(TODAY).servers if s.name == "records-db-01"] == ["hill"]
    assert ("records-db-01", "hill") not in end.gone
