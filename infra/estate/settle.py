"""Placements for servers that have none: a machine that Pulumi will make, or one that exists and is adopted as it is.

Pure: what a vCenter shows comes in as `ObservedMachine`; writing is `infra.estate.write`'s. An adopted machine's disks keep the device's
own label: with another label the vSphere provider would replace them by empty ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from infra.errors import InclineError
from infra.estate.model import AwsSite, DiskRecord, Estate, Machine, Placement, Server
from infra.estate.sizes import format_size

_SCSI_CONTROLLER_UNIT = 7  # the controller's own place on its bus, which no disk can have
_BOOT_DEVICE = "/dev/sda1"
_FIRST_DATA_DEVICE = ord("f")  # AWS recommends /dev/sdf to /dev/sdp for data


@dataclass(frozen=True, kw_only=True)
class ObservedDisk:
    """A disk as a vCenter shows it; a machine's are in the order of their unit numbers."""

    label: str
    uuid: str
    unit_number: int
    file: str
    size: int


@dataclass(frozen=True, kw_only=True)
class ObservedMachine:
    """A virtual machine as a vCenter shows it."""

    name: str
    path: str
    uuid: str
    disks: tuple[ObservedDisk, ...]


class SettlementError(InclineError):
    """A machine that exists is not the one that the estate describes."""


def unsettled(estate: Estate) -> list[Server]:
    """The servers without a placement, in name order."""
    return [server for name, server in sorted(estate.servers.items()) if name not in estate.placements]


def settle(estate: Estate, observed: Mapping[tuple[str, str], ObservedMachine]) -> list[Placement]:
    """A placement for every server that has none. `observed` is keyed by site and server; what it lacks will be created.

    Raises:
        SettlementError: INC-1036, with every server whose existing machine has other disks than the estate says.
    """
    placements, faults = [], []
    for server in unsettled(estate):
        machine = observed.get((server.site, server.name))
        if machine is None:
            placements.append(created(estate, server))
            continue
        fault = _fault(server, machine)
        if fault:
            faults.append(fault)
        else:
            placements.append(adopted(server, machine))
    if faults:
        raise SettlementError(
            f"{len(faults)} machine{'s are' if len(faults) > 1 else ' is'} not what the estate says",
            code="INC-1036",
            details=tuple(faults),
            next_step="write the disks into servers/*.yaml as the machine has them, in the machine's order, then settle again",
        )
    return placements


def created(estate: Estate, server: Server) -> Placement:
    """The placement of a machine that Pulumi will make."""
    on_aws = isinstance(estate.sites[server.site], AwsSite)
    records = tuple(
        DiskRecord(name=disk.name, size=disk.size, device=device_name(index))
        if on_aws
        else DiskRecord(name=disk.name, size=disk.size, label=f"Hard disk {index + 1}", unit_number=index)
        for index, disk in enumerate(server.disks)
    )
    return Placement(server=server.name, generation=0, origin="created", machine=Machine(site=server.site, disks=records))


def adopted(server: Server, machine: ObservedMachine) -> Placement:
    """The placement of a machine that exists."""
    records = tuple(
        DiskRecord(
            name=disk.name, size=seen.size, label=seen.label, uuid=seen.uuid, unit_number=pulumi_unit(seen.unit_number), file=seen.file
        )
        for disk, seen in zip(server.disks, machine.disks, strict=True)
    )
    found = Machine(site=server.site, import_id=machine.path, uuid=machine.uuid, disks=records)
    return Placement(server=server.name, generation=0, origin="adopted", machine=found)


def device_name(index: int) -> str:
    """The device that an EC2 instance has a server's disk at: the first is the boot disk."""
    return _BOOT_DEVICE if index == 0 else f"/dev/sd{chr(_FIRST_DATA_DEVICE + index - 1)}"


def unit_number(index: int) -> int:
    """The unit that a server's disk has on its SCSI bus, past the place that the controller itself takes."""
    return index if index < _SCSI_CONTROLLER_UNIT else index + 1


def pulumi_unit(device_unit: int) -> int:
    """A device's unit on its SCSI bus as Pulumi's provider counts it: without the place that the controller itself takes."""
    return device_unit - 1 if device_unit > _SCSI_CONTROLLER_UNIT else device_unit


def sites_to_observe(estate: Estate) -> list[str]:
    """The vSphere sites that unsettled servers intend to stand on."""
    wanted: Collection[str] = {server.site for server in unsettled(estate)}
    return sorted(name for name in wanted if not isinstance(estate.sites[name], AwsSite))


def _fault(server: Server, machine: ObservedMachine) -> str:
    intended = [disk.size for disk in server.disks]
    present = [disk.size for disk in machine.disks]
    if intended == present:
        return ""
    return f"{server.name}: the machine {machine.path} has disks of {_sizes(present)}, the estate says {_sizes(intended)}"


def _sizes(sizes: list[int]) -> str:
    return " + ".join(format_size(size) for size in sizes) or "none"
