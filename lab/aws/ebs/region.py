"""What the EBS direct APIs need to know of EC2 and KMS in one account and region. `lab.aws.ec2.region` answers it from moto."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class SnapshotRecord(Protocol):
    """A snapshot as EC2 has it; its blocks are in the block store under the same id."""

    id: str
    status: str
    description: str
    start_time: datetime
    owner_id: str
    encrypted: bool
    kms_key_id: str | None
    parent_id: str
    timeout_s: float
    """Started through EBS direct: how long it may go without a block. 0: made by EC2, never writable."""
    deadline: float

    @property
    def volume_size(self) -> int:
        """GiB."""


@dataclass(frozen=True)
class NewSnapshot:
    """A snapshot to be started: pending, blank or a child of `parent_id`."""

    size: int
    description: str
    tags: dict[str, str]
    kms_key: str
    parent_id: str
    timeout_s: float
    deadline: float


class Region(Protocol):
    """One account in one region."""

    name: str
    account_id: str

    def snapshot(self, snapshot_id: str) -> SnapshotRecord | None:
        """The snapshot, if this account has it."""

    def start_snapshot(self, new: NewSnapshot) -> SnapshotRecord:
        """Makes the EC2 side of a started snapshot."""

    def seal(self, record: SnapshotRecord) -> str:
        """No more writes; answers the status that the caller is told."""

    def pending(self) -> int:
        """How many snapshots are started and not completed."""

    def encryption_by_default(self) -> bool:
        """EBS encryption by default of the account in this region."""

    def default_key(self) -> str:
        """The ARN of the key that EBS uses when none is named."""

    def key_state(self, arn: str) -> str:
        """KMS's state of a key, or "" when there is none."""
