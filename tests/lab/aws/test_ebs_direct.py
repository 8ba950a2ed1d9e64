"""EBS direct: what a mover of blocks relies on, and what must be refused."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Any

import pytest

from .conftest import BLOCK, Aws, Direct, digest, reason, refused

DATA = [bytes([n]) * BLOCK for n in range(5)]


def test_a_started_snapshot_answers_what_it_is(ebs: Any, ec2: Any) -> None:
    started = ebs.start_snapshot(VolumeSize=3, Description="permits", Tags=[{"Key": "vm", "Value": "web01"}])
    shown = ec2.describe_snapshots(SnapshotIds=[started["SnapshotId"]])["Snapshots"][0]

    assert (started["Status"], started["BlockSize"], started["VolumeSize"], started["SseType"]) == ("pending", BLOCK, 3, "none")
    assert (shown["State"], shown["Description"], shown["Tags"]) == ("pending", "permits", [{"Key": "vm", "Value": "web01"}])
    assert abs((started["StartTime"] - shown["StartTime"]).total_seconds()) < 2


def test_a_client_token_answers_the_same_snapshot_and_refuses_another_request(ebs: Any) -> None:
    token = os.urandom(8).hex()
    first = ebs.start_snapshot(VolumeSize=1, ClientToken=token)["SnapshotId"]

    assert ebs.start_snapshot(VolumeSize=1, ClientToken=token)["SnapshotId"] == first
    assert refused(ebs.start_snapshot, VolumeSize=2, ClientToken=token) == "ConflictException"


def test_blocks_come_back_as_they_were_written(direct: Direct) -> None:
    name = direct.snapshot({0: DATA[1], 2047: DATA[2]})
    token = direct.tokens(name)[2047]
    answer = direct.ebs.get_snapshot_block(SnapshotId=name, BlockIndex=2047, BlockToken=token)

    assert answer["BlockData"].read() == DATA[2]
    assert (answer["Checksum"], answer["DataLength"], answer["ChecksumAlgorithm"]) == (digest(DATA[2]), BLOCK, "SHA256")


def test_nothing_refused_leaves_a_block(direct: Direct) -> None:
    name = direct.ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    assert reason(direct.put, snapshot=name, index=1, data=DATA[1], checksum=digest(b"x")).startswith("ValidationException INVALID")
    assert reason(direct.put, snapshot=name, index=2048, data=DATA[1]) == "ValidationException INVALID_BLOCK"
    assert refused(direct.put, snapshot=name, index=1, data=b"x" * 1024) == "ValidationException"
    direct.put(name, 7, DATA[1])
    direct.ebs.complete_snapshot(SnapshotId=name, ChangedBlocksCount=1)

    assert refused(direct.put, snapshot=name, index=1, data=DATA[1]) == "ValidationException"
    assert list(direct.tokens(name)) == [7]


def test_unknown_snapshots_are_not_found(direct: Direct) -> None:
    unknown = "snap-0123456789abcdef0"
    not_found = "ResourceNotFoundException SNAPSHOT_NOT_FOUND"

    assert reason(direct.put, snapshot=unknown, index=0, data=DATA[0]) == not_found
    assert reason(direct.ebs.list_snapshot_blocks, SnapshotId=unknown) == not_found
    assert reason(direct.ebs.start_snapshot, VolumeSize=1, ParentSnapshotId=unknown) == not_found


def test_completion_counts_and_adds_up(direct: Direct, ec2: Any) -> None:
    name = direct.ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    for index in (9, 3):
        direct.put(name, index, DATA[index % 5])
    direct.put(name, 9, DATA[2])
    aggregate = hashlib.sha256(hashlib.sha256(DATA[3]).digest() + hashlib.sha256(DATA[2]).digest()).digest()
    right = base64.b64encode(aggregate).decode()
    given = {"ChecksumAlgorithm": "SHA256", "ChecksumAggregationMethod": "LINEAR", "SnapshotId": name}

    assert refused(direct.ebs.complete_snapshot, SnapshotId=name, ChangedBlocksCount=3) == "ValidationException"
    assert refused(direct.ebs.complete_snapshot, ChangedBlocksCount=2, Checksum=digest(b""), **given) == "ValidationException"
    assert direct.ebs.complete_snapshot(ChangedBlocksCount=2, Checksum=right, **given)["Status"] == "completed"
    assert ec2.describe_snapshots(SnapshotIds=[name])["Snapshots"][0]["State"] == "completed"
    assert direct.read(name, 9) == DATA[2]


def test_a_child_has_its_parents_blocks_and_its_own(direct: Direct) -> None:
    parent = direct.snapshot({0: DATA[0], 1: DATA[1]})
    child = direct.ebs.start_snapshot(VolumeSize=1, ParentSnapshotId=parent)
    assert child["ParentSnapshotId"] == parent
    direct.put(child["SnapshotId"], 1, DATA[3])
    direct.put(child["SnapshotId"], 5, DATA[4])
    direct.ebs.complete_snapshot(SnapshotId=child["SnapshotId"], ChangedBlocksCount=2)

    assert [direct.read(child["SnapshotId"], i) for i in (0, 1, 5)] == [DATA[0], DATA[3], DATA[4]]
    assert direct.read(parent, 1) == DATA[1]
    assert direct.changed(parent, child["SnapshotId"]) == {1: (True, True), 5: (False, True)}


def test_a_childs_data_survives_its_parent(direct: Direct, ec2: Any) -> None:
    parent = direct.snapshot({0: DATA[0]})
    child = direct.snapshot({1: DATA[1]}, ParentSnapshotId=parent)
    ec2.delete_snapshot(SnapshotId=parent)
    direct.snapshot(dict.fromkeys(range(4), DATA[4]))

    assert direct.read(child, 0) == DATA[0]
    assert refused(direct.ebs.list_snapshot_blocks, SnapshotId=parent) == "ResourceNotFoundException"


def test_blocks_of_a_grandchild_compare_with_the_first(direct: Direct) -> None:
    first = direct.snapshot({0: DATA[0]})
    second = direct.snapshot({1: DATA[1]}, ParentSnapshotId=first)
    third = direct.snapshot({2: DATA[2]}, ParentSnapshotId=second, size=2)

    assert direct.changed(first, third) == {1: (False, True), 2: (False, True)}
    assert direct.changed(third, first) == {1: (True, False), 2: (True, False)}


def test_strangers_and_siblings_are_not_compared(direct: Direct) -> None:
    first, stranger = direct.snapshot({0: DATA[0]}), direct.snapshot({0: DATA[0]})
    brothers = [direct.snapshot({1: DATA[n]}, ParentSnapshotId=first) for n in (1, 2)]
    unrelated = "ValidationException UNRELATED_SNAPSHOTS"

    assert reason(direct.ebs.list_changed_blocks, FirstSnapshotId=first, SecondSnapshotId=stranger) == unrelated
    assert reason(direct.ebs.list_changed_blocks, FirstSnapshotId=brothers[0], SecondSnapshotId=brothers[1]) == unrelated
    assert refused(direct.ebs.list_changed_blocks, SecondSnapshotId=first) == "ValidationException"


def test_a_parent_must_be_completed_and_not_larger(direct: Direct) -> None:
    pending = direct.ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    large = direct.snapshot({}, size=3)

    assert refused(direct.ebs.start_snapshot, VolumeSize=1, ParentSnapshotId=pending) == "ValidationException"
    assert reason(direct.ebs.start_snapshot, VolumeSize=2, ParentSnapshotId=large) == "ValidationException INVALID_VOLUME_SIZE"


def test_lists_come_in_pages(direct: Direct) -> None:
    name = direct.snapshot(dict.fromkeys(range(150), DATA[0]))
    first = direct.ebs.list_snapshot_blocks(SnapshotId=name, MaxResults=100)
    second = direct.ebs.list_snapshot_blocks(SnapshotId=name, MaxResults=100, NextToken=first["NextToken"])

    assert (len(first["Blocks"]), len(second["Blocks"]), "NextToken" in second) == (100, 50, False)
    assert [b["BlockIndex"] for b in direct.ebs.list_snapshot_blocks(SnapshotId=name, StartingBlockIndex=148)["Blocks"]] == [148, 149]
    assert reason(direct.ebs.list_snapshot_blocks, SnapshotId=name, NextToken="AAAA") == "ValidationException INVALID_PAGE_TOKEN"


def test_pages_may_be_short_and_empty(aws: Aws, direct: Direct) -> None:
    parent = direct.snapshot(dict.fromkeys(range(5), DATA[0]))
    child = direct.snapshot(dict.fromkeys(range(3), DATA[1]), ParentSnapshotId=parent)
    aws.control.settings(max_page=2, empty_pages=True)
    first = direct.ebs.list_snapshot_blocks(SnapshotId=parent)

    assert first["Blocks"] == []
    assert "NextToken" in first
    assert list(direct.tokens(parent)) == [0, 1, 2, 3, 4]
    assert list(direct.changed(parent, child)) == [0, 1, 2]


def test_tokens_end_and_belong_to_one_block(aws: Aws, direct: Direct) -> None:
    name = direct.snapshot({0: DATA[0], 1: DATA[1]})
    page = direct.ebs.list_snapshot_blocks(SnapshotId=name)
    token = page["Blocks"][0]["BlockToken"]
    invalid = "ValidationException INVALID_BLOCK_TOKEN"

    assert reason(direct.ebs.get_snapshot_block, SnapshotId=name, BlockIndex=1, BlockToken=token) == invalid
    assert reason(direct.ebs.get_snapshot_block, SnapshotId=name, BlockIndex=0, BlockToken="AAAA") == invalid
    aws.control.settings(clock_offset_s=6.9 * 86400)
    direct.ebs.get_snapshot_block(SnapshotId=name, BlockIndex=0, BlockToken=token)["BlockData"].read()
    aws.control.settings(clock_offset_s=7.1 * 86400)
    assert reason(direct.ebs.get_snapshot_block, SnapshotId=name, BlockIndex=0, BlockToken=token) == invalid


def test_page_tokens_end_after_an_hour(aws: Aws, direct: Direct) -> None:
    name = direct.snapshot(dict.fromkeys(range(3), DATA[0]))
    aws.control.settings(max_page=2)
    token = direct.ebs.list_snapshot_blocks(SnapshotId=name)["NextToken"]
    aws.control.settings(clock_offset_s=3700.0)

    assert reason(direct.ebs.list_snapshot_blocks, SnapshotId=name, NextToken=token) == "ValidationException INVALID_PAGE_TOKEN"


def test_a_snapshot_without_blocks_in_time_is_cancelled(aws: Aws, direct: Direct, ec2: Any) -> None:
    name = direct.ebs.start_snapshot(VolumeSize=1, Timeout=10)["SnapshotId"]
    aws.control.settings(clock_offset_s=550.0)
    direct.put(name, 0, DATA[0])
    aws.control.settings(clock_offset_s=1100.0)
    direct.put(name, 1, DATA[0])
    aws.control.settings(clock_offset_s=1800.0)

    assert ec2.describe_snapshots(SnapshotIds=[name])["Snapshots"][0]["State"] == "error"
    late = "ValidationException WRITE_REQUEST_TIMEOUT"
    assert reason(direct.put, snapshot=name, index=2, data=DATA[0]) == late
    assert reason(direct.ebs.complete_snapshot, SnapshotId=name, ChangedBlocksCount=2) == late


def test_only_so_many_snapshots_are_open_at_once(aws: Aws, ebs: Any, ec2: Any) -> None:
    open_now = len(ec2.describe_snapshots(Filters=[{"Name": "status", "Values": ["pending"]}])["Snapshots"])
    aws.control.settings(pending_snapshots=open_now + 1)
    ebs.start_snapshot(VolumeSize=1)

    assert refused(ebs.start_snapshot, VolumeSize=1) == "ConcurrentLimitExceededException"


@pytest.fixture
def key(aws: Aws) -> str:
    return str(aws.client("kms").create_key(Description="site")["KeyMetadata"]["Arn"])


@pytest.fixture
def by_default(ec2: Any) -> Any:
    ec2.enable_ebs_encryption_by_default()
    yield
    ec2.disable_ebs_encryption_by_default()


def test_encryption_without_a_parent(ebs: Any, key: str) -> None:
    assert ebs.start_snapshot(VolumeSize=1, Encrypted=True, KmsKeyArn=key)["KmsKeyArn"] == key
    account = ebs.start_snapshot(VolumeSize=1, Encrypted=True)
    assert (account["SseType"], account["KmsKeyArn"] != key) == ("sse-kms", True)
    assert ebs.start_snapshot(VolumeSize=1, Encrypted=False)["SseType"] == "none"
    assert refused(ebs.start_snapshot, VolumeSize=1, KmsKeyArn=key) == "ValidationException"
    assert refused(ebs.start_snapshot, VolumeSize=1, Encrypted=False, KmsKeyArn=key) == "ValidationException"


@pytest.mark.usefixtures("by_default")
def test_encryption_by_default(ebs: Any, key: str) -> None:
    assert ebs.start_snapshot(VolumeSize=1)["SseType"] == "sse-kms"
    assert ebs.start_snapshot(VolumeSize=1, KmsKeyArn=key)["KmsKeyArn"] == key
    assert refused(ebs.start_snapshot, VolumeSize=1, Encrypted=False) == "ValidationException"


def test_a_child_inherits_the_key_and_names_none(direct: Direct, key: str) -> None:
    parent = direct.snapshot({0: DATA[0]}, Encrypted=True, KmsKeyArn=key)
    child = direct.ebs.start_snapshot(VolumeSize=1, ParentSnapshotId=parent)

    assert (child["KmsKeyArn"], child["SseType"]) == (key, "sse-kms")
    for extra in ({"Encrypted": True}, {"Encrypted": False}, {"KmsKeyArn": key}):
        assert refused(direct.ebs.start_snapshot, VolumeSize=1, ParentSnapshotId=parent, **extra) == "ValidationException"


@pytest.mark.usefixtures("by_default")
def test_an_open_parent_is_refused_when_encryption_is_the_default(direct: Direct, ec2: Any) -> None:
    ec2.disable_ebs_encryption_by_default()
    parent = direct.snapshot({0: DATA[0]})
    ec2.enable_ebs_encryption_by_default()

    assert refused(direct.ebs.start_snapshot, VolumeSize=1, ParentSnapshotId=parent) == "ValidationException"


def test_keys_that_cannot_be_used_are_refused(aws: Aws, ebs: Any, key: str) -> None:
    aws.client("kms").disable_key(KeyId=key)
    unknown = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"

    disabled = "ValidationException INVALID_DEPENDENCY_REQUEST"
    assert reason(ebs.start_snapshot, VolumeSize=1, Encrypted=True, KmsKeyArn=key) == disabled
    missing = "ResourceNotFoundException DEPENDENCY_RESOURCE_NOT_FOUND"
    assert reason(ebs.start_snapshot, VolumeSize=1, Encrypted=True, KmsKeyArn=unknown) == missing


def test_rot_in_the_store_is_seen_by_who_compares(aws: Aws, direct: Direct) -> None:
    loud, silent = direct.snapshot({3: DATA[1]}), direct.snapshot({3: DATA[1]})
    aws.control.corrupt(loud, 3 * BLOCK + 100, bit=5, silent=False)
    aws.control.corrupt(silent, 3 * BLOCK + 100, bit=5)
    rotten = DATA[1][:100] + bytes([DATA[1][100] ^ 32]) + DATA[1][101:]

    answers = [direct.ebs.get_snapshot_block(SnapshotId=s, BlockIndex=3, BlockToken=direct.tokens(s)[3]) for s in (loud, silent)]
    assert [a["BlockData"].read() == rotten for a in answers] == [True, True]
    assert [a["Checksum"] == digest(rotten) for a in answers] == [False, True]
