"""The lab's vSphere provider: its table."""

from __future__ import annotations

from typing import Any

from lab.providers.sdk import Sdk
from lab.providers.table import Table


def table() -> Table[Any]:
    """The provider as the server wants it."""
    return Table(
        name="vsphere",
        sdk=Sdk("pulumi_vsphere"),
        resources={},
        functions={},
        config_keys=frozenset(),
        required_config=lambda _config: (),
        connect=dict,
    )
