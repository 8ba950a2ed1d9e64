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
from policies.readers.snapshot import SnapshotError, overlay_snapshot, read_snapshot


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What is laid over the estate.

    Args:
        now: the moment of judging.
        capacity: the snapshot's file; None where there is none.
        ledger: the ledger's file; None where none was named.
        own: the stack that is judged, whose promises are its own machines.
        estate: the name of the estate that is judged; a snapshot of another one is refused. Empty for any.
    """

    now: datetime
    capacity: Path | None = None
    ledger: Path | None = None
    own: str = ""
    estate: str = ""

    def over(self, evidence: Evidence) -> Evidence:
        """The evidence with snapshot and ledger.

        Raises:
            SnapshotError: the snapshot cannot be used.
            LedgerError: the ledger cannot be used.
        """
        return self.over_seen(evidence, self.seen(), str(self.capacity))

    def seen(self) -> CapacitySnapshot | None:
        """The snapshot of the file; None where there is none.

        Raises:
            SnapshotError: it cannot be used (INC-3020, INC-3021, INC-3022) or shows another estate (INC-3029).
        """
        if self.capacity is None:
            return None
        seen = read_snapshot(self.capacity)
        if self.estate and seen.estate != self.estate:
            raise SnapshotError(
                f"{self.capacity}: the capacity snapshot is of estate {seen.estate}, not of {self.estate}",
                code="INC-3029",
                next_step=f"name one of {self.estate}, or take one:  incline capacity snapshot",
            )
        return seen

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
