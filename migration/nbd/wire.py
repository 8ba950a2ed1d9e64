"""What the client needs of a connection, and TLS in that shape.

An OpenSSL connection must not be used by two threads at once, and ours is: callers send while the reader thread receives. So each use takes
a lock, and waiting for data happens outside of it, on the bare socket.
"""

from __future__ import annotations

import select
import ssl
import threading
from typing import Protocol


class Wire(Protocol):
    """The part of a socket that is used here."""

    def recv_into(self, buffer: memoryview, /) -> int:
        """Some bytes; 0 when the other side has hung up. TimeoutError when none came in time."""

    def sendall(self, data: bytes, /) -> None:
        """All bytes."""

    def shutdown(self, how: int, /) -> None:
        """Hang up, waking whoever waits."""

    def close(self) -> None:
        """Let go."""


class TlsWire:
    """A TLS connection that one thread may receive on while others send.

    A send that has to wait keeps the receiver waiting too. That cannot lock up: one connection either carries large writes with small
    replies or small requests with large replies.
    """

    def __init__(self, sock: ssl.SSLSocket, timeout_s: float) -> None:
        self._sock, self._timeout_s = sock, timeout_s
        self._lock = threading.Lock()
        self._readable = select.poll()
        self._readable.register(sock, select.POLLIN)

    def recv_into(self, buffer: memoryview, /) -> int:
        """Some bytes, waited for without the lock."""
        while True:
            with self._lock:
                if self._sock.pending() or self._readable.poll(0):
                    return self._sock.recv_into(buffer)
            if not self._readable.poll(self._timeout_s * 1000):
                raise TimeoutError("nothing came")

    def sendall(self, data: bytes, /) -> None:
        """All bytes."""
        with self._lock:
            self._sock.sendall(data)

    def shutdown(self, how: int, /) -> None:
        """Hang up the connection below TLS: it must work while another thread waits."""
        self._sock.shutdown(how)

    def close(self) -> None:
        """Let go."""
        self._sock.close()
