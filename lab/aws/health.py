"""Whether a machine of the lab would come up: what its disks' identity blocks say. `lab.guest` has the format and the rules.

One rule is the cloud's own: a machine launched from a base image has the identity of a template on its boot disk, and whatever else is
attached to it is blank or its own business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.guest import COPY_OFFSETS, Identity, ReadAt, UnhealthyError, check_machine, encode, read_identity

TEMPLATE = "template"
"""The machine id of a base image."""


@dataclass(frozen=True)
class Verdict:
    """Healthy, or why not."""

    healthy: bool
    reason: str = ""


def verdict(disks: Sequence[ReadAt]) -> Verdict:
    """Judges the disks of one machine, boot disk first."""
    try:
        if not (disks and read_identity(disks[0]).machine_id == TEMPLATE):
            check_machine(disks)
    except ValueError as error:
        return Verdict(healthy=False, reason=f"disk 0: {error}")
    except UnhealthyError as error:
        return Verdict(healthy=False, reason=error.what)
    return Verdict(healthy=True)


def identity_areas(identity: Identity) -> list[tuple[int, bytes]]:
    """Where to write what, so that a disk has this identity."""
    return [(offset, encode(identity)) for offset in COPY_OFFSETS]
