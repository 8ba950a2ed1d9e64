"""The lab's AWS provider: its table. A new type is one more entry here."""

from __future__ import annotations

from typing import Any

from lab.providers.aws.endpoint import VPC_ENDPOINT
from lab.providers.aws.functions import FUNCTIONS
from lab.providers.aws.instance import Instance
from lab.providers.aws.interface import NETWORK_INTERFACE
from lab.providers.aws.keys import Alias, Key
from lab.providers.aws.network import INTERNET_GATEWAY, SUBNET, VPC
from lab.providers.aws.placement import PlacementGroup
from lab.providers.aws.roles import InstanceProfile, Role, RolePolicyAttachment
from lab.providers.aws.routes import ROUTE_TABLE, Route, RouteTableAssociation
from lab.providers.aws.security import SECURITY_GROUP, EgressRule, IngressRule
from lab.providers.aws.session import AwsSession, connect, required_config
from lab.providers.aws.tags import with_default_tags
from lab.providers.aws.vault import Vault
from lab.providers.aws.volumes import VOLUME, VolumeAttachment
from lab.providers.sdk import Sdk
from lab.providers.table import Resource, Table, by_token

CONFIG_KEYS = frozenset(
    {
        *("accessKey", "allowedAccountIds", "assumeRoles", "assumeRoleWithWebIdentity", "customCaBundle", "defaultTags"),
        *("ec2MetadataServiceEndpoint", "ec2MetadataServiceEndpointMode", "endpoints", "forbiddenAccountIds", "httpProxy", "httpsProxy"),
        *("ignoreTags", "insecure", "maxRetries", "noProxy", "profile", "region", "retryMode", "s3UsEast1RegionalEndpoint"),
        *("s3UsePathStyle", "secretKey", "sharedConfigFiles", "sharedCredentialsFiles", "skipCredentialsValidation"),
        *("skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId", "stsRegion", "tagPolicyCompliance", "token"),
        *("tokenBucketRateLimiterCapacity", "useDualstackEndpoint", "useFipsEndpoint", "userAgents", "version", "pluginDownloadURL"),
    }
)
"""The configuration of pulumi-aws 7."""


def resources() -> list[Resource[AwsSession]]:
    """Every type that is modelled."""
    return [
        VPC,
        SUBNET,
        INTERNET_GATEWAY,
        ROUTE_TABLE,
        Route(),
        RouteTableAssociation(),
        SECURITY_GROUP,
        IngressRule(),
        EgressRule(),
        NETWORK_INTERFACE,
        Instance(),
        VOLUME,
        VolumeAttachment(),
        PlacementGroup(),
        VPC_ENDPOINT,
        Key(),
        Alias(),
        Role(),
        InstanceProfile(),
        RolePolicyAttachment(),
        Vault(),
    ]


def table() -> Table[Any]:
    """The provider as the server wants it."""
    return Table(
        name="aws",
        sdk=Sdk("pulumi_aws"),
        resources=by_token(resources(), lambda item: item.name),
        functions=by_token(FUNCTIONS, lambda item: item.name),
        config_keys=CONFIG_KEYS,
        required_config=required_config,
        connect=connect,
        within=lambda session, values: session.within(values.get("region")),
        adjust_inputs=with_default_tags,
    )
