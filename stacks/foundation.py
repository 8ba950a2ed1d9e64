"""The foundation layer of a site: what rarely changes and everything else stands on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

import pulumi

from infra.estate.model import AwsSite, Estate, VsphereSite
from infra.outputs import read_vsphere_foundation
from infra.providers import make_provider
from infra.stack_config import StackSettings
from infra.stack_state import read_stack
from stacks.sites import site_of


def declare(estate: Estate, settings: StackSettings, environ: Mapping[str, str]) -> dict[str, Any]:
    """Declares the foundation of the stack's site; returns its outputs."""
    site = site_of(estate, settings.name)
    provider = make_provider(site, environ)
    match site:
        case VsphereSite():
            return _vsphere(estate, site, str(settings.name), provider)
        case AwsSite():
            return _aws(estate, site, provider)
        case _:
            assert_never(site)


def tag_owner(estate: Estate, site: VsphereSite) -> VsphereSite:
    """The site whose foundation owns the tags of a vCenter: the first by name of those that share it."""
    same = (each for each in estate.sites.values() if isinstance(each, VsphereSite) and each.endpoint == site.endpoint)
    return min(same, key=lambda each: each.name)


def _vsphere(estate: Estate, site: VsphereSite, stack: str, provider: pulumi.ProviderResource) -> dict[str, Any]:
    from components.vsphere import vsphere_site  # noqa: PLC0415 - as above
    from components.vsphere.tag_vocabulary import vocabulary  # noqa: PLC0415 - only the SDK of the side in use

    owner = tag_owner(estate, site)
    owns = owner.name == site.name
    args = vsphere_site.VsphereSiteArgs(
        site=site,
        provider=provider,
        stack=read_stack(stack),
        vocabulary=vocabulary(estate.services.values(), estate.servers.values()) if owns else None,
        foreign_tags={} if owns else read_vsphere_foundation(owner.name).tags,
    )
    return vsphere_site.VsphereSite(site.name, args=args, opts=pulumi.ResourceOptions(providers=[provider])).ids.export()


def _aws(estate: Estate, site: AwsSite, provider: pulumi.ProviderResource) -> dict[str, Any]:
    from components.aws.landing_zone import AwsLandingZone, AwsLandingZoneArgs  # noqa: PLC0415 - only the SDK of the side in use

    args = AwsLandingZoneArgs(site=site, tags={"incline:estate": estate.name, "incline:site": site.name})
    return AwsLandingZone(site.name, args=args, opts=pulumi.ResourceOptions(providers=[provider])).ids.export()
