"""The one place that tries again. What is worth it is decided where an error is born: only `TransientError` comes back here.

Waits grow and are jittered over their whole length ("full jitter"), so that workers that were throttled together do not return together.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from migration.types import TransientError

T = TypeVar("T")


@dataclass(frozen=True)
class Retry:
    """`attempts` in all; the n-th wait is random between 0 and min(`longest_s`, `first_s` * 2^n).

    The default gives up after about a minute on average: longer than a burst of throttling or a dropped connection, shorter than an
    engineer's patience; an interrupted round goes on later from its journal. Where a stop event exists, pass its `wait` as `sleep`: once it
    is set, nobody waits any longer.
    """

    attempts: int = 12
    first_s: float = 0.2
    longest_s: float = 30.0
    sleep: Callable[[float], object] = time.sleep
    random: Callable[[], float] = field(default=random.random)

    def call(self, attempt: Callable[[], T]) -> T:
        """What `attempt` returns, the first time it does; the last error when it never does. `attempt` may run several times."""
        for n in range(self.attempts - 1):
            try:
                return attempt()
            except TransientError:
                self.sleep(self.random() * min(self.longest_s, self.first_s * 2**n))
        return attempt()
