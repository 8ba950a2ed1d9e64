"""One server on one site, as both sides need it: which disks it has, how large, in which order.

Pure. It joins what people intend (`Server`) with what the machine is known to have (`Machine` of the placement) and refuses what would
lose data: a disk that the machine has and the estate no longer names. Sizes are bytes in the estate and whole GiB here, rounded up; the
larger of intent and record counts, because a disk that came back from AWS keeps its rounded tail.
"""

from __future__ import annotations

from dataclasses import dataclass

from components.base import State
from infra.errors import InclineError
from infra.estate.model import GIB, Attachment, Disk, DiskRecord, Machine, Server, Service
from infra.stack_state import StackState


@dataclass(frozen=True, kw_only=True)
class DiskPlan:
    """A disk as it is declared. `position` counts from 0, the boot disk first."""

    name: str
    position: int
    size_gib: int
    record: DiskRecord

    @property
    def is_boot(self) -> bool:
        """Whether the machine starts from it."""
        return self.position == 0


@dataclass(frozen=True, kw_only=True)
class MachinePlan:
    """A server on the site where its placement stands; what the parts of both sides are declared from."""

    server: Server
    service: Service
    machine: Machine
    attachment: Attachment
    disks: tuple[DiskPlan, ...]
    state: State
    stack: StackState


def plan_machine(*, server: Server, service: Service, machine: Machine, state: State, stack: StackState) -> MachinePlan:
    """Joins intent and record.

    Raises:
        InclineError: the server does not say how it stands on that site (INC-7010), or a disk would be lost (INC-7011).
    """
    attachment = server.at.get(machine.site)
    if attachment is None:
        raise InclineError(
            f"{server.name} is placed on {machine.site}, but its entry has no at.{machine.site}",
            code="INC-7010",
            next_step=f"add at.{machine.site} with the network and the address of {server.name} on that site",
        )
    return MachinePlan(
        server=server,
        service=service,
        machine=machine,
        attachment=attachment,
        disks=_plan_disks(server, machine, state),
        state=state,
        stack=stack,
    )


def whole_gib(size: int) -> int:
    """Bytes as whole GiB, rounded up: what a provider can declare."""
    return -(-size // GIB)


def _plan_disks(server: Server, machine: Machine, state: State) -> tuple[DiskPlan, ...]:
    records = {record.name: record for record in machine.disks}
    lost = records.keys() - {disk.name for disk in server.disks}
    if lost and state is State.ACTIVE:
        raise InclineError(
            f"{server.name}: disk {', '.join(sorted(lost))} is on the machine, but no longer in the estate",
            code="INC-7011",
            details=("a disk that is taken out of the estate, or renamed there, would be removed with its data",),
            next_step="give the disk its name back, or detach it at the site and record that with  incline estate settle --observe",
        )
    return tuple(_plan_disk(position, disk, records.get(disk.name)) for position, disk in enumerate(server.disks))


def _plan_disk(position: int, disk: Disk, record: DiskRecord | None) -> DiskPlan:
    known = record or DiskRecord(name=disk.name, size=disk.size)
    return DiskPlan(name=disk.name, position=position, size_gib=whole_gib(max(disk.size, known.size)), record=known)
