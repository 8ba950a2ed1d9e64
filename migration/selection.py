"""Which blocks a round has to look at, and why. The cheapest answer that is certainly enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from migration.blocks.digests import ZERO_DIGEST
from migration.blocks.extents import BlockSet
from migration.blocks.manifest import Manifest
from migration.types import BLOCK, BlockSource, Extent, LineageBroken

Method = Literal["delta", "compare"]


@dataclass(frozen=True)
class Selection:
    """The blocks to read. `compare`: all that can differ, told apart by their digests; `delta`: what the source's tracking reports."""

    blocks: BlockSet
    method: Method
    reason: str


def select_blocks(source: BlockSource, manifest: Manifest, base: str) -> Selection:
    """The blocks of a round whose target holds the disk as it was at `base`; empty `base`: there is no such point.

    A broken lineage is not an error: every block that may differ is read and compared. Nothing is guessed.
    """
    if not base:
        return _compare(source, manifest, "the first copy of this disk, or nothing to compare with")
    try:
        blocks = BlockSet.of(source.changed_since(base), manifest.size_bytes)
    except LineageBroken as exc:
        return _compare(source, manifest, exc.what)
    for index in _unknown(manifest):
        blocks.add(index)
    return Selection(blocks, "delta", f"changed since {base}")


def _compare(source: BlockSource, manifest: Manifest, reason: str) -> Selection:
    """What the source has, and what the target has or may have where the source has nothing."""
    blocks = BlockSet.of(source.allocated(), manifest.size_bytes)
    for index in range(manifest.blocks):
        if manifest.digest(index) != ZERO_DIGEST:
            blocks.add(index)
    return Selection(blocks, "compare", reason)


def _unknown(manifest: Manifest) -> Iterator[int]:
    return (i for i in range(manifest.blocks) if manifest.digest(i) is None)


def read_block(source: BlockSource, index: int) -> bytes:
    """Block `index` of a source; what lies beyond the disk's end is zeros."""
    offset = index * BLOCK
    length = max(0, min(BLOCK, source.size_bytes - offset))
    return (source.read(offset, length) if length else b"").ljust(BLOCK, b"\0")


def extents_of(blocks: BlockSet) -> Iterator[Extent]:
    """The selection in bytes, clipped to the disk; for reports."""
    for first, count in blocks.runs(blocks.blocks):
        end = min((first + count) * BLOCK, blocks.size_bytes)
        yield Extent(first * BLOCK, end - first * BLOCK)
