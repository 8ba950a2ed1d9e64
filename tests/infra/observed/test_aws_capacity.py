"""What a region really has, as the capacity snapshot keeps it; read from the lab's AWS as the program reads any."""

from datetime import UTC, datetime

import pytest

from infra.observed.aws_capacity import read_aws_capacity
from infra.observed.aws_quotas import quota_code
from infra.observed.errors import SignOnError
from tests.fakes.estates import aws_site, estate, placement, server
from tests.fakes.lab_aws import lab_aws

GIB = 1 << 30
IMAGE = "ami-0deb12000000000a1"
STANDARD = "L-1216C47A"


@pytest.fixture(scope="module")
def aws():
    with lab_aws() as started:
        started.control.settings(metrics_days=7)
        yield started


@pytest.fixture(scope="module")
def site():
    return aws_site()


@pytest.fixture(scope="module")
def network(aws):
    """The estate's range with one of its subnets, and another VPC that is none of its business."""
    call = aws.session.call
    vpc = call("ec2", "create_vpc", CidrBlock="10.60.0.0/16")["Vpc"]["VpcId"]
    subnet = call("ec2", "create_subnet", VpcId=vpc, CidrBlock="10.60.32.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    other = call("ec2", "create_vpc", CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    call("ec2", "create_subnet", VpcId=other, CidrBlock="10.99.1.0/24")
    group = call("ec2", "create_security_group", GroupName="open", Description="open", VpcId=vpc)["GroupId"]
    web = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    call("ec2", "authorize_security_group_ingress", GroupId=group, IpPermissions=[web])
    shut = call("ec2", "create_security_group", GroupName="shut", Description="shut", VpcId=vpc)["GroupId"]
    every = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    call("ec2", "revoke_security_group_egress", GroupId=shut, IpPermissions=[every])
    return {"subnet": subnet, "open": group, "shut": shut}


@pytest.fixture(scope="module")
def launch(aws, network):
    def one(name, group, **more):
        tags = [{"Key": "Name", "Value": name}, {"Key": "incline:tier", "Value": "gold"}]
        answer = aws.session.call(
            "ec2",
            "run_instances",
            **{
                "ImageId": IMAGE,
                "InstanceType": "m6i.large",
                "SubnetId": network["subnet"],
                "SecurityGroupIds": [network[group]],
                "MinCount": 1,
                "MaxCount": 1,
                "TagSpecifications": [{"ResourceType": "instance", "Tags": tags}],
                **more,
            },
        )
        return answer["Instances"][0]["InstanceId"]

    return one


@pytest.fixture(scope="module")
def machines(launch):
    return {
        "permits-db-01": launch("permits-db-01", "open", DisableApiTermination=True),
        "stranger": launch("stranger", "shut", InstanceType="r6i.xlarge"),
    }


@pytest.fixture
def look(aws, site, machines):
    known = estate(placement(), servers=(server(),))
    return lambda: read_aws_capacity(aws.session, site, known)


def named(seen, name):
    return next(i for i in seen.instances if i.name == name)


def test_an_instance_is_seen_whole(look, machines):
    seen = named(look(), "permits-db-01")

    assert (seen.server, seen.instance_id, seen.instance_type) == ("permits-db-01", machines["permits-db-01"], "m6i.large")
    assert (seen.zone, seen.subnet, seen.running, seen.public_address) == ("us-east-1a", "data-a", True, False)
    assert (seen.imdsv2_only, seen.termination_protection, seen.auto_recovery, seen.closed) == (True, True, True, False)
    assert seen.tags["tier"] == "gold"
    assert [(v.size, v.type, v.encrypted, v.iops, v.throughput) for v in seen.volumes] == [
        (8 * GIB, "gp3", False, 3000.0, 125.0 * (1 << 20))
    ]


def test_one_that_is_not_ours(look):
    seen = named(look(), "stranger")

    assert (seen.server, seen.termination_protection, seen.closed) == ("", False, True)


def test_use_of_a_week(look):
    used = named(look(), "permits-db-01").usage

    assert 0 < used.cpu_mhz_p95 < 2 * 4000
    assert 0.4 * 8 * GIB < used.memory_p95 < 8 * GIB, "as the agent tells it"
    assert used.throughput_p95 == pytest.approx(used.iops_p95 * 16 * 1024, rel=0.01)
    assert used.days == pytest.approx(7, abs=0.1)


def test_the_quota_counts_what_runs(look):
    quotas = {q.code: q for q in look().quotas}

    assert (quotas[STANDARD].limit, quotas[STANDARD].used) == (640, 2 + 4)
    assert "m" in quotas[STANDARD].families
    assert quotas["L-DB2E81BA"].used == 0


def test_a_quota_that_was_lowered_shows(aws, look):
    before = aws.control.set_quota(STANDARD, 8)["before"]
    try:
        assert next(q.limit for q in look().quotas if q.code == STANDARD) == 8
    finally:
        aws.control.set_quota(STANDARD, before)


def test_subnets_of_the_estate_s_range_only(look):
    assert [(n.name, n.cidr, n.zone, n.free) for n in look().networks] == [("data-a", "10.60.32.0/24", "us-east-1a", 251 - 2)]


def test_zones_offer_types(look, site):
    zones = {z.name: z.offers for z in look().zones}

    assert set(zones) == set(site.zones)
    assert "m6i.large" in zones["us-east-1a"]
    assert not any(offer.startswith(("p4", "g5")) for offer in zones["us-east-1a"]), "the file stays small"


def test_open_ports_with_the_servers_behind_them(look):
    opened = [(i.protocol, i.first, i.last, i.cidr, i.servers) for i in look().ingress if i.group == "open"]

    assert opened == [("tcp", 443, 443, "0.0.0.0/0", ("permits-db-01",)), ("tcp", 443, 443, "::/0", ("permits-db-01",))]


def test_a_reservation_is_used_by_what_runs(aws, look):
    asked = {"InstanceType": "m6i.large", "AvailabilityZone": "us-east-1a", "InstancePlatform": "Linux/UNIX", "InstanceCount": 3}
    made = aws.session.call("ec2", "create_capacity_reservation", **asked)["CapacityReservation"]["CapacityReservationId"]

    assert [(r.zone, r.instance_type, r.total, r.free) for r in look().reservations] == [("us-east-1a", "m6i.large", 3, 2)]

    aws.session.call("ec2", "cancel_capacity_reservation", CapacityReservationId=made)
    assert look().reservations == ()


def test_alarms_by_server(aws, look, machines):
    assert look().alarms == {"permits-db-01": ()}, "asked, and nothing watches it"
    common = {
        "Namespace": "AWS/EC2",
        "Dimensions": [{"Name": "InstanceId", "Value": machines["permits-db-01"]}],
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Statistic": "Maximum",
    }
    act = ["arn:aws:sns:us-east-1:123456789012:on-call"]
    aws.session.call("cloudwatch", "put_metric_alarm", AlarmName="up", MetricName="StatusCheckFailed", AlarmActions=act, **common)
    aws.session.call("cloudwatch", "put_metric_alarm", AlarmName="busy", MetricName="CPUUtilization", AlarmActions=act, **common)
    aws.session.call("cloudwatch", "put_metric_alarm", AlarmName="silent", MetricName="disk_used_percent", **common)

    assert look().alarms == {"permits-db-01": ("cpu", "reachability")}


def test_a_managed_database(aws, look):
    aws.session.call(
        "rds",
        "create_db_instance",
        DBInstanceIdentifier="permits",
        DBInstanceClass="db.m5.large",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="owner",
        MasterUserPassword="a-long-one",
        MultiAZ=True,
        BackupRetentionPeriod=7,
        Tags=[{"Key": "incline:service", "Value": "permits"}],
    )

    found = look().databases[0]

    assert (found.name, found.service, found.multi_az, found.deletion_protection) == ("permits", "permits", True, False)
    assert (found.retention_days, found.encrypted) == (7, False)


@pytest.mark.parametrize(
    ("service", "action", "code", "part"),
    [
        ("servicequotas", "ListServiceQuotas", "AccessDeniedException", "quotas"),
        ("ec2", "DescribeCapacityReservations", "UnauthorizedOperation", "reservations"),
        ("ec2", "DescribeInstanceTypeOfferings", "UnauthorizedOperation", "zones"),
        ("rds", "DescribeDBInstances", "AccessDenied", "databases"),
        ("ec2", "DescribeInstanceAttribute", "UnauthorizedOperation", "termination protection"),
    ],
)
def test_what_the_account_may_not_ask_is_unknown_and_named(aws, look, service, action, code, part):
    rule = {"action": action, "service": service, "fault": "error", "code": code, "status": 403, "message": "not authorized"}
    aws.control.faults(rule)
    try:
        seen = look()
    finally:
        aws.control.calm()

    assert code in seen.missing[part]
    assert {"quotas": seen.quotas, "reservations": seen.reservations}.get(part) is None


def test_credentials_that_are_refused_are_no_gap(aws, look):
    aws.control.faults({"action": "ListServiceQuotas", "service": "servicequotas", "fault": "error", "code": "AuthFailure", "status": 401})
    try:
        with pytest.raises(SignOnError):
            look()
    finally:
        aws.control.calm()


def test_the_moment_is_the_look_s_own(aws, site, machines):
    moment = datetime(2026, 1, 2, tzinfo=UTC)

    assert read_aws_capacity(aws.session, site, estate(), now=moment).taken_at == moment


@pytest.mark.parametrize(
    ("instance_type", "code"),
    [
        ("m6i.large", STANDARD),
        ("im4gn.large", STANDARD),
        ("hpc7a.48xlarge", "L-F7808C92"),
        ("inf2.xlarge", "L-1945791B"),
        ("g5.xlarge", "L-DB2E81BA"),
        ("gr6.4xlarge", "L-DB2E81BA"),
        ("vt1.3xlarge", "L-DB2E81BA"),
        ("dl1.24xlarge", "L-6E869C2A"),
        ("d3en.xlarge", STANDARD),
        ("u-6tb1.56xlarge", "L-43DA4232"),
        ("x2idn.16xlarge", "L-7295265B"),
        ("mac2.metal", ""),
    ],
)
def test_which_quota_counts_a_type(instance_type, code):
    assert quota_code(instance_type) == code
