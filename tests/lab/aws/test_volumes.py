"""Volumes: settings, encryption, attachments, modifications, and the refusals around them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from .conftest import BLOCK, Aws, Direct, Machine, refused


def made(ec2: Any, **asked: Any) -> dict[str, Any]:
    volume = ec2.create_volume(**{"AvailabilityZone": "us-east-1b", "Size": 10, **asked})["VolumeId"]
    found: dict[str, Any] = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]
    return found


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"VolumeType": "gp3"}, ("gp3", 3000, 125)),
        ({"VolumeType": "gp3", "Iops": 5000, "Throughput": 300}, ("gp3", 5000, 300)),
        ({"VolumeType": "io2", "Iops": 1000}, ("io2", 1000, None)),
        ({}, ("gp2", 100, None)),
        ({"VolumeType": "gp2", "Size": 500}, ("gp2", 1500, None)),
    ],
)
def test_types_bring_their_iops_and_throughput(ec2: Any, asked: dict[str, Any], shown: tuple[Any, ...]) -> None:
    volume = made(ec2, **asked)

    assert (volume["VolumeType"], volume.get("Iops"), volume.get("Throughput")) == shown


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"VolumeType": "io2"}, "MissingParameter"),
        ({"VolumeType": "gp3", "Iops": 100}, "InvalidParameterValue"),
        ({"VolumeType": "gp3", "Size": 1, "Iops": 3500}, "InvalidParameterCombination"),
        ({"VolumeType": "gp2", "Iops": 300}, "InvalidParameterCombination"),
        ({"VolumeType": "gp2", "Throughput": 300}, "InvalidParameterCombination"),
        ({"VolumeType": "gp9"}, "UnknownVolumeType"),
        ({"SnapshotId": "snap-0123456789abcdef0"}, "InvalidSnapshot.NotFound"),
        ({"KmsKeyId": "alias/nobodys"}, "InvalidParameterDependency"),
        ({"KmsKeyId": "alias/nobodys", "Encrypted": True}, "InvalidKmsKey.NotFound"),
        ({"AvailabilityZone": "us-east-1z"}, "InvalidZone.NotFound"),
    ],
)
def test_volumes_that_cannot_be_are_refused(ec2: Any, asked: dict[str, Any], code: str) -> None:
    assert refused(ec2.create_volume, **{"AvailabilityZone": "us-east-1b", "Size": 10, **asked}) == code


def test_a_token_makes_one_volume(ec2: Any) -> None:
    asked = {"AvailabilityZone": "us-east-1b", "Size": 3, "ClientToken": uuid4().hex}
    first = ec2.create_volume(**asked)["VolumeId"]

    assert ec2.create_volume(**asked)["VolumeId"] == first
    assert refused(ec2.create_volume, **{**asked, "Size": 4}) == "IdempotentParameterMismatch"


def test_a_volume_has_its_snapshots_content_size_and_key(aws: Aws, ec2: Any, direct: Direct) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    snapshot = direct.snapshot({5: b"\7" * BLOCK}, size=2, Encrypted=True, KmsKeyArn=key)
    volume = ec2.create_volume(AvailabilityZone="us-east-1b", SnapshotId=snapshot)["VolumeId"]
    shown = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]

    assert (shown["Size"], shown["Encrypted"], shown["KmsKeyId"]) == (2, True, key)
    assert aws.control.guest_read(volume, 5 * BLOCK - 1, 3) == b"\0\7\7"
    assert refused(ec2.create_volume, AvailabilityZone="us-east-1b", SnapshotId=snapshot, Size=1) == "InvalidParameterValue"
    again = ec2.create_snapshot(VolumeId=volume)
    assert (again["Encrypted"], again["State"], again["Progress"]) == (True, "pending", "0%")
    assert ec2.describe_snapshots(SnapshotIds=[again["SnapshotId"]])["Snapshots"][0]["KmsKeyId"] == key


def test_encryption_by_default_and_by_alias(aws: Aws, ec2: Any) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]
    alias = f"alias/site-{uuid4().hex}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    ec2.enable_ebs_encryption_by_default()
    try:
        plain = made(ec2)
    finally:
        ec2.disable_ebs_encryption_by_default()
    named = made(ec2, Encrypted=True, KmsKeyId=alias)

    assert (plain["Encrypted"], plain["KmsKeyId"]) == (True, ec2.get_ebs_default_kms_key_id()["KmsKeyId"])
    assert named["KmsKeyId"] == key["Arn"]


def test_snapshots_take_time_when_told_to(aws: Aws, ec2: Any) -> None:
    volume = made(ec2)["VolumeId"]
    aws.control.settings(snapshot_delay_s=60.0)
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    assert ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"] == "pending"
    assert refused(ec2.create_volume, AvailabilityZone="us-east-1b", SnapshotId=snapshot) == "IncorrectState"
    aws.control.settings(clock_offset_s=61.0)
    assert ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["Progress"] == "100%"
    ec2.create_volume(AvailabilityZone="us-east-1b", SnapshotId=snapshot)


def test_copies_are_whole_encrypted_when_asked_and_nobodys_child(aws: Aws, ec2: Any, direct: Direct) -> None:
    source = direct.snapshot({1: b"\1" * BLOCK})
    copy = ec2.copy_snapshot(SourceSnapshotId=source, SourceRegion="us-east-1", Encrypted=True)["SnapshotId"]
    west = aws.client("ec2", region="us-west-2")
    far = west.copy_snapshot(SourceSnapshotId=source, SourceRegion="us-east-1", Encrypted=True)["SnapshotId"]
    shown = west.describe_snapshots(SnapshotIds=[far])["Snapshots"][0]
    ec2.delete_snapshot(SnapshotId=source)

    assert (shown["Encrypted"], shown["KmsKeyId"].split(":")[3]) == (True, "us-west-2")
    assert direct.read(copy, 1) == b"\1" * BLOCK
    assert refused(ec2.describe_snapshots, SnapshotIds=[far]) == "InvalidSnapshot.NotFound"
    assert refused(direct.ebs.list_changed_blocks, FirstSnapshotId=source, SecondSnapshotId=copy) == "ResourceNotFoundException"


def test_attachments_are_refused_as_aws_refuses_them(ec2: Any, machine: Machine) -> None:
    here, elsewhere = made(ec2)["VolumeId"], made(ec2, AvailabilityZone="us-east-1a")["VolumeId"]
    root, data = machine.volumes["/dev/sda1"], machine.volumes["/dev/sdf"]

    assert refused(ec2.attach_volume, VolumeId=data, InstanceId=machine.instance, Device="/dev/sdg") == "VolumeInUse"
    assert refused(ec2.attach_volume, VolumeId=elsewhere, InstanceId=machine.instance, Device="/dev/sdg") == "InvalidVolume.ZoneMismatch"
    assert refused(ec2.attach_volume, VolumeId=here, InstanceId=machine.instance, Device="/dev/sdf") == "InvalidParameterValue"
    assert refused(ec2.delete_volume, VolumeId=data) == "VolumeInUse"
    assert refused(ec2.detach_volume, VolumeId=root) == "OperationNotPermitted"
    assert refused(ec2.detach_volume, VolumeId=here) == "IncorrectState"
    ec2.detach_volume(VolumeId=data)
    assert ec2.describe_volumes(VolumeIds=[data])["Volumes"][0]["State"] == "available"
    ec2.attach_volume(VolumeId=data, InstanceId=machine.instance, Device="/dev/sdh")
    ec2.terminate_instances(InstanceIds=[machine.instance])
    assert refused(ec2.attach_volume, VolumeId=here, InstanceId=machine.instance, Device="/dev/sdg") == "IncorrectState"


def test_volumes_grow_in_place_and_never_shrink(aws: Aws, ec2: Any, machine: Machine) -> None:
    volume = machine.volumes["/dev/sdf"]
    change = ec2.modify_volume(VolumeId=volume, Size=50)["VolumeModification"]
    shown = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]

    assert (change["ModificationState"], change["OriginalSize"], change["TargetSize"]) == ("modifying", 41, 50)
    assert (shown["Size"], shown["Iops"], shown["Throughput"], shown["State"]) == (50, 4000, 250, "in-use")
    assert refused(ec2.modify_volume, VolumeId=volume, Size=49) == "InvalidParameterValue"
    aws.control.settings(volume_delay_s=60.0)
    ec2.modify_volume(VolumeId=volume, VolumeType="gp2")
    assert refused(ec2.modify_volume, VolumeId=volume, Size=60) == "IncorrectModificationState"
    aws.control.settings(clock_offset_s=61.0)
    modifications = ec2.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"]
    assert [m["ModificationState"] for m in modifications] == ["completed", "completed"]
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["VolumeType"] == "gp2"
