"""The processes a language host has started, so that not one of them outlives it.

A child is asked with SIGTERM, which ends a Python program without a traceback, and killed when it has not gone after a grace period.
Thread-safe: gRPC calls arrive on many threads.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

GRACE_S = 3.0  # the engine kills a language host 5 s after it asked; its children must be gone before


class Children:
    """Starts processes and stops them all. After `stop` no more are started."""

    def __init__(self, *, grace_s: float = GRACE_S) -> None:
        self._grace_s = grace_s
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopping = False

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called: what ends from now on was ended by us."""
        return self._stopping

    def start(
        self, command: Sequence[str], *, cwd: Path | None, env: Mapping[str, str], piped: bool = False
    ) -> subprocess.Popen[bytes] | None:
        """Start a process; None once the host is stopping. `piped` gives its output to the caller instead of the engine's console."""
        pipe = subprocess.PIPE if piped else None
        with self._lock:
            if self._stopping:
                return None
            child = subprocess.Popen(list(command), cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe)
            self._running.add(child)
        return child

    def wait(self, child: subprocess.Popen[bytes]) -> int:
        """Wait for a process to end and forget it."""
        code = child.wait()
        with self._lock:
            self._running.discard(child)
        return code

    def terminate(self, child: subprocess.Popen[bytes]) -> None:
        """Ask one process to end and see to it in the background."""
        if child.poll() is None:
            child.terminate()
            threading.Thread(target=self._kill_late, args=(child,), daemon=True).start()

    def stop(self) -> None:
        """Ask every process to end; those still there after the grace period are killed."""
        with self._lock:
            self._stopping = True
            running = list(self._running)
        for child in running:
            self.terminate(child)

    def join(self) -> None:
        """Wait until the processes that `stop` asked have gone, or are killed."""
        with self._lock:
            running = list(self._running)
        for child in running:
            self._kill_late(child)

    def _kill_late(self, child: subprocess.Popen[bytes]) -> None:
        try:
            child.wait(timeout=self._grace_s)
        except subprocess.TimeoutExpired:
            child.kill()
