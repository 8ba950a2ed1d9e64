"""One block's entry in a manifest file: two slots, each valid by itself.

A slot is `digest(32) round(u32) kind(u8) pad(3) crc32(u32)`; the crc also covers the block's index. A torn or never written slot fails
its crc and counts as empty, so the order in which the kernel writes pages back cannot make a block look acknowledged. A new entry never
goes over the slot that speaks for the block now: a cut between two writes leaves the older truth.
"""

from __future__ import annotations

import struct
import zlib
from enum import IntEnum
from typing import NamedTuple

_BODY = struct.Struct("<32sIB3x")
_CRC = struct.Struct("<I")
_SEED = struct.Struct("<Q")
SLOT = _BODY.size + _CRC.size
ENTRY = 2 * SLOT


class Kind(IntEnum):
    """What is known about a block: about to be written, written and acknowledged, or read and found equal."""

    INTENT = 1
    SENT = 2
    SAME = 3


class Record(NamedTuple):
    """A valid slot."""

    digest: bytes
    round: int
    kind: Kind


def encode(index: int, record: Record) -> bytes:
    """The bytes of a slot."""
    body = _BODY.pack(record.digest, record.round, record.kind)
    return body + _CRC.pack(zlib.crc32(body, zlib.crc32(_SEED.pack(index))))


def decode(index: int, raw: bytes) -> Record | None:
    """The slot's record, or None when it is empty or torn."""
    body = raw[: _BODY.size]
    digest, round_, kind = _BODY.unpack(body)
    if round_ == 0 or zlib.crc32(body, zlib.crc32(_SEED.pack(index))) != _CRC.unpack_from(raw, _BODY.size)[0]:
        return None
    return Record(digest, round_, Kind(kind))
