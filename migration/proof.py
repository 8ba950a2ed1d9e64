"""Recomputing a disk's digests from its bytes and comparing them with the manifest's.

It covers every byte of the disk, not only the blocks that somebody believes to have been written.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from migration.blocks.digests import ZERO_DIGEST, block_digest
from migration.blocks.extents import BlockSet
from migration.blocks.manifest import Manifest
from migration.blocks.merkle import merkle_root
from migration.types import BLOCK, BlockReader, Mismatch, PermanentError

RUN = 8  # blocks per read: 4 MiB
NAMED = 1000  # mismatches that are listed; the count is always whole


@dataclass(frozen=True, slots=True)
class DiskProof:
    """The outcome for one disk. `root` is recomputed from the target's bytes, `expected_root` from the manifest."""

    disk: str
    root: str
    expected_root: str
    blocks: int
    blocks_read: int
    mismatch_count: int
    mismatches: tuple[Mismatch, ...]
    elapsed_s: float

    @property
    def ok(self) -> bool:
        """Whether every block is what the manifest says."""
        return self.mismatch_count == 0 and self.root == self.expected_root


def verify_disk(reader: BlockReader, manifest: Manifest, *, workers: int = 8) -> DiskProof:
    """Read the whole of `reader` and compare. What it does not hold is zeros. Reads only; may be repeated and interrupted."""
    if reader.size_bytes != manifest.size_bytes:
        raise PermanentError(
            f"{manifest.disk_id}: the target has {reader.size_bytes} bytes, the manifest covers {manifest.size_bytes}", code="INC-2980"
        )
    started = time.monotonic()
    held = BlockSet.of(reader.allocated(), manifest.size_bytes)
    wrong: list[Mismatch] = []
    count = 0

    def found_digests(pool: ThreadPoolExecutor) -> Iterator[bytes]:
        nonlocal count
        for index, digest in enumerate(_digests(reader, held, pool, workers)):
            expected = manifest.digest(index)
            if digest != expected:
                count += 1
                if len(wrong) < NAMED:
                    wrong.append(Mismatch(manifest.disk_id, index * BLOCK, expected.hex() if expected else "unknown", digest.hex()))
            yield digest

    with ThreadPoolExecutor(workers, thread_name_prefix="verify") as pool:
        root = merkle_root(found_digests(pool), manifest.size_bytes)
    return DiskProof(
        disk=manifest.disk_id,
        root=root,
        expected_root=root if count == 0 else _root_or_nothing(manifest),
        blocks=manifest.blocks,
        blocks_read=len(held),
        mismatch_count=count,
        mismatches=tuple(wrong),
        elapsed_s=time.monotonic() - started,
    )


def _digests(reader: BlockReader, held: BlockSet, pool: ThreadPoolExecutor, workers: int) -> Iterator[bytes]:
    """Digests of all blocks in order; reads run ahead of the consumer by a few runs, so that memory stays bounded."""
    ahead: deque[tuple[int, Future[list[bytes]]]] = deque()
    at = 0
    for first, count in held.runs(RUN):
        ahead.append((first, pool.submit(_read_run, reader, first, count)))
        if len(ahead) >= workers * 2:
            at = yield from _next(ahead, at)
    while ahead:
        at = yield from _next(ahead, at)
    yield from (ZERO_DIGEST for _ in range(at, held.blocks))


def _next(ahead: deque[tuple[int, Future[list[bytes]]]], at: int) -> Generator[bytes, None, int]:
    first, future = ahead.popleft()
    yield from (ZERO_DIGEST for _ in range(at, first))
    digests = future.result()
    yield from digests
    return first + len(digests)


def _read_run(reader: BlockReader, first: int, count: int) -> list[bytes]:
    offset = first * BLOCK
    data = memoryview(reader.read(offset, min(count * BLOCK, reader.size_bytes - offset)))
    return [block_digest(bytes(data[n * BLOCK : (n + 1) * BLOCK])) for n in range(count)]


def _root_or_nothing(manifest: Manifest) -> str:
    try:
        return manifest.root()
    except PermanentError:
        return ""  # the manifest itself has a hole; its mismatches are named
