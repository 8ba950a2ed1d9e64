"""Whether a machine of the lab would come up: what its disks' identity blocks say. The format is written down in `lab.guest`."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Read = Callable[[int, int], bytes]

MAGIC = b"INCLINE-GUEST-01"
COPIES = (1 << 20, 3 << 20)
COPY = 4096
HEADER = 52
TEMPLATE = "template"
"""The machine id of a base image: whatever else is attached to such a machine is blank and its own business."""


@dataclass(frozen=True)
class Verdict:
    """Healthy, or why not."""

    healthy: bool
    reason: str = ""


def identity(read: Read) -> dict[str, Any] | None:
    """The identity on a disk; None unless both copies are there, whole and equal."""
    first, second = (read(offset, COPY) for offset in COPIES)
    if first != second or first[:16] != MAGIC:
        return None
    (length,) = struct.unpack_from("<I", first, 16)
    payload = first[HEADER : HEADER + length]
    if len(payload) != length or hashlib.sha256(payload).digest() != first[20:HEADER]:
        return None
    try:
        found = json.loads(payload)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def verdict(disks: Sequence[Read]) -> Verdict:
    """Judges the disks of one machine, boot disk first."""
    if not disks:
        return Verdict(healthy=False, reason="no disk")
    boot = identity(disks[0])
    if boot is None:
        return Verdict(healthy=False, reason="disk 0 has no valid identity block")
    if boot.get("machine_id") == TEMPLATE:
        return _covered(0, boot, disks[0])
    if boot.get("disks") != len(disks):
        return Verdict(healthy=False, reason=f"the machine has {boot.get('disks')} disks, {len(disks)} are attached")
    for index, read in enumerate(disks):
        found = boot if index == 0 else identity(read)
        if found is None:
            return Verdict(healthy=False, reason=f"disk {index} has no valid identity block")
        if (found.get("machine_id"), found.get("disk")) != (boot.get("machine_id"), index):
            return Verdict(healthy=False, reason=f"disk {index} belongs elsewhere")
        covered = _covered(index, found, read)
        if not covered.healthy:
            return covered
    return Verdict(healthy=True)


def _covered(index: int, found: dict[str, Any], read: Read) -> Verdict:
    for area in found.get("covers", []):
        if hashlib.sha256(read(int(area["offset"]), int(area["length"]))).hexdigest() != area["sha256"]:
            return Verdict(healthy=False, reason=f"disk {index} is torn at offset {area['offset']}")
    return Verdict(healthy=True)


def identity_areas(payload: dict[str, Any]) -> list[tuple[int, bytes]]:
    """Where to write what, so that a disk has this identity."""
    raw = json.dumps(payload, sort_keys=True).encode()
    block = (MAGIC + struct.pack("<I", len(raw)) + hashlib.sha256(raw).digest() + raw).ljust(COPY, b"\0")
    return [(offset, block) for offset in COPIES]
