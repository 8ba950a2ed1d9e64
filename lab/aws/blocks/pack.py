"""One file of 512 KiB slots: the only place where block content lives.

A slot is written once and then belongs to the maps that name it, so a snapshot is a copy of a map and never of data. A slot number is
also the identity of a version of a block: two maps that name the same slot hold the same data there, two slots mean that somebody wrote.
Slot 0 is never given out. The file is sparse: a block of zeros in a fresh slot takes no room.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

BLOCK = 524288
ZEROS = bytes(BLOCK)
ZEROS_DIGEST = hashlib.sha256(ZEROS).digest()
DIGEST = 32


class Pack:
    """Slots by number, with the SHA-256 that each was written with. Reads and writes of different slots run at the same time."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._lock = Lock()
        self._free: list[int] = []
        self._unplaced: set[int] = set()
        self._next = 1
        self._digests = bytearray(DIGEST)

    def write(self, data: bytes, digest: bytes) -> int:
        """Puts one block into a slot of its own and returns the slot's number. The caller says `placed` once a map names it."""
        with self._lock:
            fresh = not self._free
            slot = self._next if fresh else self._free.pop()
            if fresh:
                self._next += 1
                self._digests += digest
            else:
                self._digests[slot * DIGEST : (slot + 1) * DIGEST] = digest
            self._unplaced.add(slot)
        if not (fresh and digest == ZEROS_DIGEST):
            os.pwrite(self._file, data, slot * BLOCK)
        return slot

    def placed(self, slot: int) -> None:
        """From now on the slot lives as long as a map names it."""
        with self._lock:
            self._unplaced.discard(slot)

    def read(self, slot: int) -> bytes:
        """The block's bytes; the end of the sparse file reads as zeros."""
        data = os.pread(self._file, BLOCK, slot * BLOCK)
        return data if len(data) == BLOCK else data + ZEROS[len(data) :]

    def read_part(self, slot: int, offset: int, length: int) -> bytes:
        """A part of a block, as a volume's reader asks for it."""
        data = os.pread(self._file, length, slot * BLOCK + offset)
        return data + bytes(length - len(data))

    def rewrite(self, slot: int, data: bytes) -> None:
        """Overwrites a slot that only its caller's map names."""
        digest = hashlib.sha256(data).digest()
        os.pwrite(self._file, data, slot * BLOCK)
        with self._lock:
            self._digests[slot * DIGEST : (slot + 1) * DIGEST] = digest

    def digest(self, slot: int) -> bytes:
        """The SHA-256 that the slot was written with, which is not recomputed: rot in the file shows as a difference."""
        return bytes(self._digests[slot * DIGEST : (slot + 1) * DIGEST])

    def flip(self, slot: int, bit: int, *, silent: bool) -> None:
        """Rot, on demand: flips one bit. `silent` also renews the recorded digest, so that only the original's owner can tell."""
        place = slot * BLOCK + bit // 8
        byte = (os.pread(self._file, 1, place) or b"\0")[0] ^ (1 << bit % 8)
        os.pwrite(self._file, bytes([byte]), place)
        if silent:
            self.rewrite(slot, self.read(slot))

    def keep_only(self, used: Iterable[int]) -> int:
        """Frees every slot that is not in `used` and returns how many are in use. Called with the store's lock held."""
        live = set(used)
        with self._lock:
            live |= self._unplaced
            self._free = [slot for slot in range(1, self._next) if slot not in live]
            if not live:
                self._next, self._free, self._digests = 1, [], bytearray(DIGEST)
                os.ftruncate(self._file, 0)
        return len(live)

    def close(self) -> None:
        """Closes the file; its content is of no use to a later process, whose maps start empty."""
        os.close(self._file)
