"""The root that stands for a whole disk.

    leaf  = SHA-256(0x00 || block digest)
    node  = SHA-256(0x01 || left || right)          an odd last node moves up unchanged, as in RFC 6962
    root  = SHA-256(0x02 || size in bytes, u64 big-endian || top node)

The prefixes keep a leaf from being passed off as a node; the size keeps two disks that differ in length from having one root. Memory is
logarithmic in the number of blocks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from migration.types import BLOCK

_LEAF, _NODE, _ROOT = b"\x00", b"\x01", b"\x02"
_EMPTY = hashlib.sha256(_LEAF).digest()  # top node of a disk of no blocks


def block_count(size_bytes: int) -> int:
    """How many blocks a disk of `size_bytes` has; the last may be short."""
    return -(-size_bytes // BLOCK)


def merkle_root(digests: Iterable[bytes], size_bytes: int) -> str:
    """The root, in hex, of a disk whose blocks have `digests` in index order.

    Raises:
        ValueError: the number of digests is not that of a disk of `size_bytes`.
    """
    stack: list[tuple[int, bytes]] = []  # (height, node): heights strictly fall, as the bits of a counter
    count = 0
    for digest in digests:
        count += 1
        height, node = 0, hashlib.sha256(_LEAF + digest).digest()
        while stack and stack[-1][0] == height:
            node = hashlib.sha256(_NODE + stack.pop()[1] + node).digest()
            height += 1
        stack.append((height, node))
    if count != block_count(size_bytes):
        raise ValueError(f"a disk of {size_bytes} bytes has {block_count(size_bytes)} blocks, got {count} digests")
    top = stack.pop()[1] if stack else _EMPTY
    while stack:
        top = hashlib.sha256(_NODE + stack.pop()[1] + top).digest()
    return hashlib.sha256(_ROOT + size_bytes.to_bytes(8, "big") + top).hexdigest()
