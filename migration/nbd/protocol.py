"""NBD on the wire: numbers, requests and replies. Fixed newstyle handshake, structured replies, base:allocation.

Only what a client needs that reads, writes, flushes and asks where data is. Names follow the protocol document (doc/proto.md of nbd).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum, IntFlag
from typing import Final, NamedTuple

INIT_MAGIC: Final = 0x4E42444D41474943  # NBDMAGIC
OPTION_MAGIC: Final = 0x49484156454F5054  # IHAVEOPT
OPTION_REPLY_MAGIC: Final = 0x0003E889045565A9
REQUEST_MAGIC: Final = 0x25609513
SIMPLE_REPLY_MAGIC: Final = 0x67446698
STRUCTURED_REPLY_MAGIC: Final = 0x668E33EF

FIXED_NEWSTYLE: Final = 1
NO_ZEROES: Final = 2
REPLY_DONE: Final = 1  # flag of a chunk: the last one of its request
STATE_ZERO: Final = 2  # bit of base:allocation: the range reads as zeros
ALLOCATION: Final = "base:allocation"
LONGEST_NAME: Final = 4096
LONGEST_ANSWER: Final = 64 << 20  # no reply to anything we ask is larger: a mad length is an error, not an allocation

OPTION_REPLY: Final = struct.Struct(">QIII")
OPTION: Final = struct.Struct(">QII")
REQUEST: Final = struct.Struct(">IHHQQI")
SIMPLE_REPLY: Final = struct.Struct(">IIQ")
CHUNK: Final = struct.Struct(">IHHQI")


class Option(IntEnum):
    """What a client asks for during the handshake."""

    ABORT = 2
    STARTTLS = 5
    GO = 7
    STRUCTURED_REPLY = 8
    SET_META_CONTEXT = 10


class OptionReply(IntEnum):
    """What a server answers then; refusals have the top bit set."""

    ACK = 1
    INFO = 3
    META_CONTEXT = 4


class Flag(IntFlag):
    """What an export can do."""

    HAS_FLAGS = 1
    READ_ONLY = 2
    SEND_FLUSH = 4
    SEND_FUA = 8


class Command(IntEnum):
    """What a client asks for once connected."""

    READ = 0
    WRITE = 1
    DISCONNECT = 2
    FLUSH = 3
    BLOCK_STATUS = 7


class ChunkType(IntEnum):
    """What a structured reply's chunk holds; from 32768 on they are errors."""

    NONE = 0
    OFFSET_DATA = 1
    OFFSET_HOLE = 2
    BLOCK_STATUS = 5
    ERROR = 32769


REFUSALS: Final = {
    (1 << 31) + 1: "not supported",
    (1 << 31) + 2: "refused by the server's policy: the machine may be running",
    (1 << 31) + 3: "invalid request",
    (1 << 31) + 6: "no such disk",
    (1 << 31) + 7: "the server is shutting down",
}
ERRORS: Final = {
    1: "not permitted",
    5: "input/output error",
    12: "no memory",
    22: "invalid request",
    28: "no space left",
    108: "shutting down",
}
SHUTTING_DOWN: Final = 108


class Status(NamedTuple):
    """A run of a block-status answer."""

    length: int
    zero: bool


def option(kind: Option, data: bytes = b"") -> bytes:
    """A handshake option."""
    return OPTION.pack(OPTION_MAGIC, kind, len(data)) + data


def go_data(export: str) -> bytes:
    """NBD_OPT_GO for `export`, without further information requests."""
    name = export.encode()
    return struct.pack(">I", len(name)) + name + struct.pack(">H", 0)


def meta_context_data(export: str, context: str) -> bytes:
    """NBD_OPT_SET_META_CONTEXT for one context."""
    name, query = export.encode(), context.encode()
    return struct.pack(">I", len(name)) + name + struct.pack(">I", 1) + struct.pack(">I", len(query)) + query


def request(command: Command, cookie: int, offset: int = 0, length: int = 0) -> bytes:
    """A request's header; a write's data follows it."""
    return REQUEST.pack(REQUEST_MAGIC, 0, command, cookie, offset, length)


def statuses(payload: bytes) -> Iterator[Status]:
    """The runs of a BLOCK_STATUS chunk, the context id left out."""
    for at in range(4, len(payload) - 7, 8):
        length, flags = struct.unpack_from(">II", payload, at)
        yield Status(length, bool(flags & STATE_ZERO))
