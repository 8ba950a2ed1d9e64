"""A landing zone: network, key, endpoints, roles and the refusal to open a way to the internet."""

from __future__ import annotations

from typing import Any

import pytest

from components.aws.landing_zone import AwsLandingZone, AwsLandingZoneArgs
from tests.fakes import estates
from tests.fakes.pulumi_mocks import Recording, run_program


@pytest.fixture
def recording() -> Recording:
    args = AwsLandingZoneArgs(site=estates.aws_site(), tags={"incline:estate": "small-city"})
    return run_program(lambda: AwsLandingZone("aws-east", args=args), stack="aws-east.foundation")


def inputs(recording: Recording, token: str, name: str) -> Any:
    return recording.one(token, name).inputs


def test_every_network_is_a_subnet_of_its_zone(recording: Recording) -> None:
    subnet = inputs(recording, "aws:ec2/subnet:Subnet", "aws-east-subnet-data-b")

    assert (subnet["cidrBlock"], subnet["availabilityZone"], subnet["mapPublicIpOnLaunch"]) == ("10.60.33.0/24", "us-east-1b", False)
    assert len(recording.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation")) == 2


def test_there_is_no_way_to_the_internet(recording: Recording) -> None:
    types = {each.type for each in recording.resources}

    assert not [each for each in types if "nternetGateway" in each or "natGateway" in each or "eip" in each]
    assert "routes" not in inputs(recording, "aws:ec2/routeTable:RouteTable", "aws-east-routes")


def test_the_quarantine_group_has_no_rule(recording: Recording) -> None:
    group = inputs(recording, "aws:ec2/securityGroup:SecurityGroup", "aws-east-quarantine")

    assert (group["ingress"], group["egress"]) == ([], [])


def test_the_key_turns_and_what_would_lose_data_is_protected(recording: Recording) -> None:
    assert inputs(recording, "aws:kms/key:Key", "aws-east-key")["enableKeyRotation"] is True
    assert {each.name for each in recording.resources if each.protect} == {"aws-east-key", "aws-east-vault"}


def test_an_interface_endpoint_takes_one_subnet_of_each_zone(recording: Recording) -> None:
    endpoint = inputs(recording, "aws:ec2/vpcEndpoint:VpcEndpoint", "aws-east-endpoint-ebs")

    assert endpoint["serviceName"] == "com.amazonaws.us-east-1.ebs"
    assert endpoint["subnetIds"] == ["Subnet/aws-east-subnet-data-a", "Subnet/aws-east-subnet-data-b"]
    assert endpoint["privateDnsEnabled"] is True
