"""The copy loop sends what differs, once, and goes on after any interruption."""

import random
import threading

import pytest

from migration.blocks.extents import BlockSet
from migration.blocks.manifest import Manifest
from migration.copy import copy_disk
from migration.selection import select_blocks
from migration.sources.memory import MemorySource
from migration.targets.memory import MemoryTarget
from migration.types import BLOCK, Extent, PermanentError

BLOCKS = 40
SIZE = BLOCKS * BLOCK - 1000  # the last block is short


def noise(seed, blocks=range(0, BLOCKS, 2), size=SIZE):
    data, made = bytearray(size), random.Random(seed)
    for index in blocks:
        at = index * BLOCK + 777
        data[at : at + 4096] = made.randbytes(4096)
    return bytes(data[:size])


@pytest.fixture
def manifest(tmp_path):
    with Manifest.open_or_create(tmp_path / "m", size_bytes=SIZE, disk_id="permits-db-01/data", blank=True) as opened:
        yield opened


def changed(data, **blocks):
    data = bytearray(data)
    for index, text in blocks.items():
        at = int(index[1:]) * BLOCK
        data[at : at + len(text)] = text
    return bytes(data)


def carry(source, target, manifest, base="", **options):
    return copy_disk(source, target, manifest, select_blocks(source, manifest, base).blocks, **options)


def test_a_first_copy_reads_what_is_allocated_and_sends_no_zeros(manifest):
    data = noise(1)
    target = MemoryTarget(SIZE)
    result = carry(MemorySource(data), target, manifest)

    assert bytes(target.disk) == data
    assert sorted(target.written) == list(range(0, BLOCKS, 2))
    assert (result.blocks_total, result.blocks_sent, result.blocks_resumed, result.stopped) == (20, 20, 0, False)


def test_a_delta_sends_only_what_differs(manifest):
    data = noise(1)
    target = MemoryTarget(SIZE)
    carry(MemorySource(data), target, manifest)
    manifest.commit()
    newer = changed(data, b3=b"new", b8=b"changed")
    history = {"c1": [Extent(3 * BLOCK, 10), Extent(8 * BLOCK - 1, 2), Extent(20 * BLOCK, 1)]}
    target.written.clear()
    source = MemorySource(newer, identity="s2", history=history)
    result = carry(source, target, manifest, "c1")

    assert bytes(target.disk) == newer
    assert sorted(target.written) == [3, 8]
    assert (result.blocks_read, result.blocks_skipped) == (4, 2)


def test_a_block_that_became_zeros_is_written_as_zeros(manifest):
    data = noise(1)
    target = MemoryTarget(SIZE)
    carry(MemorySource(data), target, manifest)
    manifest.commit()
    emptied = bytearray(data)
    emptied[4 * BLOCK : 5 * BLOCK] = bytes(BLOCK)
    result = carry(MemorySource(bytes(emptied), identity="s2", history={"c": [Extent(4 * BLOCK, BLOCK)]}), target, manifest, "c")

    assert bytes(target.disk) == bytes(emptied)
    assert (result.blocks_sent, result.zero_blocks) == (1, 1)


def test_a_broken_lineage_compares_everything_and_sends_the_difference(manifest):
    data = noise(1)
    target = MemoryTarget(SIZE)
    carry(MemorySource(data), target, manifest)
    manifest.commit()
    newer = bytearray(changed(data, b5=b"x"))
    newer[10 * BLOCK : 11 * BLOCK] = bytes(BLOCK)  # a hole now: no allocated area tells of it
    target.written.clear()
    source = MemorySource(bytes(newer), identity="s2")
    selection = select_blocks(source, manifest, "reset")
    copy_disk(source, target, manifest, selection.blocks)

    assert (selection.method, selection.reason) == ("compare", "nothing is known about reset")
    assert bytes(target.disk) == bytes(newer)
    assert sorted(target.written) == [5, 10]


def test_a_target_of_unknown_content_is_written_whole(tmp_path):
    data = noise(1)
    target = MemoryTarget(SIZE, data=b"\xee" * SIZE)
    with Manifest.open_or_create(tmp_path / "u", size_bytes=SIZE, disk_id="d", blank=False) as manifest:
        result = carry(MemorySource(data), target, manifest)

    assert bytes(target.disk) == data
    assert result.blocks_sent == BLOCKS


class Breaking(MemoryTarget):
    """Fails at the n-th write, before or after it has taken effect."""

    def __init__(self, *args, at, after, **kwargs):
        super().__init__(*args, **kwargs)
        self.left, self.after = at, after

    def write(self, index, data, digest):
        self.left -= 1
        if self.left == 0:
            if self.after:
                super().write(index, data, digest)
            raise PermanentError("cable pulled", code="INC-0000")
        super().write(index, data, digest)


