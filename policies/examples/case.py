"""One example of a rule: edits of the ground's estate and snapshot, and the outcome that they must lead to."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from infra.estate.model import Estate
from infra.observed.capacity import CapacitySnapshot
from policies.evidence import Evidence
from policies.examples.ground import ESTATE, SNAPSHOT
from policies.examples.preview import Shown, previewed
from policies.readers.estate import read_estate
from policies.readers.snapshot import overlay_snapshot
from policies.verdict import Outcome

TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)

Document = dict[str, Any]
Edit = Callable[[Document], None]


def nothing(document: Document) -> None:
    """No edit."""


def both(*edits: Edit) -> Edit:
    """One edit after the other."""

    def edit(document: Document) -> None:
        for each in edits:
            each(document)

    return edit


@dataclass(frozen=True, kw_only=True)
class Case:
    """An example.

    Args:
        rule: the rule's id.
        outcome: what the rule must answer.
        target: the object whose verdict it is; `estate` where nothing is to be judged.
        says: what is so in this example, in one line for the rule's page.
        estate: edits a copy of the ground's estate document.
        snapshot: edits a copy of its capacity snapshot; None: there is no snapshot.
        stack: what the preview of a stack shows, where the example is about what is known only after the update.
    """

    rule: str
    outcome: Outcome
    target: str
    says: str
    estate: Callable[[Document], None] = nothing
    snapshot: Callable[[Document], None] | None = nothing
    tags: tuple[str, ...] = field(default=())
    stack: tuple[Shown, ...] = ()

    def documents(self) -> tuple[Document, Document | None]:
        """The estate's document and the snapshot's, edited."""
        estate = deepcopy(ESTATE)
        self.estate(estate)
        if self.snapshot is None:
            return estate, None
        snapshot = deepcopy(SNAPSHOT)
        self.snapshot(snapshot)
        return estate, snapshot

    def evidence(self) -> Evidence:
        """The example as the rules see it, through the estate's reader and the snapshot's."""
        estate, snapshot = self.documents()
        evidence = read_estate(Estate.model_validate(estate), TODAY)
        if snapshot is not None:
            evidence = overlay_snapshot(evidence, CapacitySnapshot.model_validate(snapshot), "capacity.json")
        return previewed(evidence, self.stack)
