"""Digests of blocks. The zero block is known by heart: most of a disk is zeros, and comparing is cheaper than hashing."""

from __future__ import annotations

import hashlib
from typing import Final

from migration.types import BLOCK

ZERO_BLOCK: Final = bytes(BLOCK)
ZERO_DIGEST: Final = hashlib.sha256(ZERO_BLOCK).digest()  # base64: B4VNL+8pega6gWheZgwzLeNtXRjVRpJ9MNqtbX/aFUE=


def block_digest(data: bytes) -> bytes:
    """SHA-256 of one block, padded with zeros when the disk ends within it."""
    padded = pad(data)
    return ZERO_DIGEST if padded == ZERO_BLOCK else hashlib.sha256(padded).digest()


def pad(data: bytes) -> bytes:
    """`data` as a whole block. More than a block is a mistake of the caller."""
    if len(data) > BLOCK:
        raise ValueError(f"a block has {BLOCK} bytes, got {len(data)}")
    return data if len(data) == BLOCK else data + bytes(BLOCK - len(data))
