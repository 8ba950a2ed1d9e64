"""Instances, volumes, snapshots and images as they are: typed, nothing cached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.observed.aws_session import AwsError, AwsSession

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class VolumeView:
    """An EBS volume; `device` and `instance` are empty when it is not attached."""

    id: str
    size: int
    snapshot: str
    state: str
    kind: str
    encrypted: bool
    kms_key: str
    zone: str
    instance: str
    device: str
    delete_on_termination: bool
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InterfaceView:
    """A network interface of an instance."""

    id: str
    subnet: str
    address: str
    groups: tuple[str, ...]
    index: int


@dataclass(frozen=True, slots=True)
class InstanceView:
    """An EC2 instance. `status` is the system's and the instance's check together: ok, impaired, initializing or unknown."""

    id: str
    name: str
    state: str
    type: str
    image: str
    zone: str
    root_device: str
    launch_token: str
    status: str
    interfaces: tuple[InterfaceView, ...]
    volumes: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SnapshotState:
    """An EBS snapshot."""

    id: str
    state: str
    size: int
    volume: str
    encrypted: bool
    kms_key: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ImageView:
    """An AMI; `snapshots` by device name."""

    id: str
    name: str
    state: str
    snapshots: Mapping[str, str]
    tags: Mapping[str, str]


def instances(session: AwsSession, *, ids: Sequence[str] = (), filters: Mapping[str, str] | None = None) -> tuple[InstanceView, ...]:
    """Instances with their status checks; terminated ones included as long as AWS shows them."""
    found = session.pages("ec2", "describe_instances", "Reservations", **_selection("InstanceIds", ids, filters))
    raw = [i for r in found for i in r.get("Instances") or ()]
    if not raw:
        return ()
    wanted = [str(i["InstanceId"]) for i in raw]
    statuses = session.pages("ec2", "describe_instance_status", "InstanceStatuses", InstanceIds=wanted, IncludeAllInstances=True)
    by_id = {str(s["InstanceId"]): _status(s) for s in statuses}
    return tuple(sorted((_instance(i, by_id.get(str(i["InstanceId"]), "unknown")) for i in raw), key=lambda v: (v.name, v.id)))


def instance(session: AwsSession, instance_id: str) -> InstanceView | None:
    """One instance; None when AWS does not know it."""
    try:
        return next(iter(instances(session, ids=[instance_id])), None)
    except AwsError as exc:
        if exc.aws_code == "InvalidInstanceID.NotFound":
            return None
        raise


def volumes(session: AwsSession, *, ids: Sequence[str] = (), filters: Mapping[str, str] | None = None) -> tuple[VolumeView, ...]:
    """Volumes by id."""
    found = session.pages("ec2", "describe_volumes", "Volumes", **_selection("VolumeIds", ids, filters))
    return tuple(sorted(map(_volume, found), key=lambda v: v.id))


def snapshots(session: AwsSession, *, ids: Sequence[str] = (), filters: Mapping[str, str] | None = None) -> tuple[SnapshotState, ...]:
    """The account's own snapshots by id."""
    selection = _selection("SnapshotIds", ids, filters)
    owner = {} if ids else {"OwnerIds": ["self"]}
    found = session.pages("ec2", "describe_snapshots", "Snapshots", **owner, **selection)
    return tuple(sorted(map(_snapshot, found), key=lambda s: s.id))


def images(session: AwsSession, *, ids: Sequence[str] = (), filters: Mapping[str, str] | None = None) -> tuple[ImageView, ...]:
    """The account's own images by id; any image when ids are given."""
    owner = {} if ids else {"Owners": ["self"]}
    found = session.call("ec2", "describe_images", **owner, **_selection("ImageIds", ids, filters))
    return tuple(sorted(map(_image, found.get("Images") or ()), key=lambda i: i.id))


