"""EC2 and KMS as the EBS direct APIs need them."""

from __future__ import annotations

from typing import Any

from lab.aws.ebs.region import NewSnapshot, SnapshotRecord
from lab.aws.ec2.backend import LabEc2
from lab.aws.ec2.snapshots import LabSnapshot
from lab.aws.keys import find_key


class EbsRegion:
    """One account in one region. Made anew for each request; it holds nothing of its own."""

    def __init__(self, backend: LabEc2) -> None:
        self._backend = backend
        self.name: str = backend.region_name
        self.account_id: str = backend.account_id

    def snapshot(self, snapshot_id: str) -> SnapshotRecord | None:
        """The snapshot in the state that is due."""
        found = self._backend.snapshots.get(snapshot_id)
        if found is not None:
            found.settle(self._backend.world.settings.now())
        return found

    def start_snapshot(self, new: NewSnapshot) -> SnapshotRecord:
        """A pending snapshot that EC2 shows like any other."""
        with self._backend.world.lock:
            snapshot = LabSnapshot(
                self._backend,
                new.size,
                description=new.description,
                kms_key_id=new.kms_key or None,
                parent_id=new.parent_id,
                timeout_s=new.timeout_s,
                deadline=new.deadline,
            )
            snapshot.add_tags(new.tags)
            return self._backend.add_snapshot(snapshot, seal=False)

    def seal(self, record: SnapshotRecord) -> str:
        """Completed at once, or after the delay of the settings."""
        snapshot: Any = record
        settings = self._backend.world.settings
        snapshot.ready_at = settings.now() + settings.snapshot_delay_s
        snapshot.timeout_s = 0.0
        snapshot.settle(settings.now())
        return str(snapshot.status)

    def pending(self) -> int:
        """Started and not sealed."""
        return sum(1 for s in list(self._backend.snapshots.values()) if s.status == "pending" and s.timeout_s)

    def encryption_by_default(self) -> bool:
        """As EC2 has it."""
        return bool(self._backend.ebs_encryption_by_default)

    def default_key(self) -> str:
        """As EC2 has it."""
        with self._backend.world.lock:
            return self._backend.key_arn("")

    def key_state(self, arn: str) -> str:
        """As KMS has it."""
        key = find_key(self.account_id, self.name, arn)
        return str(key.key_state) if key is not None else ""
