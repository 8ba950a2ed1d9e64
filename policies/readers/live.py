"""The live estate: what both sides answered just now over what the estate and the stacks' states say.

What was seen wins over what is declared or recorded, and each difference is a finding. States add what no cloud tells: Pulumi's protection.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from infra.observed.capacity import CapacitySnapshot
from policies.evidence import Evidence
from policies.readers.state import StackState, overlay_state
from policies.readers.surroundings import Surroundings

SOURCE = "live"


def read_live(declared: Evidence, seen: CapacitySnapshot, surroundings: Surroundings, states: Iterable[StackState] = ()) -> Evidence:
    """Evidence of what runs.

    Args:
        declared: the estate's evidence.
        seen: a snapshot taken just now.
        surroundings: the moment, and the ledger if there is one.
        states: exports of stacks.

    Raises:
        StateError: a state belongs to no site of the estate.
    """
    recorded = declared
    for state in states:
        recorded = overlay_state(recorded, state)
    return replace(surroundings.over_seen(recorded, seen, SOURCE, observed_wins=True), reader="live")
