"""A disk that comes back costs a delta, and a lost or foreign ledger costs a full copy, never a wrong one."""

from datetime import UTC, datetime

import pytest

from migration.blocks.manifest import Manifest
from migration.copy import copy_disk
from migration.lineage import AwsPoint, Ledger, VspherePoint
from migration.selection import select_blocks
from migration.sources.memory import MemorySource
from migration.targets.memory import MemoryTarget
from migration.types import BLOCK, Extent, PermanentError

SIZE = 8 * BLOCK
NOW = datetime(2026, 11, 25, tzinfo=UTC)
VSPHERE = VspherePoint("6000C29a", "52 1f/7", SIZE)
AWS = AwsPoint("snap-0a", SIZE)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger" / "permits-db-01")


def copied(path, data, **round_):
    manifest = Manifest.open_or_create(path, size_bytes=SIZE, disk_id="permits-db-01/data", blank=True)
    source, target = MemorySource(data, **round_), MemoryTarget(SIZE)
    copy_disk(source, target, manifest, select_blocks(source, manifest, "").blocks)
    manifest.commit()
    return manifest


def test_a_new_disk_has_nothing_in_common(ledger):
    assert ledger.base_for("data", "up", disk_uuid="6000C29a") is None


def test_each_direction_gets_its_base(ledger, tmp_path):
    with copied(tmp_path / "m", b"a" * SIZE) as manifest:
        point = ledger.record_round("data", "up", manifest, vsphere=VSPHERE, aws=AWS, at=NOW)
    up = ledger.base_for("data", "up", disk_uuid="6000C29a")
    down = ledger.base_for("data", "down", disk_uuid="6000C29a")

    assert (up.source_base, up.parent, up.root) == ("52 1f/7", "snap-0a", point.root)
    assert (down.source_base, down.parent) == ("snap-0a", "")
    with Manifest.open(down.manifest, writable=False) as kept:
        assert kept.root() == point.root


def test_another_disk_has_nothing_in_common(ledger, tmp_path):
    with copied(tmp_path / "m", b"a" * SIZE) as manifest:
        ledger.record_round("data", "up", manifest, vsphere=VSPHERE, aws=AWS, at=NOW)

    assert ledger.base_for("data", "down", disk_uuid="replaced") is None


def test_a_lost_manifest_is_a_full_copy(ledger, tmp_path):
    with copied(tmp_path / "m", b"a" * SIZE) as manifest:
        ledger.record_round("data", "up", manifest, vsphere=VSPHERE, aws=AWS, at=NOW)
    ledger.base_for("data", "up", disk_uuid="6000C29a").manifest.unlink()

    assert ledger.base_for("data", "up", disk_uuid="6000C29a") is None


def test_recording_twice_is_recording_once_and_old_manifests_go(ledger, tmp_path):
    with copied(tmp_path / "m", b"a" * SIZE) as manifest:
        first = ledger.record_round("data", "up", manifest, vsphere=VSPHERE, aws=AWS, at=NOW)
        assert ledger.record_round("data", "up", manifest, vsphere=VSPHERE, aws=AWS, at=NOW) == first
        ledger.set_volume("data", "vol-1")
        second = ledger.record_round("data", "down", manifest, vsphere=VSPHERE, aws=AwsPoint("snap-0b", SIZE), at=NOW)

    assert (first.number, second.number) == (1, 2)
    assert len(list((tmp_path / "ledger" / "permits-db-01").glob("*.manifest"))) == 1
    ledger.forget("data")
    ledger.forget("data")
    assert list((tmp_path / "ledger" / "permits-db-01").iterdir()) == []


def test_an_open_round_is_nothing_common(ledger, tmp_path):
    with copied(tmp_path / "m", b"a" * SIZE) as manifest:
        manifest.begin_round("t", "s", in_place=True)
        with pytest.raises(PermanentError, match="not committed"):
            ledger.record_round("data", "up", manifest, vsphere=VSPHERE, aws=AWS, at=NOW)


def test_a_damaged_ledger_says_what_to_do(ledger, tmp_path):
    (tmp_path / "ledger" / "permits-db-01").mkdir(parents=True)
    (tmp_path / "ledger" / "permits-db-01" / "data.json").write_text("{")
    with pytest.raises(PermanentError) as caught:
        ledger.point("data")
    assert "remove the file" in caught.value.next_step


def test_a_return_sends_the_blocks_changed_since(ledger, tmp_path):
    here = b"".join(bytes([i]) * BLOCK for i in range(1, 9))
    with copied(tmp_path / "m", here) as manifest:
        ledger.record_round("data", "up", manifest, vsphere=VSPHERE, aws=AWS, at=NOW)
    base = ledger.base_for("data", "down", disk_uuid="6000C29a")
    there = bytearray(here)
    there[3 * BLOCK] ^= 1
    source = MemorySource(bytes(there), identity="snap-0b", history={"snap-0a": [Extent(3 * BLOCK, BLOCK)]})
    held = MemoryTarget(SIZE, round_key="6000C29a", data=here)
    with Manifest.open(base.manifest, writable=False) as kept:
        kept.save_copy(tmp_path / "return")
    with Manifest.open(tmp_path / "return") as manifest:
        result = copy_disk(source, held, manifest, select_blocks(source, manifest, base.source_base).blocks)

    assert (result.blocks_read, result.blocks_sent) == (1, 1)
    assert bytes(held.disk) == bytes(there)
