"""What Pulumi's state says about a stack when the program starts: its outputs, and which resources it already owns.

It is read synchronously through the engine's own functions (the StackReference's source, without a resource of its own), because two
decisions must be made before anything is declared: whether this estate is older than the one the stack was last brought to, and which
machines still have to be adopted. `import_` is given only for what the stack does not own yet: state made by `pulumi import` keeps no
import id, and the engine would answer a later `import_` by another kind of id with a replacement.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import invoke

READ_RESOURCES = "pulumi:pulumi:readStackResourceOutputs"
STACK_TYPE = "pulumi:pulumi:Stack"
HALF_WRITTEN = "failed to load checkpoint"
# A checkpoint of some hundred resources is written in milliseconds, on a busy machine in a second; a damaged one stays damaged.
ATTEMPTS = 20
PAUSE_S = 0.2


@dataclass(frozen=True, kw_only=True)
class StackState:
    """A stack's state as the program found it."""

    outputs: Mapping[str, object] = field(default_factory=dict)
    resources: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    def owns(self, type_token: str, name: str) -> bool:
        """Whether the stack holds a resource of that type and name already."""
        return (type_token, name) in self.resources

    def import_id(self, type_token: str, name: str, candidate: str) -> str | None:
        """`candidate` as the `import_` of a resource that this stack does not own yet; None for one that it owns or that is new."""
        return candidate if candidate and not self.owns(type_token, name) else None

    def disk_labels(self, type_token: str, name: str) -> dict[int, str]:
        """The labels of a virtual machine's disks by unit number, as the stack knows them."""
        disks = self.resources.get((type_token, name), {}).get("disks") or ()
        return {int(disk["unitNumber"]): disk["label"] for disk in disks if disk.get("unitNumber") is not None}


def read_stack(stack: str, *, sleep: Callable[[float], object] = time.sleep) -> StackState:
    """The state of a stack of this project, from the backend that the program runs on; empty when it was never brought up."""
    resources = _read_whole(f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}", sleep)
    held = {_parts(urn): resource.get("outputs") or {} for urn, resource in resources.items()}
    outputs = next((each for (type_token, _), each in held.items() if type_token == STACK_TYPE), {})
    return StackState(outputs=outputs, resources=held)


def _read_whole(stack: str, sleep: Callable[[float], object]) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Asks again while the file is half written: the engine writes its checkpoint as the program starts, and a file backend not at once."""
    left = ATTEMPTS
    while True:
        try:
            return (invoke(READ_RESOURCES, {"stackName": stack}).value or {}).get("outputs") or {}
        except Exception as error:  # the SDK raises a plain Exception for every failed function call
            left -= 1
            if HALF_WRITTEN not in str(error) or not left:
                raise
            sleep(PAUSE_S)


def _parts(urn: str) -> tuple[str, str]:
    """`urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>` -> type and name."""
    _, _, types, name = urn.split("::", 3)
    return types.rsplit("$", 1)[-1], name
