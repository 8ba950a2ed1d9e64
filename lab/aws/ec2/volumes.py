"""Volumes: content from a snapshot, encryption and performance as EC2 settles them, attachments that refuse what AWS refuses."""

from __future__ import annotations

from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.block_device import BlockDeviceType
from moto.ec2.models.elastic_block_store import Volume, VolumeAttachment, VolumeModification
from moto.ec2.utils import random_volume_id

from lab.aws.ec2 import performance
from lab.aws.ec2.refusals import bad_combination, bad_value, refuse
from lab.aws.ec2.snapshots import LabSnapshot
from lab.aws.ec2.world import World


class LabAttachment(VolumeAttachment):
    """An attachment that knows whether the volume goes with the instance."""

    @property
    def delete_on_termination(self) -> bool:
        """As the instance's block device mapping has it."""
        block = self.instance.block_device_mapping.get(self.device)
        return bool(block is not None and block.delete_on_termination)


class LabVolume(Volume):
    """A volume that takes time to come when told to."""

    creating = True

    @property
    def status(self) -> str:
        """creating, available or in-use."""
        if self.creating:
            return "creating"
        return "in-use" if self.attachment else "available"

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        """Adds what the base class does not know."""
        if filter_name == "attachment.delete-on-termination":
            return str(bool(self.attachment and self.attachment.delete_on_termination)).lower()
        if filter_name in {"size", "volume-type"}:
            return str(self.size if filter_name == "size" else self.volume_type)
        return super().get_filter_value(filter_name, method_name)


class LabModification(VolumeModification):
    """A modification that is `modifying` for the delay of the settings, then completed."""

    finished = False

    @property
    def modification_state(self) -> str:
        """Modifying or completed."""
        return "completed" if self.finished else "modifying"

    @property
    def progress(self) -> int:
        """Percent."""
        return 100 if self.finished else 0

    def finish(self) -> None:
        """The volume is as it was asked to be."""
        self.finished, self.end_time = True, utcnow()


