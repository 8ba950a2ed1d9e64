"""Throttles, faults, the control endpoint, and the process itself."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from lab.aws_control import AwsControl, AwsControlError

from .conftest import BLOCK, ROOT, TOKEN, Aws, Direct, reason, refused, start, stop


def test_throttles_use_the_services_own_codes(aws: Aws, ec2: Any, direct: Direct) -> None:
    name = direct.ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    aws.control.throttle("DescribeVolumes", count=1)
    aws.control.throttle("PutSnapshotBlock", count=2, skip=1)
    direct.put(name, 0, bytes(BLOCK))

    assert refused(ec2.describe_volumes) == "RequestLimitExceeded"
    ec2.describe_volumes()
    throttled = "RequestThrottledException ACCOUNT_THROTTLED"
    assert [reason(direct.put, snapshot=name, index=1, data=bytes(BLOCK)) for _ in range(2)] == [throttled] * 2
    direct.put(name, 1, bytes(BLOCK))
    assert [rule["hits"] for rule in aws.control.fault_hits()] == [1, 2]


def test_a_patient_client_gets_through_a_throttle(aws: Aws) -> None:
    aws.control.throttle("DescribeInstances", count=2)

    assert "Reservations" in aws.client("ec2", retries=4).describe_instances()


def test_faults_fail_as_told(aws: Aws, ec2: Any, ebs: Any) -> None:
    aws.control.faults(
        {"action": "StartSnapshot", "fault": "error", "status": 500, "count": 1},
        {"action": "DescribeVolumes", "fault": "error", "code": "Unavailable", "status": 503, "count": 1},
        {"action": "DescribeImages", "fault": "drop", "count": 1},
        {"service": "ec2", "action": "DescribeVpcs", "fault": "expired-credentials", "count": 1},
    )

    assert refused(ebs.start_snapshot, VolumeSize=1) == "InternalServerException"
    assert refused(ec2.describe_volumes) == "Unavailable"
    with pytest.raises(ConnectionClosedError):
        ec2.describe_images()
    assert refused(ec2.describe_vpcs) == "RequestExpired"
    assert refused(aws.client("ec2", key="wrong").describe_vpcs) == "AuthFailure"
    assert refused(aws.client("ebs", key="wrong").list_snapshot_blocks, SnapshotId="snap-1") == "UnrecognizedClientException"
    ec2.describe_vpcs()


def test_chance_strikes_sometimes(aws: Aws, ec2: Any) -> None:
    aws.control.throttle("DescribeRegions", probability=0.5)
    outcomes = set()
    for _ in range(30):
        try:
            ec2.describe_regions()
            outcomes.add("answered")
        except ClientError as error:
            outcomes.add(error.response["Error"]["Code"])

    assert outcomes == {"answered", "RequestLimitExceeded"}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda control: control.settings(instance_delay=3.0),
        lambda control: control.settings(max_page="many"),
        lambda control: control.faults({"action": "X", "fault": "explode"}),
        lambda control: control.faults({"colour": "blue"}),
        lambda control: control.corrupt("snap-0123", 0),
    ],
)
def test_control_refuses_what_it_does_not_know(aws: Aws, wrong: Any) -> None:
    with pytest.raises(AwsControlError):
        wrong(aws.control)
    assert aws.control.fault_hits() == []


def test_control_needs_its_token(aws: Aws) -> None:
    with pytest.raises(HTTPError) as caught:
        urllib.request.urlopen(f"{aws.url}/lab/state")
    caught.value.close()

    assert caught.value.code == 403


def test_one_connection_serves_many_requests(aws: Aws) -> None:
    connection = http.client.HTTPConnection(urlsplit(aws.url).netloc)
    connection.connect()
    socket = connection.sock
    for _ in range(3):
        connection.request("POST", "/", body=b"Action=DescribeRegions", headers={"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:5]) == (200, b"<?xml")
        assert connection.sock is socket
    connection.close()


def test_blocks_are_put_fast_enough_for_a_mover(direct: Direct, aws: Aws) -> None:
    name = direct.ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    connection = http.client.HTTPConnection(urlsplit(aws.url).netloc)
    data, count = b"\5" * BLOCK, 100
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=lab/20260101/us-east-1/ebs/aws4_request, SignedHeaders=host, Signature=0",
        "x-amz-Data-Length": str(BLOCK),
        "x-amz-Checksum": "CmGQ9D2uGOB9rZsVzHdA9Z0ZPqzWvDkFUBGxqFhG5Ks=",
        "x-amz-Checksum-Algorithm": "SHA256",
    }
    headers["x-amz-Checksum"] = direct.put(name, 0, data)["Checksum"]
    started = time.monotonic()
    for index in range(count):
        connection.request("PUT", f"/snapshots/{name}/blocks/{index}", body=data, headers=headers)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (201, b"")
    connection.close()

    assert count / (time.monotonic() - started) > 50


def test_it_starts_quickly_starts_over_and_stops_when_told(tmp_path: Path) -> None:
    started = time.monotonic()
    process, url = start(tmp_path, "--estate", str(ROOT / "estate"))
    took = time.monotonic() - started
    try:
        fresh = Aws(url, AwsControl(url, TOKEN))
        ec2, kms = fresh.client("ec2"), fresh.client("kms")
        vpcs = len(ec2.describe_vpcs()["Vpcs"])
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
        kms.create_alias(AliasName="alias/site", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
        ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)
        fresh.control.settings(max_page=5)
        fresh.control.reset()
        assert ec2.describe_images(ImageIds=["ami-0deb12000000000a1"])["Images"][0]["RootDeviceName"] == "/dev/sda1"
        assert (len(ec2.describe_vpcs()["Vpcs"]), ec2.describe_volumes()["Volumes"]) == (vpcs, [])
        assert [a for a in kms.list_aliases()["Aliases"] if a["AliasName"] == "alias/site"] == []
        assert fresh.control.settings()["max_page"] == 10_000
    finally:
        code = stop(process)

    assert code == 0
    assert took < 15, "the goal is 3 s on an idle machine; the margin is for busy ones"


def test_an_estate_that_does_not_load_stops_it(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="exit code 2"):
        start(tmp_path, "--estate", str(tmp_path / "nowhere"))


@pytest.mark.parametrize(("listen", "says"), [("taken", "INC-4305"), ("nowhere", "give an address and a port")])
def test_an_address_that_cannot_be_had_is_told(aws: Aws, tmp_path: Path, listen: str, says: str) -> None:
    address = urlsplit(aws.url).netloc if listen == "taken" else listen
    command = [sys.executable, "-m", "lab.aws", "--state", str(tmp_path), "--listen", address]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert says in ended.stderr
