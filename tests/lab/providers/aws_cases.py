"""The AWS types, each with what the contract needs: inputs, updates, replacements, changes behind Pulumi's back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.lab.providers.case import Case
from tests.lab.providers.engine import Engine, Known

AMI, OTHER_AMI = "ami-0deb12000000000a1", "ami-0a2404000000000b2"
TRUST = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
)
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": "ec2:Describe*"}]})
TRUST_2 = TRUST.replace("ec2.", "ssm.")


@dataclass
class AwsStage:
    """What stands around the resource under test, made on demand through the provider itself."""

    engine: Engine
    client: Any
    made: dict[str, Known] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    unique: str = field(default_factory=lambda: f"case-{uuid4().hex[:8]}")

    def get(self, key: str, token: str, **inputs: Any) -> Known:
        if key not in self.made:
            self.made[key] = self.engine.create(self.engine.urn(token, key), inputs)
        return self.made[key]

    def policy(self, name: str) -> str:
        key = f"{self.unique}-{name}"
        if key not in self.policies:
            self.policies[key] = self.client("iam").create_policy(PolicyName=key, PolicyDocument=POLICY)["Policy"]["Arn"]
        return self.policies[key]

    @property
    def vpc(self) -> Known:
        return self.get("vpc", "aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")

    @property
    def vpc2(self) -> Known:
        return self.get("vpc2", "aws:ec2/vpc:Vpc", cidrBlock="10.1.0.0/16")

    @property
    def subnet(self) -> Known:
        return self.get("subnet", "aws:ec2/subnet:Subnet", vpcId=self.vpc.id, cidrBlock="10.0.1.0/24", availabilityZone="us-east-1a")

    @property
    def subnet2(self) -> Known:
        return self.get("subnet2", "aws:ec2/subnet:Subnet", vpcId=self.vpc.id, cidrBlock="10.0.2.0/24", availabilityZone="us-east-1b")

    @property
    def group(self) -> Known:
        return self.get("group", "aws:ec2/securityGroup:SecurityGroup", vpcId=self.vpc.id, name="stage")

    @property
    def group2(self) -> Known:
        return self.get("group2", "aws:ec2/securityGroup:SecurityGroup", vpcId=self.vpc.id, name="stage2")

    @property
    def gateway(self) -> Known:
        return self.get("igw", "aws:ec2/internetGateway:InternetGateway", vpcId=self.vpc.id)

    @property
    def gateway2(self) -> Known:
        return self.get("igw2", "aws:ec2/internetGateway:InternetGateway")

    @property
    def table(self) -> Known:
        return self.get("table", "aws:ec2/routeTable:RouteTable", vpcId=self.vpc.id)

    @property
    def table2(self) -> Known:
        return self.get("table2", "aws:ec2/routeTable:RouteTable", vpcId=self.vpc.id)

    @property
    def interface(self) -> Known:
        return self.get("eni", "aws:ec2/networkInterface:NetworkInterface", subnetId=self.subnet.id, privateIps=["10.0.1.77"])

    @property
    def instance(self) -> Known:
        return self.get("vm", "aws:ec2/instance:Instance", ami=AMI, instanceType="t3.micro", subnetId=self.subnet.id)

    @property
    def instance2(self) -> Known:
        return self.get("vm2", "aws:ec2/instance:Instance", ami=AMI, instanceType="t3.micro", subnetId=self.subnet.id)

    @property
    def volume(self) -> Known:
        return self.get("vol", "aws:ebs/volume:Volume", availabilityZone="us-east-1a", size=8, type="gp3")

    @property
    def key(self) -> Known:
        return self.get("key", "aws:kms/key:Key", description="stage")

    @property
    def key2(self) -> Known:
        return self.get("key2", "aws:kms/key:Key", description="stage 2")

    @property
    def role(self) -> Known:
        return self.get("role", "aws:iam/role:Role", assumeRolePolicy=TRUST)

    @property
    def role2(self) -> Known:
        return self.get("role2", "aws:iam/role:Role", assumeRolePolicy=TRUST)


def _tag(stage: AwsStage, known: Known) -> None:
    stage.client("ec2").create_tags(Resources=[known.id], Tags=[{"Key": "Owner", "Value": "someone"}])


TAGS = {"Name": "thing", "incline:owner": "clerk"}
NEW_TAGS = {"Name": "thing", "incline:owner": "mayor", "more": "1"}

CASES = [
    Case(
        "aws:ec2/vpc:Vpc",
        lambda _: {"cidrBlock": "10.9.0.0/16", "enableDnsHostnames": True, "tags": TAGS},
        lambda _: {"enableDnsHostnames": False, "enableDnsSupport": False, "tags": NEW_TAGS},
        lambda _: {"cidrBlock": "10.8.0.0/16", "instanceTenancy": "dedicated"},
        {
            "tags.Owner": _tag,
            "enableDnsHostnames": lambda s, k: s.client("ec2").modify_vpc_attribute(VpcId=k.id, EnableDnsHostnames={"Value": False}),
        },
        lambda s, k: s.client("ec2").delete_vpc(VpcId=k.id),
    ),
    Case(
        "aws:ec2/subnet:Subnet",
        lambda s: {"vpcId": s.vpc.id, "cidrBlock": "10.0.50.0/24", "availabilityZone": "us-east-1a", "tags": TAGS},
        lambda _: {"mapPublicIpOnLaunch": True, "tags": NEW_TAGS},
        lambda s: {"cidrBlock": "10.0.51.0/24", "availabilityZone": "us-east-1b", "vpcId": s.vpc2.id},
        {
            "tags.Owner": _tag,
            "mapPublicIpOnLaunch": lambda s, k: s.client("ec2").modify_subnet_attribute(SubnetId=k.id, MapPublicIpOnLaunch={"Value": True}),
        },
        lambda s, k: s.client("ec2").delete_subnet(SubnetId=k.id),
    ),
    Case(
        "aws:ec2/internetGateway:InternetGateway",
        lambda s: {"vpcId": s.vpc2.id, "tags": TAGS},
        lambda s: {"tags": NEW_TAGS},
        drifts={
            "tags.Owner": _tag,
            "vpcId": lambda s, k: s.client("ec2").detach_internet_gateway(InternetGatewayId=k.id, VpcId=k.inputs["vpcId"]),
        },
    ),
    Case(
        "aws:ec2/routeTable:RouteTable",
        lambda s: {"vpcId": s.vpc.id, "routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": s.gateway.id}], "tags": TAGS},
        lambda s: {"tags": NEW_TAGS, "routes": [{"cidrBlock": "10.50.0.0/16", "gatewayId": s.gateway.id}]},
        lambda s: {"vpcId": s.vpc2.id},
        {"tags.Owner": _tag, "routes[0]": lambda s, k: s.client("ec2").delete_route(RouteTableId=k.id, DestinationCidrBlock="0.0.0.0/0")},
        lambda s, k: s.client("ec2").delete_route_table(RouteTableId=k.id),
    ),
    Case(
        "aws:ec2/route:Route",
        lambda s: {"routeTableId": s.table.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": s.gateway.id},
        lambda s: {"gatewayId": s.gateway2.id},
        lambda s: {"destinationCidrBlock": "192.168.0.0/16", "routeTableId": s.table2.id},
        remove=lambda s, k: s.client("ec2").delete_route(RouteTableId=k.inputs["routeTableId"], DestinationCidrBlock="0.0.0.0/0"),
        import_id=lambda _, k: f"{k.inputs['routeTableId']}_{k.inputs['destinationCidrBlock']}",
    ),
    Case(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda s: {"routeTableId": s.table.id, "subnetId": s.subnet.id},
        replaces=lambda s: {"subnetId": s.subnet2.id, "routeTableId": s.table2.id},
        remove=lambda s, k: s.client("ec2").disassociate_route_table(AssociationId=k.id),
        import_id=lambda _, k: f"{k.inputs['subnetId']}/{k.inputs['routeTableId']}",
    ),
    Case(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda s: {
            "name": s.unique,
            "vpcId": s.vpc.id,
            "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
            "tags": TAGS,
        },
        lambda _: {
            "tags": NEW_TAGS,
            "revokeRulesOnDelete": True,
            "ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}],
        },
        lambda s: {"name": "other", "description": "other", "vpcId": s.vpc2.id},
        {
            "tags.Owner": _tag,
            "egress[0]": lambda s, k: s.client("ec2").revoke_security_group_egress(
                GroupId=k.id, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
            ),
        },
        lambda s, k: s.client("ec2").delete_security_group(GroupId=k.id),
    ),
    *(
        Case(
            f"aws:vpc/securityGroup{side}Rule:SecurityGroup{side}Rule",
            lambda s: {
                "securityGroupId": s.group.id,
                "ipProtocol": "tcp",
                "fromPort": 443,
                "toPort": 443,
                "cidrIpv4": "10.0.0.0/8",
                "tags": TAGS,
            },
            lambda _: {"fromPort": 440, "cidrIpv4": "10.1.0.0/16", "description": "web", "tags": NEW_TAGS},
            lambda s: {"securityGroupId": s.group2.id},
            {"tags.Owner": _tag},
            remove,
        )
        for side, remove in {
            "Ingress": lambda s, k: s.client("ec2").revoke_security_group_ingress(
                GroupId=k.inputs["securityGroupId"], SecurityGroupRuleIds=[k.id]
            ),
            "Egress": lambda s, k: s.client("ec2").revoke_security_group_egress(
                GroupId=k.inputs["securityGroupId"], SecurityGroupRuleIds=[k.id]
            ),
        }.items()
    ),
    Case(
        "aws:ec2/networkInterface:NetworkInterface",
        lambda s: {"subnetId": s.subnet.id, "privateIps": ["10.0.1.20"], "securityGroups": [s.group.id], "description": "a", "tags": TAGS},
        lambda s: {"description": "b", "securityGroups": [s.group2.id], "sourceDestCheck": False, "tags": NEW_TAGS},
        lambda s: {"subnetId": s.subnet2.id, "privateIps": ["10.0.1.21"]},
        {
            "tags.Owner": _tag,
            "description": lambda s, k: s.client("ec2").modify_network_interface_attribute(
                NetworkInterfaceId=k.id, Description={"Value": "x"}
            ),
        },
        lambda s, k: s.client("ec2").delete_network_interface(NetworkInterfaceId=k.id),
    ),
    Case(
        "aws:ec2/instance:Instance",
        lambda s: {
            "ami": AMI,
            "instanceType": "t3.micro",
            "subnetId": s.subnet.id,
            "rootBlockDevice": {"volumeSize": 10, "volumeType": "gp3"},
            "metadataOptions": {"httpTokens": "required"},
            "tags": TAGS,
        },
        lambda s: {
            "instanceType": "t3.small",
            "tags": NEW_TAGS,
            "rootBlockDevice": {"volumeSize": 20, "volumeType": "gp3"},
            "vpcSecurityGroupIds": [s.group.id],
            "disableApiTermination": False,
        },
        lambda s: {
            "ami": OTHER_AMI,
            "subnetId": s.subnet2.id,
            "keyName": "other",
            "rootBlockDevice": {"volumeSize": 10, "encrypted": True},
        },
        {
            "tags.Owner": _tag,
            "instanceType": lambda s, k: (
                s.client("ec2").stop_instances(InstanceIds=[k.id]),
                s.client("ec2").modify_instance_attribute(InstanceId=k.id, InstanceType={"Value": "t3.large"}),
            ),
        },
        lambda s, k: s.client("ec2").terminate_instances(InstanceIds=[k.id]),
    ),
    Case(
        "aws:ebs/volume:Volume",
        lambda _: {"availabilityZone": "us-east-1a", "size": 8, "type": "gp3", "tags": TAGS},
        lambda _: {"size": 16, "finalSnapshot": False, "tags": NEW_TAGS},
        lambda s: {"availabilityZone": "us-east-1b", "encrypted": True},
        {"tags.Owner": _tag, "size": lambda s, k: s.client("ec2").modify_volume(VolumeId=k.id, Size=99)},
        lambda s, k: s.client("ec2").delete_volume(VolumeId=k.id),
    ),
    Case(
        "aws:ec2/volumeAttachment:VolumeAttachment",
        lambda s: {"deviceName": "/dev/sdf", "instanceId": s.instance.id, "volumeId": s.volume.id},
        replaces=lambda s: {"deviceName": "/dev/sdg", "instanceId": s.instance2.id},
        remove=lambda s, k: s.client("ec2").detach_volume(
            VolumeId=k.inputs["volumeId"], InstanceId=k.inputs["instanceId"], Device="/dev/sdf"
        ),
        import_id=lambda _, k: f"/dev/sdf:{k.inputs['volumeId']}:{k.inputs['instanceId']}",
    ),
    Case(
        "aws:kms/key:Key",
        lambda _: {"description": "case", "tags": TAGS, "deletionWindowInDays": 7},
        lambda _: {"description": "other", "enableKeyRotation": True, "isEnabled": True, "tags": NEW_TAGS},
        lambda _: {"keyUsage": "SIGN_VERIFY", "customerMasterKeySpec": "RSA_2048"},
        {"description": lambda s, k: s.client("kms").update_key_description(KeyId=k.id, Description="x")},
        lambda s, k: s.client("kms").schedule_key_deletion(KeyId=k.id),
    ),
    Case(
        "aws:kms/alias:Alias",
        lambda s: {"name": f"alias/{s.unique}", "targetKeyId": s.key.id},
        lambda s: {"targetKeyId": s.key2.id},
        lambda _: {"name": "alias/other"},
        remove=lambda s, k: s.client("kms").delete_alias(AliasName=k.id),
    ),
    Case(
        "aws:iam/role:Role",
        lambda s: {"name": s.unique, "assumeRolePolicy": TRUST, "tags": TAGS},
        lambda _: {"assumeRolePolicy": TRUST_2, "description": "x", "maxSessionDuration": 7200, "tags": NEW_TAGS},
        lambda _: {"name": "other", "path": "/city/"},
        {"assumeRolePolicy": lambda s, k: s.client("iam").update_assume_role_policy(RoleName=k.id, PolicyDocument=TRUST_2)},
        lambda s, k: s.client("iam").delete_role(RoleName=k.id),
    ),
    Case(
        "aws:iam/instanceProfile:InstanceProfile",
        lambda s: {"name": s.unique, "role": s.role.id, "tags": TAGS},
        lambda s: {"role": s.role2.id, "tags": NEW_TAGS},
        lambda _: {"name": "other", "path": "/city/"},
        {"role": lambda s, k: s.client("iam").remove_role_from_instance_profile(InstanceProfileName=k.id, RoleName=k.inputs["role"])},
    ),
    Case(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda s: {"role": s.role.id, "policyArn": s.policy("first")},
        replaces=lambda s: {"role": s.role2.id, "policyArn": s.policy("second")},
        remove=lambda s, k: s.client("iam").detach_role_policy(RoleName=k.inputs["role"], PolicyArn=k.inputs["policyArn"]),
    ),
    Case(
        "aws:ec2/placementGroup:PlacementGroup",
        lambda s: {"name": s.unique, "strategy": "spread"},
        replaces=lambda _: {"name": "other", "strategy": "cluster", "partitionCount": 2},
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda s: {"vpcId": s.vpc.id, "serviceName": "com.amazonaws.us-east-1.s3", "routeTableIds": [s.table.id], "tags": TAGS},
        lambda s: {"routeTableIds": [s.table2.id], "tags": NEW_TAGS},
        lambda s: {"vpcId": s.vpc2.id, "serviceName": "com.amazonaws.us-east-1.ebs"},
        {"tags.Owner": _tag},
        lambda s, k: s.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[k.id]),
    ),
    Case(
        "aws:backup/vault:Vault",
        lambda s: {"name": s.unique, "tags": TAGS},
        lambda _: {"tags": NEW_TAGS},
        lambda s: {"name": "other", "kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/x"},
        {"tags.Owner": lambda s, k: s.client("backup").tag_resource(ResourceArn=k.state["arn"], Tags={"Owner": "x"})},
        lambda s, k: s.client("backup").delete_backup_vault(BackupVaultName=k.id),
    ),
]
