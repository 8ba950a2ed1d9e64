"""The manifest of one disk: SHA-256 of every 512 KiB block, and which of them this round's target has acknowledged.

It is the proof (its root), the resume journal (its records) and the fallback diff (its digests). One memory-mapped file per disk: its
pages belong to the file, so they cost no anonymous memory at any disk size.

Order, which callers must keep and `migration.copy` keeps:
    begin_round -> for each block: [intend, on a disk] -> target.write returns -> acknowledge -> ... -> target.finish -> commit

- A record says which round wrote it. A round becomes the base of the next one by one header write (`commit`), after the body was flushed.
- A snapshot target that is given up takes its round with it (`discarded`): the digests of the last committed round speak again.
- A disk that is written in place keeps what it was given: such a round is `carried`, and its blocks are `leftovers` that the next round
  reads again even where no change is reported, since the source may have gone back to what it was.
- After `kill -9` every acknowledgement stands (page cache). After a power cut acknowledgements since the last `flush` may be gone: their
  blocks are sent again. Neither can make an unacknowledged block look acknowledged (see `record.py`).

Disk space is allocated at creation: a full disk is an error then, not a bus error later.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import mmap
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from migration.blocks import header as head
from migration.blocks.digests import ZERO_DIGEST
from migration.blocks.header import Header
from migration.blocks.merkle import block_count, merkle_root
from migration.blocks.record import ENTRY, SLOT, Kind, Record, decode, encode
from migration.types import PermanentError, RoundSummary

STRETCH = 512  # entries looked at together; 44 KiB, small against any cache
_UNWRITTEN = bytes(STRETCH * ENTRY)


class Manifest:
    """One disk's manifest, open. Threads may call it at once as long as no two handle the same block."""

    def __init__(self, path: Path, file: int, header: Header, *, writable: bool) -> None:
        self.path = path
        self._file = file
        self._header = header
        self._writable = writable
        self._map = mmap.mmap(file, 0, access=mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ)

    @classmethod
    def open_or_create(cls, path: Path, *, size_bytes: int, disk_id: str, blank: bool) -> Manifest:
        """The manifest at `path`, grown to `size_bytes` when the disk has grown; a new one when there is none.

        Args:
            path: the file; its folder must exist.
            size_bytes: size of the target (a volume's, rounded up).
            disk_id: an existing manifest of another disk is refused.
            blank: for a new manifest: the target is known to be zeros. Otherwise nothing is known and every block will be written.
        """
        if not path.exists():
            _create(path, Header(1, size_bytes, disk_id, 0 if blank else block_count(size_bytes)))
        manifest = cls.open(path)
        if manifest.disk_id != disk_id:
            manifest.close()
            raise PermanentError(f"{path}: belongs to disk {manifest.disk_id}, not {disk_id}", code="INC-2911")
        manifest.grow(size_bytes)
        return manifest

    @classmethod
    def open(cls, path: Path, *, writable: bool = True) -> Manifest:
        """An existing manifest. Writable: at most one process at a time; read-only: any number, beside the writer."""
        try:
            file = os.open(path, os.O_RDWR if writable else os.O_RDONLY)
        except FileNotFoundError as exc:
            raise PermanentError(f"{path}: no such manifest", code="INC-2912") from exc
        try:
            if writable:
                _lock(file, path)
            return cls(path, file, _read_header(file, path), writable=writable)
        except BaseException:
            os.close(file)
            raise

    @property
    def size_bytes(self) -> int:
        """Size of the disk that the digests cover."""
        return self._header.size_bytes

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return block_count(self._header.size_bytes)

    @property
    def disk_id(self) -> str:
        """Whose disk this is."""
        return self._header.disk_id

    @property
    def round(self) -> int:
        """Number of the last round begun; 0 before the first."""
        return self._header.round

    @property
    def round_open(self) -> bool:
        """Whether the last round waits for its commit."""
        return self._header.open

    @property
    def target_key(self) -> str:
        """Identity of the last round's target: a pending snapshot to go on with while `round_open`."""
        return self._header.target_key

    @property
    def source_key(self) -> str:
        """Identity of the last round's source."""
        return self._header.source_key

    def begin_round(self, target_key: str, source_key: str, *, in_place: bool) -> int:
        """Go on with the open round of the same source and target, or begin the next one. Durable on return. May be repeated."""
        old = self._header
        same_target = old.open and old.target_key == target_key
        if same_target and old.source_key == source_key:
            return old.round
        if same_target and not in_place:
            raise PermanentError(
                f"{self.disk_id}: snapshot {target_key} was begun from another picture of the disk",
                code="INC-2914",
                details=(f"then {old.source_key}, now {source_key}",),
                next_step="abandon the pending snapshot and start a fresh one",
            )
        discarded, carried = old.discarded, old.carried
        if old.open and old.in_place:
            carried = (*carried, old.round)
        elif old.open:
            discarded = (*discarded, old.round)
        self._write_header(
            old.next(
                round=old.round + 1,
                open=True,
                target_key=target_key,
                source_key=source_key,
                in_place=in_place,
                discarded=discarded,
                carried=carried,
            )
        )
        return old.round + 1

    def intend(self, index: int, digest: bytes) -> None:
        """Note that the block is about to be written in place: until it is acknowledged, what the disk holds is unknown."""
        self._put(index, Record(digest, self._header.round, Kind.INTENT))

    def acknowledge(self, index: int, digest: bytes) -> None:
        """Note that the target has the block, durably. Call it after `target.write` has returned, never before."""
        self._put(index, Record(digest, self._header.round, Kind.SENT))

    def seen(self, index: int, digest: bytes) -> None:
        """Note that the block was read and equals what the target holds, so that a resumed round need not read it again."""
        self._put(index, Record(digest, self._header.round, Kind.SAME))

    def settled(self, index: int) -> bool:
        """Whether this round is done with the block: acknowledged, or read and found equal."""
        record = self._speaking(index)
        return record is not None and self._header.open and record.round == self._header.round and record.kind != Kind.INTENT

    def digest(self, index: int) -> bytes | None:
        """The digest of what the target holds; None when that is unknown."""
        record = self._speaking(index)
        if record is None:
            return ZERO_DIGEST if index >= self._header.blank_from else None
        return None if record.kind == Kind.INTENT else record.digest

    def digests(self) -> Iterator[bytes]:
        """All digests in index order.

        Raises:
            PermanentError: a block is unknown, so the proof would have a hole.
        """
        for index in range(self.blocks):
            digest = self.digest(index)
            if digest is None:
                raise PermanentError(f"{self.disk_id}: block {index} has not been copied yet", code="INC-2915")
            yield digest

    def root(self) -> str:
        """The Merkle root, in hex, over all blocks."""
        return merkle_root(self.digests(), self.size_bytes)

    def not_zeros(self) -> Iterator[int]:
        """Blocks that the target holds data in, or may, ascending."""
        candidates = self._touched() if self._header.blank_from == 0 else range(self.blocks)
        yield from (i for i in candidates if self.digest(i) != ZERO_DIGEST)

    def unknown(self) -> Iterator[int]:
        """Blocks of which it is not known what the target holds, ascending."""
        yield from (i for i in self.not_zeros() if self.digest(i) is None)

    def leftovers(self) -> Iterator[int]:
        """Blocks that unfinished rounds on a disk have touched, ascending: the next round must read them again."""
        carried = set(self._header.carried)
        if carried:
            yield from (i for i in self._touched() if any(r.round in carried for r in self._records(i)))

    def summary(self) -> RoundSummary:
        """What the last round has put into its target so far, over all its runs. Works after the commit too."""
        linear, changed = hashlib.sha256(), 0
        for index in self._touched():
            record = self._speaking(index)
            if record is not None and record.round == self._header.round and record.kind == Kind.SENT:
                changed += 1
                linear.update(record.digest)
        return RoundSummary(changed, linear.digest())

    def commit(self) -> None:
        """Make the round's digests the base of the next round. Call it after `target.finish`. May be repeated."""
        if self._header.open:
            self._map.flush()
            self._write_header(self._header.next(open=False, carried=()))

    def grow(self, size_bytes: int) -> None:
        """Cover a disk that has grown; what is new is zeros. Smaller than before is refused: disks do not shrink."""
        if size_bytes == self.size_bytes:
            return
        if size_bytes < self.size_bytes:
            raise PermanentError(f"{self.disk_id}: has {size_bytes} bytes, had {self.size_bytes}: disks do not shrink", code="INC-2916")
        self._map.flush()
        self._map.close()
        _allocate(self._file, _file_size(size_bytes), self.path)
        self._map = mmap.mmap(self._file, 0)
        self._write_header(self._header.next(size_bytes=size_bytes))

    def flush(self) -> None:
        """Put everything noted so far on the disk."""
        if self._writable:
            self._map.flush()

    def save_copy(self, path: Path) -> None:
        """A copy at `path`, whole or not at all; for the lineage ledger."""
        self.flush()
        temporary = path.with_name(f".{path.name}.new")
        try:
            shutil.copyfile(self.path, temporary)
        except OSError as exc:
            temporary.unlink(missing_ok=True)
            raise _disk_error(exc, path) from exc
        _publish(temporary, path)

    def close(self) -> None:
        """Flush and let go. May be called twice."""
        if not self._map.closed:
            self.flush()
            self._map.close()
            os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _touched(self) -> Iterator[int]:
        """Blocks that may have a record, ascending. Stretches without any are skipped fast: most of a large disk is never written."""
        for first in range(0, self.blocks, STRETCH):
            end = min(first + STRETCH, self.blocks)
            raw = self._map[head.SIZE + first * ENTRY : head.SIZE + end * ENTRY]
            if raw != _UNWRITTEN[: len(raw)]:
                yield from range(first, end)

    def _records(self, index: int) -> tuple[Record, ...]:
        """The block's valid records, at most two, the newest first."""
        if not 0 <= index < self.blocks:
            raise IndexError(f"block {index} of {self.blocks}")
        at = head.SIZE + index * ENTRY
        found = (decode(index, self._map[at + s : at + s + SLOT]) for s in (0, SLOT))
        return tuple(sorted((r for r in found if r is not None), key=lambda r: (r.round, r.kind), reverse=True))

    def _speaking(self, index: int) -> Record | None:
        """The record that speaks for the block: the newest whose round's target still exists."""
        for record in self._records(index):
            if record.round not in self._header.discarded:
                return record
        return None

    def _put(self, index: int, record: Record) -> None:
        """Write `record` into the slot that does not speak for the block."""
        if not self._header.open:
            raise RuntimeError("no round is open")
        at = head.SIZE + index * ENTRY
        speaking = self._speaking(index)
        first = decode(index, self._map[at : at + SLOT])
        if speaking is not None and first == speaking:
            at += SLOT
        self._map[at : at + SLOT] = encode(index, record)

    def _write_header(self, header: Header) -> None:
        at, raw = head.encode(header)
        self._map[at : at + len(raw)] = raw
        self._map.flush(0, head.SIZE)
        self._header = header


