"""The only maker of Pulumi providers: one per site, explicit, never the ambient default.

Where a site answers and with which credentials is decided by `infra.endpoints`; here it becomes a provider's configuration. Secrets go
in as Pulumi secrets. Each SDK is imported only when a site of its kind is asked for, since importing both costs a preview a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never
from urllib.parse import urlsplit

import pulumi

from infra.endpoints import Endpoint, resolve
from infra.estate.model import AwsSite, Site, VsphereSite

# The services of the components; the lab answers all of them at one address.
AWS_SERVICES = ("backup", "ebs", "ec2", "iam", "kms", "ssm", "sts")
# Tags that a move in progress writes on an instance (its lease). They are not the program's and never show as a difference.
MOVE_TAG_PREFIX = "incline:move-"


def make_provider(site: Site, environ: Mapping[str, str]) -> pulumi.ProviderResource:
    """The provider through which everything of `site` is declared; its name is the site's."""
    endpoint = resolve(site, environ)
    match site:
        case VsphereSite():
            return _vsphere(site, endpoint)
        case AwsSite():
            return _aws(site, endpoint)
        case _:
            assert_never(site)


def _vsphere(site: VsphereSite, endpoint: Endpoint) -> pulumi.ProviderResource:
    import pulumi_vsphere as vsphere  # noqa: PLC0415 - only the SDK of the side in use

    provider: pulumi.ProviderResource = vsphere.Provider(
        site.name,
        vsphere_server=endpoint.address,
        user=endpoint.user,
        password=pulumi.Output.secret(endpoint.password),
        # The plugin can be given no authority of its own, only the machine's. The lab's certificate is in no machine's trust store, and
        # a loopback connection leaves no machine.
        allow_unverified_ssl=_is_loopback(endpoint.address),
    )
    return provider


def _aws(site: AwsSite, endpoint: Endpoint) -> pulumi.ProviderResource:
    import pulumi_aws as aws  # noqa: PLC0415 - only the SDK of the side in use

    own_address = [dict.fromkeys(AWS_SERVICES, endpoint.address)] if endpoint.address else None
    provider: pulumi.ProviderResource = aws.Provider(
        site.name,
        region=site.region,
        access_key=endpoint.user or None,
        secret_key=pulumi.Output.secret(endpoint.password) if endpoint.password else None,
        token=pulumi.Output.secret(endpoint.session_token) if endpoint.session_token else None,
        assume_roles=[{"role_arn": site.role, "session_name": "incline"}] if site.role else None,
        allowed_account_ids=[site.account],
        endpoints=own_address,
        ignore_tags={"key_prefixes": [MOVE_TAG_PREFIX]},
        skip_metadata_api_check=True,
    )
    return provider


def _is_loopback(address: str) -> bool:
    return (urlsplit(f"//{address}").hostname or "") in {"127.0.0.1", "localhost", "::1"}
