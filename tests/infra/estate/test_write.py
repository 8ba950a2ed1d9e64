"""Writing an estate: atomic, under rising generations, and not one character more than asked for."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.atomic import remove_file, replace_file
from infra.errors import InclineError
from infra.estate.document import parse_document
from infra.estate.model import DiskRecord, Held, Machine, Placement
from infra.estate.write import read_generation, read_placement, remove_placement, render_placement, set_server_site, write_placement
from tests.fakes.village import Village

SERVERS = "servers/servers.yaml"


def _moved(village: Village) -> Placement:
    before = read_placement(village.root, "desk-db-01")
    assert before is not None
    disks = tuple(
        DiskRecord(name=each.name, size=each.size, volume_id=f"vol-{index}", merkle_root="12345e67" * 8)
        for index, each in enumerate(before.machine.disks)
    )
    held = Held(machine=before.machine, since=datetime(2026, 11, 25, 10, 0, tzinfo=UTC), move="m-1")
    return before.model_copy(update={"origin": "moved", "machine": Machine(site="cloud", image_id="ami-1", disks=disks), "held": held})


def test_a_placement_is_written_under_the_next_generation_and_read_back_equal(tmp_path: Path) -> None:
    village = Village(tmp_path)

    written = write_placement(village.root, _moved(village))

    assert written.generation == 4
    assert read_generation(village.root) == 4
    assert read_placement(village.root, "desk-db-01") == written
    assert village.load().placements["desk-db-01"] == written
    assert village.load().generation == 4


def test_writing_twice_leaves_what_writing_once_left(tmp_path: Path) -> None:
    village = Village(tmp_path)
    moved = _moved(village)
    first = write_placement(village.root, moved)
    text = village.text("placements/desk-db-01.yaml")

    second = write_placement(village.root, moved)

    assert second == first
    assert village.text("placements/desk-db-01.yaml") == text
    assert read_generation(village.root) == 4


def test_a_removed_placement_raises_the_generation_once(tmp_path: Path) -> None:
    village = Village(tmp_path)

    assert remove_placement(village.root, "base-dns-01") == 4
    assert remove_placement(village.root, "base-dns-01") == 4
    assert read_placement(village.root, "base-dns-01") is None


def test_a_first_placement_makes_folder_and_generation(tmp_path: Path) -> None:
    placement = Placement(server="a", generation=0, origin="created", machine=Machine(site="hall"))

    assert write_placement(tmp_path, placement).generation == 1
    assert read_generation(tmp_path) == 1


def test_a_site_changes_to_the_character_and_comments_stay(tmp_path: Path) -> None:
    village = Village(tmp_path)
    before = village.text(SERVERS)

    assert set_server_site(village.root, "desk-db-01", "cloud")

    assert village.text(SERVERS) == before.replace("site: hall  # the", "site: cloud  # the")
    assert not set_server_site(village.root, "desk-db-01", "cloud")


def test_an_unknown_server_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    village = Village(tmp_path)

    with pytest.raises(InclineError, match="did you mean desk-db-01") as caught:
        set_server_site(village.root, "desk-db-1", "cloud")

    assert caught.value.code == "INC-1011"


def test_a_generation_that_cannot_be_read_is_not_overwritten(tmp_path: Path) -> None:
    village = Village(tmp_path)
    village.write("generation.yaml", "<<<<<<< ours\ngeneration: 4\n")

    with pytest.raises(InclineError, match="holds no generation"):
        write_placement(village.root, _moved(village))

    assert "ours" in village.text("generation.yaml")


def test_every_placement_of_the_example_is_as_incline_writes_it() -> None:
    root = Path(__file__).parents[3] / "estate"
    for path in sorted((root / "placements").glob("*.yaml")):
        placement = read_placement(root, path.stem)
        assert placement is not None
        assert render_placement(placement) == path.read_text(), path.name


@given(
    root=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    label=st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["Cc"]), min_size=1, max_size=30),
    size=st.integers(min_value=1, max_value=1 << 50),
)
def test_any_content_survives_the_file(root: str, label: str, size: int) -> None:
    disk = DiskRecord(name="data", size=size, label=label, merkle_root=root)
    placement = Placement(server="a", generation=2, origin="moved", machine=Machine(site="hall", disks=(disk,)))

    value = parse_document(render_placement(placement), "x").value

    assert Placement.model_validate(value) == placement


def _write_for_ever(path: Path) -> None:
    for number in range(1_000_000):
        replace_file(path, f"{number % 10}" * 200_000)


def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for _ in range(5):
        writer = multiprocessing.get_context("fork").Process(target=_write_for_ever, args=(path,))
        writer.start()
        while not path.exists():
            time.sleep(0.005)
        time.sleep(0.05)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()

        text = path.read_text()
        assert len(text) == 200_000
        assert len(set(text)) == 1
        assert [each.name for each in tmp_path.glob("*.yaml")] == ["a.yaml"]


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    replace_file(path, "old")

    with pytest.raises(UnicodeEncodeError):
        replace_file(path, "\ud800")

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_mode_of_a_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("old")
    path.chmod(0o640)

    replace_file(path, "new")

    assert path.stat().st_mode & 0o777 == 0o640
    assert remove_file(path)
    assert not remove_file(path)


def _write_many(root: Path, server: str) -> None:
    for number in range(10):
        write_placement(
            root, Placement(server=server, generation=0, origin="created", machine=Machine(site="hall", image_id=f"ami-{number}"))
        )


def test_two_writers_never_share_a_generation(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_many, args=(tmp_path, name)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert read_generation(tmp_path) == 20
    first, second = read_placement(tmp_path, "a"), read_placement(tmp_path, "b")
    assert first is not None
    assert second is not None
    assert first.generation != second.generation


def _write_on_a_full_disk(path: Path, answer: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        replace_file(path, "new" * 1000)
    except InclineError as error:
        answer.write_text(str(error))


def test_a_full_disk_is_told_and_leaves_the_old_file(tmp_path: Path) -> None:
    path, answer = tmp_path / "a.yaml", tmp_path / "answer"
    replace_file(path, "old")

    writer = multiprocessing.get_context("fork").Process(target=_write_on_a_full_disk, args=(path, answer))
    writer.start()
    writer.join()

    assert "a.yaml cannot be written: File too large" in answer.read_text()
    assert "make room on the disk" in answer.read_text()
    assert path.read_text() == "old"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.yaml", "answer"]
