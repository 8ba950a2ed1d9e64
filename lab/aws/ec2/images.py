"""Images that keep what they were registered with: every disk, architecture, boot mode, IMDS, ENA, tags."""

from __future__ import annotations

from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.amis import Ami
from moto.ec2.utils import random_ami_id

from lab.aws.ec2 import performance
from lab.aws.ec2.refusals import bad_value, refuse
from lab.aws.ec2.snapshots import LabSnapshot
from lab.aws.ec2.world import World

AMAZON = "137112412989"
"""The account that base images and their snapshots belong to, so that nobody takes them for leftovers of a move."""

KEPT = {
    "Architecture": "architecture",
    "BootMode": "boot_mode",
    "Description": "description",
    "EnaSupport": "ena_support",
    "ImdsSupport": "imds_support",
    "KernelId": "kernel_id",
    "RamdiskId": "ramdisk_id",
    "RootDeviceName": "root_device_name",
    "SriovNetSupport": "sriov_net_support",
    "TpmSupport": "tpm_support",
    "VirtualizationType": "virtualization_type",
}
"""RegisterImage's parameters that DescribeImages gives back, and the attribute that carries each."""


class LabImage(Ami):
    """An image. moto's constructor makes a disk of its own and forgets the rest, so it is not called."""

    def __init__(self, backend: Any, image_id: str, name: str, fields: dict[str, Any], devices: list[dict[str, Any]]) -> None:
        self.ec2_backend = backend
        self.id = image_id
        self.name = name
        self.state = "available"
        self.owner_id = backend.account_id
        self.owner_alias: str | None = None
        self.image_type, self.hypervisor, self.root_device_type = "machine", "xen", "ebs"
        self.image_location = f"{self.owner_id}/{name}"
        self.creation_date = utcnow()
        self.launch_permissions: list[dict[str, str]] = []
        self.product_codes: set[str] = set()
        self.instance_id: str | None = None
        self.source_image_id: str | None = None
        self.source_image_region: str | None = None
        self.deregistration_protection = "disabled"
        self.platform: str | None = fields.get("Platform")
        self.virtualization_type, self.architecture, self.description = "paravirtual", "i386", ""
        self.kernel_id = self.ramdisk_id = self.boot_mode = self.imds_support = self.tpm_support = None
        self.sriov_net_support, self.ena_support, self.root_device_name = None, False, "/dev/sda1"
        for parameter, attribute in KEPT.items():
            if fields.get(parameter) is not None:
                setattr(self, attribute, fields[parameter])
        self.sriov = self.sriov_net_support or "simple"
        self.devices = devices

    @property
    def platform_details(self) -> str:
        """What the image is billed as."""
        return "Windows" if self.platform == "windows" else "Linux/UNIX"

    @property
    def usage_operation(self) -> str:
        """The billing code that goes with it."""
        return "RunInstances:0002" if self.platform == "windows" else "RunInstances"

    @property
    def public(self) -> bool:
        """Whether everybody may launch it."""
        return self.is_public

    @property
    def block_device_mappings(self) -> list[dict[str, Any]]:
        """All disks, as they were registered."""
        return self.devices

    def snapshot_ids(self) -> set[str]:
        """The snapshots that the image's disks come from."""
        return {d["Ebs"]["SnapshotId"] for d in self.devices if d.get("Ebs", {}).get("SnapshotId")}

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        """Adds the filters over disks."""
        if filter_name == "block-device-mapping.snapshot-id":
            return sorted(self.snapshot_ids())
        if filter_name == "root-device-type":
            return self.root_device_type
        return super().get_filter_value(filter_name, method_name)


