"""The lab's vSphere provider: its table. A new type is one more entry here."""

from __future__ import annotations

from typing import Any

from lab.providers.sdk import Sdk
from lab.providers.table import Resource, Table, by_token
from lab.providers.vsphere.anti_affinity import ComputeClusterVmAntiAffinityRule
from lab.providers.vsphere.functions import FUNCTIONS
from lab.providers.vsphere.machine import VirtualMachine
from lab.providers.vsphere.places import Folder, ResourcePool
from lab.providers.vsphere.session import VsphereSession, connect, required_config
from lab.providers.vsphere.tagging import Tag, TagCategory

CONFIG_KEYS = frozenset(
    {
        *("allowUnverifiedSsl", "apiTimeout", "clientDebug", "clientDebugPath", "clientDebugPathRun", "password", "persistSession"),
        *("restSessionPath", "user", "vcenterServer", "vimKeepAlive", "vimSessionPath", "vsphereServer", "version", "pluginDownloadURL"),
    }
)
"""The configuration of pulumi-vsphere 4."""


def resources() -> list[Resource[VsphereSession]]:
    """Every type that is modelled."""
    return [Folder(), ResourcePool(), TagCategory(), Tag(), VirtualMachine(), ComputeClusterVmAntiAffinityRule()]


def table() -> Table[Any]:
    """The provider as the server wants it."""
    return Table(
        name="vsphere",
        sdk=Sdk("pulumi_vsphere"),
        resources=by_token(resources(), lambda item: item.name),
        functions=by_token(FUNCTIONS, lambda item: item.name),
        config_keys=CONFIG_KEYS,
        required_config=required_config,
        connect=connect,
    )
