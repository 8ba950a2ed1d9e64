"""EC2 quotas that launches run into, capacity reservations, automatic recovery, synthetic statistics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.aws_control import AwsControlError
from tests.lab.aws.conftest import Aws

STANDARD = "L-1216C47A"
IMAGE = "ami-0deb12000000000a1"


@pytest.fixture
def ec2(aws: Aws) -> Any:
    return aws.client("ec2")


def launch(ec2: Any, **more: Any) -> str:
    asked = {"ImageId": IMAGE, "InstanceType": "m5.large", "MinCount": 1, "MaxCount": 1, **more}
    return str(ec2.run_instances(**asked)["Instances"][0]["InstanceId"])


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_quotas_are_listed_and_told_one_by_one(aws: Aws) -> None:
    quotas = aws.client("service-quotas")

    listed = {q["QuotaCode"]: q["Value"] for q in quotas.list_service_quotas(ServiceCode="ec2")["Quotas"]}
    one = quotas.get_service_quota(ServiceCode="ec2", QuotaCode=STANDARD)["Quota"]

    assert listed[STANDARD] == one["Value"] == 640
    assert "Standard" in one["QuotaName"]
    with pytest.raises(ClientError) as caught:
        quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-NOPE")
    assert code_of(caught) == "NoSuchResourceException"


def test_a_launch_and_a_start_run_into_a_lowered_quota(aws: Aws, ec2: Any) -> None:
    instance = launch(ec2)
    ec2.stop_instances(InstanceIds=[instance])
    before = aws.control.set_quota(STANDARD, 1)["before"]
    try:
        with pytest.raises(ClientError) as launched:
            launch(ec2)
        with pytest.raises(ClientError) as started:
            ec2.start_instances(InstanceIds=[instance])
    finally:
        aws.control.set_quota(STANDARD, before)
    assert {code_of(launched), code_of(started)} == {"VcpuLimitExceeded"}
    ec2.start_instances(InstanceIds=[instance])
    ec2.terminate_instances(InstanceIds=[instance])


def test_an_increase_is_granted_at_once_and_never_a_decrease(aws: Aws) -> None:
    quotas = aws.client("service-quotas")
    asked = {"ServiceCode": "ec2", "QuotaCode": STANDARD}
    before = aws.control.set_quota(STANDARD, 10)["before"]
    try:
        granted = quotas.request_service_quota_increase(**asked, DesiredValue=16)["RequestedQuota"]
        now = quotas.get_service_quota(**asked)["Quota"]["Value"]
        with pytest.raises(ClientError) as caught:
            quotas.request_service_quota_increase(**asked, DesiredValue=16)
    finally:
        aws.control.set_quota(STANDARD, before)
    assert (granted["Status"], now) == ("APPROVED", 16)
    assert code_of(caught) == "IllegalArgumentException"


def test_a_quota_that_does_not_exist_is_refused(aws: Aws) -> None:
    with pytest.raises(AwsControlError, match="no EC2 quota L-NOPE"):
        aws.control.set_quota("L-NOPE", 1)
    with pytest.raises(AwsControlError, match="region mars-1"):
        aws.control.set_quota(STANDARD, 1, region="mars-1")


def test_reservations_are_used_oldest_first(aws: Aws, ec2: Any) -> None:
    asked = {"InstanceType": "c5.large", "AvailabilityZone": "us-east-1a", "InstancePlatform": "Linux/UNIX", "InstanceCount": 1}
    made = [ec2.create_capacity_reservation(**asked)["CapacityReservation"]["CapacityReservationId"] for _ in range(2)]
    instance = launch(ec2, InstanceType="c5.large", Placement={"AvailabilityZone": "us-east-1a"})

    found = ec2.describe_capacity_reservations(CapacityReservationIds=made)["CapacityReservations"]

    assert [r["AvailableInstanceCount"] for r in found] == [0, 1]
    ec2.terminate_instances(InstanceIds=[instance])
    for each in made:
        ec2.cancel_capacity_reservation(CapacityReservationId=each)
    with pytest.raises(ClientError) as caught:
        ec2.describe_capacity_reservations(CapacityReservationIds=["cr-0"])
    assert code_of(caught) == "InvalidCapacityReservationId.NotFound"


def test_automatic_recovery_can_be_switched_off(ec2: Any) -> None:
    instance = launch(ec2)

    def told() -> str:
        found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        return str(found["MaintenanceOptions"]["AutoRecovery"])

    assert told() == "default"
    ec2.modify_instance_maintenance_options(InstanceId=instance, AutoRecovery="disabled")
    assert told() == "disabled"
    ec2.terminate_instances(InstanceIds=[instance])


def test_statistics_begin_with_the_launch_and_repeat(aws: Aws, ec2: Any) -> None:
    instance = launch(ec2)
    cloudwatch, now = aws.client("cloudwatch"), datetime.now(UTC)
    metric = {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Dimensions": [{"Name": "InstanceId", "Value": instance}]}
    query = {"Id": "cpu", "MetricStat": {"Metric": metric, "Period": 1800, "Stat": "Average"}}

    def values() -> list[float]:
        asked = {"StartTime": now - timedelta(days=7), "EndTime": now}
        return list(cloudwatch.get_metric_data(MetricDataQueries=[query], **asked)["MetricDataResults"][0]["Values"])

    assert values() == []
    aws.control.settings(metrics_days=1)
    try:
        first, second = values(), values()
    finally:
        aws.control.settings(metrics_days=0)
    assert len(first) in {47, 48}
    assert first == second
    assert all(0 < value <= 60 for value in first)
    ec2.terminate_instances(InstanceIds=[instance])


def test_metrics_that_somebody_put_are_moto_s(aws: Aws) -> None:
    cloudwatch, now = aws.client("cloudwatch"), datetime.now(UTC)
    cloudwatch.put_metric_data(
        Namespace="City", MetricData=[{"MetricName": "queue", "Value": 7.0, "Timestamp": now - timedelta(minutes=5)}]
    )
    query = {"Id": "q", "MetricStat": {"Metric": {"Namespace": "City", "MetricName": "queue"}, "Period": 300, "Stat": "Average"}}

    found = cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=now - timedelta(hours=1), EndTime=now)

    assert 7.0 in found["MetricDataResults"][0]["Values"]
