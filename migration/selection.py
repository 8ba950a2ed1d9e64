"""Which blocks a round has to look at, and why. The cheapest answer that is certainly enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from migration.blocks.extents import BlockSet
from migration.blocks.manifest import Manifest
from migration.types import BlockSource, LineageBroken

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
    for index in manifest.unknown():
        blocks.add(index)
    return Selection(blocks, "delta", f"changed since {base}")


def _compare(source: BlockSource, manifest: Manifest, reason: str) -> Selection:
    """What the source has, and what the target has or may have where the source has nothing."""
    blocks = BlockSet.of(source.allocated(), manifest.size_bytes)
    for index in manifest.not_zeros():
        blocks.add(index)
    return Selection(blocks, "compare", reason)
