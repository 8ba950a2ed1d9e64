"""The disk of a powered-off vSphere machine as a target, over NBD (nbdkit's VDDK plugin serves it so).

Written in place. `write` returns after a flush, since only then the manifest may take note; workers that arrive meanwhile share the next
flush. A lost connection is opened anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from migration.blocks.digests import ZERO_BLOCK
from migration.blocks.extents import merge
from migration.group_flush import GroupFlush
from migration.nbd.client import NbdClient
from migration.retry import Retry
from migration.types import BLOCK, Extent, PermanentError, RoundSummary, TransientError

STATUS_SPAN = 1 << 30  # of one block-status request; the server may not be asked for more than 2 GiB
T = TypeVar("T")


class NbdDisk:
    """A disk behind NBD: read, written, reconnected. `connect` opens a connection to the export."""

    def __init__(self, connect: Callable[[], NbdClient], *, retry: Retry | None = None) -> None:
        self._connect, self._retry = connect, retry or Retry()
        self._client: NbdClient | None = None
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """Size of the disk."""
        return self.call(lambda client: client.size_bytes)

    def call(self, action: Callable[[NbdClient], T]) -> T:
        """`action` on a live connection; repeated on a new one when the connection is lost."""

        def attempt() -> T:
            client = self._live()
            try:
                return action(client)
            except TransientError:
                self._drop(client)
                raise

        return self._retry.call(attempt)

    def allocated(self) -> Iterator[Extent]:
        """Extents that are not known to be zeros, merged."""
        size = self.size_bytes
        at = 0
        while at < size:
            start = at
            span = min(STATUS_SPAN, size - at)
            runs = self.call(lambda client, s=start, n=span: client.block_status(s, n))  # type: ignore[misc]
            found: list[Extent] = []
            for run in runs:
                if not run.zero:
                    found.append(Extent(at, min(run.length, size - at)))
                at += run.length
            if at == start:  # no answer is no reason to stop: reading too much is only slower
                found.append(Extent(at, span))
                at += span
            yield from merge(found)

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes."""
        return self.call(lambda client: client.read(offset, length))

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def is_live(self, client: NbdClient) -> bool:
        """Whether `client` is still the connection in use."""
        with self._lock:
            return self._client is client

    def _live(self) -> NbdClient:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _drop(self, client: NbdClient) -> None:
        with self._lock:
            if self._client is client:
                self._client = None
        client.close()


class VsphereNbdTarget:
    """A powered-off machine's disk. `round_key` names it and the round, for instance `<backing uuid>`: it must outlive a restart."""

    def __init__(self, connect: Callable[[], NbdClient], *, round_key: str, retry: Retry | None = None) -> None:
        self._disk = NbdDisk(connect, retry=retry)
        self._key = round_key
        self._size = self._disk.size_bytes
        self._flushes = GroupFlush(lambda: self._disk.call(lambda client: client.flush()))

    @property
    def size_bytes(self) -> int:
        """Size of the disk, not rounded."""
        return self._size

    @property
    def round_key(self) -> str:
        """As given."""
        return self._key

    @property
    def in_place(self) -> bool:
        """Always: what was written stays."""
        return True

    def write(self, index: int, data: bytes, digest: bytes) -> None:  # noqa: ARG002 - NBD has no place for a digest
        """Write the block, then flush. Both are repeated on a new connection: a flush covers its own connection only."""
        offset = index * BLOCK
        room = min(BLOCK, self._size - offset)
        if room <= 0 or data[room:] != ZERO_BLOCK[: BLOCK - room]:
            raise PermanentError(
                f"{self._key}: block {index} does not fit into {self._size} bytes", code="INC-2951", next_step="grow the disk first"
            )
        while True:
            client = self._disk.call(lambda c: _written(c, offset, data[:room]))
            self._flushes.wait()
            if self._disk.is_live(client):
                return

    def read(self, index: int) -> bytes:
        """The block, padded."""
        room = min(BLOCK, self._size - index * BLOCK)
        return self._disk.read(index * BLOCK, room).ljust(BLOCK, b"\0")

    def finish(self, summary: RoundSummary) -> str:  # noqa: ARG002 - nothing on a disk counts blocks
        """Flush. There is no receipt: the disk is the result."""
        self._flushes.wait()
        return ""

    def abort(self) -> None:
        """Nothing is pending on a disk; what was written stays, and the manifest knows which blocks that are."""

    def close(self) -> None:
        """Hang up."""
        self._disk.close()


def _written(client: NbdClient, offset: int, data: bytes) -> NbdClient:
    client.write(offset, data)
    return client
