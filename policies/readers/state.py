"""A stack's state as resources: what `pulumi stack export` writes. Secrets stand in it as ciphertext and become unknown.

What the state does not hold, such as how much space a datastore has, comes from the estate and a capacity snapshot as in a preview.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import InclineError, why_unreadable
from policies.evidence import Evidence
from policies.readers.properties import decode_plain
from policies.readers.resources import overlay
from policies.readers.stack import KEYS, LONGEST_NAME, Resource


class StateError(InclineError):
    """A file that is no stack's state."""


@dataclass(frozen=True, slots=True)
class StackState:
    """The resources of one stack. `site` is the first part of the stack's name."""

    stack: str
    resources: tuple[Resource, ...]

    @property
    def site(self) -> str:
        """The site that the stack declares: `downtown` of `downtown.servers`."""
        return self.stack.partition(".")[0]


def read_state(path: Path) -> StackState:
    """The stack of a state file.

    Raises:
        StateError: the file cannot be read (INC-3025) or holds no stack's state (INC-3026).
    """
    export = "pulumi stack export --stack STACK --file state.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise StateError(f"{path}: the state cannot be read: {why_unreadable(error)}", code="INC-3025", next_step=export) from error
    except (ValueError, RecursionError) as error:
        raise StateError(
            f"{path}: no JSON, so no state of a stack", code="INC-3026", details=(str(error)[:200],), next_step=export
        ) from error
    listed = _listed(document)
    if listed is None:
        raise StateError(f"{path}: holds no state of a stack: no deployment with resources", code="INC-3026", next_step=export)
    stacks = {_stack_of(str(r.get("urn", ""))) for r in listed} - {""}
    if len(stacks) > 1:
        raise StateError(f"{path}: holds resources of several stacks: {', '.join(sorted(stacks))}", code="INC-3026", next_step=export)
    return StackState(next(iter(stacks), ""), tuple(_resources(listed)))


def overlay_state(ground: Evidence, state: StackState, reader: str = "state") -> Evidence:
    """The evidence with a stack's state in place of what the ground says of it.

    Raises:
        StateError: the estate has no site of that stack's name (INC-3027).
    """
    if state.resources and state.site not in ground.kinds:
        known = ", ".join(ground.kinds)
        what = f"stack {state.stack}: the estate has no site {state.site}; it has {known}"
        raise StateError(what, code="INC-3027", next_step="export a stack of this estate, named SITE.servers or SITE.foundation")
    return overlay(ground, state.site, state.resources, reader=reader)


def _listed(document: Any) -> list[Mapping[str, Any]] | None:
    """The resources of an export, or of a checkpoint as the file backend keeps it."""
    if not isinstance(document, dict):
        return None
    latest = document.get("checkpoint")
    holder = document.get("deployment", latest.get("latest") if isinstance(latest, dict) else None)
    resources = holder.get("resources", []) if isinstance(holder, dict) else None
    return [r for r in resources if isinstance(r, dict)] if isinstance(resources, list) else None


def _stack_of(urn: str) -> str:
    parts = urn.split("::")
    return parts[0].rpartition(":")[2] if len(parts) > 1 and urn.startswith("urn:pulumi:") else ""


def _resources(listed: list[Mapping[str, Any]]) -> Iterator[Resource]:
    for entry in listed:
        kind, urn = str(entry.get("type", "")), str(entry.get("urn", ""))
        # What waits for its deletion has been replaced: its successor stands in the state beside it.
        if kind not in KEYS or entry.get("delete") is True:
            continue
        name = urn.rpartition("::")[2][:LONGEST_NAME]
        inputs, outputs = _object(entry.get("inputs")), _object(entry.get("outputs"))
        yield Resource(
            type=kind,
            name=name,
            urn=urn,
            parent=str(entry.get("parent", "")),
            properties=decode_plain({**inputs, **outputs}, name, KEYS[kind]),
            declared=KEYS[kind].intersection(inputs),
            protect=entry.get("protect") is True,
            uses=_uses(entry.get("propertyDependencies")),
        )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _uses(value: Any) -> dict[str, tuple[str, ...]]:
    return {key: tuple(map(str, urns)) for key, urns in _object(value).items() if isinstance(urns, list)}
