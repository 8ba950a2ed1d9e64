"""Disks in memory that cost only what is written on them, and sources and targets over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from migration.blocks.digests import block_digest
from migration.types import BLOCK, Extent, LineageBroken, RoundSummary

ZERO = bytes(BLOCK)


@dataclass
class SparseDisk:
    """A disk as a dictionary of its non-zero blocks."""

    size: int
    blocks: dict[int, bytes] = field(default_factory=dict)

    def copy(self, size: int | None = None) -> SparseDisk:
        return SparseDisk(size or self.size, dict(self.blocks))

    def put(self, index: int, data: bytes) -> None:
        data = data.ljust(BLOCK, b"\0")
        if data == ZERO:
            self.blocks.pop(index, None)
        else:
            self.blocks[index] = data

    def write(self, offset: int, data: bytes) -> None:
        assert offset + len(data) <= self.size
        while data:
            index, inner = divmod(offset, BLOCK)
            piece = data[: BLOCK - inner]
            old = self.blocks.get(index, ZERO)
            self.put(index, old[:inner] + piece + old[inner + len(piece) :])
            offset, data = offset + len(piece), data[len(piece) :]

    def read(self, offset: int, length: int) -> bytes:
        first, last = offset // BLOCK, -(-(offset + length) // BLOCK)
        whole = b"".join(self.blocks.get(i, ZERO) for i in range(first, last))
        return whole[offset - first * BLOCK :][:length]

    def differs(self, other: SparseDisk) -> list[int]:
        return sorted(i for i in self.blocks.keys() | other.blocks.keys() if self.blocks.get(i) != other.blocks.get(i))


class DiskSource:
    """A frozen disk. `past` knows the disk at earlier change bases."""

    def __init__(self, disk: SparseDisk, identity: str, past: Mapping[str, SparseDisk]) -> None:
        self._disk, self._identity, self._past = disk, identity, past

    @property
    def size_bytes(self) -> int:
        return self._disk.size

    @property
    def change_base(self) -> str:
        return self._identity

    @property
    def identity(self) -> str:
        return self._identity

    def allocated(self) -> Iterator[Extent]:
        return (self._extent(i) for i in sorted(self._disk.blocks))

    def changed_since(self, base: str) -> Iterator[Extent]:
        if base not in self._past:
            raise LineageBroken(f"nothing is known about {base}")
        return (self._extent(i) for i in self._disk.differs(self._past[base]))

    def read(self, offset: int, length: int) -> bytes:
        assert offset + length <= self._disk.size
        return self._disk.read(offset, length)

    def close(self) -> None:
        pass

    def _extent(self, index: int) -> Extent:
        return Extent(index * BLOCK, min(BLOCK, self._disk.size - index * BLOCK))


class DiskTarget:
    """Writes into `disk`. `finished` is called with the receipt once the round is one consistent whole."""

    def __init__(self, disk: SparseDisk, key: str, *, in_place: bool, finished: object = None, sent: list[str] | None = None) -> None:
        self._disk, self._key, self._in_place, self._finished = disk, key, in_place, finished
        self._sent = sent if sent is not None else []

    @property
    def size_bytes(self) -> int:
        return self._disk.size

    @property
    def round_key(self) -> str:
        return self._key

    @property
    def in_place(self) -> bool:
        return self._in_place

    def write(self, index: int, data: bytes, digest: bytes) -> None:
        assert len(data) == BLOCK
        assert block_digest(data) == digest
        self._disk.put(index, data)
        self._sent.append(f"{self._key}:{index}")

    def read(self, index: int) -> bytes:
        return self._disk.blocks.get(index, ZERO)

    def finish(self, summary: RoundSummary) -> str:
        assert summary.changed <= -(-self._disk.size // BLOCK)
        if callable(self._finished):
            self._finished()
        return "" if self._in_place else self._key

    def abort(self) -> None:
        pass

    def close(self) -> None:
        pass
