"""RunInstances: the image's disks with the request's changes, checked whole before anything is made."""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Reservation

from lab.aws.ec2 import performance
from lab.aws.ec2.images import LabImage
from lab.aws.ec2.instances import LabInstance
from lab.aws.ec2.refusals import bad_combination, bad_value, refuse
from lab.aws.ec2.world import World


def merge_devices(image: list[dict[str, Any]], asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The image's devices with the request's fields over them, by device name; NoDevice takes one away."""
    merged = {device["DeviceName"]: {**device, "Ebs": dict(device.get("Ebs", {}))} for device in image if "Ebs" in device}
    for device in asked:
        name = device["DeviceName"]
        if "NoDevice" in device:
            merged.pop(name, None)
        elif "Ebs" in device:
            before = merged.get(name, {"DeviceName": name, "Ebs": {}})
            ebs = {**before["Ebs"], **{k: v for k, v in device["Ebs"].items() if v is not None}}
            if "VolumeType" in device["Ebs"] and device["Ebs"]["VolumeType"] != before["Ebs"].get("VolumeType"):
                ebs = {k: v for k, v in ebs.items() if k not in {"Iops", "Throughput"} or k in device["Ebs"]}
            merged[name] = {"DeviceName": name, "Ebs": ebs}
    return list(merged.values())


class Launches:
    """The part of the EC2 backend that launches instances."""

    world: World
    amis: dict[str, LabImage]
    reservations: dict[str, Reservation]

    def run_instances(self, image_id: str, count: int, user_data: Any, security_group_names: list[str], **kwargs: Any) -> Reservation:
        """RunInstances, for the API and for moto's own callers (auto scaling, fleets)."""
        extras = {name: kwargs.pop(name, None) for name in ("placement_group", "tenancy", "disable_api_termination", "devices")}
        devices = extras["devices"] if extras["devices"] is not None else kwargs.get("block_device_mappings")
        template = self._get_template_from_args(kwargs["launch_template"]).data if kwargs.get("launch_template") else {}  # type: ignore[attr-defined]
        image = self._image(image_id or template.get("ImageId", ""))
        image_id = image.id
        kwargs["block_device_mappings"] = []
        disks = merge_devices(image.devices, devices or template.get("BlockDeviceMappings") or [])
        self._check_disks(image, disks)
        self._check_architecture(image, kwargs.get("instance_type") or "")
        if extras["placement_group"]:
            self.placement_group(extras["placement_group"])  # type: ignore[attr-defined]
        self.check_quota(kwargs.get("instance_type") or template.get("InstanceType", ""), count)  # type: ignore[attr-defined]
        kwargs["metadata_options"] = _metadata(image, kwargs.get("metadata_options") or {})
        self._place(kwargs)
        known = set(self.reservations)
        try:
            reservation: Reservation = super().run_instances(image_id, count, user_data, security_group_names, **kwargs)  # type: ignore[misc]
        except EC2ClientError:
            for name in set(self.reservations) - known:
                self.reservations.pop(name)
            raise
        volume_tags = (kwargs.get("tags") or {}).get("volume", {})
        interface_tags = (kwargs.get("tags") or {}).get("network-interface", {})
        for instance in reservation.instances:
            instance.placement.group_name = extras["placement_group"] or ""
            instance.placement.tenancy = extras["tenancy"] or "default"
            instance.disable_api_termination = bool(extras["disable_api_termination"])
            self._make_disks(instance, disks, volume_tags)
            for nic in instance.nics.values():
                nic.add_tags(interface_tags)
        return reservation

    def _image(self, image_id: str) -> LabImage:
        if not image_id:
            raise refuse("MissingParameter", "The request must contain the parameter ImageId")
        image = self.amis.get(image_id)
        if image is None:
            raise refuse("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
        if image.state != "available":
            raise refuse("InvalidAMIID.Unavailable", f"The image ID '{image_id}' is not available")
        return image

    def _check_disks(self, image: LabImage, disks: list[dict[str, Any]]) -> None:
        if image.root_device_name not in {disk["DeviceName"] for disk in disks}:
            raise refuse("InvalidBlockDeviceMapping", f"The root device '{image.root_device_name}' cannot be left out.")
        for disk in disks:
            ebs = disk["Ebs"]
            snapshot = self.completed_snapshot(ebs["SnapshotId"]) if ebs.get("SnapshotId") else None  # type: ignore[attr-defined]
            size = ebs.get("VolumeSize") or (snapshot.volume_size if snapshot else None)
            if size is None:
                raise refuse("MissingParameter", "The request must contain the parameter size or snapshotId")
            if snapshot is not None and size < snapshot.volume_size:
                message = f"Volume of size {size}GB is smaller than snapshot '{snapshot.id}', expect size >= {snapshot.volume_size}GB"
                raise refuse("InvalidBlockDeviceMapping", message)
            performance.settle(ebs.get("VolumeType") or "gp2", size, ebs.get("Iops"), ebs.get("Throughput"))
            ebs["VolumeSize"] = size

    def _check_architecture(self, image: LabImage, instance_type: str) -> None:
        supported = self.type_info(instance_type).get("ProcessorInfo", {}).get("SupportedArchitectures", [])  # type: ignore[attr-defined]
        if supported and image.architecture not in supported:
            message = f"The architecture '{','.join(supported)}' of the specified instance type does not match the architecture "
            raise bad_value(f"{message}'{image.architecture}' of the specified AMI. Specify another one.")

    def _place(self, kwargs: dict[str, Any]) -> None:
        """Finds the subnet before moto looks for one, and refuses interfaces and addresses that are taken."""
        nics = kwargs.get("nics") or []
        for spec in nics:
            if not spec.get("NetworkInterfaceId"):
                continue
            eni = self.get_network_interface(spec["NetworkInterfaceId"])  # type: ignore[attr-defined]
            if eni.instance is not None:
                raise refuse("InvalidNetworkInterface.InUse", f"Interface: [{eni.id}] in use.")
            if int(spec.get("DeviceIndex") or 0) == 0:
                kwargs["subnet_id"] = eni.subnet.id
        if nics and kwargs.get("security_group_ids"):
            raise bad_combination("Network interfaces and an instance-level security groups may not be specified on the same request")
        first: dict[str, Any] = next((spec for spec in nics if int(spec.get("DeviceIndex") or 0) == 0), {})
        kwargs["subnet_id"] = kwargs.get("subnet_id") or first.get("SubnetId") or self._default_subnet(kwargs.get("placement"))
        wanted = kwargs.get("private_ip") or ("" if first.get("NetworkInterfaceId") else first.get("PrivateIpAddress"))
        if wanted:
            self.check_address(self.get_subnet(kwargs["subnet_id"]), wanted)  # type: ignore[attr-defined]

    def _default_subnet(self, zone: str | None) -> str:
        subnets: dict[str, Any] = self.get_default_subnets()  # type: ignore[attr-defined]
        subnet = subnets.get(zone or f"{self.region_name}a")  # type: ignore[attr-defined]
        if subnet is None:
            raise refuse("MissingInput", f"No default subnet for availability zone: '{zone}'.")
        return str(subnet.id)

    def _make_disks(self, instance: LabInstance, disks: list[dict[str, Any]], tags: dict[str, str]) -> None:
        for disk in disks:
            ebs = disk["Ebs"]
            volume = self.create_volume(  # type: ignore[attr-defined]
                ebs["VolumeSize"],
                instance.placement.zone,
                snapshot_id=ebs.get("SnapshotId"),
                encrypted=bool(ebs.get("Encrypted", False)),
                kms_key_id=ebs.get("KmsKeyId"),
                volume_type=ebs.get("VolumeType"),
                iops=ebs.get("Iops"),
                throughput=ebs.get("Throughput"),
            )
            volume.add_tags(tags)
            ends_with_instance = bool(ebs.get("DeleteOnTermination", True))
            self.attach_volume(volume.id, instance.id, disk["DeviceName"], ends_with_instance)  # type: ignore[attr-defined]


def _metadata(image: LabImage, asked: dict[str, Any]) -> dict[str, Any]:
    """The request's IMDS options over the image's: an image made for IMDSv2 launches with tokens required and two hops."""
    from_image = {"HttpTokens": "required", "HttpPutResponseHopLimit": 2} if image.imds_support == "v2.0" else {}
    return {**from_image, **{k: v for k, v in asked.items() if v is not None}}
