"""The manifest never takes a block for acknowledged that is not, and forgets what vanished with its target."""

import errno
import hashlib
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration.blocks import header as head
from migration.blocks.digests import ZERO_DIGEST
from migration.blocks.manifest import Manifest
from migration.blocks.record import ENTRY, Kind, Record, decode, encode
from migration.types import BLOCK, PermanentError

A, B, C = (hashlib.sha256(x).digest() for x in (b"a", b"b", b"c"))
SIZE = 10 * BLOCK


def make(path, *, blank=True, size=SIZE):
    return Manifest.open_or_create(path, size_bytes=size, disk_id="permits-db-01/data", blank=blank)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.manifest"


def test_a_blank_target_is_zeros_and_an_unknown_one_is_unknown(path, tmp_path):
    with make(path) as blank, make(tmp_path / "other", blank=False) as unknown:
        assert blank.digest(3) == ZERO_DIGEST
        assert unknown.digest(3) is None
        with pytest.raises(PermanentError, match="block 0 has not been copied yet"):
            unknown.root()


def test_acknowledgements_survive_being_opened_again(path):
    with make(path) as manifest:
        manifest.begin_round("snap-1", "s1", in_place=False)
        manifest.acknowledge(4, A)
    with make(path) as manifest:
        assert manifest.begin_round("snap-1", "s1", in_place=False) == 1
        assert manifest.settled(4)
        assert not manifest.settled(5)
        assert manifest.summary().changed == 1


def test_a_discarded_snapshot_takes_its_digests_with_it(path):
    with make(path) as manifest:
        manifest.begin_round("snap-1", "s1", in_place=False)
        manifest.acknowledge(1, A)
        manifest.commit()
        for lost in ("snap-2", "snap-3"):
            manifest.begin_round(lost, "s2", in_place=False)
            assert manifest.digest(1) == A
            manifest.acknowledge(1, B)
            manifest.acknowledge(2, B)
        manifest.begin_round("snap-4", "s3", in_place=False)

        assert manifest.digest(1) == A
        assert manifest.digest(2) == ZERO_DIGEST
        assert not manifest.settled(1)


def test_a_disk_keeps_what_an_unfinished_round_gave_it(path):
    with make(path) as manifest:
        manifest.begin_round("disk", "s1", in_place=True)
        manifest.intend(1, A)
        manifest.acknowledge(1, A)
        manifest.intend(2, B)
        manifest.begin_round("disk", "s2", in_place=True)

        assert manifest.digest(1) == A
        assert manifest.digest(2) is None
        assert list(manifest.leftovers()) == [1, 2]
        manifest.intend(2, C)
        manifest.acknowledge(2, C)
        manifest.commit()
        assert list(manifest.leftovers()) == []
        assert manifest.digest(2) == C


def test_a_pending_snapshot_takes_one_picture_only(path):
    with make(path) as manifest:
        manifest.begin_round("snap-1", "s1", in_place=False)
        with pytest.raises(PermanentError, match="begun from another picture"):
            manifest.begin_round("snap-1", "s2", in_place=False)


def test_the_summary_is_the_linear_checksum_of_what_was_sent(path):
    with make(path) as manifest:
        manifest.begin_round("snap-1", "s1", in_place=False)
        manifest.acknowledge(7, B)
        manifest.acknowledge(2, A)
        manifest.seen(3, ZERO_DIGEST)
        summary = manifest.summary()
        manifest.commit()

        assert summary.changed == 2
        assert summary.linear == hashlib.sha256(A + B).digest()
        assert manifest.summary() == summary


def test_growth_is_zeros_and_shrinking_is_refused(path):
    with make(path, blank=False) as manifest:
        manifest.grow(SIZE + BLOCK)

        assert manifest.digest(10) == ZERO_DIGEST
        assert manifest.digest(9) is None
        with pytest.raises(PermanentError, match="disks do not shrink"):
            manifest.grow(SIZE)
    with Manifest.open(path, writable=False) as manifest:
        assert manifest.blocks == 11


