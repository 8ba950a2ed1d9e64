"""Who runs a sequence of calls so that a crash forgets nothing: a small interface; the engine knows no library for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Call:
    """One call by its stable name. It may run again after a crash: every call is idempotent."""

    name: str
    run: Callable[[], None]


class Executor(Protocol):
    """Runs calls in order. The first error ends the run and is raised unchanged."""

    def run(self, run_id: str, calls: Sequence[Call]) -> None:
        """Run all calls; `run_id` is the same when an interrupted run is taken up again, and new for a new attempt."""
        ...

    def close(self) -> None:
        """Let go of threads and files."""
        ...


class InlineExecutor:
    """Runs the calls here and now and remembers nothing: the journal alone says what was done. For tests and for dry machines."""

    def run(self, run_id: str, calls: Sequence[Call]) -> None:  # noqa: ARG002 - it remembers no runs
        """Run all calls."""
        for call in calls:
            call.run()

    def close(self) -> None:
        """Nothing to let go of."""
