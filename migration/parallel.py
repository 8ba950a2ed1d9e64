"""Calls that do not wait for each other: two stacks' previews, two stacks' updates."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def together(*calls: Callable[[], T]) -> list[T]:
    """What the calls return, in their order. All of them end before the first error, if any, is raised."""
    if len(calls) == 1:
        return [calls[0]()]
    with ThreadPoolExecutor(len(calls), thread_name_prefix="together") as pool:
        futures = [pool.submit(call) for call in calls]
    return [future.result() for future in futures]
