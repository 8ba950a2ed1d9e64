"""The ledger that joins a disk's two lives: what the vSphere disk and the AWS snapshot had in common when a round was committed.

A *common point* is a moment at which a disk at `change_id` and a snapshot `snapshot_id` held the same bytes, described by a manifest that
is kept beside the ledger. From it a move in either direction costs a delta: up, the areas changed since `change_id` on top of the parent
snapshot; down, the blocks changed since the snapshot into the disk. If tracking was reset meanwhile, the manifest still tells by digests
what differs: everything is read, only the difference is sent.

A change id stays good after a move down: what that move wrote is in the snapshot as well, so the next move up finds it equal.

One folder per server, one JSON file per disk, written atomically after its manifest. When the ledger is lost, the next move is a full one,
never a wrong one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from infra.atomic import replace_file
from migration.blocks.manifest import Manifest
from migration.types import PermanentError

SCHEMA = "incline.lineage/1"
Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class VspherePoint:
    """The vSphere side of a common point. `disk_uuid` is the backing's; another uuid is another disk."""

    disk_uuid: str
    change_id: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class AwsPoint:
    """The AWS side of a common point. `volume_id` is the volume made from the snapshot, once there is one."""

    snapshot_id: str
    size_bytes: int
    volume_id: str = ""


@dataclass(frozen=True, slots=True)
class CommonPoint:
    """When and in what both sides agreed. `manifest` is a file name beside the ledger, `root` its Merkle root."""

    number: int
    direction: Direction
    at: str
    vsphere: VspherePoint
    aws: AwsPoint
    manifest: str
    root: str


@dataclass(frozen=True, slots=True)
class Base:
    """What a round starts from: `source_base` for `select_blocks`, `parent` for the target, `manifest` to copy and go on with."""

    source_base: str
    parent: str
    manifest: Path
    root: str


class Ledger:
    """The ledger of one server, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def point(self, disk: str) -> CommonPoint | None:
        """The newest common point of a disk; None when there is none."""
        try:
            raw = json.loads(self._file(disk).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as exc:
            raise self._damaged(disk) from exc
        if raw.get("schema") != SCHEMA:
            raise self._damaged(disk)
        point = raw["point"]
        return CommonPoint(**{**point, "vsphere": VspherePoint(**point["vsphere"]), "aws": AwsPoint(**point["aws"])})

    def base_for(self, disk: str, direction: Direction, *, disk_uuid: str) -> Base | None:
        """What a move in `direction` can start from.

        None, and so a full copy, when the disk has no common point, its manifest is gone, or the vSphere disk is another one than it
        was then: going down, another disk holds other bytes; going up, its change ids mean nothing here.
        """
        point = self.point(disk)
        if point is None or point.vsphere.disk_uuid != disk_uuid or not (self._folder / point.manifest).exists():
            return None
        up = direction == "up"
        return Base(
            source_base=point.vsphere.change_id if up else point.aws.snapshot_id,
            parent=point.aws.snapshot_id if up else "",
            manifest=self._folder / point.manifest,
            root=point.root,
        )

    def record_round(
        self, disk: str, direction: Direction, manifest: Manifest, *, vsphere: VspherePoint, aws: AwsPoint, at: datetime
    ) -> CommonPoint:
        """A round was committed: both sides agree. Repeating it for the same round changes nothing but the file's time.

        Going down, pass the change id of the last common point, or an empty one when there was none.
        """
        if manifest.round_open:
            raise PermanentError(f"{manifest.disk_id}: its round is not committed, so nothing is common yet", code="INC-2990")
        last = self.point(disk)
        number = 1 if last is None else last.number + 1
        if last is not None and (last.root, last.vsphere, last.aws) == (manifest.root(), vsphere, aws):
            return last
        self._folder.mkdir(parents=True, exist_ok=True)
        point = CommonPoint(number, direction, at.isoformat(), vsphere, aws, f"{disk}.{number}.manifest", manifest.root())
        manifest.save_copy(self._folder / point.manifest)
        self._write(disk, point)
        if last is not None:
            (self._folder / last.manifest).unlink(missing_ok=True)
        return point

    def set_volume(self, disk: str, volume_id: str) -> None:
        """Note the volume that was made from the common point's snapshot."""
        point = self.point(disk)
        if point is not None and point.aws.volume_id != volume_id:
            self._write(disk, replace(point, aws=replace(point.aws, volume_id=volume_id)))

    def forget(self, disk: str) -> None:
        """Drop a disk's common point, for instance when its snapshot was deleted. None is no error."""
        point = self.point(disk)
        self._file(disk).unlink(missing_ok=True)
        if point is not None:
            (self._folder / point.manifest).unlink(missing_ok=True)

    def _write(self, disk: str, point: CommonPoint) -> None:
        replace_file(self._file(disk), json.dumps({"schema": SCHEMA, "disk": disk, "point": asdict(point)}, indent=1) + "\n")

    def _file(self, disk: str) -> Path:
        return self._folder / f"{disk}.json"

    def _damaged(self, disk: str) -> PermanentError:
        file = self._file(disk)
        return PermanentError(f"{file}: not a lineage ledger", code="INC-2991", next_step="remove the file: the next move is a full one")
