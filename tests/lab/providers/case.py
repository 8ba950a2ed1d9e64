"""One type's row of the contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lab.providers.values import Values
from tests.lab.providers.engine import Known

Act = Callable[[Any, Known], Any]
"""Something done with another client: (stage, resource)."""


@dataclass(frozen=True)
class Case:
    """What the contract needs of a type.

    `updates` are applied one after the other; `drifts` name the path at which a refresh must see the change; `remove` deletes the
    resource behind Pulumi's back; `untold` are inputs that an import cannot know, as upstream's own import tests ignore them.
    """

    name: str
    inputs: Callable[[Any], Values]
    updates: Callable[[Any], dict[str, Any]] = lambda _: {}
    replaces: Callable[[Any], dict[str, Any]] = lambda _: {}
    drifts: dict[str, Act] = field(default_factory=dict)
    remove: Act | None = None
    import_id: Callable[[Any, Known], str] = lambda _, known: known.id
