"""One lab AWS process for all tests of this folder, on a free port of loopback; stopped whatever happens."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lab.aws.health import identity_areas
from lab.aws_control import AwsControl
from lab.guest import Identity

ROOT = Path(__file__).resolve().parents[3]
BLOCK = 524288
TOKEN = "a-token-for-tests"


def digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


@dataclass(frozen=True)
class Aws:
    """A region, as a client of AWS and as its owner."""

    url: str
    control: AwsControl

    def client(self, service: str, *, region: str = "us-east-1", key: str = "lab", retries: int = 0) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=key,
            aws_secret_access_key="lab",
            config=Config(retries={"max_attempts": retries, "mode": "standard"}),
        )


def refused(call: Callable[..., Any], **parameters: Any) -> str:
    """The code of the error that a call must end with."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def reason(call: Callable[..., Any], **parameters: Any) -> str:
    """The code and the reason of an EBS direct error."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return f"{caught.value.response['Error']['Code']} {caught.value.response.get('Reason', '')}".strip()


def every_page(call: Callable[..., Any], **parameters: Any) -> Iterator[dict[str, Any]]:
    """The pages of a list; botocore has no paginator for EBS direct."""
    page = call(**parameters)
    yield page
    while page.get("NextToken"):
        page = call(**parameters, NextToken=page["NextToken"])
        yield page


@dataclass(frozen=True)
class Direct:
    """EBS direct in words of the tests."""

    ebs: Any

    def put(self, snapshot: str, index: int, data: bytes, checksum: str | None = None) -> Any:
        return self.ebs.put_snapshot_block(
            SnapshotId=snapshot,
            BlockIndex=index,
            BlockData=data,
            DataLength=len(data),
            Checksum=checksum or digest(data),
            ChecksumAlgorithm="SHA256",
        )

    def snapshot(self, blocks: dict[int, bytes], *, size: int = 1, **started: Any) -> str:
        name: str = self.ebs.start_snapshot(VolumeSize=size, **started)["SnapshotId"]
        for index, data in blocks.items():
            self.put(name, index, data)
        self.ebs.complete_snapshot(SnapshotId=name, ChangedBlocksCount=len(blocks))
        return name

    def tokens(self, snapshot: str) -> dict[int, str]:
        pages = every_page(self.ebs.list_snapshot_blocks, SnapshotId=snapshot)
        return {block["BlockIndex"]: block["BlockToken"] for page in pages for block in page["Blocks"]}

    def read(self, snapshot: str, index: int) -> bytes:
        token = self.tokens(snapshot)[index]
        data: bytes = self.ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=index, BlockToken=token)["BlockData"].read()
        return data

    def changed(self, first: str, second: str) -> dict[int, tuple[bool, bool]]:
        pages = every_page(self.ebs.list_changed_blocks, FirstSnapshotId=first, SecondSnapshotId=second)
        return {c["BlockIndex"]: ("FirstBlockToken" in c, "SecondBlockToken" in c) for page in pages for c in page["ChangedBlocks"]}


def start(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """A process of its own, and its URL."""
    token = folder / "token"
    token.write_text(TOKEN, encoding="utf-8")
    command = [sys.executable, "-m", "lab.aws", "--state", str(folder / "state"), "--listen", "127.0.0.1:0"]
    command += ["--control-token-file", str(token), *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "TZ": "America/New_York"})
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait(timeout=10)
        raise AssertionError(f"the lab's AWS did not start: exit code {process.returncode}")
    return process, str(json.loads(line)["url"])


def stop(process: subprocess.Popen[str]) -> int:
    process.terminate()
    try:
        return process.wait(timeout=20)
    finally:
        process.kill()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="session")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    process, url = start(tmp_path_factory.mktemp("lab-aws"), "--estate", str(ROOT / "estate"))
    try:
        yield Aws(url, AwsControl(url, TOKEN))
    finally:
        stop(process)


@pytest.fixture
def aws(region: Aws) -> Iterator[Aws]:
    """The region, calm before and after."""
    before = region.control.settings()
    yield region
    region.control.calm()
    region.control.settings(**before)


@pytest.fixture
def ec2(aws: Aws) -> Any:
    return aws.client("ec2")


@pytest.fixture
def ebs(aws: Aws) -> Any:
    return aws.client("ebs")


@pytest.fixture
def direct(ebs: Any) -> Direct:
    return Direct(ebs)


def identity_blocks(machine: str, disk: int, disks: int) -> dict[int, bytes]:
    """The blocks of a disk that has an identity and nothing else."""
    identity = Identity(machine_id=machine, hostname=machine, os="debian-12", disk=disk, disks=disks)
    blocks: dict[int, bytearray] = {}
    for offset, data in identity_areas(identity):
        block = blocks.setdefault(offset // BLOCK, bytearray(BLOCK))
        block[offset % BLOCK : offset % BLOCK + len(data)] = data
    return {index: bytes(block) for index, block in blocks.items()}


@dataclass(frozen=True)
class Net:
    """A network of its own for one test."""

    vpc: str
    subnet: str
    group: str
    prefix: str


@pytest.fixture
def net(ec2: Any) -> Net:
    prefix = f"10.{uuid4().int % 200 + 20}.{uuid4().int % 250}"
    vpc = ec2.create_vpc(CidrBlock=f"{prefix}.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"{prefix}.0/24", AvailabilityZone="us-east-1b")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="machines", Description="machines", VpcId=vpc)["GroupId"]
    return Net(vpc, subnet, group, prefix)


@dataclass(frozen=True)
class Machine:
    """A machine of two disks, as a move up leaves it."""

    instance: str
    image: str
    snapshots: tuple[str, str]
    volumes: dict[str, str]
    eni: str


def register(ec2: Any, name: str, system: str, data: str) -> str:
    image: str = ec2.register_image(
        Name=name,
        Architecture="x86_64",
        BootMode="legacy-bios",
        EnaSupport=True,
        ImdsSupport="v2.0",
        RootDeviceName="/dev/sda1",
        VirtualizationType="hvm",
        BlockDeviceMappings=[
            {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": system, "VolumeType": "gp3", "DeleteOnTermination": True}},
            {
                "DeviceName": "/dev/sdf",
                "Ebs": {"SnapshotId": data, "VolumeType": "gp3", "Iops": 4000, "Throughput": 250, "DeleteOnTermination": False},
            },
        ],
        TagSpecifications=[{"ResourceType": "image", "Tags": [{"Key": "move", "Value": "m-1"}]}],
    )["ImageId"]
    return image


@pytest.fixture
def machine(ec2: Any, direct: Direct, net: Net) -> Machine:
    name = f"m-{uuid4().hex[:8]}"
    system = direct.snapshot(identity_blocks(name, 0, 2), size=8)
    data = direct.snapshot(identity_blocks(name, 1, 2), size=41)
    image = register(ec2, name, system, data)
    eni = ec2.create_network_interface(SubnetId=net.subnet, PrivateIpAddress=f"{net.prefix}.20", Groups=[net.group])
    eni_id = eni["NetworkInterface"]["NetworkInterfaceId"]
    instance = ec2.run_instances(
        ImageId=image,
        InstanceType="m5.large",
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": eni_id}],
    )["Instances"][0]["InstanceId"]
    devices = describe(ec2, instance)["BlockDeviceMappings"]
    return Machine(instance, image, (system, data), {d["DeviceName"]: d["Ebs"]["VolumeId"] for d in devices}, eni_id)


def describe(ec2: Any, instance: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    return found


def status(ec2: Any, instance: str) -> str:
    found = ec2.describe_instance_status(InstanceIds=[instance], IncludeAllInstances=True)["InstanceStatuses"][0]
    return str(found["InstanceStatus"]["Status"])
