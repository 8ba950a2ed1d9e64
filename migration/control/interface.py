"""One side of a move: the verbs that steps use on a machine, the same for vSphere and AWS, for source and target.

Every verb reads reality first and may be repeated; a verb that changes something returns only when the change is confirmed. What one
side alone can do stands in `VsphereSide` and `AwsSide`. Implementations hold their clients; nothing is opened at import time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from infra.errors import InclineError
from infra.estate.model import DiskRecord, Machine, Server
from migration.types import BlockReader, BlockSource, BlockTarget


class ControlError(InclineError):
    """A side refused or failed; the message names the machine and what the side said."""


class LeaseTakenError(InclineError):
    """Another engine holds the server, or has taken it over since."""


@dataclass(frozen=True)
class Lease:
    """Who moves a machine. It lives on the machine; `epoch` rises with every taking, so that a stale engine knows that it is stale."""

    move: str
    owner: str
    epoch: int


@dataclass(frozen=True)
class MachineState:
    """A machine as it is now.

    Attributes:
        power: `changing` counts as on wherever it matters.
        cut_off: no network can reach it, even when it runs.
        lease: who moves it.
        snapshots: names of its snapshots, foreign ones included.
        disks: as they are, matched to records by uuid or volume id.
        tracking: every disk records its changes.
    """

    power: Literal["on", "off", "changing"]
    cut_off: bool
    lease: Lease | None = None
    snapshots: tuple[str, ...] = ()
    disks: tuple[DiskRecord, ...] = ()
    tracking: bool = True

    @property
    def reachable(self) -> bool:
        """Whether it may answer on the network."""
        return self.power != "off" and not self.cut_off


@dataclass(frozen=True)
class Point:
    """A moment at which all disks of a machine are frozen together. `tracking`: by disk name, what a later delta counts from."""

    name: str
    id: str
    tracking: Mapping[str, str]


@dataclass(frozen=True)
class Health:
    """Whether a machine came up as itself; `detail` says what is missing when it did not."""

    ok: bool
    detail: str


@dataclass(frozen=True)
class TargetRequest:
    """Which target a disk's round is written to. `token` is the same for the same round of the same disk, whoever asks.

    Attributes:
        server: the server's name.
        machine: the machine that is written, when the target writes disks in place.
        disk: the disk as the source has it.
        parent: receipt of the round before; empty for the first.
        pending: the open target of this round, when it was opened before (`BlockTarget.round_key`).
        token: idempotency key of the round.
        move: the move's id, which what is made outside of a machine is marked with.
    """

    server: Server
    machine: Machine | None
    disk: DiskRecord
    parent: str
    pending: str
    token: str
    move: str


class Side(Protocol):
    """What both sides can do."""

    @property
    def site(self) -> str:
        """The site's name."""
        ...

    @property
    def point_is_base(self) -> bool:
        """Whether the next delta needs the point of the round before to exist still (an EBS snapshot), or only its ids (a changeId)."""
        ...

    def identify(self, server: Server, machine: Machine) -> Machine:
        """The machine with its identity, which a placement lacks when Pulumi made the machine. One that is not there stays as is."""
        ...

    def look(self, machine: Machine) -> MachineState | None:
        """The machine as it is; None when it does not exist."""
        ...

    def assess(self, server: Server, machine: Machine) -> tuple[str, ...]:
        """Why the machine cannot be a source as it is; one line per reason with its remedy."""
        ...

    def address_taken(self, server: Server) -> str:
        """Who has the server's address on this side already; empty when it is free. The server's own held machine does not count."""
        ...

    def health(self, server: Server, machine: Machine) -> Health:
        """Whether the running machine is the server: powered on, reachable, guest up, disks as recorded."""
        ...

    def write_lease(self, machine: Machine, lease: Lease | None, *, expected: Lease | None) -> None:
        """Compare and set.

        Raises:
            LeaseTakenError: the machine's lease is not `expected`.
        """
        ...

    def enable_tracking(self, machine: Machine) -> None:
        """Make the disks record their changes."""
        ...

    def disable_tracking(self, machine: Machine) -> None:
        """Undo of `enable_tracking`."""
        ...

    def create_point(self, machine: Machine, name: str) -> Point:
        """Freeze all disks together, consistent where the guest can help. The point of that name, when there is one already."""
        ...

    def find_point(self, machine: Machine, name: str) -> Point | None:
        """A point made before."""
        ...

    def remove_point(self, machine: Machine, name: str) -> None:
        """Remove a point; none of that name is no error. Names of others are never touched."""
        ...

    def open_source(self, machine: Machine, point: Point, disk: DiskRecord) -> BlockSource:
        """Read one disk at that point."""
        ...

    def open_target(self, request: TargetRequest) -> BlockTarget:
        """Write one disk's round."""
        ...

    def drop_target(self, key: str) -> None:
        """Remove what a target left outside of a machine (a pending or finished snapshot). None is no error."""
        ...

    def verify_spec(self, machine: Machine | None, disk: DiskRecord, receipt: str) -> Mapping[str, object]:
        """How a fresh process opens the written disk for reading, as `migration.verify` takes it; no secrets in it."""
        ...

    def power_off(self, machine: Machine) -> None:
        """Shut down, by force if the guest does not answer; returns when off is confirmed."""
        ...

    def power_on(self, machine: Machine) -> None:
        """Start; returns when it runs (not when the guest is up)."""
        ...

    def connections(self, machine: Machine) -> Mapping[str, object]:
        """How the machine is connected now, in JSON values: what `reconnect` needs."""
        ...

    def cut_off(self, machine: Machine) -> None:
        """No network may reach it any more, also after a start by hand."""
        ...

    def reconnect(self, machine: Machine, connections: Mapping[str, object]) -> None:
        """Undo of `cut_off`. Without connections: as the machine is declared."""
        ...


