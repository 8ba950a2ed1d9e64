"""Instances, volumes, snapshots and images as the lab AWS has them, read as the program reads them."""

import pytest

from infra.endpoints import Endpoint
from infra.observed.aws import SnapshotKeeper, instance, instances, snapshots, volumes
from infra.observed.aws_session import AwsError, AwsSession
from infra.observed.errors import SignOnError, UnreachableError
from infra.observed.inventory import read_aws
from tests.fakes.lab_aws import lab_aws

GIB = 1 << 30
IMAGE = "ami-0deb12000000000a1"


@pytest.fixture(scope="module")
def aws():
    with lab_aws() as started:
        yield started


@pytest.fixture(scope="module")
def launched(aws):
    """An instance of the base image."""
    vpc = aws.session.call("ec2", "create_vpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = aws.session.call("ec2", "create_subnet", VpcId=vpc, CidrBlock="10.9.1.0/24", AvailabilityZone="us-east-1a")["Subnet"][
        "SubnetId"
    ]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "permits-db-01"}]}]
    answer = aws.session.call(
        "ec2",
        "run_instances",
        ImageId=IMAGE,
        InstanceType="m6i.large",
        SubnetId=subnet,
        MinCount=1,
        MaxCount=1,
        ClientToken="launch-1",
        TagSpecifications=tags,
    )
    return answer["Instances"][0]["InstanceId"]


def test_an_instance_is_seen_whole(aws, launched):
    view = instance(aws.session, launched)

    assert (view.name, view.type, view.image, view.zone) == ("permits-db-01", "m6i.large", IMAGE, "us-east-1a")
    assert view.launch_token == "launch-1"
    assert view.state in {"pending", "running"}
    assert view.status in {"ok", "initializing", "insufficient-data"}
    assert view.interfaces[0].address.startswith("10.9.1.")
    assert view.interfaces[0].groups


def test_its_volumes_know_instance_device_and_snapshot(aws, launched):
    view = instance(aws.session, launched)
    found = volumes(aws.session, ids=list(view.volumes.values()))

    assert [(v.instance, v.device) for v in found] == [(launched, view.root_device)]
    assert found[0].size >= GIB
    assert volumes(aws.session, filters={"attachment.instance-id": launched}) == found


def test_an_instance_that_is_not_there_is_none(aws):
    assert instance(aws.session, "i-0123456789abcdef0") is None


def test_a_filter_without_a_match_is_empty(aws):
    assert instances(aws.session, filters={"tag:Name": "nobody"}) == ()


def test_a_snapshot_s_life(aws, launched):
    volume = next(iter(instance(aws.session, launched).volumes.values()))
    made = aws.session.call("ec2", "create_snapshot", VolumeId=volume)["SnapshotId"]
    keeper = SnapshotKeeper(aws.session)

    assert keeper.snapshot_state(made) in {"pending", "completed"}
    assert [s.volume for s in snapshots(aws.session, ids=[made])] == [volume]
    keeper.delete_snapshot(made)
    keeper.delete_snapshot(made)
    assert keeper.snapshot_state(made) == ""


def test_a_site_is_seen_whole(aws, launched):
    found = read_aws(aws.session)

    assert launched in {i.id for i in found.instances}
    assert found.region == "us-east-1"


def test_a_refusal_keeps_aws_s_own_code(aws):
    with pytest.raises(AwsError) as caught:
        aws.session.call("ec2", "attach_volume", VolumeId="vol-0123456789abcdef0", InstanceId="i-0123456789abcdef0", Device="/dev/sdf")
    assert caught.value.aws_code.startswith("Invalid")


def test_wrong_credentials_name_the_site_and_the_remedy(aws):
    session = AwsSession(Endpoint(site="aws-east", address=aws.url, region="us-east-1", user="wrong", password="s3cret"))
    with pytest.raises(SignOnError, match="site aws-east") as caught:
        session.call("ec2", "describe_instances")
    assert "credentials" in caught.value.next_step
    assert "s3cret" not in str(caught.value)


def test_nobody_there_is_told():
    session = AwsSession(Endpoint(site="aws-east", address="http://127.0.0.1:9", region="us-east-1", user="a", password="b"))
    with pytest.raises(UnreachableError, match="does not answer"):
        session.call("sts", "get_caller_identity")


def test_a_role_is_assumed_for_the_site(aws):
    endpoint = Endpoint(site="aws-east", address=aws.url, region="us-east-1", user="lab", password="lab-secret")
    session = AwsSession(endpoint, role="arn:aws:iam::123456789012:role/incline")
    key, _, token = session.credentials()

    assert key != "lab"
    assert token
    assert session.call("sts", "get_caller_identity")["Arn"]
