"""EBS volumes and their attachments."""

from __future__ import annotations

import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lab.providers.aws import tags
from lab.providers.aws.ec2 import REGION, TAGS, Api, AwsWork, Calls, Ec2Type, remove
from lab.providers.aws.session import AwsSession, code_of, is_gone
from lab.providers.failures import ProviderError
from lab.providers.table import Change, Field, Fields, Problem, Resource
from lab.providers.values import Values

_PROVISIONED = ("io1", "io2")
_WITH_IOPS = (*_PROVISIONED, "gp3")
_MODIFIABLE = {"size": "Size", "type": "VolumeType", "iops": "Iops", "throughput": "Throughput"}


@dataclass(frozen=True, kw_only=True)
class Volume(Ec2Type):
    """A volume. Size, type, IOPS and throughput change in place by ModifyVolume; the rest is for life."""

    def check(self, inputs: Values) -> Iterable[Problem]:
        """The combinations that upstream's resourceEBSVolumeCustomizeDiff refuses."""
        if "size" not in inputs and "snapshotId" not in inputs:
            yield Problem(property="size", reason="one of size, snapshotId must be specified")
        kind = inputs.get("type") or "gp2"
        if not isinstance(kind, str):
            return
        if kind in _PROVISIONED and not inputs.get("iops"):
            yield Problem(property="iops", reason=f"'iops' must be set when 'type' is '{kind}'")
        if kind not in _WITH_IOPS and inputs.get("iops"):
            yield Problem(property="iops", reason=f"'iops' must not be set when 'type' is '{kind}'")
        if kind != "gp3" and inputs.get("throughput"):
            yield Problem(property="throughput", reason=f"'throughput' must not be set when 'type' is '{kind}'")

    def complete(self, work: AwsWork, id_: str, inputs: Values) -> None:
        """It is made when it is available."""
        _ = inputs
        work.wait.until(f"{id_} to become available", lambda: True if self._state_of(work, id_) in ("available", "in-use") else None)

    def _state_of(self, work: AwsWork, id_: str) -> str:
        item = self.item(work, id_)
        if item is None:
            raise ProviderError(f"the volume {id_} disappeared: its key or snapshot may be out of reach")
        return str(item["State"])

    def update(self, work: AwsWork, change: Change) -> None:
        """One ModifyVolume for all that differs, and wait until it is in use."""
        modify_volume(work, change.id, {name: change.new[name] for name in _MODIFIABLE if name in change.changed and change.new.get(name)})
        super().update(work, change)

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """Delete it, after a last snapshot when asked for."""
        if state.get("finalSnapshot") and self.item(work, id_) is not None:
            specification = tags.specification("snapshot", state.get("tagsAll"))
            more = {"TagSpecifications": specification} if specification else {}
            snapshot = work.session.ec2.create_snapshot(VolumeId=id_, **more)["SnapshotId"]
            work.wait.until(f"{snapshot} to complete", lambda: _completed(work, snapshot))
        super().delete(work, id_, state)
        work.wait.until(f"{id_} to be deleted", lambda: True if self.item(work, id_) is None else None)


def modify_volume(work: AwsWork, id_: str, wanted: Values) -> None:
    """Bring a volume to other figures, in place; shrinking is AWS's to refuse."""
    if not wanted:
        return
    work.session.ec2.modify_volume(VolumeId=id_, **{_MODIFIABLE[name]: value for name, value in wanted.items()})

    def done() -> bool | None:
        try:
            answer = work.session.ec2.describe_volumes_modifications(VolumeIds=[id_])
        except ClientError as error:
            if is_gone(error) or code_of(error) == "InvalidVolumeModification.NotFound":
                return True
            raise
        states = [entry["ModificationState"] for entry in answer["VolumesModifications"]]
        if "failed" in states[-1:]:
            raise ProviderError(f"the modification of {id_} failed")
        return True if not states or states[-1] in ("completed", "optimizing") else None

    work.wait.until(f"the modification of {id_}", done)


def _completed(work: AwsWork, snapshot: str) -> bool | None:
    state = work.session.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"]
    return True if state == "completed" else None


VOLUME = Volume(
    name="aws:ebs/volume:Volume",
    upstream="internal/service/ec2/ebs_volume.go",
    calls=Calls(
        create="create_volume",
        result="VolumeId",
        describe="describe_volumes",
        ids="VolumeIds",
        items="Volumes",
        delete="delete_volume",
        key="VolumeId",
        tagged="volume",
        delete_retries=("VolumeInUse",),
    ),
    arn="volume/{id}",
    fields={
        "availabilityZone": Api(send="AvailabilityZone", path="AvailabilityZone", replace=True),
        "encrypted": Api(send="Encrypted", path="Encrypted", computed=True, replace=True),
        "kmsKeyId": Api(send="KmsKeyId", path="KmsKeyId", computed=True, replace=True),
        "snapshotId": Api(send="SnapshotId", path="SnapshotId", computed=True, replace=True),
        "multiAttachEnabled": Api(send="MultiAttachEnabled", path="MultiAttachEnabled", replace=True),
        "outpostArn": Api(send="OutpostArn", path="OutpostArn", replace=True),
        "size": Api(send="Size", path="Size", computed=True),
        "type": Api(send="VolumeType", path="VolumeType", computed=True),
        "iops": Api(send="Iops", path="Iops", computed=True),
        "throughput": Api(send="Throughput", path="Throughput", computed=True),
        "finalSnapshot": Field(default=False, local=True),
        "region": REGION,
        "tags": TAGS,
    },
)


