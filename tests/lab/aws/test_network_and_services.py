"""What the site's foundation declares: made, read back without a difference, changed, refused while in use, taken away."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from .conftest import Aws, Machine, Net, describe, refused

WEB = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "city"}]}


def test_groups_answer_all_rules_and_know_their_members(ec2: Any, net: Net) -> None:
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": net.group}]}
    rules = ec2.authorize_security_group_ingress(GroupId=net.group, IpPermissions=[WEB, ssh])["SecurityGroupRules"]
    by_vpc = [{"Name": "vpc-id", "Values": [net.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    default = ec2.describe_security_groups(Filters=by_vpc)["SecurityGroups"][0]

    assert [rule["FromPort"] for rule in rules] == [443, 22]
    assert refused(ec2.authorize_security_group_ingress, GroupId=net.group, IpPermissions=[WEB]) == "InvalidPermission.Duplicate"
    assert default["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == default["GroupId"]
    assert refused(ec2.delete_security_group, GroupId=default["GroupId"]) == "CannotDelete"
    other = ec2.create_security_group(GroupName="other", Description="names the first", VpcId=net.vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[ssh])
    assert refused(ec2.delete_security_group, GroupId=net.group) == "DependencyViolation"
    ec2.delete_security_group(GroupId=other)
    ec2.delete_security_group(GroupId=net.group)


def test_what_is_in_use_stays(ec2: Any, machine: Machine, net: Net) -> None:
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc)
    table = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=net.subnet)["AssociationId"]

    assert refused(ec2.delete_security_group, GroupId=net.group) == "DependencyViolation"
    assert refused(ec2.delete_subnet, SubnetId=net.subnet) == "DependencyViolation"
    assert refused(ec2.delete_internet_gateway, InternetGatewayId=gateway) == "DependencyViolation"
    assert refused(ec2.delete_route_table, RouteTableId=table) == "DependencyViolation"
    assert refused(ec2.delete_vpc, VpcId=net.vpc) == "DependencyViolation"
    ec2.terminate_instances(InstanceIds=[machine.instance])
    ec2.describe_instances(InstanceIds=[machine.instance])
    ec2.delete_network_interface(NetworkInterfaceId=machine.eni)
    ec2.disassociate_route_table(AssociationId=association)
    ec2.delete_route_table(RouteTableId=table)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_security_group(GroupId=net.group)
    ec2.delete_subnet(SubnetId=net.subnet)
    ec2.delete_vpc(VpcId=net.vpc)
    assert refused(ec2.describe_vpcs, VpcIds=[net.vpc]) == "InvalidVpcID.NotFound"


def test_interfaces_live_longer_than_instances(ec2: Any, machine: Machine, net: Net) -> None:
    second = ec2.create_network_interface(SubnetId=net.subnet)["NetworkInterface"]
    attached = ec2.attach_network_interface(NetworkInterfaceId=second["NetworkInterfaceId"], InstanceId=machine.instance, DeviceIndex=1)[
        "AttachmentId"
    ]
    first = describe(ec2, machine.instance)["NetworkInterfaces"][0]["Attachment"]["AttachmentId"]

    assert second["PrivateIpAddress"] == f"{net.prefix}.4"
    assert refused(ec2.detach_network_interface, AttachmentId=first) == "OperationNotPermitted"
    ec2.modify_network_interface_attribute(NetworkInterfaceId=machine.eni, Attachment={"AttachmentId": first, "DeleteOnTermination": True})
    ec2.detach_network_interface(AttachmentId=attached)
    ec2.terminate_instances(InstanceIds=[machine.instance])
    ec2.describe_instances(InstanceIds=[machine.instance])
    assert refused(ec2.describe_network_interfaces, NetworkInterfaceIds=[machine.eni]) == "InvalidNetworkInterfaceID.NotFound"


def test_placement_groups_hold_their_instances(ec2: Any, machine: Machine, net: Net) -> None:
    name = f"apart-{uuid4().hex[:8]}"
    tags = [{"ResourceType": "placement-group", "Tags": [{"Key": "Name", "Value": name}]}]
    group = ec2.create_placement_group(GroupName=name, Strategy="spread", TagSpecifications=tags)["PlacementGroup"]
    launched = ec2.run_instances(
        ImageId=machine.image, InstanceType="m5.large", MinCount=1, MaxCount=1, SubnetId=net.subnet, Placement={"GroupName": name}
    )["Instances"][0]["InstanceId"]

    assert ec2.describe_placement_groups(GroupNames=[name])["PlacementGroups"][0] == group
    assert (group["Strategy"], group["State"], group["SpreadLevel"], group["Tags"][0]["Value"]) == ("spread", "available", "rack", name)
    assert describe(ec2, launched)["Placement"]["GroupName"] == name
    assert refused(ec2.create_placement_group, GroupName=name, Strategy="spread") == "InvalidPlacementGroup.Duplicate"
    assert refused(ec2.delete_placement_group, GroupName=name) == "InvalidPlacementGroup.InUse"
    ec2.terminate_instances(InstanceIds=[launched])
    ec2.describe_instances(InstanceIds=[launched])
    ec2.delete_placement_group(GroupName=name)
    assert refused(ec2.describe_placement_groups, GroupNames=[name]) == "InvalidPlacementGroup.Unknown"


def test_gateway_endpoints_are_routes(ec2: Any, net: Net) -> None:
    table = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    service = "com.amazonaws.us-east-1.s3"
    endpoint = ec2.create_vpc_endpoint(VpcId=net.vpc, ServiceName=service, VpcEndpointType="Gateway", RouteTableIds=[table])
    name = endpoint["VpcEndpoint"]["VpcEndpointId"]

    def routes() -> list[str]:
        found = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return [route["GatewayId"] for route in found]

    assert endpoint["VpcEndpoint"]["PrivateDnsEnabled"] is False
    assert name in routes()
    ec2.modify_vpc_endpoint(VpcEndpointId=name, RemoveRouteTableIds=[table])
    assert routes() == ["local"]
    ec2.modify_vpc_endpoint(VpcEndpointId=name, AddRouteTableIds=[table])
    ec2.delete_vpc_endpoints(VpcEndpointIds=[name])
    assert routes() == ["local"]
    assert refused(ec2.describe_vpc_endpoints, VpcEndpointIds=[name]) == "InvalidVpcEndpointId.NotFound"


def test_interface_endpoints_are_interfaces(ec2: Any, net: Net) -> None:
    service = "com.amazonaws.us-east-1.ebs"
    endpoint = ec2.create_vpc_endpoint(
        VpcId=net.vpc, ServiceName=service, VpcEndpointType="Interface", SubnetIds=[net.subnet], SecurityGroupIds=[net.group]
    )["VpcEndpoint"]
    interface = ec2.describe_network_interfaces(NetworkInterfaceIds=endpoint["NetworkInterfaceIds"])["NetworkInterfaces"][0]

    assert (interface["SubnetId"], interface["Groups"][0]["GroupId"]) == (net.subnet, net.group)
    assert refused(ec2.delete_subnet, SubnetId=net.subnet) == "DependencyViolation"
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    ec2.delete_subnet(SubnetId=net.subnet)


def test_keys_answer_by_id_alias_and_arn_and_refuse_when_disabled(aws: Aws) -> None:
    kms = aws.client("kms")
    key = kms.create_key(Description="site", Tags=[{"TagKey": "owner", "TagValue": "it"}])["KeyMetadata"]
    alias = f"alias/a-{uuid4().hex}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    kms.enable_key_rotation(KeyId=key["Arn"])

    assert [kms.describe_key(KeyId=name)["KeyMetadata"]["Arn"] for name in (key["KeyId"], alias, key["Arn"])] == [key["Arn"]] * 3
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is True
    kms.disable_key(KeyId=key["Arn"])
    assert refused(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x") == "DisabledException"
    kms.enable_key(KeyId=key["Arn"])
    kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    assert refused(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x") == "KMSInvalidStateException"


def test_roles_take_aws_managed_policies(aws: Aws) -> None:
    iam = aws.client("iam")
    name = f"r-{uuid4().hex[:8]}"
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Tags=[{"Key": "a", "Value": "b"}])
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)

    assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"] == trust
    policies = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert [p["PolicyName"] for p in policies] == ["AmazonSSMManagedInstanceCore"]
    assert iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"][0]["RoleName"] == name
    assert refused(iam.delete_role, RoleName=name) == "DeleteConflict"


def test_a_launch_takes_an_instance_profile(aws: Aws, ec2: Any, machine: Machine, net: Net) -> None:
    iam = aws.client("iam")
    name = f"p-{uuid4().hex[:8]}"
    arn = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
    launched = ec2.run_instances(
        ImageId=machine.image, InstanceType="m5.large", MinCount=1, MaxCount=1, SubnetId=net.subnet, IamInstanceProfile={"Name": name}
    )["Instances"][0]["InstanceId"]
    associations = ec2.describe_iam_instance_profile_associations(Filters=[{"Name": "instance-id", "Values": [launched]}])

    assert describe(ec2, launched)["IamInstanceProfile"]["Arn"] == arn
    assert associations["IamInstanceProfileAssociations"][0]["State"] == "associated"


def test_vaults_keep_key_and_tags(aws: Aws) -> None:
    backup, key = aws.client("backup"), aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    name = f"vault-{uuid4().hex[:8]}"
    arn = backup.create_backup_vault(BackupVaultName=name, EncryptionKeyArn=key, BackupVaultTags={"owner": "it"})["BackupVaultArn"]

    assert backup.describe_backup_vault(BackupVaultName=name)["EncryptionKeyArn"] == key
    assert backup.list_tags(ResourceArn=arn)["Tags"] == {"owner": "it"}
    backup.delete_backup_vault(BackupVaultName=name)
    assert refused(backup.describe_backup_vault, BackupVaultName=name) == "ResourceNotFoundException"


def test_a_region_that_is_not_there_says_so(aws: Aws) -> None:
    assert refused(aws.client("ec2", region="mars-north-1").describe_vpcs) == "InvalidRegion"


def test_the_caller_is_the_estates_account(aws: Aws) -> None:
    assert aws.client("sts").get_caller_identity()["Account"] == "123456789012"


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("ec2", "describe_fast_snapshot_restores", "NotImplemented"),
        ("backup", "list_backup_jobs", "NotImplementedException"),
        ("pricing", "describe_services", "NotImplementedException"),
    ],
)
def test_what_is_not_modelled_says_so_in_the_services_protocol(aws: Aws, service: str, operation: str, code: str) -> None:
    assert refused(getattr(aws.client(service), operation)) == code


def test_everything_takes_tags_and_nothing_that_is_not_there(ec2: Any, machine: Machine, net: Net) -> None:
    name = f"g-{uuid4().hex[:8]}"
    group = ec2.create_placement_group(GroupName=name, Strategy="spread")["PlacementGroup"]["GroupId"]
    things = [
        machine.instance,
        machine.image,
        machine.eni,
        *machine.snapshots,
        *machine.volumes.values(),
        net.vpc,
        net.subnet,
        net.group,
        group,
    ]
    ec2.create_tags(Resources=things, Tags=[{"Key": "incline:owner", "Value": "parks department"}])
    shown = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["incline:owner"]}])["Tags"]
    ec2.delete_tags(Resources=things, Tags=[{"Key": "incline:owner"}])

    assert set(things) <= {tag["ResourceId"] for tag in shown}
    assert all(tag["ResourceType"] for tag in shown)
    assert ec2.describe_instances(InstanceIds=[machine.instance])["Reservations"][0]["Instances"][0].get("Tags", []) == []
    tag = [{"Key": "a", "Value": "b"}]
    assert refused(ec2.create_tags, Resources=["i-0123456789abcdef0"], Tags=tag) == "InvalidInstanceID.NotFound"
    assert refused(ec2.create_tags, Resources=["eni-0123456789abcdef0"], Tags=tag) == "InvalidNetworkInterfaceID.NotFound"
