"""A fresh process finds every wrong byte and names it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from migration.blocks.manifest import Manifest
from migration.copy import copy_disk
from migration.selection import select_blocks
from migration.sources.memory import MemorySource
from migration.targets.memory import MemoryTarget
from migration.types import BLOCK

ROOT = Path(__file__).resolve().parents[2]
SIZE = 12 * BLOCK + 512


@pytest.fixture
def disk(tmp_path):
    """A copied disk: its image, and its manifest."""
    data = bytearray(SIZE)
    data[BLOCK : 2 * BLOCK] = os.urandom(BLOCK)
    data[-512:] = b"e" * 512
    target = MemoryTarget(SIZE)
    with Manifest.open_or_create(tmp_path / "m", size_bytes=SIZE, disk_id="permits-db-01/data", blank=True) as manifest:
        source = MemorySource(bytes(data))
        copy_disk(source, target, manifest, select_blocks(source, manifest, "").blocks)
        manifest.commit()
    (tmp_path / "disk.img").write_bytes(bytes(target.disk))
    return tmp_path


def verify(folder, **changes):
    spec = {
        "schema": "incline.verify/1",
        "disks": [{"disk": "permits-db-01/data", "manifest": f"{folder}/m", "reader": {"kind": "file", "path": f"{folder}/disk.img"}}],
    } | changes
    (folder / "spec.json").write_text(json.dumps(spec))
    command = [sys.executable, "-m", "migration.verify", "--spec", str(folder / "spec.json"), "--json"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_whole_copy_is_right(disk):
    done = verify(disk)
    answer = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert answer["ok"]
    assert answer["disks"][0]["root"] == answer["disks"][0]["expected_root"]
    assert answer["disks"][0]["blocks"] == 13


@pytest.mark.parametrize("at", [0, BLOCK + 77, 5 * BLOCK, SIZE - 1])
def test_one_flipped_bit_is_named_by_disk_and_offset(disk, at):
    with (disk / "disk.img").open("r+b") as image:
        image.seek(at)
        byte = image.read(1)[0]
        image.seek(at)
        image.write(bytes([byte ^ 4]))
    done = verify(disk)
    found = json.loads(done.stdout)["disks"][0]

    assert done.returncode == 1
    assert [(m["disk"], m["offset"]) for m in found["mismatches"]] == [("permits-db-01/data", at // BLOCK * BLOCK)]
    assert found["root"] != found["expected_root"]


def test_a_target_of_another_size_is_an_error(disk):
    with (disk / "disk.img").open("ab") as image:
        image.write(b"\0")
    done = verify(disk)

    assert done.returncode == 2
    assert "the manifest covers" in done.stderr


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": "other"}, "expected incline.verify/1"),
        ({"disks": [{"disk": "x"}]}, "KeyError"),
        ({"disks": [{"disk": "d", "manifest": "missing", "reader": {"kind": "tape"}}]}, "no such manifest"),
    ],
)
def test_a_spec_that_cannot_be_followed_is_an_error(disk, changes, message):
    done = verify(disk, **changes)

    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