def test_another_disks_manifest_is_refused(path):
    make(path).close()
    with pytest.raises(PermanentError, match="belongs to disk permits-db-01/data"):
        Manifest.open_or_create(path, size_bytes=SIZE, disk_id="gis-files-01/data", blank=True)


def test_two_writers_are_refused_and_a_reader_is_welcome(path):
    with make(path):
        with pytest.raises(PermanentError, match="another process is copying this disk"):
            Manifest.open(path)
        Manifest.open(path, writable=False).close()


def test_a_file_that_is_no_manifest_is_refused(path):
    path.write_bytes(b"x" * 9000)
    with pytest.raises(PermanentError, match="not a manifest"):
        Manifest.open(path)


def test_a_torn_header_leaves_the_older_one(path):
    with make(path) as manifest:
        manifest.begin_round("snap-1", "s1", in_place=False)
        manifest.commit()
        newest = manifest._header
    with path.open("r+b") as file:
        file.seek(head.encode(newest)[0] + 100)
        file.write(b"torn")
    with Manifest.open(path) as manifest:
        assert manifest.round_open


def test_a_full_disk_is_told_at_creation_and_leaves_nothing(path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(PermanentError, match="no space left") as caught:
        make(path)

    assert "nothing is lost" in caught.value.next_step
    assert list(path.parent.iterdir()) == []


def test_a_copy_is_a_manifest(path, tmp_path):
    with make(path) as manifest:
        manifest.begin_round("snap-1", "s1", in_place=False)
        manifest.acknowledge(1, A)
        manifest.commit()
        manifest.save_copy(tmp_path / "base.manifest")
        root = manifest.root()
    with Manifest.open(tmp_path / "base.manifest", writable=False) as copy:
        assert copy.root() == root


@given(st.binary(min_size=ENTRY // 2, max_size=ENTRY // 2))
def test_noise_is_no_record(raw):
    assert decode(3, raw) is None


@given(st.integers(0, 43), st.integers(1, 255))
def test_one_flipped_byte_is_no_record_except_in_the_padding(at, flip):
    raw = bytearray(encode(3, Record(A, 5, Kind.SENT)))
    raw[at] ^= flip

    assert decode(3, bytes(raw)) is None
    assert decode(4, encode(3, Record(A, 5, Kind.SENT))) is None


actions = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.booleans(), st.integers(0, 2)),
        st.tuples(st.just("write"), st.integers(0, 3), st.sampled_from([A, B, C])),
        st.tuples(st.just("start"), st.integers(0, 3), st.sampled_from([A, B, C])),
        st.tuples(st.just("commit"), st.none(), st.none()),
    ),
    max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(actions)
def test_agrees_with_a_plain_model_of_snapshots_and_disks(tmp_path_factory, steps):
    """The model keeps what the target really holds as sets of possible digests."""
    size = 4 * BLOCK
    manifest = make(tmp_path_factory.mktemp("m") / "m", size=size)
    base = [{ZERO_DIGEST}] * 4  # what the committed target holds
    now, is_open, in_place, fresh = list(base), False, False, 0
    for action, x, y in steps:
        if action == "begin":
            if is_open and in_place:
                base = now
            fresh += 1
            in_place = x
            manifest.begin_round(f"t{fresh}", f"s{y}", in_place=in_place)
            now, is_open = list(base), True
        elif action == "commit":
            manifest.commit()
            base = now if is_open else base
            is_open = False
        elif is_open and not manifest.settled(x):
            if in_place:
                manifest.intend(x, y)
                now[x] = now[x] | {y}
            if action == "write":
                manifest.acknowledge(x, y)
                now[x] = {y}
        view = now if is_open else base
        for index in range(4):
            digest = manifest.digest(index)
            assert (digest is None) or {digest} == view[index]
    manifest.close()
