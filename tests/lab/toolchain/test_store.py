"""A part of the toolchain is there whole or not at all, whatever happens to its builder."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from lab.toolchain.store import Store, link_all


def build(folder: Path) -> None:
    (folder / "program").write_text("good")


def test_a_built_part_is_there_and_not_built_again(tmp_path):
    store = Store(tmp_path)
    place = store.build("vcenter", "k1", build)

    assert (place / "program").read_text() == "good"
    assert store.build("vcenter", "k1", _must_not_run) == place


def test_a_failed_build_leaves_nothing(tmp_path):
    store = Store(tmp_path)

    with pytest.raises(ZeroDivisionError):
        store.build("vcenter", "k1", lambda folder: build(folder) or 1 / 0)
    assert not store.has("vcenter", "k1")
    assert [path.name for path in tmp_path.iterdir()] == [".lock-vcenter"]


def test_a_part_without_its_marker_is_built_again(tmp_path):
    store = Store(tmp_path)
    place = store.place("vcenter", "k1")
    place.mkdir()
    (place / "program").write_text("half a prog")

    assert not store.has("vcenter", "k1")
    store.build("vcenter", "k1", build)
    assert (place / "program").read_text() == "good"


def test_a_killed_builder_leaves_no_part_and_its_rubbish_is_swept(tmp_path):
    builder = multiprocessing.get_context("fork").Process(target=_build_forever, args=(tmp_path,))
    builder.start()
    _until(lambda: list(tmp_path.glob(".building-vcenter-*/program")))
    os.kill(builder.pid, signal.SIGKILL)
    builder.join()
    store = Store(tmp_path)

    assert not store.has("vcenter", "k1")
    store.build("vcenter", "k1", build)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock-vcenter", "vcenter-k1"]


def test_the_second_of_two_builders_waits_and_finds_the_work_done(tmp_path):
    first = multiprocessing.get_context("fork").Process(target=_build_slowly, args=(tmp_path,))
    first.start()
    _until(lambda: list(tmp_path.glob(".building-vcenter-*")))
    waited = []
    place = Store(tmp_path).build("vcenter", "k1", _must_not_run, waiting=lambda: waited.append(True))
    first.join()

    assert waited == [True]
    assert (place / "program").read_text() == "good"


def test_another_key_is_another_part(tmp_path):
    store = Store(tmp_path)
    store.build("vcenter", "k1", build)

    assert not store.has("vcenter", "k2")
    store.build("vcenter", "k2", build)
    assert store.has("vcenter", "k1")


def test_a_part_that_nobody_used_for_a_month_is_removed_by_the_next_build(tmp_path):
    store = Store(tmp_path)
    for key in ("old", "used"):
        marker = store.build("vcenter", key, build) / "complete"
        os.utime(marker, (0, 0))
    store.use("vcenter", "used")
    store.build("vcenter", "new", build)

    assert [key for key in ("old", "used", "new") if store.has("vcenter", key)] == ["used", "new"]


def test_links_follow_the_parts(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")
    new.write_text("new")
    link_all({"program": old}, tmp_path / "bin")
    link_all({"program": new}, tmp_path / "bin")

    assert (tmp_path / "bin" / "program").read_text() == "new"
    assert [path.name for path in (tmp_path / "bin").iterdir()] == ["program"]


def _must_not_run(folder: Path) -> None:
    raise AssertionError("built again")


def _build_forever(root: Path) -> None:
    Store(root).build("vcenter", "k1", lambda folder: build(folder) or time.sleep(60))


def _build_slowly(root: Path) -> None:
    Store(root).build("vcenter", "k1", lambda folder: time.sleep(0.5) or build(folder))


def _until(condition) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
