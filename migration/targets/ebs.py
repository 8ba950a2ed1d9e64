"""An EBS snapshot as a target: StartSnapshot, PutSnapshotBlock, CompleteSnapshot.

The first snapshot of a disk names the encryption and the site's key; every later one names its parent and inherits both. Only what
differs from the parent is written; a block that has become zeros is written as zeros, or the parent's bytes would shine through.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from migration.ebs.api import EbsApi, NewSnapshot
from migration.ebs.errors import EbsError
from migration.sources.ebs import EbsSource
from migration.types import BLOCK, PermanentError, RoundSummary

GIB = 1 << 30
FRESH_S = 60.0  # for so long "no such snapshot" may only mean that the news has not spread
POLL_S = 1.0
COMPLETION_S = 3600.0  # AWS promises nothing; coldsnap waits as long


def whole_gib(size_bytes: int) -> int:
    """A volume's size in GiB for a disk of `size_bytes`: rounded up."""
    return -(-size_bytes // GIB)


class Snapshots(Protocol):
    """What a target needs to know of EC2. `infra.observed.aws` supplies it."""

    def snapshot_state(self, snapshot_id: str) -> str:
        """pending, completed, error, or empty when there is none such."""

    def delete_snapshot(self, snapshot_id: str) -> None:
        """Delete it; no error when it is gone already."""


class EbsTarget:
    """A pending snapshot. `start` begins one or finds the one begun before with the same token; the constructor opens a known one."""

    def __init__(
        self,
        api: EbsApi,
        snapshots: Snapshots,
        snapshot_id: str,
        *,
        size_bytes: int,
        fresh: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._api, self._snapshots, self._id = api, snapshots, snapshot_id
        self._size = whole_gib(size_bytes) * GIB
        self._clock, self._sleep = clock, sleep
        self._fresh_until = clock() + FRESH_S if fresh else 0.0
        self._reader: EbsSource | None = None

    @classmethod
    def start(cls, api: EbsApi, snapshots: Snapshots, wanted: NewSnapshot) -> EbsTarget:
        """Begin the snapshot, or find it when the same token has begun it before."""
        return cls(api, snapshots, api.start_snapshot(wanted), size_bytes=wanted.size_gib * GIB, fresh=True)

    @property
    def snapshot_id(self) -> str:
        """The snapshot's id."""
        return self._id

    @property
    def size_bytes(self) -> int:
        """The volume's size, whole GiB."""
        return self._size

    @property
    def round_key(self) -> str:
        """The snapshot's id."""
        return self._id

    @property
    def in_place(self) -> bool:
        """Never: a snapshot that is given up vanishes whole."""
        return False

    def write(self, index: int, data: bytes, digest: bytes) -> None:
        """Put the block. AWS has stored it when this returns."""
        fresh = self._fresh_until > 0 and self._clock() < self._fresh_until
        self._api.put_block(self._id, index, data, digest, fresh=fresh)

    def read(self, index: int) -> bytes:
        """The block as the completed snapshot has it."""
        if self._reader is None:
            self._reader = EbsSource(self._api, self._id)
        return self._reader.read(index * BLOCK, BLOCK)

    def finish(self, summary: RoundSummary) -> str:
        """Complete the snapshot, count and checksum checked by AWS, and wait until it is. Repeatable."""
        if self._snapshots.snapshot_state(self._id) != "completed":
            try:
                self._api.complete_snapshot(self._id, summary.changed, summary.linear)
            except EbsError:
                # A lost answer: the repeated call finds the snapshot sealed. Anything else stays an error.
                if self._snapshots.snapshot_state(self._id) != "completed":
                    raise
        self._wait_completed()
        return self._id

    def abort(self) -> None:
        """Delete the snapshot."""
        self._snapshots.delete_snapshot(self._id)

    def close(self) -> None:
        """Forget what was read. The connections are the API client's."""
        if self._reader is not None:
            self._reader.close()

    def _wait_completed(self) -> None:
        deadline = self._clock() + COMPLETION_S
        while (state := self._snapshots.snapshot_state(self._id)) != "completed":
            if state in {"error", ""} or self._clock() > deadline:
                raise PermanentError(
                    f"{self._id}: the snapshot is {state or 'gone'}, not completed",
                    code="INC-2936",
                    next_step="run the same command again: a fresh snapshot is begun from the last completed one",
                )
            self._sleep(POLL_S)