class Images:
    """The part of the EC2 backend that answers for images."""

    world: World
    amis: dict[str, LabImage]

    def register(self, asked: dict[str, Any], tags: dict[str, str]) -> LabImage:
        """RegisterImage from snapshots."""
        name = asked.get("Name") or ""
        if any(image.name == name for image in self.amis.values()):
            raise refuse("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {self._named(name)}")
        devices = [self._device(mapping) for mapping in asked.get("BlockDeviceMappings") or []]
        root = asked.get("RootDeviceName")
        if not root or root not in {d["DeviceName"] for d in devices}:
            raise refuse("InvalidBlockDeviceMapping", "A root device with a snapshot is required: RootDeviceName names none of the disks.")
        return self.add_image(LabImage(self, random_ami_id(), name, asked, devices), tags)

    def add_image(self, image: LabImage, tags: dict[str, str]) -> LabImage:
        """Takes an image in."""
        self.amis[image.id] = image
        image.add_tags(tags)
        return image

    def _named(self, name: str) -> str:
        return next((image.id for image in self.amis.values() if image.name == name), "")

    def _device(self, mapping: dict[str, Any]) -> dict[str, Any]:
        if "Ebs" not in mapping:
            return dict(mapping)
        ebs = dict(mapping["Ebs"])
        snapshot: LabSnapshot | None = self.completed_snapshot(ebs["SnapshotId"]) if ebs.get("SnapshotId") else None  # type: ignore[attr-defined]
        size = ebs.get("VolumeSize") or (snapshot.volume_size if snapshot else None)
        if size is None:
            raise refuse("InvalidBlockDeviceMapping", f"The device '{mapping.get('DeviceName')}' has neither snapshot nor size.")
        if snapshot is not None and size < snapshot.volume_size:
            message = f"Volume of size {size}GB is smaller than snapshot '{snapshot.id}', expect size >= {snapshot.volume_size}GB"
            raise refuse("InvalidBlockDeviceMapping", message)
        if snapshot is not None and ebs.get("Encrypted") is not None:
            raise bad_value("Encrypted cannot be given for a disk from a snapshot: the snapshot decides.")
        kind = ebs.get("VolumeType") or "standard"
        performance.settle(kind, size, ebs.get("Iops"), ebs.get("Throughput"))
        kept = {key: ebs[key] for key in ("SnapshotId", "Iops", "Throughput", "KmsKeyId") if ebs.get(key) is not None}
        settled = {
            **kept,
            "VolumeSize": size,
            "VolumeType": kind,
            "DeleteOnTermination": ebs.get("DeleteOnTermination", True),
            "Encrypted": bool(snapshot.encrypted) if snapshot else bool(ebs.get("Encrypted", False)),
        }
        return {"DeviceName": mapping["DeviceName"], "Ebs": settled}

    def create_image(self, instance_id: str, name: str, description: str, tag_specifications: list[dict[str, Any]]) -> LabImage:
        """CreateImage: all disks of an instance, snapshotted at one moment."""
        instance: Any = self.get_instance(instance_id)  # type: ignore[attr-defined]
        tags = {spec["ResourceType"]: {t["Key"]: t["Value"] for t in spec.get("Tags", [])} for spec in tag_specifications}
        if self._named(name):
            raise refuse("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {self._named(name)}")
        image_id = random_ami_id()
        devices = [self._frozen(image_id, instance, volume, tags.get("snapshot", {})) for volume in instance.volumes_in_order()]
        source = self.amis.get(instance.image_id)
        fields = {p: getattr(source, a, None) for p, a in KEPT.items()} if source else {}
        fields |= {"Description": description, "RootDeviceName": instance.root_device_name, "Platform": instance.platform}
        image = LabImage(self, image_id, name, fields, devices)
        image.instance_id = instance_id
        return self.add_image(image, tags.get("image", {}))

    def _frozen(self, image_id: str, instance: Any, volume: Any, tags: dict[str, str]) -> dict[str, Any]:
        snapshot = self.create_snapshot(volume.id, f"Created by CreateImage({instance.id}) for {image_id}")  # type: ignore[attr-defined]
        snapshot.add_tags(tags)
        ebs = {
            "SnapshotId": snapshot.id,
            "VolumeSize": volume.size,
            "VolumeType": volume.volume_type,
            "Encrypted": volume.encrypted,
            "DeleteOnTermination": volume.attachment.delete_on_termination,
            **({"Iops": volume.iops} if volume.volume_type in {"gp3", "io1", "io2"} else {}),
            **({"Throughput": volume.throughput} if volume.throughput else {}),
        }
        return {"DeviceName": volume.attachment.device, "Ebs": ebs}

    def copy_image(self, source_image_id: str, source_region: str, name: str | None = None, description: str | None = None) -> LabImage:
        """CopyImage: copies the snapshots of all disks into this region."""
        source: LabImage = self.peer(source_region).describe_images(ami_ids=[source_image_id])[0]  # type: ignore[attr-defined]
        devices = []
        for device in source.devices:
            ebs = dict(device.get("Ebs", {}))
            if ebs.get("SnapshotId"):
                note = f"Copied for {source_image_id} from {source_region}"
                ebs["SnapshotId"] = self.copy_snapshot(ebs["SnapshotId"], source_region, note, None).id  # type: ignore[attr-defined]
            devices.append({**device, "Ebs": ebs})
        fields = {parameter: getattr(source, attribute, None) for parameter, attribute in KEPT.items()} | {"Platform": source.platform}
        fields["Description"] = description or source.description
        image = LabImage(self, random_ami_id(), name or source.name, fields, devices)
        image.source_image_id, image.source_image_region = source_image_id, source_region
        return self.add_image(image, {})
