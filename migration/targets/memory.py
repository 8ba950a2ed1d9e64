"""A disk in memory, as a target: for tests, rehearsals and as the smallest example of the protocol."""

from __future__ import annotations

import threading

from migration.blocks.digests import block_digest
from migration.types import BLOCK, PermanentError, RoundSummary


class MemoryTarget:
    """A disk of `size_bytes`, zeros or `data`. `written` lists the blocks in the order they came, for tests to look at."""

    def __init__(self, size_bytes: int, *, round_key: str = "memory", in_place: bool = True, data: bytes = b"") -> None:
        self.disk = bytearray(data.ljust(size_bytes, b"\0"))
        self.written: list[int] = []
        self._round_key = round_key
        self._in_place = in_place
        self._lock = threading.Lock()
        self._over = False

    @property
    def size_bytes(self) -> int:
        """As given."""
        return len(self.disk)

    @property
    def round_key(self) -> str:
        """As given."""
        return self._round_key

    @property
    def in_place(self) -> bool:
        """As given."""
        return self._in_place

    def write(self, index: int, data: bytes, digest: bytes) -> None:
        """Put the block into the disk; what lies beyond its end must be zeros."""
        if self._over:
            raise PermanentError(f"{self._round_key}: the round is over", code="INC-2920")
        if len(data) != BLOCK or block_digest(data) != digest:
            raise PermanentError(f"{self._round_key}: block {index} is not what its digest says", code="INC-2921")
        room = self.size_bytes - index * BLOCK
        if room <= 0 or data[room:].strip(b"\0"):
            raise PermanentError(f"{self._round_key}: block {index} does not fit into {self.size_bytes} bytes", code="INC-2922")
        with self._lock:
            self.disk[index * BLOCK : index * BLOCK + min(room, BLOCK)] = data[:room]
            self.written.append(index)

    def read(self, index: int) -> bytes:
        """The block, padded."""
        return bytes(self.disk[index * BLOCK : (index + 1) * BLOCK]).ljust(BLOCK, b"\0")

    def finish(self, summary: RoundSummary) -> str:
        """Refuse a count that cannot be; the receipt is the round's key."""
        if summary.changed > -(-self.size_bytes // BLOCK):
            raise PermanentError(f"{self._round_key}: {summary.changed} blocks do not fit the disk", code="INC-2923")
        self._over = True
        return self._round_key

    def abort(self) -> None:
        """No more writes."""
        self._over = True

    def close(self) -> None:
        """Nothing to let go of."""
