"""What a step is, and everything a step may use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from infra.errors import InclineError
from infra.estate.model import Estate, Machine, Placement, Server
from migration.control.interface import AwsSide, Side, VsphereSide
from migration.journal import Journal, StateFolder
from migration.moves import MoveRecord
from migration.ports import Clock, EstateStore, Gate, Listener, Stacks

Result = Mapping[str, Any]


class StepRefusedError(InclineError):
    """A step will not go on as things are; nothing was changed by the refusal."""


class InterruptedMoveError(InclineError):
    """The person asked to stop. Everything acknowledged is kept; the same command goes on."""


@dataclass(frozen=True)
class ProofRequest:
    """One disk to prove: its manifest and whose that is, and how a fresh process opens the written disk."""

    disk: str
    manifest_id: str
    manifest: Path
    reader: Mapping[str, object]


@dataclass(frozen=True)
class ProofAnswer:
    """What the fresh process found: wrong blocks (`disk`, `offset`), and per disk two roots.

    `roots` is recomputed from the target's bytes, `expected` is what the manifest says of the source's.
    """

    mismatches: tuple[Mapping[str, Any], ...]
    roots: Mapping[str, str]
    expected: Mapping[str, str]


class Prover(Protocol):
    """Re-reads targets and recomputes every digest from their bytes."""

    def prove(self, requests: tuple[ProofRequest, ...], folder: Path) -> ProofAnswer:
        """Prove these disks; `folder` is for the specification and the report."""
        ...


@dataclass
class Context:
    """What one run of a move hands to its steps. `record` is always the journal's present fold."""

    journal: Journal
    folder: StateFolder
    estate: EstateStore
    stacks: Stacks
    gate: Gate
    prover: Prover
    clock: Clock
    listener: Listener
    source: Side
    target: Side
    stop: threading.Event = field(default_factory=threading.Event)
    discard_writes: bool = False
    workers: int = 8

    @property
    def record(self) -> MoveRecord:
        """The move as it stands."""
        return self.journal.record

    @property
    def goes_up(self) -> bool:
        """Whether the move goes from vSphere to AWS."""
        return self.record.direction == "up"

    @property
    def aws(self) -> AwsSide:
        """The side that is AWS."""
        side: Any = self.target if self.goes_up else self.source
        return side  # type: ignore[no-any-return]

    @property
    def vsphere(self) -> VsphereSide:
        """The side that is vSphere."""
        side: Any = self.source if self.goes_up else self.target
        return side  # type: ignore[no-any-return]

    @property
    def source_stack(self) -> str:
        """The servers stack that declares the source."""
        return f"{self.record.source}.servers"

    @property
    def target_stack(self) -> str:
        """The servers stack that will declare the target."""
        return f"{self.record.target}.servers"

    def load(self) -> tuple[Estate, Server, Placement]:
        """The estate, and this server in it, as they are on disk now."""
        estate = self.estate.load()
        name = self.record.server
        if name not in estate.servers or name not in estate.placements:
            raise StepRefusedError(
                f"{name}: is no longer in the estate, but has an open move",
                code="INC-2010",
                next_step=f"bring its entry back, then  incline move rollback {name} --yes",
            )
        return estate, estate.servers[name], estate.placements[name]

    @property
    def server(self) -> Server:
        """The server as people declare it."""
        return self.load()[1]

    @property
    def placement_before(self) -> Placement:
        """The placement as it was when the move was planned."""
        return Placement.model_validate(self.record.placement_before)

    @property
    def source_machine(self) -> Machine:
        """The machine that is moved, with its identity once `check_source` has found it."""
        raw = self.record.result("check_source").get("machine")
        return Machine.model_validate(raw) if raw else self.placement_before.machine

    @property
    def held_before(self) -> Machine | None:
        """On a return: the source of the first move, now the target."""
        held = self.placement_before.held
        return held.machine if held is not None and held.machine.site == self.record.target else None

    @property
    def prepared_machine(self) -> Machine | None:
        """The machine whose disks are written in place; None on the way up."""
        raw = self.record.result("prepare_target").get("machine")
        return Machine.model_validate(raw) if raw else None

    @property
    def target_machine(self) -> Machine | None:
        """The machine on the target side, once there is one."""
        raw = self.record.result("record_volumes").get("machine") or self.record.result("write_placement").get("machine")
        return Machine.model_validate(raw) if raw else self.prepared_machine

    def note(self, kind: str, /, **data: Any) -> None:
        """Write an event into the journal."""
        self.journal.append(self.clock.now(), kind, **data)

    def manifest_path(self, disk: str) -> Path:
        """Where a disk's manifest lies."""
        return self.journal.folder / f"{disk}.manifest"

    def stop_if_asked(self) -> None:
        """Raise when the person asked to stop."""
        if self.stop.is_set():
            raise InterruptedMoveError(
                f"{self.record.server}: stopped as asked; everything acknowledged is kept",
                code="INC-2011",
                next_step="run the same command again to go on",
            )


@dataclass(frozen=True)
class Step:
    """A step by its stable name. `repeats`: run again on every pass, not only until it is done once."""

    name: str
    do: Callable[[Context], Result]
    undo: Callable[[Context], None]
    repeats: bool = False


def nothing_to_undo(_: Context) -> None:
    """For steps that only look, or whose effect another step's undo takes away; such a step says which."""