@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("at", [1, 7, 20])
def test_goes_on_after_a_failure_and_sends_nothing_twice_that_was_acknowledged(manifest, at, after, in_place):
    source = MemorySource(noise(1))
    broken = Breaking(SIZE, at=at, after=after, in_place=in_place)
    with pytest.raises(PermanentError, match="cable pulled"):
        carry(source, broken, manifest, workers=2)
    acknowledged = {i for i in range(BLOCKS) if manifest.settled(i)}
    again = MemoryTarget(SIZE, in_place=in_place, data=bytes(broken.disk))
    result = carry(source, again, manifest)

    assert bytes(again.disk) == noise(1)
    assert not acknowledged & set(again.written)
    assert result.blocks_resumed == len(acknowledged)
    assert result.round_changed == 20


def test_an_unfinished_round_on_a_disk_is_healed_by_the_next_even_without_a_reported_change(manifest):
    old = noise(1)
    target = MemoryTarget(SIZE)
    carry(MemorySource(old, identity="s1"), target, manifest)
    manifest.commit()
    torn = MemorySource(changed(old, b6=b"gone again", b9=b"too"), identity="s2", history={"c": [Extent(6 * BLOCK, 4 * BLOCK)]})
    carry(torn, target, manifest, "c")  # never committed
    back = MemorySource(old, identity="s3", history={"c": []})
    result = carry(back, target, manifest, "c")

    assert bytes(target.disk) == old
    assert result.blocks_sent == 2


def test_a_snapshot_given_up_is_forgotten(manifest):
    old = noise(1)
    first = MemoryTarget(SIZE, round_key="snap-1", in_place=False)
    carry(MemorySource(old, identity="s1"), first, manifest)
    manifest.commit()
    newer = MemorySource(changed(old, b6=b"new"), identity="s2", history={"c": [Extent(6 * BLOCK, 1)]})
    carry(newer, MemoryTarget(SIZE, round_key="snap-2", in_place=False, data=old), manifest, "c")
    fresh = MemoryTarget(SIZE, round_key="snap-3", in_place=False, data=old)
    carry(newer, fresh, manifest, "c")

    assert fresh.written == [6]


def test_a_smaller_disk_leaves_zeros_in_the_rounded_tail(tmp_path):
    data = noise(1)
    target = MemoryTarget((BLOCKS + 8) * BLOCK)
    with Manifest.open_or_create(tmp_path / "t", size_bytes=target.size_bytes, disk_id="d", blank=True) as manifest:
        carry(MemorySource(data), target, manifest)

    assert bytes(target.disk) == data.ljust(target.size_bytes, b"\0")


def test_a_target_that_is_too_small_is_refused(manifest):
    with pytest.raises(PermanentError, match="grow the target first"):
        carry(MemorySource(bytes(SIZE + 1)), MemoryTarget(SIZE), manifest)


def test_blocks_to_resend_are_sent_though_nothing_has_changed(manifest):
    source, target = MemorySource(noise(1)), MemoryTarget(SIZE)
    carry(source, target, manifest)
    manifest.commit()
    target.disk[8 * BLOCK + 5] ^= 1
    target.written.clear()
    again = MemorySource(noise(1), identity="s2")
    copy_disk(again, target, manifest, BlockSet(SIZE), resend=[8])

    assert target.written == [8]
    assert bytes(target.disk) == noise(1)


def test_stops_when_told_and_says_so(manifest):
    stop = threading.Event()

    class Stopping(MemoryTarget):
        def write(self, index, data, digest):
            super().write(index, data, digest)
            if len(self.written) == 5:
                stop.set()

    target = Stopping(SIZE)
    result = carry(MemorySource(noise(1)), target, manifest, workers=1, stop=stop)

    assert result.stopped
    assert len(target.written) == 5
    assert not carry(MemorySource(noise(1)), target, manifest).stopped
    assert sorted(target.written) == list(range(0, BLOCKS, 2))


def test_progress_ends_with_everything_done_and_every_block_is_paid_for(manifest):
    seen, paid = [], []

    class Counting:
        def take(self, amount):
            paid.append(amount)
            return 0.0

    carry(MemorySource(noise(1)), MemoryTarget(SIZE), manifest, progress=seen.append, throttle=Counting())

    assert (seen[-1].blocks_done, seen[-1].blocks_total, seen[-1].bytes_sent) == (20, 20, 20 * BLOCK)
    assert seen[-1].eta_s == 0
    assert sum(paid) == 20 * BLOCK
