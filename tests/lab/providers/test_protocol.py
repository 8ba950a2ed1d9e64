"""The protocol itself: configuration, checks, unknowns, secrets, names, messages, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from lab.providers.aws import table as aws_table
from lab.providers.diff import segments
from lab.providers.failures import named
from lab.providers.values import UNKNOWN, decode, encode
from lab.providers.vsphere import table as vsphere_table
from tests.lab.providers.conftest import ROOT, aws_config
from tests.lab.providers.engine import Engine

VPC = "aws:ec2/vpc:Vpc"
ROLE = "aws:iam/role:Role"


@pytest.fixture
def idle() -> Any:
    """A provider of which nothing is asked that needs the other side."""
    with Engine(aws_table(), aws_config("http://127.0.0.1:9"), configured=False) as engine:
        yield engine


def check_config(engine: Engine, **config: Any) -> dict[str, str]:
    answer = engine.stub.CheckConfig(provider_pb2.CheckRequest(urn="urn:pulumi:s::p::pulumi:providers:aws::x", news=encode(config)))
    return {item.property: item.reason for item in answer.failures}


def test_configuration_of_the_real_provider_is_taken_and_other_is_refused(idle: Engine) -> None:
    good = {"region": "us-east-1", "endpoints": json.dumps([{"ec2": "http://x"}]), "skipCredentialsValidation": "true", "version": "7.51.1"}
    assert check_config(idle, **good) == {}
    assert check_config(idle, **good, regoin="x") == {"regoin": "the provider aws has no configuration key 'regoin'"}


def test_missing_configuration_names_the_key_and_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VSPHERE_USER", "VSPHERE_PASSWORD", "VSPHERE_SERVER"):
        monkeypatch.delenv(name, raising=False)
    with Engine(vsphere_table(), {}, configured=False) as engine:
        failures = check_config(engine, user="u", vsphereServer="h")
    assert failures == {"password": "missing required configuration key 'vsphere:password' (or the variable VSPHERE_PASSWORD)"}


def test_every_wrong_input_is_named_at_once_with_what_was_meant(idle: Engine) -> None:
    _, failures = idle.check(idle.urn("aws:ebs/volume:Volume"), {"availabilityzone": "a", "size": "many", "tags": 3})
    assert failures == {
        "availabilityzone": "aws:ebs/volume:Volume has no property 'availabilityzone'; did you mean 'availabilityZone'?",
        "availabilityZone": "missing required property",
        "size": "expected a int, got str 'many'",
        "tags": "expected a map, got int 3",
    }


def test_nested_inputs_are_checked_too(idle: Engine) -> None:
    inputs = {"ami": "ami-1", "instanceType": "t3.micro", "rootBlockDevice": {"volumesize": 1}, "networkInterfaces": [{"deviceIndex": 0}]}
    _, failures = idle.check(idle.urn("aws:ec2/instance:Instance"), inputs)
    assert set(failures) == {"rootBlockDevice.volumesize", "networkInterfaces[0].networkInterfaceId"}


def test_what_is_not_modelled_is_refused_rather_than_overlooked(idle: Engine) -> None:
    _, failures = idle.check(idle.urn(VPC), {"cidrBlock": "10.0.0.0/16", "ipv4IpamPoolId": "ipam-1"})
    assert failures == {"ipv4IpamPoolId": "the lab's provider does not model this property"}


def test_kinds_are_settled_and_defaults_filled_in(idle: Engine) -> None:
    inputs = idle.checked(idle.urn("aws:ebs/volume:Volume"), {"availabilityZone": "a", "size": "8"})
    assert inputs == {"availabilityZone": "a", "size": 8, "finalSnapshot": False, "__defaults": ["finalSnapshot"]}


def test_a_name_is_made_once_and_kept(idle: Engine) -> None:
    urn = idle.urn(ROLE, "backup")
    first = idle.checked(urn, {"assumeRolePolicy": "{}"})
    assert first["name"].startswith("backup-")
    assert "name" in first["__defaults"]
    assert idle.checked(urn, {"assumeRolePolicy": "{}"}, first)["name"] == first["name"]
    assert idle.checked(urn, {"assumeRolePolicy": "{}", "name": "mine"}, first)["name"] == "mine"


def test_a_resource_with_a_fixed_name_goes_before_its_replacement_comes(aws: Engine) -> None:
    made = aws.create(aws.urn(ROLE), {"assumeRolePolicy": "{}", "name": f"fixed-{os.getpid()}"})
    assert aws.diff(made, {"assumeRolePolicy": "{}", "name": f"fixed-{os.getpid()}", "path": "/city/"}).delete_before_replace
    generated = aws.create(aws.urn(ROLE), {"assumeRolePolicy": "{}"})
    assert not aws.diff(generated, {"assumeRolePolicy": "{}", "path": "/city/"}).delete_before_replace


def test_an_unknown_is_a_change_and_replaces_where_a_change_would(aws: Engine) -> None:
    made = aws.create(aws.urn(VPC), {"cidrBlock": "10.77.0.0/16"})
    plan = aws.diff(made, {"cidrBlock": UNKNOWN})
    assert plan.paths == {"cidrBlock": "UPDATE_REPLACE"}
    assert aws.preview(aws.urn(VPC), {"cidrBlock": UNKNOWN})["cidrBlock"] is UNKNOWN


def test_secrets_come_back_as_secrets(idle: Engine) -> None:
    news = encode({"cidrBlock": "10.0.0.0/16", "tags": {"token": "s"}}, ["tags"])
    answer = idle.stub.Check(provider_pb2.CheckRequest(urn=idle.urn(VPC), news=news))
    assert decode(answer.inputs)[1] == {"tags"}
    made = idle.stub.Create(provider_pb2.CreateRequest(urn=idle.urn(VPC), properties=answer.inputs, preview=True))
    values, secrets = decode(made.properties)
    assert values["tags"] == {"token": "s"}
    assert secrets == {"tags"}


def test_default_tags_are_everywhere_and_ignored_ones_nowhere(aws_url: str, aws_client: Any) -> None:
    config = aws_config(aws_url, defaultTags={"tags": {"city": "Three Rivers"}}, ignoreTags={"keyPrefixes": ["incline:move-"]})
    with Engine(aws_table(), config) as engine:
        inputs = {"cidrBlock": "10.78.0.0/16", "tags": {"Name": "x"}}
        made = engine.create(engine.urn(VPC), inputs)
        assert made.state["tags"] == {"Name": "x", "city": "Three Rivers"}
        aws_client("ec2").create_tags(Resources=[made.id], Tags=[{"Key": "incline:move-lease", "Value": "me"}])
        assert engine.drift(made) == {}
        aws_client("ec2").delete_tags(Resources=[made.id], Tags=[{"Key": "city"}])
        assert engine.drift(made) == {"tags.city": "ADD"}


def test_credentials_and_account_are_checked_before_anything_is_made(aws_url: str) -> None:
    wrong = {**aws_config(aws_url), "accessKey": "wrong", "skipCredentialsValidation": False}
    other = aws_config(aws_url, allowedAccountIds=["999999999999"])
    for config, cause in ((wrong, "validating provider credentials"), (other, "AWS account ID not allowed: 123456789012")):
        with Engine(aws_table(), config, configured=False) as engine, pytest.raises(grpc.RpcError, match=cause):
            engine.configure()


def test_a_resource_may_name_its_region(aws: Engine, aws_client: Any) -> None:
    made = aws.create(aws.urn(VPC), {"cidrBlock": "10.79.0.0/16", "region": "us-west-2"})
    assert made.state["region"] == "us-west-2"
    assert aws.diff(made, {"cidrBlock": "10.79.0.0/16", "region": "us-west-2"}).paths == {}
    assert aws.diff(made, {"cidrBlock": "10.79.0.0/16", "region": "us-east-1"}).replaces == {"region"}
    aws.delete(made)
    assert aws.refresh(made) is None


def test_an_error_names_the_resource_and_the_cause(aws: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        aws.create(aws.urn("aws:ec2/subnet:Subnet", "apps"), {"vpcId": "vpc-0123456789abcdef0", "cidrBlock": "10.0.0.0/24"})
    assert "creating 'apps' (aws:ec2/subnet:Subnet)" in caught.value.details()
    assert "InvalidVpcID.NotFound" in caught.value.details()


def test_a_type_that_is_not_modelled_is_named(idle: Engine) -> None:
    with pytest.raises(grpc.RpcError, match="does not model the type aws:s3/bucket:Bucket"):
        idle.check(idle.urn("aws:s3/bucket:Bucket"), {})


def test_a_vcenter_that_is_not_there_is_named() -> None:
    with (
        Engine(vsphere_table(), {"user": "u", "password": "p", "vsphereServer": "127.0.0.1:9"}, configured=False) as engine,
        pytest.raises(grpc.RpcError) as caught,
    ):
        engine.configure()
    assert "vCenter 127.0.0.1:9 does not answer" in caught.value.details()


def test_the_schema_names_every_type(idle: Engine) -> None:
    schema = json.loads(idle.stub.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    assert set(schema["resources"]) == set(idle.table.resources)
    assert schema["version"] == idle.stub.GetPluginInfo(empty_pb2.Empty()).version


def test_cancel_ends_waits(aws_url: str) -> None:
    with Engine(aws_table(), aws_config(aws_url)) as engine:
        engine.stub.Cancel(empty_pb2.Empty())
        assert engine.operations.stop.is_set()


def test_property_paths_are_read_as_pulumi_writes_them() -> None:
    assert segments('tags["incline:owner"]') == ["tags", "incline:owner"]
    assert segments("disks[0].label") == ["disks", "0", "label"]
    assert segments("*") == ["*"]
    assert named("urn:pulumi:s::p::a:b:C$vsphere:index/tag:Tag::x") == "'x' (vsphere:index/tag:Tag)"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("provider", ["aws", "vsphere"])
def test_the_plugin_prints_its_port_and_ends_quietly(provider: str, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "lab.providers", provider]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            answer = provider_pb2_grpc.ResourceProviderStub(channel).Handshake(provider_pb2.ProviderHandshakeRequest())
        assert answer.accept_secrets
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
