"""What a discovery says while it works: a line when a step ends, with counts and rates, and one every other second while it does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SILENCE_S = 1.8


class Narrator:
    """Tells of one step after another. Close it, or use `narrating`."""

    def __init__(self, say: Callable[[str], object], *, silence_s: float = SILENCE_S) -> None:
        self._say, self._silence_s = say, silence_s
        self._lock, self._over = threading.Lock(), threading.Event()
        self._step, self._part, self._done, self._total = "", "", 0, 0
        self._begun = self._spoken = time.monotonic()
        self._thread = threading.Thread(target=self._watch, name="narrator", daemon=True)
        self._thread.start()

    def begin(self, step: str) -> None:
        """A step: `downtown: machines`."""
        with self._lock:
            self._step, self._part, self._done, self._total = step, "", 0, 0
            self._begun = self._spoken = time.monotonic()

    def at(self, done: int, total: int = 0, part: str = "") -> None:
        """How far it is, with a part of the step."""
        with self._lock:
            self._part, self._done, self._total = part, done, total

    def end(self, words: str, *, count: int = 0, unit: str = "") -> None:
        """What the step brought; `count` of `unit` for the rate."""
        with self._lock:
            step, seconds = self._step, time.monotonic() - self._begun
            self._step, self._spoken = "", time.monotonic()
        rate = f", {count / seconds:,.0f} {unit}/s" if count and seconds > 0 else ""
        self._say(f"{step}: {words} ({seconds:.1f} s{rate})")

    def close(self) -> None:
        """No more words."""
        self._over.set()
        self._thread.join(self._silence_s)

    def _watch(self) -> None:
        while not self._over.wait(self._silence_s / 6):
            line = self._due()
            if line:
                self._say(line)

    def _due(self) -> str:
        with self._lock:
            now = time.monotonic()
            if not self._step or now - self._spoken < self._silence_s:
                return ""
            self._spoken, seconds = now, now - self._begun
            if not self._done:
                return f"{self._step}: {seconds:.0f} s"
            if self._total:
                return f"{self._step}: {self._part} {self._done:,} of {self._total:,}, {seconds:.0f} s"
            return f"{self._step}: {self._done:,}, {seconds:.0f} s, {self._done / seconds:,.0f}/s"


@contextmanager
def narrating(say: Callable[[str], object]) -> Iterator[Narrator]:
    """A narrator that falls silent at the end, however that comes."""
    narrator = Narrator(say)
    try:
        yield narrator
    finally:
        narrator.close()
