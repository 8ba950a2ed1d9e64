"""An open move and the edits that it forbids."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.estate.fingerprint import fingerprint
from infra.estate.model import OpenMove
from infra.estate.write import read_placement, write_placement
from tests.fakes.village import Village

SERVERS = "servers/servers.yaml"


@pytest.fixture
def moving(tmp_path: Path) -> Village:
    village = Village(tmp_path)
    server = village.load().servers["desk-db-01"]
    placement = read_placement(village.root, "desk-db-01")
    assert placement is not None
    move = OpenMove(id="m-1", target="cloud", since=datetime(2026, 11, 25, 9, 0, tzinfo=UTC), fingerprint=fingerprint(server))
    write_placement(village.root, placement.model_copy(update={"move": move}))
    return village


def test_the_site_may_change_while_the_move_is_open(moving: Village) -> None:
    moving.edit(SERVERS, "site: hall ", "site: cloud ")

    assert moving.problems() == []
    assert [server.name for server in moving.load().pending_moves()] == ["desk-db-01"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("memory: 16GiB", "memory: 24GiB"),
        ("size: 40.5GiB", "size: 60GiB"),
        ("address: 10.9.0.15", "address: 10.9.0.16"),
        ("    backup: {interval_minutes: 240", "    note: bigger\n    backup: {interval_minutes: 240"),
    ],
)
def test_any_other_edit_is_refused_until_it_is_over(moving: Village, old: str, new: str) -> None:
    moving.edit(SERVERS, old, new)

    [problem] = moving.problems()

    assert (problem.file, problem.line, problem.code) == (SERVERS, moving.line(SERVERS, "- name: desk-db-01"), "INC-1031")
    assert "m-1 to cloud is open" in problem.what
    assert "incline move status desk-db-01" in problem.instead


def test_another_servers_edit_is_free(moving: Village) -> None:
    moving.edit(SERVERS, "memory: 4GiB", "memory: 8GiB")

    assert moving.problems() == []


def test_a_pending_move_down_or_up_is_valid(tmp_path: Path) -> None:
    village = Village(tmp_path)
    village.edit(SERVERS, "site: hall ", "site: cloud ")

    assert village.problems() == []


def test_a_disk_that_came_back_rounded_is_not_shrinking(tmp_path: Path) -> None:
    village = Village(tmp_path)
    village.edit("placements/desk-db-01.yaml", "size: 40.5GiB", "size: 41GiB")

    assert village.problems() == []


def test_the_fingerprint_ignores_site_and_defaults_alone(tmp_path: Path) -> None:
    server = Village(tmp_path).load().servers["desk-db-01"]

    assert fingerprint(server.model_copy(update={"site": "cloud"})) == fingerprint(server)
    assert fingerprint(server.model_copy(update={"role": ""})) == fingerprint(server)
    assert fingerprint(server.model_copy(update={"role": "x"})) != fingerprint(server)
