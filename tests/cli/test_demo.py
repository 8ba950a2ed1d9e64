"""The demo's summary says what the commands answered, and a difference loudly."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.demo_guest import busy
from cli.demo_report import move_summary, summary_text, write_report
from cli.demo_stage import Stage, assert_document
from cli.demo_story import Story, changes_of
from infra.errors import InclineError
from policies.examples.ground import ESTATE, SNAPSHOT
from tests.fakes.example_files import write_example

STATUS: dict[str, Any] = {
    "server": "permits-db-01",
    "direction": "up",
    "downtime_s": 41.6,
    "rounds": [
        {"kind": "seed", "disks": [{"blocks_sent": 100}, {"blocks_sent": 130}]},
        {"kind": "delta", "disks": [{"blocks_sent": 12}, {"blocks_sent": 0}]},
        {"kind": "delta", "disks": [{"blocks_sent": 2}]},
        {"kind": "final", "disks": [{"blocks_sent": 1}]},
    ],
    "disks": [{"name": "data", "size": 1, "source_root": "ab", "target_root": "ab"}],
}


def summary(status: dict[str, Any], previews: dict[str, int]) -> dict[str, Any]:
    return {"moves": [move_summary(status)], "previews": previews, "policy": {"pass": 165, "fail": 0}, "report": "out/demo/report.html"}


def test_blocks_are_added_by_kind_of_round() -> None:
    moved = move_summary(STATUS)

    assert (moved["seed_blocks"], moved["delta_blocks"], moved["final_blocks"]) == (230, 14, 1)
    assert moved["disks"] == [{"name": "data", "source_root": "ab", "target_root": "ab"}]


def test_the_screen_says_what_is_left_to_change() -> None:
    assert "nothing left to change" in summary_text(summary(STATUS, {"a": 0}))
    assert "changes left: {'b': 2}" in summary_text(summary(STATUS, {"a": 0, "b": 2}))


def test_roots_that_differ_are_said_aloud() -> None:
    differs = {**STATUS, "disks": [{**STATUS["disks"][0], "target_root": "cd"}]}

    assert "BLOCKS DIFFER" in summary_text(summary(differs, {}))


def test_only_what_would_change_counts_as_a_change() -> None:
    assert changes_of({"changeSummary": {"same": 40, "refresh": 2, "read": 1}}) == 0
    assert changes_of({"changeSummary": {"same": 40, "update": 1, "create": 2}}) == 3


def test_json_without_a_schema_is_refused() -> None:
    with pytest.raises(InclineError, match="without a schema"):
        assert_document({"a": 1})


def test_a_busy_guest_outlives_its_power_off_and_stops_with_the_cut_over() -> None:
    written = threading.Event()

    class PoweredOff:
        """Writes once, then is off."""

        def write(self, seed: int, length: int) -> None:
            if written.is_set():
                raise InclineError("off", code="INC-0000")
            written.set()

    with busy(PoweredOff()):
        assert written.wait(5)


def test_the_report_judges_what_was_seen(tmp_path: Path) -> None:
    stage = Stage(tmp_path, tmp_path)
    write_example(ESTATE, stage.estate)
    seen = tmp_path / "capacity.json"
    now = datetime.now(UTC).isoformat()
    seen.write_text(json.dumps({**SNAPSHOT, "taken_at": now}))
    guessed = write_report(stage, Story("records-db-01"), 1)["policy"]
    measured = write_report(stage, Story("records-db-01", capacity=seen), 1)["policy"]

    assert measured["undetermined"] < guessed["undetermined"]
    page = (tmp_path / "report.html").read_text()
    assert "records-db-01 went up and came back" in page
    assert json.loads((tmp_path / "summary.json").read_text())["policy"] == measured
