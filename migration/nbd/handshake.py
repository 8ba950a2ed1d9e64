"""The handshake: from a connected socket to an open export."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from migration.nbd import protocol as nbd
from migration.nbd.protocol import Option, OptionReply
from migration.nbd.wire import TlsWire, Wire
from migration.types import PermanentError, TransientError

INFO_EXPORT = 0
TIMEOUT_S = 60.0  # a disk behind VDDK may stall for long; a dead peer must still be noticed


@dataclass(frozen=True, slots=True)
class Export:
    """What was negotiated: size, abilities, and whether the server tells where data is."""

    size_bytes: int
    flags: int
    allocation: bool


@dataclass(frozen=True, slots=True)
class Secure:
    """TLS is wanted: whom to trust, and which name the server must show."""

    context: ssl.SSLContext
    host: str


def receive(sock: Wire, length: int, *, idle: bool = False) -> bytes:
    """Exactly `length` bytes. `idle`: nothing may come for as long as it likes before the first one."""
    data = bytearray(length)
    view, have = memoryview(data), 0
    while have < length:
        try:
            got = sock.recv_into(view[have:])
        except TimeoutError:
            if idle and have == 0:
                continue
            raise
        if got == 0:
            raise ConnectionError("the server hung up")
        have += got
    return bytes(data)


def negotiate(sock: socket.socket, export: str, where: str, secure: Secure | None = None) -> tuple[Wire, Export]:
    """Fixed newstyle: TLS when asked for, structured replies and base:allocation when they are to be had, then the export.

    Answers the socket to go on with: another one after TLS.

    Raises:
        TransientError: the connection broke.
        PermanentError: no NBD server, or the export was refused.
    """
    try:
        _greet(sock, where)
        wire = sock if secure is None else _start_tls(sock, where, secure)
        try:
            structured = _ask(wire, Option.STRUCTURED_REPLY, b"")
            allocation = structured and _ask(wire, Option.SET_META_CONTEXT, nbd.meta_context_data(export, nbd.ALLOCATION))
            return wire, _go(wire, export, where, allocation=allocation)
        except BaseException:
            wire.close()
            raise
    except ssl.SSLCertVerificationError as exc:
        raise PermanentError(
            f"{where}: its certificate is not trusted: {exc.verify_message}",
            code="INC-2953",
            next_step="name its authority as the site's ca_file",
        ) from exc
    except (OSError, struct.error) as exc:
        raise TransientError(f"{where}: handshake broken off: {exc}", code="INC-2946") from exc


def _greet(sock: Wire, where: str) -> None:
    magic, option_magic, flags = struct.unpack(">QQH", receive(sock, 18))
    if magic != nbd.INIT_MAGIC or option_magic != nbd.OPTION_MAGIC or not flags & nbd.FIXED_NEWSTYLE:
        raise PermanentError(f"{where}: what answers there is no NBD server of the fixed newstyle", code="INC-2947")
    sock.sendall(struct.pack(">I", nbd.FIXED_NEWSTYLE | (flags & nbd.NO_ZEROES)))


def _start_tls(sock: socket.socket, where: str, secure: Secure) -> Wire:
    if not _ask(sock, Option.STARTTLS, b""):
        raise PermanentError(f"{where}: the server offers no TLS", code="INC-2954", next_step="start it with --tls=require")
    return TlsWire(secure.context.wrap_socket(sock, server_hostname=secure.host), TIMEOUT_S)


def _replies(sock: Wire, kind: Option, data: bytes) -> Iterator[tuple[int, bytes]]:
    """The answers to one option, the closing ACK or refusal included."""
    sock.sendall(nbd.option(kind, data))
    while True:
        magic, _, reply, length = nbd.OPTION_REPLY.unpack(receive(sock, nbd.OPTION_REPLY.size))
        if magic != nbd.OPTION_REPLY_MAGIC or length > nbd.LONGEST_NAME * 4:
            raise ConnectionError("not an answer to an option")
        yield reply, receive(sock, length)
        if reply == OptionReply.ACK or reply & (1 << 31):
            return


def _ask(sock: Wire, kind: Option, data: bytes) -> bool:
    """Whether the server grants the option; for a meta context: whether it has selected one."""
    replies = [reply for reply, _ in _replies(sock, kind, data)]
    if kind == Option.SET_META_CONTEXT:
        return OptionReply.META_CONTEXT in replies and replies[-1] == OptionReply.ACK
    return replies[-1] == OptionReply.ACK


def _go(sock: Wire, export: str, where: str, *, allocation: bool) -> Export:
    size, flags = -1, 0
    for reply, payload in _replies(sock, Option.GO, nbd.go_data(export)):
        if reply & (1 << 31):
            said = payload.decode("utf-8", "replace").strip()
            reason = said or nbd.REFUSALS.get(reply, f"refused ({reply:#x})")
            raise PermanentError(f"{where}: {reason}", code="INC-2948", next_step="power the machine off; check the disk's path")
        if reply == OptionReply.INFO and len(payload) >= 12 and struct.unpack_from(">H", payload)[0] == INFO_EXPORT:
            size, flags = struct.unpack_from(">QH", payload, 2)
    if size < 0:
        raise PermanentError(f"{where}: the server did not tell the disk's size", code="INC-2949")
    return Export(size, flags, allocation)
