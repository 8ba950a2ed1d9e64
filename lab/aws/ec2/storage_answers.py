"""EC2's calls around volumes, snapshots and images, where moto drops parameters."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from lab.aws.ec2.images import AMAZON


class StorageAnswers:
    """Mixed into the response class in front of moto's."""

    ec2_backend: Any
    _get_param: Any
    _get_bool_param: Any
    _parse_tag_specification: Any
    _filters_from_querystring: Any
    error_on_dryrun: Any
    once: Any

    def create_volume(self) -> ActionResult:
        """CreateVolume with its client token."""

        def make() -> ActionResult:
            volume = self.ec2_backend.create_volume(
                size=self._get_param("Size"),
                zone_name=self._get_param("AvailabilityZone"),
                snapshot_id=self._get_param("SnapshotId"),
                encrypted=self._get_bool_param("Encrypted", False),
                kms_key_id=self._get_param("KmsKeyId"),
                volume_type=self._get_param("VolumeType"),
                iops=self._get_param("Iops"),
                throughput=self._get_param("Throughput"),
                multi_attach_enabled=self._get_param("MultiAttachEnabled"),
            )
            volume.add_tags(self._parse_tag_specification().get("volume", {}))
            return ActionResult(volume)

        result: ActionResult = self.once(make)
        return result

    def describe_volume_status(self) -> ActionResult:
        """DescribeVolumeStatus: volumes of the lab are always well."""
        volumes = self.ec2_backend.describe_volumes(volume_ids=self._get_param("VolumeIds", []))
        details = [{"Name": "io-enabled", "Status": "passed"}, {"Name": "io-performance", "Status": "not-applicable"}]
        statuses = [
            {
                "VolumeId": volume.id,
                "AvailabilityZone": volume.availability_zone,
                "VolumeStatus": {"Status": "ok", "Details": details},
                "Actions": [],
                "Events": [],
            }
            for volume in volumes
        ]
        return ActionResult({"VolumeStatuses": statuses})

    def describe_volume_attribute(self) -> ActionResult:
        """DescribeVolumeAttribute."""
        volume = self.ec2_backend.get_volume(self._get_param("VolumeId"))
        if self._get_param("Attribute") == "productCodes":
            return ActionResult({"VolumeId": volume.id, "ProductCodes": []})
        return ActionResult({"VolumeId": volume.id, "AutoEnableIO": {"Value": getattr(volume, "auto_enable_io", False)}})

    def modify_volume_attribute(self) -> ActionResult:
        """ModifyVolumeAttribute."""
        self.error_on_dryrun()
        volume = self.ec2_backend.get_volume(self._get_param("VolumeId"))
        volume.auto_enable_io = self._get_param("AutoEnableIO.Value") is True
        return EmptyResult()

    def create_snapshots(self) -> ActionResult:
        """CreateSnapshots with the parameters that moto drops."""
        self.error_on_dryrun()
        snapshots = self.ec2_backend.create_snapshots_of(
            self._get_param("InstanceSpecification", {}),
            self._get_param("Description", ""),
            self._parse_tag_specification().get("snapshot", {}),
            copy_tags=self._get_param("CopyTagsFromSource") == "volume",
        )
        return ActionResult({"Snapshots": snapshots})

    def describe_snapshots(self) -> ActionResult:
        """DescribeSnapshots with the owners that moto ignores."""
        snapshots = self.ec2_backend.describe_snapshots(
            snapshot_ids=self._get_param("SnapshotIds", []), filters=self._filters_from_querystring()
        )
        aliases = {"self": self.ec2_backend.account_id, "amazon": AMAZON}
        owners = {aliases.get(owner, owner) for owner in self._get_param("OwnerIds", [])}
        return ActionResult({"Snapshots": [s for s in snapshots if not owners or s.owner_id in owners]})

    def copy_snapshot(self) -> ActionResult:
        """CopySnapshot with its encryption flag."""
        self.error_on_dryrun()
        snapshot = self.ec2_backend.copy_snapshot_to(
            self._get_param("SourceSnapshotId"),
            self._get_param("SourceRegion"),
            self._get_param("Description"),
            self._get_param("KmsKeyId"),
            encrypted=self._get_bool_param("Encrypted", False),
        )
        snapshot.add_tags(self._parse_tag_specification().get("snapshot", {}))
        return ActionResult({"SnapshotId": snapshot.id, "Tags": snapshot.tag_set})

    def get_ebs_default_kms_key_id(self) -> ActionResult:
        """GetEbsDefaultKmsKeyId."""
        return ActionResult({"KmsKeyId": self.ec2_backend.key_arn("")})

    def reset_ebs_default_kms_key_id(self) -> ActionResult:
        """ResetEbsDefaultKmsKeyId."""
        self.error_on_dryrun()
        self.ec2_backend.default_kms_key_id = ""
        return ActionResult({"KmsKeyId": self.ec2_backend.key_arn("")})

    def register_image(self) -> ActionResult:
        """RegisterImage with everything that it is given."""
        self.error_on_dryrun()
        asked = {name: self._get_param(name) for name in REGISTERED}
        tags = self._parse_tag_specification()
        image = self.ec2_backend.register(asked, tags.get("image", {}))
        for snapshot_id in image.snapshot_ids() if tags.get("snapshot") else ():
            self.ec2_backend.snapshots[snapshot_id].add_tags(tags["snapshot"])
        return ActionResult({"ImageId": image.id})


REGISTERED = (
    "Name",
    "Description",
    "Architecture",
    "BlockDeviceMappings",
    "BootMode",
    "EnaSupport",
    "ImdsSupport",
    "KernelId",
    "RamdiskId",
    "RootDeviceName",
    "SriovNetSupport",
    "TpmSupport",
    "VirtualizationType",
)
