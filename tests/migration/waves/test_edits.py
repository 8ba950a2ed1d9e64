"""Edits become pins, a plan is scored as it stands, and a new one keeps what people chose."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from infra.errors import InclineError
from infra.estate.model import Freeze
from migration.waves.build import Built, Inputs, build
from migration.waves.build_candidates import LeftOut
from migration.waves.document import Goal, PlannedNight, PlannedPin, PlannedServer, PlannedStay, WavePlan
from migration.waves.document_make import Making, document_of, small_nights
from migration.waves.edits import edits_of, rescore, with_edits, with_pin, with_retained, without_pin
from migration.waves.model import Solution
from migration.waves.solve import solve
from tests.fakes.wave_plans import candidate, inputs, planned, programme, wave_plan

NOW = datetime(2026, 11, 25, 21, tzinfo=UTC)
NIGHTS = [date.fromordinal(date(2026, 11, 30).toordinal() + n) for n in range(10)]


def town() -> Inputs:
    names = ("desk-app-01", "desk-db-01", "base-dns-01", "shop-web-01")
    return inputs(*(candidate(name) for name in names), programme=programme(people={"per_night": 1, "hours": 2, "minutes_per_server": 60}))


def plan_of(ours: Inputs, before: WavePlan | None = None) -> tuple[Built, WavePlan]:
    built = build(with_edits(ours, before) if before else ours)
    solution = solve(built.problem, seconds=5)
    return built, document_of(built, solution, Making(goal=Goal(to="cloud"), now=NOW, before=before))


def moved(plan: WavePlan, server: str, night: date) -> WavePlan:
    """As a person does it: the line stands under another night, and still says what the planner chose."""
    entry = plan.entry(server)
    assert entry is not None
    nights = {each.night: [line for line in each.servers if line.server != server] for each in plan.nights}
    nights.setdefault(night, []).append(entry[1])
    return plan.model_copy(
        update={"nights": tuple(PlannedNight(night=day, servers=tuple(nights[day])) for day in sorted(nights) if nights[day])}
    )


def test_the_planners_own_plan_breaks_nothing_and_costs_what_it_said() -> None:
    _, plan = plan_of(town())
    found = rescore(town(), plan)

    assert found.violations == ()
    assert plan.result is not None
    assert found.objective == pytest.approx(plan.result.objective, abs=0.01)


def test_a_moved_line_is_a_pin() -> None:
    _, plan = plan_of(town())
    edits = edits_of(moved(plan, "shop-web-01", NIGHTS[7]))

    assert edits.pins == {"shop-web-01": NIGHTS[7]}
    assert list(edits.moved) == ["shop-web-01"]


def test_a_new_plan_keeps_the_edit_and_leaves_the_others_alone() -> None:
    _, plan = plan_of(town())
    _, again = plan_of(town(), moved(plan, "shop-web-01", NIGHTS[7]))

    changed = {name for name, night in again.night_of().items() if plan.night_of()[name] != night}
    assert changed == {"shop-web-01"}
    assert again.pins == (PlannedPin(server="shop-web-01", night=NIGHTS[7]),)
    assert again.entry("shop-web-01")[1].chosen == NIGHTS[7]  # type: ignore[index]


def test_an_overfull_night_is_said_with_its_numbers() -> None:
    _, plan = plan_of(town())
    night = plan.night_of()["desk-db-01"]
    found = rescore(town(), moved(moved(plan, "shop-web-01", night), "base-dns-01", night))

    assert [each.kind for each in found.violations] == ["nightly"]
    assert str(night) in found.words[0]
    assert "240" in found.words[0]
    assert "120" in found.words[0]


def test_a_frozen_night_is_said_with_the_freeze() -> None:
    freeze = Freeze(begins=NIGHTS[7], ends=NIGHTS[8], reason="elections")
    ours = town()
    frozen = replace(ours, programme=ours.programme.model_copy(update={"freezes": (freeze,)}))
    _, plan = plan_of(frozen)
    found = rescore(frozen, moved(plan, "shop-web-01", NIGHTS[7]))

    assert [each.kind for each in found.violations] == ["night"]
    assert "elections" in found.words[0]


def test_a_split_group_is_said() -> None:
    _, plan = plan_of(town())
    found = rescore(town(), moved(plan, "desk-db-01", NIGHTS[8]))

    assert "PLN-005" in {each.code for each in found.findings}


def test_a_server_that_was_taken_out_is_missed_and_one_that_nobody_knows_passed_over() -> None:
    _, plan = plan_of(town())
    without = plan.model_copy(
        update={
            "nights": tuple(
                night.model_copy(update={"servers": tuple(e for e in night.servers if e.server != "shop-web-01")}) for night in plan.nights
            ),
            "retained": (PlannedStay(server="nobody-01", reason="gone"),),
        }
    )
    found = rescore(town(), without)

    assert {("PLN-022", "nobody-01"), ("PLN-023", "shop-web-01")} <= {(each.code, each.where) for each in found.findings}
    assert found.violations == ()


def test_a_pin_takes_the_group_along_unless_it_goes_alone() -> None:
    together = with_pin(wave_plan(), "desk-db-01", NIGHTS[5])
    alone = with_pin(wave_plan(), "desk-db-01", NIGHTS[5], alone=True, why="vendor")

    assert {pin.server for pin in together.pins} == {"desk-db-01", "desk-app-01"}
    assert together.night_of()["desk-app-01"] == NIGHTS[5]
    assert alone.pins == (PlannedPin(server="desk-db-01", night=NIGHTS[5], why="vendor"),)
    assert alone.night_of()["desk-app-01"] == date(2026, 12, 1)


def test_unpinned_it_stays_until_the_next_plan() -> None:
    pinned = with_pin(wave_plan(), "desk-db-01", NIGHTS[5])
    free = without_pin(pinned, "desk-app-01")

    assert free.pins == ()
    assert free.night_of() == pinned.night_of()
    assert edits_of(free).pins == {}


def test_a_retained_server_is_in_no_night() -> None:
    found = with_retained(with_pin(wave_plan(), "base-dns-01", NIGHTS[5]), "base-dns-01", "it stays")

    assert "base-dns-01" not in found.night_of()
    assert found.pins == ()
    assert found.retained == (PlannedStay(server="base-dns-01", reason="it stays"),)


@pytest.mark.parametrize("change", [lambda p: with_pin(p, "desk-db-1", NIGHTS[5]), lambda p: without_pin(p, "desk-db-1")])
def test_a_mistyped_server_gets_a_suggestion(change: object) -> None:
    with pytest.raises(InclineError) as caught:
        change(with_pin(wave_plan(), "desk-db-01", NIGHTS[5]))  # type: ignore[operator]

    assert caught.value.next_step == "did you mean desk-db-01?"


def test_what_has_moved_is_neither_pinned_nor_retained_and_stays_on_record() -> None:
    night = date(2026, 11, 20)
    done = PlannedNight(night=night, servers=(planned("old-db-01", night, state="moved", on=night, move="m-1"),))
    before = wave_plan(nights=(done,))

    with pytest.raises(InclineError, match="has moved already"):
        with_pin(before, "old-db-01", NIGHTS[5])
    with pytest.raises(InclineError, match="has moved already"):
        with_retained(before, "old-db-01", "no")
    _, plan = plan_of(town(), before)
    assert plan.nights[0] == done.model_copy(update={"servers": done.servers})


def test_a_failed_server_is_planned_again_with_a_note() -> None:
    _, plan = plan_of(town())
    failed = plan.model_copy(
        update={
            "nights": tuple(
                night.model_copy(
                    update={"servers": tuple(e.model_copy(update={"state": "rolled-back", "on": night.night}) for e in night.servers)}
                )
                for night in plan.nights
            )
        }
    )
    _, again = plan_of(town(), failed)

    assert {each.state for _, each in again.entries()} == {"planned"}
    assert all(each.note.startswith("rolled-back on ") for _, each in again.entries())


def test_groups_without_a_night_are_named_in_the_document() -> None:
    built = build(town())
    empty = Solution(at={}, objective=0.0, bound=0.0, seconds=0.0, method="none")
    plan = document_of(built, empty, Making(goal=Goal(to="cloud"), now=NOW))

    assert {each.kind for each in plan.left_out} == {"not placed"}
    assert len(plan.left_out) == 4


def _as_moved(entry: PlannedServer) -> PlannedServer:
    return entry.model_copy(update={"state": "moved"})


def test_what_has_moved_is_not_planned_again_though_an_old_inventory_shows_it() -> None:
    _, plan = plan_of(town())
    lines = {night.night: [_as_moved(e) if e.server == "base-dns-01" else e for e in night.servers] for night in plan.nights}
    nights = tuple(night.model_copy(update={"servers": tuple(lines[night.night])}) for night in plan.nights)
    done = plan.model_copy(update={"nights": nights})
    built, again = plan_of(town(), done)

    assert "base-dns-01" not in built.home
    assert again.entry("base-dns-01") == done.entry("base-dns-01")
    assert rescore(town(), done).violations == ()


def test_nights_smaller_than_people_wish_are_said() -> None:
    found = list(small_nights(wave_plan(), programme(wave={"least": 2})))

    assert [(each.code, each.where) for each in found] == [("PLN-017", "2026-12-03")]


def test_a_plan_that_has_come_near_keeps_its_nights() -> None:
    """A week later the first allowed night is a week later too; what is planned before it stays planned."""
    _, plan = plan_of(town())
    later = replace(town(), today=date(2026, 11, 29), programme=town().programme.model_copy(update={"first_night": date(2026, 12, 20)}))
    _, again = plan_of(later, plan)

    assert again.night_of() == plan.night_of()


def test_a_night_that_has_passed_is_said() -> None:
    _, plan = plan_of(town())
    longer = town().programme.model_copy(update={"nights": 30})
    found = rescore(replace(town(), today=NIGHTS[9], programme=longer), plan)

    assert "PLN-024" in {each.code for each in found.findings}
    assert {each.kind for each in found.violations} == {"missing"}


def test_who_has_moved_is_not_left_out_because_its_move_is_on_trial() -> None:
    """Until it is accepted a move is open, which keeps a server out of a new plan; it stands in its night all the same."""
    night = date(2026, 11, 26)
    before = wave_plan(nights=(PlannedNight(night=night, servers=(planned("gone-01", night, state="moved"),)),))
    left = (
        LeftOut(server="gone-01", why="its move to cloud is open", kind="open"),
        LeftOut(server="old-01", why="too old", kind="not ready"),
    )
    _, plan = plan_of(inputs(left=left), before)

    assert [each.server for each in plan.left_out] == ["old-01"]
    assert plan.entry("gone-01") is not None
