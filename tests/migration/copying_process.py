"""A process that copies, slowly, into a journalled target file; the crash test kills it. Run: FOLDER."""

import json
import os
import sys
import time
from pathlib import Path

from migration.blocks.manifest import Manifest
from migration.copy import copy_disk
from migration.selection import select_blocks
from migration.sources.memory import MemorySource
from migration.targets.memory import MemoryTarget
from migration.types import BLOCK

BLOCKS = 200


def content() -> bytes:
    """The disk: every block differs, none is zeros."""
    return b"".join(index.to_bytes(4, "big") * (BLOCK // 4) for index in range(1, BLOCKS + 1))


class FileTarget(MemoryTarget):
    """Writes blocks to `disk.img` and one line per block to `sent.log`, before it acknowledges."""

    def __init__(self, folder: Path) -> None:
        super().__init__(BLOCKS * BLOCK, round_key="snap-1", in_place=False)
        self.image = os.open(folder / "disk.img", os.O_RDWR | os.O_CREAT)
        os.ftruncate(self.image, BLOCKS * BLOCK)
        self.log = os.open(folder / "sent.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, index: int, data: bytes, digest: bytes) -> None:
        os.pwrite(self.image, data, index * BLOCK)
        os.write(self.log, f"{index}\n".encode())
        time.sleep(0.004)


def main(folder: Path) -> None:
    """One run of the round; the result as JSON on stdout."""
    with Manifest.open_or_create(folder / "m", size_bytes=BLOCKS * BLOCK, disk_id="d", blank=True) as manifest:
        source = MemorySource(content())
        result = copy_disk(source, FileTarget(folder), manifest, select_blocks(source, manifest, "").blocks, workers=4)
        print(json.dumps({"resumed": result.blocks_resumed, "sent": result.blocks_sent, "changed": result.round_changed}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
