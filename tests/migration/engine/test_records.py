"""A move's record is the fold of its journal; what a state does not allow is neither written nor believed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from migration.journal import Journal, StateFolder
from migration.moves import ALLOWED, FINAL, Event, IllegalTransitionError, MoveState, fold
from migration.status import downtime_s, move_document

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
PLANNED = {
    "id": "mv-1",
    "server": "permits-db-01",
    "source": "downtown",
    "target": "aws-east",
    "direction": "up",
    "owner": "me",
    "placement_before": {"server": "permits-db-01", "generation": 1, "origin": "adopted", "machine": {"site": "downtown"}},
    "site_before": "downtown",
}


def journal(folder: Path) -> Journal:
    made = StateFolder(folder).create("mv-1")
    made.append(NOW, "planned", **PLANNED)
    return made


def test_what_was_written_is_what_is_read(tmp_path: Path) -> None:
    written = journal(tmp_path)
    written.append(NOW, "state", state="seeding")
    written.append(NOW, "step-started", step="copy_seed")
    points = {"data": "change-1"}
    written.append(NOW, "round-started", round=1, kind="seed", point="p", points=points, bases={})
    written.append(
        NOW, "disk-copied", round=1, disk="data", blocks_total=9, blocks_sent=7, blocks_resumed=2, bytes=7 << 19, receipt="snap-1"
    )
    written.append(NOW, "round-finished", round=1)

    record = StateFolder(tmp_path).read("mv-1")

    assert record == written.record
    assert record.base_round is not None
    assert (record.base_round.points, record.base_round.disks["data"].receipt) == (points, "snap-1")
    assert record.open_round is None


@pytest.mark.parametrize("state", sorted(set(MoveState) - ALLOWED[MoveState.PLANNED]))
def test_a_planned_move_cannot_jump(tmp_path: Path, state: MoveState) -> None:
    planned = journal(tmp_path)
    before = (planned.folder / "journal.jsonl").read_bytes()

    with pytest.raises(IllegalTransitionError, match="is planned and cannot become"):
        planned.append(NOW, "state", state=state.value)

    assert (planned.folder / "journal.jsonl").read_bytes() == before


def test_every_state_says_what_it_allows_and_the_end_is_the_end() -> None:
    assert set(ALLOWED) == set(MoveState)
    assert {s for s in MoveState if not ALLOWED[s]} == FINAL - {MoveState.RETURNED}


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("step-done", {"step": "copy_seed", "result": {}}, "without having started"),
        ("round-finished", {"round": 1}, "which is not open"),
        ("disk-copied", {"round": 3, "disk": "data"}, "which is not open"),
        ("made-up", {}, "unknown event"),
    ],
)
def test_events_out_of_place_are_refused(tmp_path: Path, kind: str, data: dict[str, object], words: str) -> None:
    with pytest.raises(IllegalTransitionError, match=words):
        journal(tmp_path).append(NOW, kind, **data)


def test_a_journal_with_a_line_missing_is_not_believed() -> None:
    events = [Event(1, NOW.isoformat(), "planned", PLANNED), Event(3, NOW.isoformat(), "state", {"state": "seeding"})]

    with pytest.raises(IllegalTransitionError, match="damaged"):
        fold(events)


def test_downtime_counts_from_the_order_to_shut_down_to_the_healthy_target() -> None:
    events = [
        Event(1, "2026-11-25T12:00:00+00:00", "step-started", {"step": "power_off_source"}),
        Event(2, "2026-11-25T12:00:04+00:00", "step-started", {"step": "power_off_source"}),
        Event(3, "2026-11-25T12:00:27+00:00", "step-done", {"step": "check_health"}),
    ]

    assert downtime_s(events) == 27.0
    assert downtime_s(events[:2]) == 0.0


def test_the_document_of_a_move_has_a_schema_and_every_disk(tmp_path: Path) -> None:
    record = journal(tmp_path).record

    document = move_document(record)

    assert document["schema"] == "incline.move/1"
    assert (document["state"], document["disks"]) == ("planned", [])
