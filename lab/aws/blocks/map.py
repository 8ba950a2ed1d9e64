"""Block index -> slot, for one volume or snapshot: sparse, and copied in no time because copies share what neither has written since."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

SPAN = 1024
"""Blocks per piece of a map: 512 MiB of disk, 4 KiB of memory."""


class BlockMap:
    """Pieces of 1,024 slots. A piece that a copy also holds is replaced before it is written, so both keep what they had."""

    def __init__(self) -> None:
        self._pieces: dict[int, array[int]] = {}
        self._shared: set[int] = set()
        self._count = 0
        self.own: dict[int, int] = {}
        """Blocks written here since the map was made or last copied, and their slots: no other map names these slots."""

    def get(self, index: int) -> int:
        """The slot of a block; 0 when it was never written."""
        piece = self._pieces.get(index // SPAN)
        return piece[index % SPAN] if piece is not None else 0

    def put(self, index: int, slot: int) -> None:
        """Names the slot that holds a block from now on."""
        number = index // SPAN
        piece = self._pieces.get(number)
        if piece is None:
            piece = self._pieces[number] = array("I", bytes(4 * SPAN))
        elif number in self._shared:
            piece = self._pieces[number] = array("I", piece)
            self._shared.discard(number)
        self._count += piece[index % SPAN] == 0
        piece[index % SPAN] = slot
        self.own[index] = slot

    def copy(self) -> BlockMap:
        """A map with the same content. From here on both write into pieces of their own."""
        other = BlockMap()
        other._pieces = dict(self._pieces)
        other._shared, other._count = set(self._pieces), self._count
        self._shared = set(self._pieces)
        self.own = {}
        return other

    def written(self, start: int = 0) -> Iterator[tuple[int, int]]:
        """(index, slot) of every written block from `start` on, in index order."""
        for number in sorted(self._pieces):
            base = number * SPAN
            if base + SPAN <= start:
                continue
            for place, slot in enumerate(self._pieces[number]):
                if slot and base + place >= start:
                    yield base + place, slot

    def changed(self, other: BlockMap, start: int = 0) -> Iterator[tuple[int, int, int]]:
        """(index, slot here, slot there) of every block whose version differs, in index order; pieces in common cost nothing."""
        empty = array("I", bytes(4 * SPAN))
        for number in sorted(self._pieces.keys() | other._pieces.keys()):
            base = number * SPAN
            here, there = self._pieces.get(number, empty), other._pieces.get(number, empty)
            if here is there or base + SPAN <= start:
                continue
            for place in range(SPAN):
                if here[place] != there[place] and base + place >= start:
                    yield base + place, here[place], there[place]

    def slots(self, seen: set[int]) -> Iterator[int]:
        """Every slot named here, skipping pieces that `seen` (ids of pieces) has already; used to find slots that nobody names."""
        for piece in self._pieces.values():
            if id(piece) not in seen:
                seen.add(id(piece))
                yield from (slot for slot in piece if slot)

    def __len__(self) -> int:
        return self._count