class VolumeAttachment(Resource[AwsSession]):
    """A volume in an instance. Nothing of it changes in place; the id is made up of the three parts."""

    name = "aws:ec2/volumeAttachment:VolumeAttachment"
    upstream = "internal/service/ec2/ebs_volume_attachment.go"
    delete_before_replace = True
    fields = Fields(
        {
            "deviceName": Field(replace=True),
            "instanceId": Field(replace=True),
            "volumeId": Field(replace=True),
            "forceDetach": Field(local=True),
            "skipDestroy": Field(local=True),
            "stopInstanceBeforeDetaching": Field(local=True),
            "region": REGION,
        }
    )

    def create(self, work: AwsWork, inputs: Values) -> str:
        """Attach it once the instance is settled, unless it is attached just so already, as upstream looks first."""
        instance, volume, device = inputs["instanceId"], inputs["volumeId"], inputs["deviceName"]
        if self._attachment(work, inputs) is None:
            work.wait.until(f"{instance} to be running or stopped", lambda: _settled(work, instance))
            work.session.ec2.attach_volume(Device=device, InstanceId=instance, VolumeId=volume)
        work.wait.until(f"{volume} to be attached", lambda: (self._attachment(work, inputs) or {}).get("State") == "attached" or None)
        return f"vai-{_digest(device, instance, volume)}"

    def read(self, work: AwsWork, id_: str, prior: Values) -> Values | None:
        """Look for exactly this attachment."""
        wanted = prior if prior.get("volumeId") else _parts(id_)
        found = self._attachment(work, wanted)
        if found is None:
            return None
        device, instance, volume = found["Device"], found["InstanceId"], wanted["volumeId"]
        return {
            "id": f"vai-{_digest(device, instance, volume)}",
            "region": work.session.region,
            "deviceName": device,
            "instanceId": instance,
            "volumeId": volume,
        }

    def update(self, work: AwsWork, change: Change) -> None:
        """Only flags of the state differ."""
        _ = work, change

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """Detach it, with the instance stopped first when asked for."""
        _ = id_
        if state.get("skipDestroy") or self._attachment(work, state) is None:
            return
        volume, instance = state["volumeId"], state["instanceId"]
        if state.get("stopInstanceBeforeDetaching"):
            work.session.ec2.stop_instances(InstanceIds=[instance])
            work.wait.until(f"{instance} to stop", lambda: instance_state(work, instance) == "stopped" or None)
        call = work.session.ec2.detach_volume
        force = bool(state.get("forceDetach"))
        remove(
            work,
            f"detaching {volume}",
            lambda: call(VolumeId=volume, InstanceId=instance, Device=state["deviceName"], Force=force),
        )
        work.wait.until(f"{volume} to be detached", lambda: True if self._attachment(work, state) is None else None)

    def locate(self, work: AwsWork, import_id: str) -> str:
        """Imported as `device:volume:instance`; the id carries the parts into the first read."""
        _ = work
        if len(import_id.split(":")) != 3:
            raise ProviderError(f"unexpected format of ID ({import_id}), expected DEVICE_NAME:VOLUME_ID:INSTANCE_ID")
        return import_id

    def _attachment(self, work: AwsWork, wanted: Values) -> Values | None:
        item = VOLUME.item(work, wanted["volumeId"])
        for entry in (item or {}).get("Attachments") or ():
            same = entry.get("InstanceId") == wanted["instanceId"] and entry.get("Device") == wanted["deviceName"]
            if same and entry.get("State") not in ("detached", "detaching"):
                return dict(entry)
        return None


def instance_state(work: AwsWork, id_: str) -> str:
    """The state of an instance; `terminated` when it is no longer known."""
    try:
        reservations = work.session.ec2.describe_instances(InstanceIds=[id_])["Reservations"]
    except ClientError as error:
        if is_gone(error):
            return "terminated"
        raise
    return str(reservations[0]["Instances"][0]["State"]["Name"]) if reservations else "terminated"


def _settled(work: AwsWork, instance: str) -> bool | None:
    state = instance_state(work, instance)
    if state == "terminated":
        raise ProviderError(f"the instance {instance} does not exist or is terminated")
    return True if state in ("running", "stopped") else None


def _parts(import_id: str) -> Values:
    device, volume, instance = import_id.split(":")
    return {"deviceName": device, "volumeId": volume, "instanceId": instance}


def _digest(device: str, instance: str, volume: str) -> Any:
    """Upstream's hash is CRC-32 of the three parts; a name to tell attachments apart, nothing else."""
    return binascii.crc32(f"{device}-{instance}-{volume}-".encode())
