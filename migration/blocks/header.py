"""The head of a manifest file: two copies, written in turn, the valid one with the higher sequence counts."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass, replace

COPY = 4096
SIZE = 2 * COPY
MAGIC = b"INCLINE-MANIFEST-1"
_PREFIX = len(MAGIC) + 8  # magic, length u32, crc u32


@dataclass(frozen=True, slots=True)
class Header:
    """What the records mean.

    Attributes:
        sequence: grows by one with every write of the header.
        size_bytes: the disk's size as the target has it.
        disk_id: whose disk this is; a manifest never serves another one.
        blank_from: blocks from here on are zeros until a record says otherwise; before it, unknown.
        round: number of the last round begun; records of later rounds cannot exist.
        open: the last round is not committed.
        target_key: identity of the last round's target.
        source_key: identity of the last round's source.
        in_place: the last round writes a disk, not a snapshot that vanishes.
        discarded: rounds whose target vanished; their records say nothing.
        carried: unfinished rounds on a disk; their blocks must be read again by the next round that commits.
    """

    sequence: int
    size_bytes: int
    disk_id: str
    blank_from: int
    round: int = 0
    open: bool = False
    target_key: str = ""
    source_key: str = ""
    in_place: bool = False
    discarded: tuple[int, ...] = ()
    carried: tuple[int, ...] = ()

    def next(self, **changes: object) -> Header:
        """The header that follows this one."""
        return replace(self, sequence=self.sequence + 1, **changes)  # type: ignore[arg-type]


def encode(header: Header) -> tuple[int, bytes]:
    """Offset and bytes of the copy that `header` goes to: never the one that holds its predecessor."""
    body = json.dumps(asdict(header), separators=(",", ":")).encode()
    if len(body) > COPY - _PREFIX:
        raise ValueError(f"manifest header of {len(body)} bytes does not fit {COPY - _PREFIX}: too many abandoned rounds")
    raw = MAGIC + len(body).to_bytes(4, "little") + zlib.crc32(body).to_bytes(4, "little") + body
    return (header.sequence % 2) * COPY, raw.ljust(COPY, b"\0")


def decode(raw: bytes) -> Header | None:
    """The newest valid copy in the first `SIZE` bytes of a file; None when there is none."""
    found = [h for h in (_decode_copy(raw[at : at + COPY]) for at in (0, COPY)) if h is not None]
    return max(found, key=lambda h: h.sequence, default=None)


def _decode_copy(raw: bytes) -> Header | None:
    if not raw.startswith(MAGIC) or len(raw) < _PREFIX:
        return None
    length, crc = (int.from_bytes(raw[at : at + 4], "little") for at in (len(MAGIC), len(MAGIC) + 4))
    body = raw[_PREFIX : _PREFIX + length]
    if zlib.crc32(body) != crc:
        return None
    fields = json.loads(body)
    return Header(**{**fields, "discarded": tuple(fields["discarded"]), "carried": tuple(fields["carried"])})
