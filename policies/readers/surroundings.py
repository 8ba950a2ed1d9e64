"""What every reader lays over the estate: the capacity snapshot, the ledger of promises, and the moment of judging.

The snapshot is the file that was named, else `out/capacity.json` beside the estate's folder, where `incline capacity snapshot` leaves it.
The ledger is used only where somebody named one, because it speaks for other stacks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from infra.observed.capacity import CapacitySnapshot
from policies.evidence import Evidence
from policies.ledger import read_ledger, with_ledger
from policies.readers.snapshot import overlay_snapshot, read_snapshot


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What is laid over the estate.

    Args:
        now: the moment of judging.
        capacity: the snapshot's file; None where there is none.
        ledger: the ledger's file; None where none was named.
        own: the stack that is judged, whose promises are its own machines.
    """

    now: datetime
    capacity: Path | None = None
    ledger: Path | None = None
    own: str = ""

    def over(self, evidence: Evidence) -> Evidence:
        """The evidence with snapshot and ledger.

        Raises:
            SnapshotError: the snapshot cannot be used.
            LedgerError: the ledger cannot be used.
        """
        seen = None if self.capacity is None else read_snapshot(self.capacity)
        return self.over_seen(evidence, seen, str(self.capacity))

    def over_seen(self, evidence: Evidence, seen: CapacitySnapshot | None, source: str, *, observed_wins: bool = False) -> Evidence:
        """The same with a snapshot that is at hand."""
        judged = replace(evidence, now=self.now)
        if seen is not None:
            judged = overlay_snapshot(judged, seen, source, observed_wins=observed_wins)
        if self.ledger is not None:
            judged = with_ledger(judged, read_ledger(self.ledger), str(self.ledger), own=self.own)
        return judged


def capacity_file(estate: Path, named: str, base: Path) -> Path | None:
    """The snapshot that belongs to an estate: the named file, seen from `base`, else the usual one if it is there."""
    if named:
        return base / named
    usual = estate.resolve().parent / "out" / "capacity.json"
    return usual if usual.is_file() else None
