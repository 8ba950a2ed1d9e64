"""A disk in memory, as a source: for tests, rehearsals and as the smallest example of the protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migration.blocks.extents import merge
from migration.types import Extent, LineageBroken


class MemorySource:
    """`data` is the disk. `history` maps a change base to the extents that have changed since; any other base is a broken lineage."""

    def __init__(
        self, data: bytes, *, identity: str = "memory", change_base: str = "", history: Mapping[str, Sequence[Extent]] | None = None
    ) -> None:
        self._data = data
        self._history = dict(history or {})
        self._change_base = change_base
        self._identity = identity

    @property
    def size_bytes(self) -> int:
        """Length of the data."""
        return len(self._data)

    @property
    def change_base(self) -> str:
        """As given."""
        return self._change_base

    @property
    def identity(self) -> str:
        """As given."""
        return self._identity

    def allocated(self) -> Iterator[Extent]:
        """The 64 KiB grains that are not zeros, merged, as change tracking would report them."""
        grain = 64 << 10
        pieces = range(0, len(self._data), grain)
        return merge(Extent(at, len(piece)) for at in pieces if (piece := self._data[at : at + grain]).strip(b"\0"))

    def changed_since(self, base: str) -> Iterator[Extent]:
        """The extents of `history`."""
        if base not in self._history:
            raise LineageBroken(f"nothing is known about {base}")
        return merge(self._history[base])

    def read(self, offset: int, length: int) -> bytes:
        """A slice."""
        if offset < 0 or offset + length > len(self._data):
            raise ValueError(f"read of {length} bytes at {offset} beyond the end at {len(self._data)}")
        return self._data[offset : offset + length]

    def close(self) -> None:
        """Nothing to let go of."""
