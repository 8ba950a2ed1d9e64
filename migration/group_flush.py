"""One flush for all who wait for one: flushes are what costs, not the writes before them."""

from __future__ import annotations

import threading
from collections.abc import Callable


class GroupFlush:
    """Calls `flush` for its callers: each returns once a flush that began after its call has ended, and shares it with the others."""

    def __init__(self, flush: Callable[[], None]) -> None:
        self._flush = flush
        self._turn = threading.Lock()
        self._count = threading.Lock()
        self._asked = 0
        self._served = 0

    def wait(self) -> None:
        """Everything written before this call is on stable storage when it returns. Who runs the flush gets its error."""
        with self._count:
            self._asked += 1
            mine = self._asked
        with self._turn:
            if self._served >= mine:
                return
            with self._count:
                covers = self._asked
            self._flush()
            self._served = covers
