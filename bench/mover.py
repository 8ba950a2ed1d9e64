"""What the mover costs: blocks per second into a sink that forgets them, and the anonymous memory it took. Prints JSON.

`python -m bench.mover [--blocks N] [--workers N]`. The source makes its blocks up, so that neither disk nor network of a site is measured;
manifest, digests, signatures, HTTP and acknowledgements are the real ones.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from migration.blocks.extents import BlockSet
from migration.blocks.manifest import Manifest
from migration.copy import RUN, copy_disk
from migration.ebs.api import EbsApi
from migration.ebs.signing import AwsCredentials
from migration.types import BLOCK

SERVICE_LIMIT = 1000  # PutSnapshotBlock per second and snapshot


class MadeUp:
    """A disk of `size_bytes` of noise that was made beforehand: reading it costs nothing."""

    change_base = ""
    identity = "made-up"

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._noise = random.Random(1).randbytes(2 * RUN * BLOCK)
        self._whole = self._noise[: RUN * BLOCK]

    def read(self, offset: int, length: int) -> bytes:  # noqa: ARG002 - every run is the same noise
        return self._whole if length == len(self._whole) else self._noise[:length]

    def close(self) -> None:
        pass


class Sink:
    """PutSnapshotBlock as the real target sends it."""

    in_place = False
    round_key = "snap-0123456789abcdef0"

    def __init__(self, api: EbsApi, size_bytes: int) -> None:
        self.api, self.size_bytes = api, size_bytes

    def write(self, index: int, data: bytes, digest: bytes) -> None:
        self.api.put_block(self.round_key, index, data, digest)


def anonymous_bytes() -> int:
    """Anonymous memory of this process; pages of the manifest's file are not."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


class Watch(threading.Thread):
    """Looks at the anonymous memory ten times a second; `peak` is the highest seen."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak, self.over = anonymous_bytes(), threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.1):
            self.peak = max(self.peak, anonymous_bytes())


def measure(blocks: int, workers: int, disk_blocks: int) -> dict:
    """Send `blocks` blocks of a disk of `disk_blocks`."""
    with tempfile.TemporaryDirectory() as folder:
        sink = subprocess.Popen([sys.executable, "-m", "bench.sink"], stdout=subprocess.PIPE, text=True)
        watch = Watch()
        try:
            port = int(sink.stdout.readline())
            api = EbsApi(region="us-east-1", url=f"http://127.0.0.1:{port}", credentials=lambda: AwsCredentials("a", "b"))
            size = disk_blocks * BLOCK
            chosen = BlockSet(size)
            chosen.add_range(disk_blocks - blocks, disk_blocks)
            with Manifest.open_or_create(Path(folder, "m"), size_bytes=size, disk_id="bench", blank=True) as manifest:
                watch.start()
                started, spent = time.perf_counter(), time.process_time()
                result = copy_disk(MadeUp(size), Sink(api, size), manifest, chosen, workers=workers)
                elapsed, spent = time.perf_counter() - started, time.process_time() - spent
        finally:
            watch.over.set()
            sink.terminate()
            sink.wait(10)
            sink.stdout.close()
    return {
        "blocks": result.blocks_sent,
        "blocks_per_s": round(result.blocks_sent / elapsed, 1),
        "mib_per_s": round(result.blocks_sent / elapsed / 2, 1),
        "cpu_ms_per_block": round(spent / result.blocks_sent * 1e3, 2),
        "service_limit_blocks_per_s": SERVICE_LIMIT,
        "anonymous_bytes": watch.peak,
        "disk_bytes": size,
        "workers": workers,
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=6000)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--disk-gib", type=int, default=64)
    given = parser.parse_args()
    print(json.dumps(measure(given.blocks, given.workers, given.disk_gib * 2048)))


if __name__ == "__main__":
    main()