class SnapshotKeeper:
    """State and removal of single snapshots, as an EBS target wants them."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def snapshot_state(self, snapshot_id: str) -> str:
        """pending, completed, error, or empty when there is none such."""
        try:
            return next((s.state for s in snapshots(self._session, ids=[snapshot_id])), "")
        except AwsError as exc:
            if exc.aws_code.startswith("InvalidSnapshot"):
                return ""
            raise

    def delete_snapshot(self, snapshot_id: str) -> None:
        """Delete it; no error when it is gone already."""
        try:
            self._session.call("ec2", "delete_snapshot", SnapshotId=snapshot_id)
        except AwsError as exc:
            if not exc.aws_code.startswith("InvalidSnapshot.NotFound"):
                raise


def _selection(key: str, ids: Sequence[str], filters: Mapping[str, str] | None) -> dict[str, Any]:
    found: dict[str, Any] = {key: list(ids)} if ids else {}
    if filters:
        found["Filters"] = [{"Name": name, "Values": [value]} for name, value in filters.items()]
    return found


def _tags(raw: Mapping[str, Any]) -> dict[str, str]:
    return {str(t["Key"]): str(t["Value"]) for t in raw.get("Tags") or ()}


def _status(raw: Mapping[str, Any]) -> str:
    checks = {str((raw.get(k) or {}).get("Status", "unknown")) for k in ("InstanceStatus", "SystemStatus")}
    if checks == {"ok"}:
        return "ok"
    return next((s for s in ("impaired", "initializing", "insufficient-data") if s in checks), "unknown")


def _instance(raw: Mapping[str, Any], status: str) -> InstanceView:
    tags = _tags(raw)
    devices = raw.get("BlockDeviceMappings") or ()
    return InstanceView(
        id=str(raw["InstanceId"]),
        name=tags.get("Name", ""),
        state=str((raw.get("State") or {}).get("Name", "")),
        type=str(raw.get("InstanceType", "")),
        image=str(raw.get("ImageId", "")),
        zone=str((raw.get("Placement") or {}).get("AvailabilityZone", "")),
        root_device=str(raw.get("RootDeviceName") or ""),
        launch_token=str(raw.get("ClientToken") or ""),
        status=status,
        interfaces=tuple(_interface(i) for i in raw.get("NetworkInterfaces") or ()),
        volumes={str(d["DeviceName"]): str(d["Ebs"]["VolumeId"]) for d in devices if d.get("Ebs")},
        tags=tags,
    )


def _interface(raw: Mapping[str, Any]) -> InterfaceView:
    return InterfaceView(
        id=str(raw["NetworkInterfaceId"]),
        subnet=str(raw.get("SubnetId", "")),
        address=str(raw.get("PrivateIpAddress", "")),
        groups=tuple(sorted(str(g["GroupId"]) for g in raw.get("Groups") or ())),
        index=int((raw.get("Attachment") or {}).get("DeviceIndex", 0)),
    )


def _volume(raw: Mapping[str, Any]) -> VolumeView:
    attached: Mapping[str, Any] = next(iter(raw.get("Attachments") or ()), {})
    return VolumeView(
        id=str(raw["VolumeId"]),
        size=int(raw["Size"]) * GIB,
        snapshot=str(raw.get("SnapshotId") or ""),
        state=str(raw.get("State", "")),
        kind=str(raw.get("VolumeType", "")),
        encrypted=bool(raw.get("Encrypted")),
        kms_key=str(raw.get("KmsKeyId") or ""),
        zone=str(raw.get("AvailabilityZone", "")),
        instance=str(attached.get("InstanceId") or ""),
        device=str(attached.get("Device") or ""),
        delete_on_termination=bool(attached.get("DeleteOnTermination")),
        tags=_tags(raw),
    )


def _snapshot(raw: Mapping[str, Any]) -> SnapshotState:
    return SnapshotState(
        id=str(raw["SnapshotId"]),
        state=str(raw.get("State", "")),
        size=int(raw.get("VolumeSize") or 0) * GIB,
        volume=str(raw.get("VolumeId") or ""),
        encrypted=bool(raw.get("Encrypted")),
        kms_key=str(raw.get("KmsKeyId") or ""),
        tags=_tags(raw),
    )


def _image(raw: Mapping[str, Any]) -> ImageView:
    devices = raw.get("BlockDeviceMappings") or ()
    return ImageView(
        id=str(raw["ImageId"]),
        name=str(raw.get("Name", "")),
        state=str(raw.get("State", "")),
        snapshots={str(d["DeviceName"]): str(d["Ebs"]["SnapshotId"]) for d in devices if (d.get("Ebs") or {}).get("SnapshotId")},
        tags=_tags(raw),
    )