class VsphereSide(Side, Protocol):
    """What only vSphere can do."""

    def open_reader(self, machine: Machine, disk: DiskRecord) -> BlockReader:
        """Read a disk of a machine that is off as it is now, not a point of it."""
        ...

    def create_machine(self, server: Server, sizes: Mapping[str, int], move: str) -> Machine:
        """A machine with empty disks of these sizes, off and cut off, in the shape in which the stack adopts it without a difference."""
        ...

    def find_made(self, server: Server, move: str) -> Machine | None:
        """The machine that `create_machine` made for this move; never another."""
        ...

    def unmark_machine(self, machine: Machine) -> None:
        """Take away the mark that says which move made the machine. None is no error."""
        ...

    def destroy_machine(self, machine: Machine) -> None:
        """Remove the machine and its disks. Refused when it runs. None is no error."""
        ...

    def grow_disk(self, machine: Machine, disk: DiskRecord, size: int) -> None:
        """Make a disk of a machine that is off at least this large."""
        ...


class AwsSide(Side, Protocol):
    """What only AWS can do."""

    def register_image(self, server: Server, name: str, snapshots: Sequence[DiskRecord]) -> str:
        """An image that carries every disk (`device`, `snapshot_id`, `size` of each record); the one of that name when it exists."""
        ...

    def find_image(self, name: str) -> str:
        """The image of that name; empty when there is none."""
        ...

    def deregister_image(self, image: str) -> None:
        """Remove an image, keep its snapshots. None is no error."""
        ...

    def snapshots_of(self, move: str) -> tuple[str, ...]:
        """All snapshots that targets of this move began, also those that no journal came to know of."""
        ...

    def find_launched(self, server: Server, image: str) -> Machine | None:
        """The instance that was launched from the image with its volumes; None when there is none."""
        ...

    def delete_volumes_of(self, snapshots: Sequence[str]) -> tuple[str, ...]:
        """Delete unattached volumes made from these snapshots: what an instance leaves behind. Answers their ids."""
        ...
