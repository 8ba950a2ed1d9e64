"""Budgets of bytes per second: a token bucket per key (an ESXi host, a datastore, a snapshot, a link), drawn from together.

A bucket lets one second's worth through at once and then paces. `take` may overdraw: who comes next waits the debt off, so that a block
larger than the bucket still passes and the long-run rate is exact.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class TokenBucket:
    """`rate` bytes per second, at most `burst` saved up (one second's worth unless given)."""

    def __init__(
        self,
        rate: float,
        *,
        burst: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if rate <= 0:
            raise ValueError(f"a throttle needs a positive rate, got {rate}")
        self._rate = rate
        self._burst = rate if burst is None else burst
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._level = self._burst
        self._at = clock()

    def take(self, amount: int) -> float:
        """Draw `amount`; sleeps off the debt and returns the seconds slept."""
        with self._lock:
            now = self._clock()
            self._level = min(self._burst, self._level + (now - self._at) * self._rate) - amount
            self._at = now
            wait = max(0.0, -self._level / self._rate)
        if wait:
            self._sleep(wait)
        return wait


class Throttles:
    """One bucket per key, made when first asked for. Keys without a rate cost nothing."""

    def __init__(self, rates: dict[str, float], *, sleep: Callable[[float], object] = time.sleep) -> None:
        self._buckets = {key: TokenBucket(rate, sleep=sleep) for key, rate in rates.items()}

    def on(self, *keys: str) -> Together:
        """The budget of a transfer that passes all of `keys`."""
        return Together(tuple(self._buckets[key] for key in keys if key in self._buckets))


class Together:
    """Several buckets that one transfer draws from: the tightest decides."""

    def __init__(self, buckets: tuple[TokenBucket, ...]) -> None:
        self._buckets = buckets

    def take(self, amount: int) -> float:
        """Draw `amount` from every bucket; returns the seconds waited."""
        return sum(bucket.take(amount) for bucket in self._buckets)
