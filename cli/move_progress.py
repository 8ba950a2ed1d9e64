"""Who watches a move: a live display on a terminal, one line per event and every 30 seconds elsewhere. All of it goes to stderr."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from cli.output import is_terminal, say
from migration.ports import Progress
from migration.types import BLOCK

StepState = Literal["started", "done", "failed", "undone", "skipped"]
LINE_EVERY_S = 30.0
RATE_WINDOW_S = 15.0

STEP_WORDS = {
    "check_source": "look at the source",
    "judge_start": "ask the policies",
    "take_lease": "take the lease",
    "record_intent": "record the move in the estate",
    "enable_tracking": "enable change tracking",
    "prepare_target": "make the target ready",
    "copy_seed": "copy what the disks hold",
    "copy_delta": "copy what changed",
    "judge_gate": "ask the policies and both stacks",
    "verify_seed": "prove the copy while the source runs",
    "power_off_source": "power off the source",
    "cut_off_source": "cut off the source",
    "copy_final": "copy the last changes",
    "remove_source_point": "remove snapshots",
    "verify_target": "prove the copy",
    "register_image": "register the image",
    "write_placement": "write the placement",
    "update_target_stack": "bring up the target's stack",
    "record_volumes": "record what was launched",
    "start_target": "start the target",
    "check_health": "wait until it is healthy",
    "settle_stacks": "settle both stacks",
    "prove_previews": "prove that nothing is left to change",
    "commit_estate": "commit the estate",
    "end_hold": "give the source up",
    "clear_leftovers": "clear what is left over",
}


@dataclass
class Pace:
    """The rate over the last seconds, and from it an honest range for what is left."""

    samples: deque[tuple[float, int]] = field(default_factory=deque)

    def add(self, now: float, blocks: int) -> None:
        """One more look at how many blocks are done."""
        if self.samples and blocks < self.samples[-1][1]:
            self.samples.clear()
        self.samples.append((now, blocks))
        while len(self.samples) > 2 and now - self.samples[0][0] > RATE_WINDOW_S:
            self.samples.popleft()

    @property
    def rate(self) -> float:
        """Blocks per second."""
        if len(self.samples) < 2:
            return 0.0
        (t0, b0), (t1, b1) = self.samples[0], self.samples[-1]
        return (b1 - b0) / (t1 - t0) if t1 > t0 else 0.0

    def left(self, blocks: int) -> str:
        """Time for `blocks` more."""
        if blocks <= 0:
            return "nothing"
        if self.rate <= 0:
            return "unknown"
        seconds = blocks / self.rate
        if seconds < 5:
            return "a few seconds"
        return (
            f"{seconds * 0.8:.0f} to {seconds * 1.3:.0f} s"
            if seconds < 90
            else f"{seconds * 0.8 / 60:.0f} to {seconds * 1.3 / 60 + 1:.0f} min"
        )


def progress_line(progress: Progress, pace: Pace) -> str:
    """One disk's progress in words."""
    done, total = progress.blocks_done * BLOCK / (1 << 20), progress.blocks_total * BLOCK / (1 << 20)
    rate = pace.rate * BLOCK / (1 << 20)
    left = pace.left(progress.blocks_total - progress.blocks_done)
    if progress.blocks_done >= progress.blocks_total:
        return f"round {progress.round}, {progress.disk}: {total:,.0f} MiB, all there"
    return f"round {progress.round}, {progress.disk}: {done:,.0f} of {total:,.0f} MiB, {rate:,.0f} MiB/s, left {left}"


class LineListener:
    """One line per event."""

    def __init__(self, first_words: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._said = clock, clock()
        self._first_words = first_words
        self._paces: dict[str, Pace] = {}

    def __enter__(self) -> Self:
        """Say something at once."""
        if self._first_words:
            say(self._first_words)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing to put away."""

    def note(self, line: str) -> None:
        """A line of its own."""
        say(line)

    def step(self, server: str, step: str, state: StepState, detail: str = "") -> None:
        """A line for what began, was undone or failed."""
        if state in {"started", "undone", "failed"}:
            words = STEP_WORDS.get(step, step)
            shown = {"started": words, "undone": f"undone: {words}", "failed": f"FAILED: {words}: {detail}"}[state]
            say(f"{server}: {shown}")

    def progress(self, progress: Progress) -> None:
        """A line every 30 seconds."""
        pace = self._paces.setdefault(progress.disk, Pace())
        pace.add(self._clock(), progress.blocks_done)
        if self._clock() - self._said >= LINE_EVERY_S:
            self._said = self._clock()
            say(f"{progress.server}: {progress_line(progress, pace)}")


class LiveListener:
    """A display that moves: the step in hand with its age, and below it a line for each disk that is being copied."""

    def __init__(self, first_words: str = "") -> None:
        from rich.console import Console  # noqa: PLC0415 - only terminals pay for it
        from rich.progress import Progress as Bars  # noqa: PLC0415
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        columns = (SpinnerColumn(finished_text=" "), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        self._bars = Bars(*columns, console=Console(stderr=True), transient=True)
        self._step = self._bars.add_task(first_words, total=None)
        self._began = time.monotonic()
        self._copies: dict[tuple[int, str], int] = {}
        self._paces: dict[tuple[int, str], Pace] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bars.stop()

    def note(self, line: str) -> None:
        """A line above the display."""
        self._bars.console.print(line, style="yellow", highlight=False, markup=False)

    def step(self, server: str, step: str, state: StepState, detail: str = "") -> None:
        """Show the step; what is over stays as a line above the display."""
        from rich.markup import escape  # noqa: PLC0415

        words = STEP_WORDS.get(step, step)
        with self._lock:
            if state == "started":
                self._began = time.monotonic()
                self._bars.reset(self._step, description=f"{server}: {words}")
            elif state in {"done", "undone", "failed"}:
                mark = {"done": "[green]done[/]  ", "undone": "[yellow]undone[/]", "failed": "[red]failed[/]"}[state]
                took = f" [dim]{time.monotonic() - self._began:.1f} s[/]"
                self._bars.console.print(f"{mark} {words}{': ' + escape(detail) if detail else ''}{took}", highlight=False)
                for task in self._copies.values():
                    self._bars.remove_task(task)  # type: ignore[arg-type]
                self._copies.clear()

    def progress(self, progress: Progress) -> None:
        """Move the disk's bar."""
        key = (progress.round, progress.disk)
        with self._lock:
            pace = self._paces.setdefault(key, Pace())
            pace.add(time.monotonic(), progress.blocks_done)
            if key not in self._copies:
                self._copies[key] = self._bars.add_task("")
            line = progress_line(progress, pace)
            self._bars.update(self._copies[key], description=line, total=progress.blocks_total, completed=progress.blocks_done)  # type: ignore[arg-type]


def listener(first_words: str, *, json_mode: bool) -> LineListener | LiveListener:
    """The display that fits where stderr goes. It shows `first_words` until the first step begins."""
    return LiveListener(first_words) if is_terminal(sys.stderr) and not json_mode else LineListener(first_words)