def _read_header(file: int, path: Path) -> Header:
    header = head.decode(os.pread(file, head.SIZE, 0))
    if header is None or os.fstat(file).st_size < _file_size(header.size_bytes):
        raise PermanentError(f"{path}: not a manifest, or damaged", code="INC-2913")
    return header


def _file_size(size_bytes: int) -> int:
    return head.SIZE + block_count(size_bytes) * ENTRY


def _create(path: Path, header: Header) -> None:
    """A new file, whole or not at all: written under another name, flushed, renamed."""
    temporary = path.with_name(f".{path.name}.new")
    file = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        _allocate(file, _file_size(header.size_bytes), temporary)
        at, raw = head.encode(header)
        os.pwrite(file, raw, at)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(file)
    _publish(temporary, path)


def _publish(temporary: Path, path: Path) -> None:
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _allocate(file: int, size: int, path: Path) -> None:
    try:
        os.posix_fallocate(file, 0, size)
    except OSError as exc:
        raise _disk_error(exc, path) from exc


def _disk_error(exc: OSError, path: Path) -> PermanentError:
    full = exc.errno in {errno.ENOSPC, errno.EDQUOT}
    return PermanentError(
        f"{path}: {'no space left on the disk' if full else exc.strerror}",
        code="INC-2910",
        next_step="make room (88 bytes per 512 KiB of disk) and run the same command again: nothing is lost" if full else "",
    )


def _lock(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise PermanentError(
            f"{path}: another process is copying this disk", code="INC-2917", next_step="wait for it, or stop it with Ctrl-C"
        ) from exc
