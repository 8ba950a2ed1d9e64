"""One machine in one direction, with all that its judges may look at. Pure: whoever builds it has read everything before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from infra.catalogue import InstanceType, instance_types
from infra.estate.model import GIB, Placement, Server, Service
from infra.guest_systems import system_id
from migration.discover.model import FoundDatastore, FoundHost, FoundMachine, Metric, Percentiles

TIB = 1024 * GIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is judged.

    Attributes:
        machine: as it was found.
        direction: up to AWS, or down to vSphere.
        target: the site it would go to.
        system: its operating system's id, empty when nobody tells.
        with_estate: whether there is an estate that could know it.
        server, service, placement: what the estate knows of it.
        instance: up: the EC2 type it would get; None when none holds it or nothing is known of its size.
        hosts, datastores: down: what stands at the target, empty when that is not known.
        usage: what was measured, by metric.
        host: down: the host that has room for it today; empty when none has, None when nobody looked.
        core_mhz: the clock of a core of the host it stands on.
        dependencies: how many other machines it uses or is used by.
    """

    machine: FoundMachine
    direction: Literal["up", "down"]
    target: str
    now: datetime
    system: str = ""
    with_estate: bool = False
    server: Server | None = None
    service: Service | None = None
    placement: Placement | None = None
    instance: InstanceType | None = None
    hosts: tuple[FoundHost, ...] = ()
    datastores: tuple[FoundDatastore, ...] = ()
    usage: Mapping[Metric, Percentiles] = field(default_factory=dict)
    dependencies: int = 0
    core_mhz: float | None = None
    host: str | None = None

    @property
    def name(self) -> str:
        """The server's name, or the machine's own."""
        return self.machine.server or self.machine.name

    @property
    def kind_of_target(self) -> Literal["aws", "vsphere"]:
        """What the target is."""
        return "aws" if self.direction == "up" else "vsphere"

    @property
    def efi(self) -> bool:
        """Whether it boots by UEFI."""
        return self.machine.firmware.lower() in {"efi", "uefi", "uefi-preferred"}


def system_of(machine: FoundMachine, server: Server | None = None) -> str:
    """The operating system: what was found before what the estate says, and the guest before the configuration, which is often outdated."""
    guest = system_id(machine.os_guest)
    if guest and any(c.isdigit() for c in guest):
        return guest
    return machine.os or (server.os.id if server else "") or guest or system_id(machine.os_config) or system_id(machine.billing)


def type_of(machine: FoundMachine) -> InstanceType | None:
    """The EC2 type of an instance; None on vSphere, or when the catalogue has no such type."""
    return instance_types().get(machine.instance_type)


def size_text(size: float) -> str:
    """A size for people: `40.5 GiB`, `2.5 TiB`."""
    value, unit = (size / TIB, "TiB") if size >= TIB else (size / GIB, "GiB")
    return f"{value:,.2f}".rstrip("0").rstrip(".") + f" {unit}"
