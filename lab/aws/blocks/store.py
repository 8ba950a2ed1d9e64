"""The content of every volume and snapshot of the lab, by id. It knows nothing of EC2: states, sizes and rights are decided above it.

Lineage is a line of names: content made from other content remembers which. Two contents are related when one of them descends from the
other, or both are snapshots of one volume. That is what ListChangedBlocks asks about: AWS compares "two snapshots of the same volume and
snapshot lineage" (EBS user guide, "Read Amazon EBS snapshots with EBS direct APIs"), and a volume made from a snapshot continues it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock

from lab.aws.blocks.map import BlockMap
from lab.aws.blocks.pack import BLOCK, ZEROS, Pack


@dataclass
class Content:
    """The blocks of one volume or snapshot, and the names that its history went through, newest last, its own id included."""

    id: str
    blocks: BlockMap = field(default_factory=BlockMap)
    history: tuple[str, ...] = ()
    """Names stay when what they named is deleted."""
    volume: str = ""
    """The volume that this is a snapshot of."""

    def related(self, other: Content) -> bool:
        """Whether one is an earlier state of the other, so that their blocks can be compared."""
        return other.id in self.history or self.id in other.history or (self.volume != "" and self.volume == other.volume)


class BlockStore:
    """Volumes and snapshots by id over one pack. A lock guards the maps; block data is read and written outside of it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.pack = Pack(folder / "blocks.pack")
        self.lock = RLock()
        self._contents: dict[str, Content] = {}

    def get(self, name: str) -> Content | None:
        """The content of a volume or snapshot, if it has any."""
        return self._contents.get(name)

    def create(self, name: str, source: str = "", *, lineage: bool = True) -> Content:
        """Blank content, or a copy of the content of `source` as it is now: no data moves. Without `lineage` the copy is nobody's child."""
        with self.lock:
            origin = self._contents.get(source)
            if origin is None:
                content = Content(name, history=(name,))
            else:
                content = Content(name, origin.blocks.copy(), (*origin.history, name) if lineage else (name,))
            self._contents[name] = content
            return content

    def snapshot(self, volume: str, name: str) -> Content:
        """The volume's content frozen under a name; the volume's later snapshots have this one in their history."""
        with self.lock:
            content = self.create(name, volume)
            content.volume = volume
            origin = self._contents.get(volume)
            if origin is not None:
                origin.history = (*origin.history, name)
        return content

    def forget(self, name: str) -> None:
        """Takes a volume or snapshot away. Blocks that others name stay; those that nobody names any more are used again."""
        with self.lock:
            if self._contents.pop(name, None) is not None:
                self._sweep()

    def clear(self) -> None:
        """Takes everything away."""
        with self.lock:
            self._contents.clear()
            self._sweep()

    def _sweep(self) -> None:
        seen: set[int] = set()
        self.pack.keep_only(slot for content in self._contents.values() for slot in content.blocks.slots(seen))

    def put_block(self, content: Content, index: int, data: bytes, digest: bytes, allowed: Callable[[], None] = lambda: None) -> None:
        """Writes a whole block. `allowed` is asked again under the lock, so that nothing enters a snapshot that was just sealed."""
        slot = self.pack.write(data, digest)
        try:
            with self.lock:
                allowed()
                content.blocks.put(index, slot)
        finally:
            self.pack.placed(slot)

    def read_block(self, content: Content, index: int) -> bytes:
        """A whole block; zeros when it was never written."""
        slot = content.blocks.get(index)
        return self.pack.read(slot) if slot else ZEROS

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Bytes of a volume or snapshot, as its owner's guest would read them."""
        content = self._contents[name]
        out = bytearray()
        while length > 0:
            index, inside = divmod(offset, BLOCK)
            part = min(length, BLOCK - inside)
            slot = content.blocks.get(index)
            out += self.pack.read_part(slot, inside, part) if slot else bytes(part)
            offset, length = offset + part, length - part
        return bytes(out)

    def write(self, name: str, offset: int, data: bytes) -> None:
        """A guest's write: changes the volume in place where the block is its own, else gives the block a slot of its own first."""
        with self.lock:
            content = self._contents[name]
            done = 0
            while done < len(data):
                index, inside = divmod(offset + done, BLOCK)
                part = data[done : done + BLOCK - inside]
                block = bytearray(self.read_block(content, index))
                block[inside : inside + len(part)] = part
                self._replace(content, index, bytes(block))
                done += len(part)

    def _replace(self, content: Content, index: int, block: bytes) -> None:
        slot = content.blocks.own.get(index)
        if slot is not None:
            self.pack.rewrite(slot, block)
        else:
            slot = self.pack.write(block, hashlib.sha256(block).digest())
            content.blocks.put(index, slot)
            self.pack.placed(slot)

    def close(self) -> None:
        """Closes the file of blocks."""
        self.pack.close()
