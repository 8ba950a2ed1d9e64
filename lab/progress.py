"""Progress of the lab's own slow steps: one line per step with the time it took, alive on a terminal, quiet in a log.

On a terminal the line of the running step is rewritten twice a second. Elsewhere a step says that it begins, then once every 30 s that
it goes on, then that it is done.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_TERMINAL_TICK_S = 0.5
_LOG_TICK_S = 30.0


class Step:
    """A running step; `note` says what it is at."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.begun = time.monotonic()
        self.noted = ""

    def note(self, words: str) -> None:
        """What the step is doing now."""
        self.noted = words

    def line(self) -> str:
        """The step as one line: title, time so far, what it is at."""
        return "  ".join(filter(None, [self.title, elapsed(time.monotonic() - self.begun), self.noted]))


class Progress:
    """Shows steps on a stream, or nowhere (`Progress(None)`)."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._alive = stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step while the block runs. A block that raises leaves a line that says so."""
        step = Step(title)
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(step, done), daemon=True)
        if not self._alive:
            self._print(f"{title} ...")
        watcher.start()
        outcome = "failed"
        try:
            yield step
            outcome = "done"
        finally:
            done.set()
            watcher.join()
            self._print(f"{title}: {outcome} in {elapsed(time.monotonic() - step.begun)}", over=True)

    def say(self, line: str) -> None:
        """A line that stands by itself."""
        self._print(line)

    def _watch(self, step: Step, done: threading.Event) -> None:
        tick = _TERMINAL_TICK_S if self._alive else _LOG_TICK_S
        while not done.wait(tick):
            if self._alive:
                self._rewrite(step.line())
            else:
                self._print(step.line())

    def _rewrite(self, line: str) -> None:
        if self._stream is not None:
            width = shutil.get_terminal_size().columns
            self._stream.write(f"\r\x1b[K{line[: width - 1]}")
            self._stream.flush()

    def _print(self, line: str, *, over: bool = False) -> None:
        if self._stream is not None:
            clear = "\r\x1b[K" if over and self._alive else ""
            self._stream.write(f"{clear}{line}\n")
            self._stream.flush()


def elapsed(seconds: float) -> str:
    """A duration for people: 0.4 s, 12 s, 3 min 05 s."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"
