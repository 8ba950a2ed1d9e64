"""The loop that carries a disk: read, hash, compare, write, acknowledge. Every other part only serves it.

Memory: each worker holds one read of at most 4 MiB and one block; the manifest is a mapped file and the selection a bitmap. So anonymous
memory does not depend on the size of the disk.

It may be stopped, killed and called again at any time: blocks settled in the open round are neither read nor sent again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from migration.blocks.digests import ZERO_DIGEST, block_digest
from migration.blocks.extents import BlockSet
from migration.blocks.manifest import Manifest
from migration.group_flush import GroupFlush
from migration.types import (
    BLOCK,
    BlockSource,
    BlockTarget,
    CopyProgress,
    CopyResult,
    PermanentError,
    ProgressCallback,
    Throttle,
)

RUN = 8  # blocks per read: 4 MiB, where one HTTPS stream levels off
REPORT_S = 0.2  # at most five progress reports a second
FLUSH_S = 2.0  # what a power cut may cost in blocks sent again
RATE_WINDOW_S = 5.0


@dataclass
class Counters:
    """What the workers have done so far. Changed under the copy's lock."""

    resumed: int = 0
    read: int = 0
    sent: int = 0
    skipped: int = 0
    zero: int = 0


class _Copy:
    """One run of `copy_disk`; the workers share it."""

    def __init__(
        self,
        source: BlockSource,
        target: BlockTarget,
        manifest: Manifest,
        blocks: BlockSet,
        *,
        throttle: Throttle | None,
        progress: ProgressCallback | None,
        stop: threading.Event,
        resend: Collection[int],
    ) -> None:
        self.source, self.target, self.manifest = source, target, manifest
        self._resend = frozenset(resend)
        self._reporting = threading.Lock()
        self._intents = GroupFlush(manifest.flush)
        self.throttle, self.progress, self.stop = throttle, progress, stop
        self.total = len(blocks)
        self.counters = Counters()
        self.failed = threading.Event()
        self._runs = self._unsettled(blocks)
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._reported = self._flushed = self._started
        self._window: deque[tuple[float, int]] = deque([(self._started, 0)])

    def work(self) -> None:
        """Take runs until there are none, the copy is to stop, or another worker has failed."""
        try:
            while (run := self._next_run()) is not None:
                self._carry(*run)
        except BaseException:
            self.failed.set()
            raise

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._started

    def over(self) -> bool:
        """Whether to begin nothing new."""
        return self.stop.is_set() or self.failed.is_set()

    def report(self, *, last: bool = False) -> None:
        """Tell the callback, not too often; flush the journal now and then. One worker at a time, the others do not wait for it."""
        if not self._reporting.acquire(blocking=last):
            return
        try:
            self._report(last=last)
        finally:
            self._reporting.release()

    def _report(self, *, last: bool) -> None:
        now = time.monotonic()
        with self._lock:
            flush = now - self._flushed >= FLUSH_S
            due = self.progress is not None and (last or now - self._reported >= REPORT_S)
            self._flushed = now if flush else self._flushed
            self._reported = now if due else self._reported
            look = self._look(now) if due else None
        if flush:
            self.manifest.flush()
        if look is not None and self.progress is not None:
            self.progress(look)

    def _look(self, now: float) -> CopyProgress:
        done, sent = self.counters, self.counters.sent * BLOCK
        self._window.append((now, sent))
        while len(self._window) > 2 and now - self._window[0][0] > RATE_WINDOW_S:
            self._window.popleft()
        since, before = self._window[0]
        rate = (sent - before) / (now - since) if now > since else 0.0
        return CopyProgress(
            blocks_total=self.total,
            blocks_done=done.resumed + done.sent + done.skipped,
            blocks_sent=done.sent,
            bytes_read=done.read * BLOCK,
            bytes_sent=sent,
            rate=rate,
            elapsed_s=now - self._started,
        )

    def _unsettled(self, blocks: BlockSet) -> Iterator[tuple[int, int]]:
        """Runs of blocks that this round still has to look at. Runs under the lock."""
        for first, count in blocks.runs(RUN):
            left = [i for i in range(first, first + count) if not self.manifest.settled(i)]
            self.counters.resumed += count - len(left)
            start = 0
            for at in range(1, len(left) + 1):
                if at == len(left) or left[at] != left[at - 1] + 1:
                    yield left[start], at - start
                    start = at

    def _next_run(self) -> tuple[int, int] | None:
        with self._lock:
            return None if self.over() else next(self._runs, None)

    def _carry(self, first: int, count: int) -> None:
        offset = first * BLOCK
        length = max(0, min(count * BLOCK, self.source.size_bytes - offset))
        data = memoryview(self.source.read(offset, length) if length else b"")
        pending = [(first + n, bytes(data[n * BLOCK : (n + 1) * BLOCK]).ljust(BLOCK, b"\0")) for n in range(count)]
        del data
        work = [(index, block, block_digest(block)) for index, block in pending]
        if self.target.in_place:
            self._announce([(index, digest) for index, _, digest in work if not self._same(index, digest)])
        for index, block, digest in work:
            if self.over():
                return
            self._settle(index, block, digest)

    def _announce(self, changes: list[tuple[int, bytes]]) -> None:
        """On a disk the journal says what is about to change before it changes, on stable storage."""
        for index, digest in changes:
            self.manifest.intend(index, digest)
        if changes:
            self._intents.wait()

    def _same(self, index: int, digest: bytes) -> bool:
        return index not in self._resend and digest == self.manifest.digest(index)

    def _settle(self, index: int, block: bytes, digest: bytes) -> None:
        same = self._same(index, digest)
        if same:
            self.manifest.seen(index, digest)
        else:
            if self.throttle is not None:
                self.throttle.take(BLOCK)
            self.target.write(index, block, digest)
            self.manifest.acknowledge(index, digest)
        with self._lock:
            self.counters.read += 1
            self.counters.zero += digest == ZERO_DIGEST
            self.counters.skipped += same
            self.counters.sent += not same
        self.report()


