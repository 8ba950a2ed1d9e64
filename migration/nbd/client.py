"""One connection to one export. Many requests may be on their way at once: callers send, one reader thread hands the answers out.

A lost connection fails every request on its way with `TransientError`; who retries opens a new connection. Reads, writes of the same
bytes and flushes may be repeated. A write is durable only after a later `flush` has returned.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import struct
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field

from migration.nbd import protocol as nbd
from migration.nbd.handshake import TIMEOUT_S, Export, Secure, negotiate, receive
from migration.nbd.protocol import ChunkType, Command, Flag, Status
from migration.nbd.wire import Wire
from migration.types import PermanentError, TransientError

MAX_REQUEST = 32 << 20  # what every server must take, by the protocol document
GOODBYE_S = 10.0  # a server closes within milliseconds; one that does not is not waited for


@dataclass
class _Pending:
    """A request on its way: where read data goes, what has been learned, and who waits."""

    command: Command
    offset: int
    data: bytearray
    done: Future[None] = field(default_factory=Future)
    statuses: list[Status] = field(default_factory=list)
    error: int = 0


class NbdClient:
    """An open export. Threads may share it."""

    def __init__(self, sock: Wire, export: Export, where: str) -> None:
        self._socket, self._export, self._where = sock, export, where
        self._cookies = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._state = threading.Lock()
        self._sending = threading.Lock()
        self._lost: Exception | None = None
        self._reader = threading.Thread(target=self._read_replies, name=f"nbd {where}", daemon=True)
        self._reader.start()

    @classmethod
    def connect(cls, host: str, port: int, export: str, *, tls: ssl.SSLContext | None = None) -> NbdClient:
        """Connect and negotiate; with `tls` only over TLS, which NBD starts within the handshake.

        Raises:
            TransientError: nobody answers, or the connection broke.
            PermanentError: the server refuses the export or TLS, is not trusted, or is none.
        """
        where = f"nbd{'s' if tls else ''}://{host}:{port}/{export}"
        try:
            sock = socket.create_connection((host, port), timeout=TIMEOUT_S)
        except OSError as exc:
            raise TransientError(f"{where}: {exc}", code="INC-2941", next_step="check that the NBD server of the site runs") from exc
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire, opened = negotiate(sock, export, where, None if tls is None else Secure(tls, host))
            return cls(wire, opened, where)
        except BaseException:
            sock.close()
            raise

    @property
    def size_bytes(self) -> int:
        """Size of the export."""
        return self._export.size_bytes

    @property
    def read_only(self) -> bool:
        """Whether writes are refused."""
        return bool(self._export.flags & Flag.READ_ONLY)

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes; larger requests are split and pipelined."""
        cuts = range(offset, offset + length, MAX_REQUEST)
        parts = [self._send(Command.READ, at, min(MAX_REQUEST, offset + length - at)) for at in cuts]
        return b"".join(bytes(self._wait(part).data) for part in parts)

    def write(self, offset: int, data: bytes) -> None:
        """Write; returns when the server has taken it. Durable after `flush`."""
        if self.read_only:
            raise PermanentError(f"{self._where}: the disk is served read-only", code="INC-2942")
        cuts = range(0, len(data), MAX_REQUEST)
        parts = [self._send(Command.WRITE, offset + at, len(data[at : at + MAX_REQUEST]), data[at : at + MAX_REQUEST]) for at in cuts]
        for part in parts:
            self._wait(part)

    def flush(self) -> None:
        """Everything whose `write` has returned is on stable storage afterwards."""
        if self._export.flags & Flag.SEND_FLUSH:
            self._wait(self._send(Command.FLUSH, 0, 0))

    def block_status(self, offset: int, length: int) -> list[Status]:
        """Runs of zeros and data from `offset`; they may end before `offset + length`. One data run where the server cannot tell."""
        if not self._export.allocation:
            return [Status(length, zero=False)]
        return self._wait(self._send(Command.BLOCK_STATUS, offset, length)).statuses or [Status(length, zero=False)]

    def close(self) -> None:
        """Say goodbye and wait until the server has hung up: only then may the machine be started. May be called twice."""
        with self._state:
            lost, self._lost = self._lost, self._lost or ConnectionError("closed")
        if lost is None:
            with contextlib.suppress(OSError), self._sending:  # the other side may have hung up first
                self._socket.sendall(nbd.request(Command.DISCONNECT, 0))
                self._socket.shutdown(socket.SHUT_WR)
        self._reader.join(GOODBYE_S)
        with contextlib.suppress(OSError):  # a server that never hangs up is left
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _send(self, command: Command, offset: int, length: int, data: bytes = b"") -> _Pending:
        pending = _Pending(command, offset, bytearray(length if command == Command.READ else 0))
        cookie = next(self._cookies)
        with self._state:
            if self._lost is not None:
                raise self._broken(self._lost)
            self._pending[cookie] = pending
        try:
            with self._sending:
                self._socket.sendall(nbd.request(command, cookie, offset, length))
                if data:
                    self._socket.sendall(data)
        except OSError as exc:
            self._fail(exc)
            raise self._broken(exc) from exc
        return pending

    def _wait(self, pending: _Pending) -> _Pending:
        try:
            pending.done.result(TIMEOUT_S * 2)
        except TimeoutError as exc:
            self._fail(exc)
            raise self._broken(exc) from exc
        if pending.error == nbd.SHUTTING_DOWN:
            raise TransientError(f"{self._where}: the server is shutting down", code="INC-2943")
        if pending.error:
            reason = nbd.ERRORS.get(pending.error, f"error {pending.error}")
            raise PermanentError(f"{self._where}: {pending.command.name} at {pending.offset}: {reason}", code="INC-2944")
        return pending

    def _read_replies(self) -> None:
        try:
            while True:
                (magic,) = struct.unpack(">I", receive(self._socket, 4, idle=True))
                if magic == nbd.SIMPLE_REPLY_MAGIC:
                    self._simple()
                elif magic == nbd.STRUCTURED_REPLY_MAGIC:
                    self._chunk()
                else:
                    raise ConnectionError(f"unknown reply {magic:#x}")
        except (OSError, KeyError, ValueError, struct.error) as exc:
            self._fail(exc)

    def _simple(self) -> None:
        error, cookie = struct.unpack(">IQ", receive(self._socket, nbd.SIMPLE_REPLY.size - 4))
        with self._state:
            pending = self._pending.pop(cookie)
        pending.error = error
        if not error and pending.data:
            pending.data[:] = receive(self._socket, len(pending.data))
        pending.done.set_result(None)

    def _chunk(self) -> None:
        flags, kind, cookie, length = struct.unpack(">HHQI", receive(self._socket, nbd.CHUNK.size - 4))
        if length > nbd.LONGEST_ANSWER:
            raise ConnectionError(f"a chunk of {length} bytes")
        with self._state:
            pending = self._pending[cookie]
        self._take(pending, kind, receive(self._socket, length))
        if flags & nbd.REPLY_DONE:
            with self._state:
                del self._pending[cookie]
            pending.done.set_result(None)

    def _take(self, pending: _Pending, kind: int, payload: bytes) -> None:
        if kind >= ChunkType.ERROR - 1:
            (pending.error,) = struct.unpack_from(">I", payload)
        elif kind == ChunkType.OFFSET_DATA:
            (offset,) = struct.unpack_from(">Q", payload)
            self._place(pending, offset, payload[8:])
        elif kind == ChunkType.OFFSET_HOLE:
            offset, length = struct.unpack(">QI", payload)
            self._place(pending, offset, bytes(length))
        elif kind == ChunkType.BLOCK_STATUS:
            pending.statuses.extend(nbd.statuses(payload))

    @staticmethod
    def _place(pending: _Pending, offset: int, data: bytes) -> None:
        at = offset - pending.offset
        if at < 0 or at + len(data) > len(pending.data):
            raise ConnectionError("data that was not asked for")
        pending.data[at : at + len(data)] = data

    def _fail(self, exc: Exception) -> None:
        with self._state:
            first = self._lost is None
            self._lost = self._lost or exc
            waiting, self._pending = self._pending, {}
        if first:
            with contextlib.suppress(OSError):  # gone already
                self._socket.shutdown(socket.SHUT_RDWR)
        for pending in waiting.values():
            if not pending.done.done():
                pending.done.set_exception(self._broken(exc))

    def _broken(self, exc: Exception) -> TransientError:
        return TransientError(f"{self._where}: connection lost: {exc or type(exc).__name__}", code="INC-2945")
