"""A wave carried out by a mover of paper: what is copied, who waits for whom, what is taken back, how an interruption goes on."""

from __future__ import annotations

from datetime import date

import pytest

from migration.waves.document import PlannedNight, PlannedServer, WavePlan
from migration.waves.run import Answer, Done, Position, WaveInterruptedError, next_night, recorded, run_wave

NIGHT = date(2026, 12, 2)
OK = Answer(ok=True)


class PaperMover:
    """Moves as the engine would leave them. `fails` names a word and a server, with how often it fails."""

    def __init__(self, *servers: str, fails: dict[tuple[str, str], int] | None = None) -> None:
        self.sites = dict.fromkeys(servers, "hill")
        self.states = dict.fromkeys(servers, "")
        self.fails = dict(fails or {})
        self.stops: set[tuple[str, str]] = set()
        self.said: list[str] = []

    def position(self, server: str, to: str) -> Position:
        return Position(self.sites[server], self.states[server], f"{server}-to-{to}" if self.states[server] else "")

    def start(self, server: str, to: str) -> Answer:
        assert self.states[server] in {"", "planned", "seeding", "rolled-back"}, "never started twice"
        return self._do("start", server, before="seeding", after="synced")

    def cutover(self, server: str) -> Answer:
        assert self.states[server] in {"synced", "rehearsed", "cutting-over"}
        answer = self._do("cutover", server, before="cutting-over", after="on-trial")
        if answer.ok:
            self.sites[server] = "cloud"
        return answer

    def rollback(self, server: str) -> Answer:
        assert self.states[server] not in {"", "on-trial"}, "what serves is never thrown away"
        return self._do("rollback", server, before="stuck", after="rolled-back")

    def _do(self, word: str, server: str, *, before: str, after: str) -> Answer:
        self.said.append(f"{word} {server}")
        if (word, server) in self.stops:
            self.stops.remove((word, server))
            self.states[server] = before
            return Answer(ok=False, what="stopped", interrupted=True)
        if self.fails.get((word, server), 0):
            self.fails[word, server] -= 1
            self.states[server] = before
            return Answer(ok=False, what=f"{word} of {server} failed")
        self.states[server] = after
        return OK


def night(*servers: str | tuple[str, str]) -> PlannedNight:
    named = [(each, each) if isinstance(each, str) else each for each in servers]
    return PlannedNight(night=NIGHT, servers=tuple(PlannedServer(server=s, group=g, to="cloud") for s, g in named))


def run(wave: PlannedNight, mover: PaperMover, *, copies_only: bool = False) -> dict[str, Done]:
    kept: dict[str, Done] = {}
    run_wave(wave, mover, lambda done: kept.update({done.server: done}), copies_only=copies_only, say=lambda _: None)
    return kept


def test_all_copies_stand_before_anybody_changes_hands() -> None:
    mover = PaperMover("a", "b")
    kept = run(night("a", "b"), mover)

    assert mover.said == ["start a", "start b", "cutover a", "cutover b"]
    assert {name: done.state for name, done in kept.items()} == {"a": "moved", "b": "moved"}
    assert kept["a"].move == "a-to-cloud"


def test_copies_alone_change_no_hands() -> None:
    mover = PaperMover("a", "b")

    assert run(night("a", "b"), mover, copies_only=True) == {}
    assert mover.said == ["start a", "start b"]
    assert run(night("a", "b"), mover)["b"].state == "moved"
    assert mover.said[2:] == ["cutover a", "cutover b"]


def test_a_failed_cut_over_is_taken_back_and_the_rest_of_its_group_waits() -> None:
    mover = PaperMover("a", "b", "c", "d", fails={("cutover", "b"): 1})
    kept = run(night(("a", "x"), ("b", "x"), ("c", "x"), "d"), mover)

    assert [(name, kept[name].state) for name in "abcd"] == [("a", "moved"), ("b", "rolled-back"), ("c", "planned"), ("d", "moved")]
    assert kept["b"].note == "cutover of b failed"
    assert kept["c"].note == "waits for b"
    assert "cutover c" not in mover.said


def test_a_failed_copy_is_taken_back_and_its_group_does_not_change_hands() -> None:
    mover = PaperMover("a", "b", "c", fails={("start", "b"): 1})
    kept = run(night(("a", "x"), ("b", "x"), "c"), mover)

    assert mover.said == ["start a", "start b", "rollback b", "start c", "cutover c"]
    assert kept["b"].state == "rolled-back"
    assert "a" not in kept


def test_what_cannot_be_taken_back_is_left_to_people() -> None:
    mover = PaperMover("a", fails={("cutover", "a"): 1, ("rollback", "a"): 1})
    kept = run(night("a"), mover)

    assert kept["a"].state == "failed"
    assert "cannot be taken back" in kept["a"].note


def test_a_start_that_was_refused_leaves_nothing_to_take_back() -> None:
    class Refusing(PaperMover):
        def start(self, server: str, to: str) -> Answer:
            return Answer(ok=False, what="INC-2021: the server has another open move")

    mover = Refusing("a")
    kept = run(night("a"), mover)

    assert kept["a"].state == "failed"
    assert mover.said == []


@pytest.mark.parametrize("word", ["start", "cutover", "rollback"])
def test_an_interruption_keeps_what_was_done_and_the_same_command_goes_on(word: str) -> None:
    mover = PaperMover("a", "b", fails={("cutover", "b"): 1} if word == "rollback" else {})
    mover.stops = {(word, "b")}
    kept: dict[str, Done] = {}
    with pytest.raises(WaveInterruptedError):
        run_wave(night("a", "b"), mover, lambda done: kept.update({done.server: done}), say=lambda _: None)
    assert "b" not in kept

    again = run(night("a", "b"), mover)
    assert again["a"].state == "moved"
    assert again["b"].state == ("rolled-back" if word == "rollback" else "moved")
    assert mover.said.count("cutover a") == 1


def test_who_has_moved_already_is_passed_over() -> None:
    mover = PaperMover("a", "b")
    mover.sites["a"], mover.states["a"] = "cloud", "on-trial"
    kept = run(night("a", "b"), mover)

    assert kept["a"].state == "moved"
    assert mover.said == ["start b", "cutover b"]


def test_an_unfinished_cut_over_goes_on_even_though_its_placement_is_written() -> None:
    mover = PaperMover("a")
    mover.sites["a"], mover.states["a"] = "cloud", "cutting-over"

    assert run(night("a"), mover)["a"].state == "moved"
    assert mover.said == ["cutover a"]


def test_results_stand_in_the_plan_and_the_next_night_is_the_first_that_waits() -> None:
    later = night("c").model_copy(update={"night": date(2026, 12, 3)})
    plan = WavePlan(nights=(night("a", "b"), later))
    done = {"a": Done(server="a", state="moved", move="m1"), "b": Done(server="b", state="rolled-back", move="m2", note="why")}

    written = recorded(plan, done, NIGHT)

    lines = {each.server: each for _, each in written.entries()}
    assert (lines["a"].state, lines["a"].on, lines["a"].move) == ("moved", NIGHT, "m1")
    assert (lines["b"].state, lines["b"].note) == ("rolled-back", "why")
    assert lines["c"].state == "planned"
    following = next_night(written)
    assert following is not None
    assert following.night == date(2026, 12, 3)
    assert next_night(recorded(written, {"c": Done(server="c", state="moved")}, NIGHT)) is None