def copy_disk(
    source: BlockSource,
    target: BlockTarget,
    manifest: Manifest,
    blocks: BlockSet,
    *,
    workers: int = 8,
    throttle: Throttle | None = None,
    progress: ProgressCallback | None = None,
    stop: threading.Event | None = None,
    resend: Collection[int] = (),
) -> CopyResult:
    """Bring `blocks` of the target to what the source has. Call again after any interruption, with the same arguments, to go on.

    Blocks whose digest the manifest already has are read and not sent. The caller finishes the target and commits the manifest.

    Args:
        source: a frozen disk; the round belongs to its identity.
        target: where to; the round belongs to its `round_key`.
        manifest: the disk's manifest, of the target's size.
        blocks: what to look at, from `migration.selection.select_blocks`. Blocks that an unfinished round left are added.
        workers: threads; each has one block on its way.
        throttle: drawn from before each block that is sent.
        progress: told at most five times a second, and once at the end. From any thread, never twice at once.
        stop: set it from a signal handler or another thread to stop after the blocks on their way.
        resend: blocks that verification found wrong on the target: added, and sent even when their digest is the manifest's.

    Raises:
        InclineError: the first worker's error, after all workers have stopped. What was acknowledged stays so.
    """
    _check_sizes(source, target, manifest)
    manifest.begin_round(target.round_key, source.identity, in_place=target.in_place)
    for index in (*manifest.leftovers(), *resend):
        blocks.add(index)
    run = _Copy(source, target, manifest, blocks, throttle=throttle, progress=progress, stop=stop or threading.Event(), resend=resend)
    try:
        with ThreadPoolExecutor(workers, thread_name_prefix="copy") as pool:
            futures = [pool.submit(run.work) for _ in range(workers)]
            try:
                for future in futures:
                    future.result()
            except BaseException:  # also Ctrl-C: workers end after the block they are at
                run.failed.set()
                raise
    finally:
        manifest.flush()
        run.report(last=True)
    done = run.counters
    return CopyResult(
        blocks_total=run.total,
        blocks_resumed=done.resumed,
        blocks_read=done.read,
        blocks_sent=done.sent,
        blocks_skipped=done.skipped,
        zero_blocks=done.zero,
        bytes_sent=done.sent * BLOCK,
        round_changed=manifest.summary().changed,
        elapsed_s=run.elapsed(),
        stopped=done.resumed + done.read < run.total,
    )


def _check_sizes(source: BlockSource, target: BlockTarget, manifest: Manifest) -> None:
    if source.size_bytes > target.size_bytes:
        raise PermanentError(
            f"{manifest.disk_id}: the source has {source.size_bytes} bytes, the target only {target.size_bytes}",
            code="INC-2924",
            next_step="grow the target first",
        )
    if manifest.size_bytes != target.size_bytes:
        raise PermanentError(
            f"{manifest.disk_id}: the manifest covers {manifest.size_bytes} bytes, the target has {target.size_bytes}", code="INC-2925"
        )
