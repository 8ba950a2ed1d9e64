"""What a report holds. Plain data, so that any command can make one and any format can print it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class DiskProof(_Part):
    """One disk of a move and the two Merkle roots that must be equal."""

    name: str
    size: int
    source_root: str
    target_root: str

    @property
    def equal(self) -> bool:
        """Whether every block arrived."""
        return bool(self.source_root) and self.source_root == self.target_root


class MoveSection(_Part):
    """One move: how much travelled in which part, how long the service was down, the proof."""

    server: str
    direction: str
    source: str
    target: str
    seed_blocks: int
    delta_blocks: int
    final_blocks: int
    downtime_s: float
    disks: tuple[DiskProof, ...]


class PreviewSection(_Part):
    """One stack's refresh preview: how many resources it would change."""

    stack: str
    changes: int


class VerdictRow(_Part):
    """One verdict as reports show it."""

    rule: str
    title: str
    target: str
    outcome: str
    severity: str
    message: str
    formula: str = ""
    facts: tuple[tuple[str, str, str], ...] = ()
    missing: tuple[str, ...] = ()
    source: str = ""
    remedy: str = ""


class CapacityBar(_Part):
    """A cluster's memory: needed, left after the failure its HA settings allow, in all. Bytes as GiB."""

    name: str
    needed_gib: float
    left_gib: float
    total_gib: float

    @property
    def fits(self) -> bool:
        """Whether the need stays under the N+1 line."""
        return self.needed_gib <= self.left_gib


class Report(_Part):
    """A whole report. `answer` is the one sentence it opens with; `decisions` are what somebody has to do."""

    title: str
    answer: str
    generated: datetime
    decisions: tuple[str, ...] = ()
    moves: tuple[MoveSection, ...] = ()
    previews: tuple[PreviewSection, ...] = ()
    counts: dict[str, int] = {}
    verdicts: tuple[VerdictRow, ...] = ()
    capacity: tuple[CapacityBar, ...] = ()
    notes: tuple[str, ...] = ()
