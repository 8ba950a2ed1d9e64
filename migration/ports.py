"""What the move engine needs from above: Pulumi's stacks, the policy gate, the estate's files, time, a listener.

`cli/` supplies the real ones, the tests supply fakes. Nothing here imports Pulumi, the policies or a client.
Every method may be called again after an interruption with the same arguments and must then have the same effect as one call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from infra.estate.model import Estate, Placement

Operation = Literal["create", "update", "replace", "delete", "import", "refresh", "other"]


@dataclass(frozen=True)
class Change:
    """One resource that a preview would change, with the property paths that differ where the tool names them."""

    urn: str
    operation: Operation
    fields: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The resource's logical name: the last part of the URN."""
        return self.urn.rsplit("::", 1)[-1]


@dataclass(frozen=True)
class StackResource:
    """A resource as the stack's state has it."""

    urn: str
    type: str
    id: str = ""
    parent: str = ""
    protect: bool = False

    @property
    def name(self) -> str:
        """The resource's logical name: the last part of the URN."""
        return self.urn.rsplit("::", 1)[-1]


class Stacks(Protocol):
    """Pulumi's stacks by name. A failure is an `InclineError` with Pulumi's own diagnostics shortened into its details."""

    def preview(self, stack: str, *, refresh: bool = False) -> tuple[Change, ...]:
        """What an update would change now; with `refresh`, compared with reality and not with the state alone. Changes nothing."""
        ...

    def up(self, stack: str) -> tuple[Change, ...]:
        """Bring the stack to the estate as it is on disk; answers what was changed."""
        ...

    def refresh(self, stack: str, urns: Sequence[str] = ()) -> None:
        """Read reality into the state, of the named resources only when some are named."""
        ...

    def resources(self, stack: str) -> tuple[StackResource, ...]:
        """The resources of the state; empty when the stack has none yet."""
        ...

    def unprotect(self, stack: str, urn: str) -> None:
        """Lift the protection of this one resource. One that is not in the state or not protected is no error."""
        ...

    def outputs(self, stack: str) -> Mapping[str, object]:
        """The stack's outputs, secrets excluded."""
        ...


@dataclass(frozen=True)
class GateRequest:
    """What the gate judges: the estate with this server placed on `target`."""

    server: str
    source: str
    target: str
    move: str


@dataclass(frozen=True)
class GateAnswer:
    """The verdicts by kind (pass, fail, waived, not-applicable, undetermined), and one line for each verdict that blocks."""

    counts: Mapping[str, int] = field(default_factory=dict)
    blocking: tuple[str, ...] = ()


class Gate(Protocol):
    """The policies, asked before the servers change hands."""

    def judge(self, request: GateRequest) -> GateAnswer:
        """Judge the change; never raises for a bad verdict, only when it cannot judge at all."""
        ...


class EstateStore(Protocol):
    """The estate's files. Every write is atomic and raises the generation by one, unless it would change nothing."""

    @property
    def root(self) -> Path:
        """The estate's folder."""
        ...

    def load(self) -> Estate:
        """The whole estate as it is on disk now, validated."""
        ...

    def write_placement(self, placement: Placement) -> Placement:
        """Write one server's placement; answers it with its new generation."""
        ...

    def set_server_site(self, server: str, site: str) -> None:
        """Change the server's `site` in the file where people wrote it, comments kept."""
        ...

    def commit(self, message: str) -> str:
        """Commit the estate's files when it lies in a version control that may be used; answers the revision, or why it was left alone."""
        ...


class Clock(Protocol):
    """Time, so that tests own it."""

    def now(self) -> datetime:
        """The time, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


@dataclass(frozen=True)
class Progress:
    """How far the copy of one disk has come in this round."""

    server: str
    round: int
    disk: str
    blocks_done: int
    blocks_total: int
    bytes_sent: int


class Listener(Protocol):
    """Whoever watches: the live display, the log lines of a pipeline, a test. Must not raise and must return quickly."""

    def step(self, server: str, step: str, state: Literal["started", "done", "failed", "undone", "skipped"], detail: str = "") -> None:
        """A step changed its state."""
        ...

    def progress(self, progress: Progress) -> None:
        """A copy went on."""
        ...