class Volumes:
    """The part of the EC2 backend that answers for volumes."""

    world: World
    volumes: dict[str, LabVolume]
    ebs_encryption_by_default: bool

    def create_volume(  # noqa: PLR0917 moto calls it so
        self,
        size: int | None,
        zone_name: str,
        snapshot_id: str | None = None,
        encrypted: bool = False,
        kms_key_id: str | None = None,
        volume_type: str | None = None,
        iops: int | None = None,
        throughput: int | None = None,
        multi_attach_enabled: bool | None = None,
    ) -> LabVolume:
        """CreateVolume; with a snapshot the volume has its content from the first read on."""
        snapshot: LabSnapshot | None = self.completed_snapshot(snapshot_id) if snapshot_id else None  # type: ignore[attr-defined]
        size = self._size(size, snapshot)
        kind = volume_type or "gp2"
        zone = self.get_zone_by_name(zone_name)  # type: ignore[attr-defined]
        if zone is None:
            raise refuse("InvalidZone.NotFound", f"The zone '{zone_name}' does not exist.")
        iops, throughput = performance.settle(kind, size, iops, throughput)
        if multi_attach_enabled and kind not in {"io1", "io2"}:
            raise bad_combination("Multi-Attach is for io1 and io2 volumes.")
        key = self.volume_key(encrypted=encrypted, key=kms_key_id, snapshot=snapshot)
        volume = LabVolume(
            self,
            random_volume_id(),
            size,
            zone,
            snapshot_id=snapshot_id,
            encrypted=bool(key),
            kms_key_id=key or None,
            volume_type=kind,
            iops=iops,
            throughput=throughput,
            multi_attach_enabled=multi_attach_enabled or False,
        )
        self.world.store.create(volume.id, snapshot_id or "")
        self.world.later(self.world.settings.volume_delay_s, lambda: setattr(volume, "creating", False))
        self.volumes[volume.id] = volume
        return volume

    @staticmethod
    def _size(size: int | None, snapshot: LabSnapshot | None) -> int:
        if size is None:
            if snapshot is None:
                raise refuse("MissingParameter", "The request must contain the parameter size/snapshot")
            return snapshot.volume_size
        if snapshot is not None and size < snapshot.volume_size:
            raise bad_value(f"Volume of size {size}GB is smaller than snapshot '{snapshot.id}', expect size >= {snapshot.volume_size}GB")
        return size

    def volume_key(self, *, encrypted: bool, key: str | None, snapshot: LabSnapshot | None) -> str:
        """The ARN of the key of a new volume; "" when it is not encrypted. An encrypted snapshot never makes an open volume."""
        from_encrypted = snapshot is not None and bool(snapshot.encrypted)
        if key and not (encrypted or from_encrypted or self.ebs_encryption_by_default):
            raise refuse("InvalidParameterDependency", "The parameter [KmsKeyId] requires the parameter Encrypted to be set.")
        if not (encrypted or from_encrypted or self.ebs_encryption_by_default):
            return ""
        inherited = snapshot.kms_key_id if snapshot is not None else ""
        arn: str = self.key_arn(key or inherited or "")  # type: ignore[attr-defined]
        return arn

    def delete_volume(self, volume_id: str) -> LabVolume:
        """DeleteVolume; refused while it is attached."""
        volume = self.get_volume(volume_id)
        if volume.attachment:
            raise refuse("VolumeInUse", f"Volume {volume_id} is currently attached to {volume.attachment.instance.id}")
        self.world.store.forget(volume_id)
        return self.volumes.pop(volume_id)

    def get_volume(self, volume_id: str) -> LabVolume:
        """The volume, or InvalidVolume.NotFound."""
        volume = self.volumes.get(volume_id)
        if volume is None:
            raise refuse("InvalidVolume.NotFound", f"The volume '{volume_id}' does not exist.")
        return volume

    def attach_volume(self, volume_id: str, instance_id: str, device_path: str, delete_on_termination: bool = False) -> LabAttachment:
        """AttachVolume: same zone, free volume, free device, an instance that is not going away."""
        volume, instance = self.get_volume(volume_id), self.get_instance(instance_id)  # type: ignore[attr-defined]
        if volume.attachment:
            raise refuse("VolumeInUse", f"{volume_id} is already attached to an instance")
        if volume.status == "creating" and instance.state != "pending":
            raise refuse("IncorrectState", f"Volume '{volume_id}' is in the 'creating' state.")
        if instance.state not in {"pending", "running", "stopping", "stopped"}:
            raise refuse("IncorrectState", f"Instance '{instance_id}' is not 'running'.")
        if volume.availability_zone != instance.availability_zone:
            raise refuse(
                "InvalidVolume.ZoneMismatch",
                f"The volume '{volume_id}' is not in the same availability zone as instance '{instance_id}'",
            )
        if not device_path:
            raise refuse("MissingParameter", "The request must contain the parameter device")
        if device_path in instance.block_device_mapping:
            raise bad_value(f"Invalid value '{device_path}' for unixDevice. Attachment point {device_path} is already in use")
        volume.attachment = LabAttachment(volume, instance, device_path, "attached")
        instance.block_device_mapping[device_path] = BlockDeviceType(
            volume_id=volume_id,
            status="in-use",
            size=volume.size,
            attach_time=utcnow(),
            delete_on_termination=delete_on_termination,
        )
        return volume.attachment

    def detach_volume(self, volume_id: str, instance_id: str | None, device_path: str | None) -> LabAttachment:
        """DetachVolume; instance and device may be left out, and must be right when they are not."""
        volume = self.get_volume(volume_id)
        attachment = volume.attachment
        if attachment is None:
            raise refuse("IncorrectState", f"Volume '{volume_id}' is in the 'available' state.")
        instance = attachment.instance
        if instance_id and instance_id != instance.id:
            raise refuse("InvalidAttachment.NotFound", f"The volume '{volume_id}' is not attached to instance '{instance_id}'.")
        if device_path and device_path != attachment.device:
            raise refuse("InvalidAttachment.NotFound", f"The volume '{volume_id}' is not attached as device '{device_path}'.")
        if attachment.device == instance.root_device_name and instance.state in {"pending", "running"}:
            raise refuse("OperationNotPermitted", f"Unable to detach root volume '{attachment.device}' from instance '{instance.id}'")
        instance.block_device_mapping.pop(attachment.device, None)
        attachment.status = "detached"
        volume.attachment = None
        return attachment

    def modify_volume(
        self,
        volume_id: str,
        target_size: int | None = None,
        target_volume_type: str | None = None,
        target_iops: int | None = None,
        target_throughput: int | None = None,
        target_multi_attach_enabled: bool | None = None,
    ) -> LabVolume:
        """ModifyVolume: grows, never shrinks; another type brings its own defaults. One modification at a time."""
        volume = self.get_volume(volume_id)
        if volume.modifications and not volume.modifications[-1].finished:
            raise refuse("IncorrectModificationState", f"Volume {volume_id} is being modified already.")
        if target_size is not None and target_size < volume.size:
            raise bad_value(f"New size cannot be smaller than existing size. Size of {volume_id} is {volume.size} GiB.")
        kind = target_volume_type or volume.volume_type
        same = kind == volume.volume_type
        adjustable = performance.TYPES.get(kind)
        iops = target_iops if target_iops is not None or not (same and adjustable and adjustable.iops) else volume.iops
        speed = (
            target_throughput if target_throughput is not None or not (same and adjustable and adjustable.throughput) else volume.throughput
        )
        iops, speed = performance.settle(kind, target_size or volume.size, iops, speed)
        change = LabModification(volume, target_size or volume.size, kind, iops, speed, target_multi_attach_enabled)
        change.original_iops, change.original_throughput = volume.iops, volume.throughput
        volume.modifications.append(change)
        volume.size, volume.volume_type, volume.iops, volume.throughput = target_size or volume.size, kind, iops, speed
        self.world.later(self.world.settings.volume_delay_s, change.finish)
        return volume
