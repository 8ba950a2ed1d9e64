"""From extents in bytes to sets of blocks and back. Pure.

A `BlockSet` is a bitmap: 16 MiB for the largest EBS volume however fragmented the list of changed areas is, where a list of ranges would
grow with the fragmentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migration.blocks.merkle import block_count
from migration.types import BLOCK, Extent


def clip(extents: Iterable[Extent], size_bytes: int) -> Iterator[Extent]:
    """`extents` without what lies beyond `size_bytes`; empty ones vanish."""
    for extent in extents:
        end = min(extent.end, size_bytes)
        if extent.length > 0 and extent.start < end:
            yield Extent(extent.start, end - extent.start)


def merge(extents: Iterable[Extent]) -> Iterator[Extent]:
    """The same bytes in ascending, disjoint, non-touching extents. Sorts, so it holds the list."""
    current: Extent | None = None
    for extent in sorted((e for e in extents if e.length > 0), key=lambda e: e.start):
        if current is None:
            current = extent
        elif extent.start <= current.end:
            current = Extent(current.start, max(current.end, extent.end) - current.start)
        else:
            yield current
            current = extent
    if current is not None:
        yield current


class BlockSet:
    """A set of block indexes of a disk of `size_bytes`. Iterates in ascending order."""

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.blocks = block_count(size_bytes)
        self._bits = bytearray((self.blocks + 7) // 8)

    @classmethod
    def of(cls, extents: Iterable[Extent], size_bytes: int) -> BlockSet:
        """The blocks that `extents` touch, in part or whole. Anything beyond `size_bytes` is left out."""
        found = cls(size_bytes)
        for extent in clip(extents, size_bytes):
            found.add_range(extent.start // BLOCK, block_count(extent.end))
        return found

    @classmethod
    def whole(cls, size_bytes: int) -> BlockSet:
        """Every block of the disk."""
        found = cls(size_bytes)
        found.add_range(0, found.blocks)
        return found

    def add(self, index: int) -> None:
        """Put block `index` in."""
        if not 0 <= index < self.blocks:
            raise IndexError(f"block {index} of a disk of {self.blocks} blocks")
        self._bits[index >> 3] |= 1 << (index & 7)

    def add_range(self, first: int, end: int) -> None:
        """Put blocks `first` to `end` in, `end` excluded."""
        first, end = max(first, 0), min(end, self.blocks)
        while first < end and first & 7:
            self.add(first)
            first += 1
        whole = (end - first) // 8 if first < end else 0
        self._bits[first >> 3 : (first >> 3) + whole] = b"\xff" * whole
        for index in range(first + whole * 8, end):
            self.add(index)

    def __contains__(self, index: int) -> bool:
        return 0 <= index < self.blocks and bool(self._bits[index >> 3] & (1 << (index & 7)))

    def __len__(self) -> int:
        return int.from_bytes(self._bits, "little").bit_count()

    def __iter__(self) -> Iterator[int]:
        chunk = 4096  # bytes skipped at once where nothing is set
        for base in range(0, len(self._bits), chunk):
            piece = self._bits[base : base + chunk]
            if piece.count(0) == len(piece):
                continue
            for at, byte in enumerate(piece):
                if byte:
                    yield from (((base + at) << 3) + bit for bit in range(8) if byte & (1 << bit))

    def runs(self, longest: int) -> Iterator[tuple[int, int]]:
        """(first, count) of neighbouring blocks, at most `longest` at a time, ascending."""
        first, count = -1, 0
        for index in self:
            if count and index == first + count and count < longest:
                count += 1
                continue
            if count:
                yield first, count
            first, count = index, 1
        if count:
            yield first, count
