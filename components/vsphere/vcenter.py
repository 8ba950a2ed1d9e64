"""Look-ups in a vCenter through its provider: the ids of what others run, and whether something is there to be adopted.

The only place of the components that calls the provider's functions. Ids come as outputs, so that they are asked for side by side; the
questions "is it there" are answered at once, because the answer decides what is declared. They are asked only for what the stack does not
own yet, which after the first `up` is nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_vsphere as vsphere

from infra.estate.model import VsphereSite


class VcenterLookup:
    """One site's look-ups."""

    def __init__(self, site: VsphereSite, provider: pulumi.ProviderResource) -> None:
        self._site = site
        self._later = pulumi.InvokeOutputOptions(provider=provider)
        self._now = pulumi.InvokeOptions(provider=provider)

    def datacenter(self) -> pulumi.Output[str]:
        """The id of the site's data centre."""
        found: pulumi.Output[str] = vsphere.get_datacenter_output(name=self._site.datacenter, opts=self._later).id
        return found

    def cluster(self, name: str, datacenter: pulumi.Input[str]) -> Any:
        """A cluster: its `id` and the `resource_pool_id` of its root pool."""
        return vsphere.get_compute_cluster_output(name=name, datacenter_id=datacenter, opts=self._later)

    def datastore(self, name: str, datacenter: pulumi.Input[str]) -> pulumi.Output[str]:
        """The id of a datastore."""
        found: pulumi.Output[str] = vsphere.get_datastore_output(name=name, datacenter_id=datacenter, opts=self._later).id
        return found

    def network(self, name: str, datacenter: pulumi.Input[str]) -> pulumi.Output[str]:
        """The id of a port group."""
        found: pulumi.Output[str] = vsphere.get_network_output(name=name, datacenter_id=datacenter, opts=self._later).id
        return found

    def has_folder(self, path: str) -> bool:
        """Whether there is a folder at an inventory path."""
        return _found(lambda: vsphere.get_folder(path=path, opts=self._now)) is not None

    def has_pool(self, path: str) -> bool:
        """Whether there is a resource pool at an inventory path."""
        return _found(lambda: vsphere.get_resource_pool(name=path, opts=self._now)) is not None

    def category(self, name: str) -> str | None:
        """The id of a tag category, None when there is none of that name."""
        found = _found(lambda: vsphere.get_tag_category(name=name, opts=self._now))
        return found.id if found else None

    def has_tag(self, name: str, category_id: str) -> bool:
        """Whether a category has a tag of that name."""
        return _found(lambda: vsphere.get_tag(name=name, category_id=category_id, opts=self._now)) is not None


def _found(ask: Callable[[], Any]) -> Any | None:
    """The answer, or None where the vCenter has no such object; every other failure stays an error."""
    try:
        return ask()
    except Exception as error:  # the SDK raises a plain Exception for every failed function call
        if "not found" not in str(error).lower():
            raise
        return None
