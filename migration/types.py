"""What a move hands from part to part: a source is read, a manifest remembers, a target is written.

    source (snapshot, read-only) --read--> copy --write--> target (EBS snapshot, powered-off disk)
                                            |
                                        manifest: SHA-256 of every block = proof, journal, fallback diff

Everything counts in blocks of 512 KiB, EBS's own unit. A digest is always that of a whole block, padded with zeros past a disk's end, so
that a disk of 40.5 GiB and its 41 GiB volume have the same digests and, over the same size, the same root.

This module owns the protocols and records only. Sources stand in `migration.sources`, targets in `migration.targets`, the manifest in
`migration.blocks.manifest`, the loop in `migration.copy`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from infra.errors import InclineError

BLOCK = 524_288  # fixed by the EBS direct APIs


@dataclass(frozen=True, slots=True)
class Extent:
    """A run of bytes of a disk, `start` included, `end` excluded."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """The first byte after the extent."""
        return self.start + self.length


class LineageBroken(InclineError):  # noqa: N818 - an event of the disk's history, not a defect
    """A delta cannot be trusted: tracking was reset, the snapshot is gone or unrelated. Remedy: compare by digests, never a guess."""

    def __init__(self, what: str, *, details: tuple[str, ...] = ()) -> None:
        super().__init__(
            what, code="INC-2901", details=details, next_step="nothing to do: the next round compares every block by its digest"
        )


class TransientError(InclineError):
    """Worth another attempt: throttled, 5xx, a cut connection. Only `migration.retry` retries; born where the cause is known."""


class PermanentError(InclineError):
    """Another attempt would fail alike: bad credentials, a validation error, a full disk."""


@runtime_checkable
class BlockSource(Protocol):
    """One frozen disk: a snapshot. Nothing is ever written through it.

    Every method may be called again and from several threads at once; a reader may be closed at any time without loss. Transient faults
    and expired logins are retried inside; what comes out as an exception is final for this run.
    """

    @property
    def size_bytes(self) -> int:
        """The disk's size in bytes, not rounded."""

    @property
    def change_base(self) -> str:
        """What a later source of the same disk takes as `base` in `changed_since` (a changeId, a snapshot id). Empty: no tracking."""

    @property
    def identity(self) -> str:
        """Which frozen picture this is: equal for two readers of one snapshot of one disk, different for any other."""

    def allocated(self) -> Iterator[Extent]:
        """Extents that may hold data, ascending. Everything outside is zeros."""

    def changed_since(self, base: str) -> Iterator[Extent]:
        """Extents that may differ from the disk at `base`, ascending; too many is allowed, too few is not.

        Raises:
            LineageBroken: the question cannot be answered truthfully. May come at the first or at any later item.
        """

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`. Holes are zeros. `offset + length <= size_bytes`."""

    def close(self) -> None:
        """Let go of connections. May be called twice."""


@dataclass(frozen=True, slots=True)
class RoundSummary:
    """What a round has put into its target: number of blocks, and SHA-256 over their digests in index order (EBS's LINEAR)."""

    changed: int
    linear: bytes


@runtime_checkable
class BlockTarget(Protocol):
    """Where a disk is being written.

    `write` is idempotent and durable when it returns: only then does the manifest take note. After a crash the same target (same
    `round_key`) is opened again and goes on. `finish` and `abort` may be repeated; after either, `write` is an error.
    """

    @property
    def size_bytes(self) -> int:
        """Size of the target; at least the source's. A volume is rounded up to whole GiB."""

    @property
    def round_key(self) -> str:
        """Identity of what is being written: the pending snapshot's id, or the disk's identity for a disk that is written in place."""

    @property
    def in_place(self) -> bool:
        """True: an unfinished round leaves its blocks behind (a disk). False: it vanishes with its pending snapshot."""

    def write(self, index: int, data: bytes, digest: bytes) -> None:
        """Write block `index`: always BLOCK bytes, `digest` their SHA-256. A disk that ends within the block takes what fits."""

    def read(self, index: int) -> bytes:
        """Block `index` as stored now, padded with zeros to BLOCK bytes. For EBS only after `finish`."""

    def finish(self, summary: RoundSummary) -> str:
        """Make the round's blocks one consistent whole; returns the receipt (snapshot id, or empty)."""

    def abort(self) -> None:
        """Give the round up and leave nothing pending behind."""

    def close(self) -> None:
        """Let go of connections; the round stays open. May be called twice."""


class BlockReader(Protocol):
    """What verification needs of a target: bytes, by block, and which of them are certainly zeros."""

    @property
    def size_bytes(self) -> int:
        """Size of the disk in bytes."""

    def allocated(self) -> Iterator[Extent]:
        """Extents that may hold data, ascending. Everything outside reads as zeros."""

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`."""

    def close(self) -> None:
        """Let go of connections."""


class Throttle(Protocol):
    """A budget that workers draw from before each block."""

    def take(self, amount: int) -> float:
        """Draw `amount` bytes; waits as long as needed (never while holding a lock) and returns the seconds waited."""


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """A look at a running copy. `rate` is bytes handed to the target per second, over the last seconds."""

    blocks_total: int
    blocks_done: int
    blocks_sent: int
    bytes_read: int
    bytes_sent: int
    rate: float
    elapsed_s: float

    @property
    def eta_s(self) -> float | None:
        """Seconds to go at the pace so far; None before there is a pace."""
        if self.blocks_done == 0 or self.elapsed_s <= 0:
            return None
        return (self.blocks_total - self.blocks_done) * self.elapsed_s / self.blocks_done


ProgressCallback = Callable[[CopyProgress], None]


@dataclass(frozen=True, slots=True)
class CopyResult:
    """What one run of `copy_disk` did. `blocks_total == blocks_resumed + blocks_read` when it was not stopped.

    Attributes:
        blocks_total: blocks of the selection (plus leftovers of an unfinished round on a disk).
        blocks_resumed: already acknowledged (or seen unchanged) in this round by an earlier run: neither read nor sent again.
        blocks_read: read from the source by this run.
        blocks_sent: written to the target by this run.
        blocks_skipped: read, and equal to what the target already holds.
        zero_blocks: of `blocks_read`, those of zeros only.
        bytes_sent: bytes handed to the target by this run.
        round_changed: blocks written in this round, all runs together (what CompleteSnapshot must be told).
        elapsed_s: wall time of this run.
        stopped: the stop event ended the run early; call again to go on.
    """

    blocks_total: int
    blocks_resumed: int
    blocks_read: int
    blocks_sent: int
    blocks_skipped: int
    zero_blocks: int
    bytes_sent: int
    round_changed: int
    elapsed_s: float
    stopped: bool


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A block whose bytes on the target are not those of the manifest; `offset` in bytes."""

    disk: str
    offset: int
    expected: str
    found: str
