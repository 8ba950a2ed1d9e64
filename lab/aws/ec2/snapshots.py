"""Snapshots: pending, then completed; the content is that of the volume at the moment of the call, whatever is written later."""

from __future__ import annotations

from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.elastic_block_store import Snapshot
from moto.ec2.utils import random_snapshot_id

from lab.aws.blocks.pack import BLOCK
from lab.aws.ec2.refusals import refuse, snapshot_not_completed, snapshot_not_found
from lab.aws.ec2.world import World

NO_VOLUME = "vol-ffffffff"
"""The volume id that AWS shows for snapshots that were not made from a volume of the account."""


class LabSnapshot(Snapshot):
    """A snapshot that stands on its own: its size and volume id stay when the volume is gone."""

    def __init__(
        self,
        backend: Any,
        size: int,
        *,
        volume_id: str = NO_VOLUME,
        description: str = "",
        kms_key_id: str | None = None,
        parent_id: str = "",
        timeout_s: float = 0.0,
        deadline: float = 0.0,
        snapshot_id: str = "",
    ) -> None:
        self.ec2_backend = backend
        super().__init__(backend, snapshot_id or random_snapshot_id(), None, description or "", kms_key_id=kms_key_id)
        self._size, self._volume_id = size, volume_id
        self.parent_id, self.timeout_s, self.deadline = parent_id, timeout_s, deadline
        self.status = "pending"
        self.ready_at: float | None = None
        """When a sealed snapshot is completed; None while it is open for blocks."""
        self.completion_time: Any = None
        self.start_time = utcnow()

    @property
    def volume_id(self) -> str:
        """The volume that it was made from."""
        return self._volume_id

    @property
    def volume_size(self) -> int:
        """GiB."""
        return self._size

    @property
    def state(self) -> str:
        """The status under the name that CreateSnapshots answers it with."""
        return self.status

    @property
    def progress(self) -> str:
        """As EC2 shows it."""
        return "100%" if self.status == "completed" else "0%"

    @property
    def state_message(self) -> str | None:
        """Why it failed."""
        return "The snapshot was cancelled: no block came within its timeout." if self.status == "error" else None

    @property
    def full_snapshot_size_in_bytes(self) -> int | None:
        """The written blocks, as AWS counts a full snapshot."""
        content = self.ec2_backend.world.store.get(self.id)
        return None if content is None or self.status != "completed" else len(content.blocks) * BLOCK

    def settle(self, now: float) -> None:
        """Takes the state on that is due: completed after the delay, or error after a timeout without a block."""
        if self.status != "pending":
            return
        if self.ready_at is not None and self.ready_at <= now:
            self.status, self.completion_time = "completed", utcnow()
        elif self.ready_at is None and self.timeout_s and self.deadline < now:
            self.status = "error"

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        """The base class asks the volume, which may be gone."""
        own = {"volume-id": self._volume_id, "volume-size": str(self._size), "progress": self.progress}
        return own[filter_name] if filter_name in own else super().get_filter_value(filter_name, method_name)


