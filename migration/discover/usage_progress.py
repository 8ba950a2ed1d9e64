"""How a long look says how far it is: parts done, of how many."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], object]


def untold(done: int, total: int) -> None:
    """For callers that do not watch."""
    del done, total
