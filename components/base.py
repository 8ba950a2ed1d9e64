"""What every component has in common: its type token, its intent as seen by policies, and the options of its children.

A component's `props` are its intent, not its inputs: tier, RTO, RPO, owner, data class, where it stands. Pulumi records them with the
component, so that a policy judges what was meant beside what was declared. Children find their provider through their parent; a
component is never protected itself, because protection is inherited and must be liftable one resource at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import pulumi

# Of a held machine nothing may be updated: vSphere's plugin ends every update with a power-on, and EC2's type change with a start.
# Neither may an adoption change anything.
EVERYTHING = ("*",)


class State(StrEnum):
    """Whether a machine serves, or is the source of a move on trial: off, cut off, kept for the way back."""

    ACTIVE = "active"
    HELD = "held"


@dataclass(frozen=True, kw_only=True)
class ChildOptions:
    """How a component declares its children: under itself, and frozen where the machine is held."""

    parent: pulumi.Resource
    state: State = State.ACTIVE

    def plain(self, import_id: str | None = None) -> pulumi.ResourceOptions:
        """For what can be made again without loss."""
        return self._options(protect=False, import_id=import_id)

    def protected(self, import_id: str | None = None) -> pulumi.ResourceOptions:
        """For what holds data, or a key to data."""
        return self._options(protect=True, import_id=import_id)

    def adopted(self, import_id: str | None, *, protect: bool) -> pulumi.ResourceOptions:
        """For what others made: the `up` that adopts it changes nothing of it.

        Pulumi would go on from the import to an update at once, and under a wrong disk label that update replaces a disk by an empty one.
        So differences show in the next preview, before any further `up`.
        """
        return self._options(protect=protect, import_id=import_id, frozen=import_id is not None)

    def _options(self, *, protect: bool, import_id: str | None, frozen: bool = False) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self.parent,
            protect=protect or self.state is State.HELD or None,
            ignore_changes=list(EVERYTHING) if frozen or self.state is State.HELD else None,
            import_=import_id,
        )


class Component(pulumi.ComponentResource):
    """A component with a fixed type token."""

    urn_type: ClassVar[str]

    def __init__(self, name: str, *, intent: Mapping[str, object], opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(self.urn_type, name, dict(intent), opts)

    def children(self, state: State = State.ACTIVE) -> ChildOptions:
        """The options of this component's children."""
        return ChildOptions(parent=self, state=state)
