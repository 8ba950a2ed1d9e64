"""The guest of the demo: it writes to its last disk while it runs, through the lab's control endpoints."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from infra.errors import InclineError
from infra.estate.load import load_estate
from lab.aws_control import AwsControl
from lab.control import LabControl

MIB = 1 << 20
FIRST_WRITE = 96 * MIB
"""Beyond the areas that say who the guest is and what the lab put there."""


class Guest(Protocol):
    """A running machine that writes."""

    def write(self, seed: int, length: int) -> None:
        """Write `length` bytes made from `seed` to the last disk."""
        ...


class VsphereGuest:
    """A guest of the lab's vCenter."""

    def __init__(self, lab_home: Path, server: str, disk: int) -> None:
        lab = _lab(lab_home)
        self._control = LabControl(url=lab["vcenter"]["url"], token=lab["control_token"], ca_file=lab["vcenter"]["ca_file"])
        self._server, self._disk = server, disk

    def write(self, seed: int, length: int) -> None:
        """Write to the machine's disk."""
        self._control.guest_write_seeded(self._server, self._disk, FIRST_WRITE + seed % 16 * 8 * MIB, seed=seed, length=length)


class AwsGuest:
    """A guest of the lab's AWS; its volume is found in the placement that the move wrote."""

    def __init__(self, lab_home: Path, estate: Path, server: str) -> None:
        lab = _lab(lab_home)
        self._control = AwsControl(lab["aws"]["url"], lab["control_token"])
        self._volume = load_estate(estate).placements[server].machine.disks[-1].volume_id

    def write(self, seed: int, length: int) -> None:
        """Write to the instance's volume."""
        self._control.guest_write_seeded(self._volume, FIRST_WRITE + (256 + seed % 16 * 8) * MIB, seed=100 + seed, length=length)


@contextmanager
def busy(guest: Guest) -> Iterator[None]:
    """The guest goes on writing half a mebibyte every half second until it is powered off, as a real one would during its cut-over."""
    over = threading.Event()

    def work() -> None:
        for seed in itertools.count(3):
            with suppress(InclineError):  # powered off: the lab refuses, and there is nothing more to write
                guest.write(seed, MIB // 2)
            if over.wait(0.5):
                return

    writer = threading.Thread(target=work, daemon=True)
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join()


def _lab(home: Path) -> dict[str, Any]:
    return dict(json.loads((home / "lab.json").read_text(encoding="utf-8")))