class Snapshots:
    """The part of the EC2 backend that answers for snapshots."""

    world: World
    snapshots: dict[str, LabSnapshot]
    amis: dict[str, Any]

    def add_snapshot(self, snapshot: LabSnapshot, *, seal: bool) -> LabSnapshot:
        """Takes a snapshot in; a sealed one is completed when the delay of the settings has passed."""
        if seal:
            snapshot.ready_at = self.world.settings.now() + self.world.settings.snapshot_delay_s
        self.snapshots[snapshot.id] = snapshot
        return snapshot

    def settle_snapshots(self) -> None:
        """Brings every snapshot to the state that is due."""
        now = self.world.settings.now()
        for snapshot in list(self.snapshots.values()):
            snapshot.settle(now)

    def get_snapshot(self, snapshot_id: str) -> LabSnapshot:
        """The snapshot, or InvalidSnapshot.NotFound."""
        snapshot = self.snapshots.get(snapshot_id)
        if snapshot is None:
            raise snapshot_not_found(snapshot_id)
        return snapshot

    def completed_snapshot(self, snapshot_id: str) -> LabSnapshot:
        """The snapshot, if a volume or image can be made from it."""
        snapshot = self.get_snapshot(snapshot_id)
        if snapshot.status != "completed":
            raise snapshot_not_completed(snapshot_id)
        return snapshot

    def create_snapshot(self, volume_id: str, description: str, owner_id: str | None = None, from_ami: str | None = None) -> LabSnapshot:
        """CreateSnapshot: pending in the answer, with the content of this moment."""
        volume: Any = self.get_volume(volume_id)  # type: ignore[attr-defined]
        if volume.status == "creating":
            raise refuse("IncorrectState", f"Volume '{volume_id}' is in the 'creating' state.")
        snapshot = LabSnapshot(self, volume.size, volume_id=volume.id, description=description, kms_key_id=volume.kms_key_id or None)
        snapshot.from_ami, snapshot.owner_id = from_ami, owner_id or snapshot.owner_id
        self.world.store.snapshot(volume.id, snapshot.id)
        return self.add_snapshot(snapshot, seal=True)

    def create_snapshots_of(self, spec: dict[str, Any], description: str, tags: dict[str, str], *, copy_tags: bool) -> list[LabSnapshot]:
        """CreateSnapshots: all disks of an instance at one moment (the lock is held), root first, then by device name."""
        instance: Any = self.get_instance(spec["InstanceId"])  # type: ignore[attr-defined]
        left_out = set(spec.get("ExcludeDataVolumeIds") or [])
        if str(spec.get("ExcludeBootVolume", False)).lower() == "true":
            left_out |= {d.volume_id for name, d in instance.get_block_device_mapping if name == instance.root_device_name}
        made = []
        for volume in instance.volumes_in_order():
            if volume.id in left_out:
                continue
            snapshot = self.create_snapshot(volume.id, description)
            if copy_tags:
                snapshot.add_tags({t["key"]: t["value"] for t in volume.get_tags() if not t["key"].startswith("aws:")})
            snapshot.add_tags(tags)
            made.append(snapshot)
        return made

    def copy_snapshot(self, source_snapshot_id: str, source_region: str, description: str, kms_key_id: str | None) -> LabSnapshot:
        """CopySnapshot without its encryption flag, as moto's other parts call it."""
        return self.copy_snapshot_to(source_snapshot_id, source_region, description, kms_key_id, encrypted=False)

    def copy_snapshot_to(self, source_id: str, region: str, description: str, key: str | None, *, encrypted: bool) -> LabSnapshot:
        """CopySnapshot: a full copy with a lineage of its own, encrypted when asked for, when the source is, or by default."""
        source = self.peer(region).completed_snapshot(source_id)  # type: ignore[attr-defined]
        if key or encrypted or source.encrypted or self.ebs_encryption_by_default:  # type: ignore[attr-defined]
            same_region = source.ec2_backend is self
            key = self.key_arn(key or (source.kms_key_id if same_region else ""))  # type: ignore[attr-defined]
        snapshot = LabSnapshot(self, source.volume_size, description=description, kms_key_id=key or None)
        self.world.store.create(snapshot.id, source.id, lineage=False)
        return self.add_snapshot(snapshot, seal=True)

    def delete_snapshot(self, snapshot_id: str) -> LabSnapshot:
        """DeleteSnapshot. Children keep their data; an image that names the snapshot keeps it from going."""
        snapshot = self.get_snapshot(snapshot_id)
        for image in self.amis.values():
            if snapshot_id in image.snapshot_ids():
                raise refuse("InvalidSnapshot.InUse", f"The snapshot {snapshot_id} is currently in use by {image.id}")
        self.world.store.forget(snapshot_id)
        return self.snapshots.pop(snapshot.id)
