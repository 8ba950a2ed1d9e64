"""What a program asks of either side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from tests.lab.providers.aws_cases import AMI, AwsStage
from tests.lab.providers.engine import Engine
from tests.lab.providers.vsphere_cases import VsphereStage
from tests.lab.vcenter.stage import Stage

pytestmark = pytest.mark.lab


@pytest.fixture
def stage(vsphere: Engine, vcenter: Stage) -> VsphereStage:
    return VsphereStage(vsphere, vcenter.login())


@pytest.fixture
def cloud(aws: Engine, aws_client: Callable[[str], Any]) -> AwsStage:
    return AwsStage(aws, aws_client)


def test_identity_region_and_zones(cloud: AwsStage) -> None:
    ask = cloud.engine.invoke
    assert ask("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    assert ask("aws:index/getRegion:getRegion")["name"] == "us-east-1"
    zones = ask("aws:index/getAvailabilityZones:getAvailabilityZones", state="available")["names"]
    assert zones[:3] == ["us-east-1a", "us-east-1b", "us-east-1c"]


def test_an_image_is_found_by_its_id_and_an_open_question_is_refused(cloud: AwsStage) -> None:
    found = cloud.engine.invoke("aws:ec2/getAmi:getAmi", filters=[{"name": "image-id", "values": [AMI]}])
    assert found["id"] == AMI
    assert found["rootSnapshotId"].startswith("snap-")
    with pytest.raises(grpc.RpcError, match="your query returned no results"):
        cloud.engine.invoke("aws:ec2/getAmi:getAmi", nameRegex="^no such image$")
    with pytest.raises(grpc.RpcError, match="more than one result"):
        cloud.engine.invoke("aws:ec2/getAmi:getAmi")


def test_networks_are_found_by_tag_and_by_id(cloud: AwsStage) -> None:
    vpc = cloud.engine.create(cloud.engine.urn("aws:ec2/vpc:Vpc"), {"cidrBlock": "10.99.0.0/16", "tags": {"Name": cloud.unique}})
    assert cloud.engine.invoke("aws:ec2/getVpc:getVpc", tags={"Name": cloud.unique})["id"] == vpc.id
    assert cloud.engine.invoke("aws:ec2/getSubnet:getSubnet", id=cloud.subnet.id)["cidrBlock"] == "10.0.1.0/24"
    with pytest.raises(grpc.RpcError, match="no matching EC2 VPC found"):
        cloud.engine.invoke("aws:ec2/getVpc:getVpc", id="vpc-0123456789abcdef0")


def test_ids_of_what_a_vcenter_runs(stage: VsphereStage) -> None:
    cluster = stage.cluster()
    host = stage.ask("getHost", name="esx-1", datacenterId=stage.center)
    assert host["resourcePoolId"] == cluster["resourcePoolId"]
    assert stage.ask("getDatastore", name="fast", datacenterId=stage.center)["stats"]["capacity"] == str(500 << 30)
    assert stage.ask("getNetwork", name="apps", datacenterId=stage.center)["type"] == "DistributedVirtualPortgroup"
    assert stage.ask("getNetwork", name="mgmt", datacenterId=stage.center)["type"] == "Network"
    assert stage.ask("getResourcePool", name="east/Resources/city", datacenterId=stage.center)["id"] == stage.pool
    assert stage.ask("getDatacenter")["id"] == stage.center


def test_a_machine_is_found_by_name_and_by_uuid(stage: VsphereStage) -> None:
    found = stage.ask("getVirtualMachine", name="db-01", datacenterId=stage.center, folder="City")
    assert found["numCpus"] == 2
    assert [each["label"] for each in found["disks"]] == ["Hard disk 1", "Hard disk 2"]
    assert stage.ask("getVirtualMachine", uuid=found["id"])["moid"] == found["moid"]


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("getDatacenter", {"name": "nowhere"}),
        ("getComputeCluster", {"name": "nowhere"}),
        ("getDatastore", {"name": "nowhere"}),
        ("getNetwork", {"name": "nowhere"}),
        ("getHost", {"name": "nowhere"}),
        ("getResourcePool", {"name": "/Hill/host/east/Resources/nowhere"}),
        ("getFolder", {"path": "/Hill/vm/nowhere"}),
        ("getTagCategory", {"name": "nowhere"}),
        ("getTag", {"name": "nowhere", "categoryId": "urn:vmomi:InventoryServiceCategory:x:GLOBAL"}),
        ("getVirtualMachine", {"name": "nowhere"}),
        ("getVirtualMachine", {"uuid": "00000000-0000-0000-0000-000000000000"}),
    ],
)
def test_what_is_not_there_is_said_to_be_not_found(stage: VsphereStage, function: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(grpc.RpcError, match="not found"):
        stage.ask(function, **arguments)


def test_tags_are_found_by_their_names(stage: VsphereStage) -> None:
    category = stage.ask("getTagCategory", name="incline-tier")
    assert category["associableTypes"] == ["VirtualMachine"]
    assert stage.ask("getTag", name="gold", categoryId=category["id"])["categoryId"] == category["id"]
