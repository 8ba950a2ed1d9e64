"""The identity block: how a lab machine's disks say which machine they are, on either side.

This is the specification; `lab/vcenter/identity.go` mirrors it, and `lab.aws.health` judges by it. Every disk carries two identical copies
of 4096 bytes at 1 MiB and at 3 MiB: bytes 0-15 the magic, 16-19 the payload's length (uint32, little-endian), 20-51 its SHA-256, from 52
the payload, the rest zero. The payload is JSON: machine_id, hostname, os, disk (index), disks (count), addresses (network -> ip), and
`covers`, areas whose SHA-256 must match. A machine comes up healthy only when every one of its disks has two equal valid copies with the
same machine_id, the indexes are 0..n-1 in unit order, the count is right and all covered areas match. Guests write payload from 16 MiB on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict, ValidationError

from infra.errors import InclineError

MAGIC = b"INCLINE-GUEST-01"
BLOCK_SIZE = 4096
HEADER_SIZE = 52
COPY_OFFSETS = (1 << 20, 3 << 20)
PAYLOAD_OFFSET = 16 << 20

ReadAt = Callable[[int, int], bytes]


class Cover(BaseModel):
    """An area of a disk that must be whole for the machine to boot."""

    model_config = ConfigDict(frozen=True)

    offset: int
    length: int
    sha256: str


class Identity(BaseModel):
    """The payload of an identity block."""

    model_config = ConfigDict(frozen=True)

    machine_id: str
    hostname: str
    os: str
    disk: int
    disks: int
    addresses: dict[str, str] = {}
    covers: tuple[Cover, ...] = ()


class UnhealthyError(InclineError):
    """A machine would not come up from these disks."""


def encode(identity: Identity) -> bytes:
    """The 4096 bytes of one copy.

    Raises:
        ValueError: the payload does not fit.
    """
    payload = json.dumps(identity.model_dump(), separators=(",", ":")).encode()
    if len(payload) > BLOCK_SIZE - HEADER_SIZE:
        raise ValueError(f"the identity of {identity.hostname} needs {len(payload)} bytes, {BLOCK_SIZE - HEADER_SIZE} are there")
    header = MAGIC + len(payload).to_bytes(4, "little") + hashlib.sha256(payload).digest()
    return (header + payload).ljust(BLOCK_SIZE, b"\0")


def decode(block: bytes) -> Identity:
    """The identity of one copy.

    Raises:
        ValueError: it is none, or it is torn.
    """
    if len(block) != BLOCK_SIZE or not block.startswith(MAGIC):
        raise ValueError("there is no identity block")
    size = int.from_bytes(block[16:20], "little")
    payload = block[HEADER_SIZE : HEADER_SIZE + size]
    if size > BLOCK_SIZE - HEADER_SIZE or hashlib.sha256(payload).digest() != block[20:HEADER_SIZE]:
        raise ValueError("the identity block is torn")
    try:
        return Identity.model_validate_json(payload)
    except ValidationError as error:
        raise ValueError(f"the identity block is not readable: {error.error_count()} faults") from error


def read_identity(read: ReadAt) -> Identity:
    """The identity of a disk, both copies and all covered areas checked.

    Raises:
        ValueError: saying what is wrong.
    """
    copies = [read(offset, BLOCK_SIZE) for offset in COPY_OFFSETS]
    if copies[0] != copies[1]:
        raise ValueError("the two copies of the identity block differ")
    identity = decode(copies[0])
    for area in identity.covers:
        if hashlib.sha256(read(area.offset, area.length)).hexdigest() != area.sha256:
            raise ValueError(f"the area at {area.offset} does not match its digest")
    return identity


def check_machine(disks: Sequence[ReadAt]) -> Identity:
    """The identity of a machine with these disks in unit order.

    Raises:
        UnhealthyError: INC-4110, naming the disk and what is wrong with it.
    """
    found: list[Identity] = []
    for index, read in enumerate(disks):
        try:
            identity = read_identity(read)
        except ValueError as error:
            raise _unhealthy(f"disk {index}: {error}") from error
        first = found[0] if found else identity
        if (identity.machine_id, identity.disk, identity.disks) != (first.machine_id, index, len(disks)):
            raise _unhealthy(f"disk {index} is disk {identity.disk} of {identity.disks} of machine {identity.machine_id}")
        found.append(identity)
    if not found:
        raise _unhealthy("there is no disk")
    return found[0]


def pattern(seed: int, length: int) -> bytes:
    """The bytes that a seeded guest write leaves: SHAKE-256 of the seed."""
    return hashlib.shake_256(f"incline:{seed}".encode()).digest(length)


def _unhealthy(what: str) -> UnhealthyError:
    return UnhealthyError(f"the machine does not come up: {what}", code="INC-4110", next_step="look at what was last written to its disks")
