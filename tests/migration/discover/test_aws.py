"""A region of the lab's AWS as an inventory, and what CloudWatch knows of its instances."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from infra.estate.model import AwsSite
from migration.discover.aws import AwsLook, read_region
from migration.discover.model import FoundMachine, Metric
from migration.discover.usage_aws import PERIOD_S, new_samples, wholes
from tests.fakes.estates import aws_site
from tests.fakes.lab_aws import LabAws, lab_aws

GIB = 1 << 30
IMAGE = "ami-0deb12000000000a1"
STANDARD = "L-1216C47A"


@pytest.fixture(scope="module")
def aws() -> Iterator[LabAws]:
    with lab_aws() as started:
        started.control.settings(metrics_days=7)
        yield started


@pytest.fixture(scope="module")
def site() -> AwsSite:
    return aws_site()


@pytest.fixture(scope="module")
def look(aws: LabAws, site: AwsSite) -> AwsLook:
    """Two instances, one of them stopped, with a volume of its own."""
    call = aws.session.call
    vpc = call("ec2", "create_vpc", CidrBlock="10.60.0.0/16")["Vpc"]["VpcId"]
    subnet = call("ec2", "create_subnet", VpcId=vpc, CidrBlock="10.60.32.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]

    def launch(name: str, kind: str, **more: Any) -> str:
        tags = [{"Key": "Name", "Value": name}, {"Key": "incline:tier", "Value": "gold"}]
        specification = [{"ResourceType": "instance", "Tags": tags}]
        found = call(
            "ec2",
            "run_instances",
            ImageId=IMAGE,
            InstanceType=kind,
            SubnetId=subnet,
            MinCount=1,
            MaxCount=1,
            TagSpecifications=specification,
            **more,
        )
        return str(found["Instances"][0]["InstanceId"])

    launch("permits-db-01", "m6i.large", UserData="#!/bin/sh\necho swordfish-in-user-data")
    stopped = launch("stopped-01", "r6i.xlarge")
    call("ec2", "stop_instances", InstanceIds=[stopped])
    volume = call(
        "ec2", "create_volume", Size=100, VolumeType="gp3", Iops=4000, Throughput=250, AvailabilityZone="us-east-1a", Encrypted=True
    )
    call("ec2", "attach_volume", VolumeId=volume["VolumeId"], InstanceId=stopped, Device="/dev/sdf")
    return read_region(aws.session, site)


def named(look: AwsLook, name: str) -> FoundMachine:
    return next(each for each in look.inventory.machines if each.name == name)


def test_an_instance_is_a_machine(look: AwsLook) -> None:
    found = named(look, "permits-db-01")

    assert found.key == f"aws-east/{found.uuid}"
    assert (found.kind, found.cpus, found.memory, found.power) == ("aws", 2, 8 * GIB, "on")
    assert (found.instance_type, found.zone, found.architecture) == ("m6i.large", "us-east-1a", "x86_64")
    assert found.os == "debian-12"
    assert [(nic.network, nic.addresses == found.addresses) for nic in found.nics] == [("data-a", True)]
    assert found.tags["tier"] == "gold"
    assert found.booted is not None
    assert "swordfish" not in str(look.inventory)


def test_volumes_come_with_what_they_can_do(look: AwsLook) -> None:
    stopped = named(look, "stopped-01")

    assert stopped.power == "off"
    assert stopped.booted is None
    data = next(disk for disk in stopped.disks if disk.label == "/dev/sdf")
    assert (data.size, data.kind, data.iops, data.throughput, data.encrypted) == (100 * GIB, "gp3", 4000.0, 250.0 * (1 << 20), True)
    assert data.uuid.startswith("vol-")


def test_subnets_have_the_estates_names_and_quotas_what_is_used(look: AwsLook) -> None:
    network = next(each for each in look.inventory.networks if each.name == "data-a")
    quota = next(each for each in look.inventory.quotas if each.code == STANDARD)

    assert (network.cidr, network.zone) == ("10.60.32.0/24", "us-east-1a")
    assert network.free is not None
    assert quota.used == 2
    assert look.inventory.findings == ()


def test_what_the_login_may_not_ask_is_a_finding(aws: LabAws, site: AwsSite, look: AwsLook) -> None:
    aws.control.faults({"action": "ListServiceQuotas", "code": "AccessDeniedException", "count": 20})
    try:
        found = read_region(aws.session, site)
    finally:
        aws.control.calm()

    assert found.inventory.quotas == ()
    assert len(found.inventory.machines) == len(look.inventory.machines)
    assert [(each.code, each.where) for each in found.inventory.findings] == [("DSC-106", "aws-east")]
    assert "quotas" in found.inventory.findings[0].what


def test_a_week_of_statistics_and_then_only_what_is_new(aws: LabAws, look: AwsLook) -> None:
    now = datetime.now(UTC)
    machine = named(look, "permits-db-01")

    found = {each.metric: each for each in new_samples(aws.session, [machine], look.mhz, {}, now=now)}

    assert {Metric.CPU_MHZ, Metric.CPU_PERCENT, Metric.MEMORY, Metric.IOPS, Metric.DISK_BYTES} <= set(found)
    cpu = found[Metric.CPU_PERCENT]
    assert 2000 < len(cpu.times) <= 2017
    assert set(np.diff(cpu.times)) == {PERIOD_S}
    assert now.timestamp() - 2 * PERIOD_S < cpu.times[-1] <= now.timestamp()
    whole = wholes([machine], look.mhz)[machine.key]
    assert found[Metric.CPU_MHZ].values[0] == pytest.approx(cpu.values[0] / 100 * whole[Metric.CPU_MHZ])
    assert whole[Metric.MEMORY] == 8 * GIB
    assert found[Metric.MEMORY].values.max() <= 8 * GIB

    last = {(machine.key, metric, PERIOD_S): now - timedelta(hours=1) for metric in Metric}
    later = {each.metric: each for each in new_samples(aws.session, [machine], look.mhz, last, now=now)}

    assert 10 <= len(later[Metric.CPU_PERCENT].times) <= 13
    assert list(new_samples(aws.session, [machine], look.mhz, dict.fromkeys(last, now), now=now)) == []


class HalfAPeriod:
    """CloudWatch as it answers within a period: the last sum is that of the minutes so far."""

    def pages(self, service: str, operation: str, key: str, **asked: Any) -> Iterator[dict[str, Any]]:
        begun = asked["EndTime"] - timedelta(seconds=100)
        told = [begun - timedelta(seconds=PERIOD_S), begun]
        yield from ({"Id": query["Id"], "Timestamps": told, "Values": [3000.0, 1000.0]} for query in asked["MetricDataQueries"])


def test_a_period_that_is_not_over_is_left_for_the_next_look(look: AwsLook) -> None:
    now = datetime.now(UTC)
    session: Any = HalfAPeriod()
    found = {each.metric: each for each in new_samples(session, [named(look, "permits-db-01")], look.mhz, {}, now=now)}

    assert found[Metric.IOPS].values.tolist() == [2 * 3000 / PERIOD_S]
    assert found[Metric.IOPS].times[-1] <= now.timestamp()
