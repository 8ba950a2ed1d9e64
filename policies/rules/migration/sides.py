"""The two sides of a move: the machine that is left, the machine that is reached, and the link between them."""

from __future__ import annotations

from collections.abc import Mapping

from policies.evidence import Evidence, LinkEvidence, MoveEvidence, ServerEvidence

NO_MOVES = "no move is pending, open or on trial"

Standing = Mapping[tuple[str, str], ServerEvidence]
"""The machines by server and site."""


def standing(evidence: Evidence) -> Standing:
    """Every machine by server and site, built once for all moves."""
    return {(s.name, s.site): s for s in evidence.servers}


def source_of(move: MoveEvidence, machines: Standing) -> ServerEvidence | None:
    """The machine that the move leaves; None where no reader shows it any more."""
    return machines.get((move.server, move.source_site))


def target_of(move: MoveEvidence, machines: Standing) -> ServerEvidence | None:
    """The machine that the move makes: as it stands there, or as it is meant."""
    return machines.get((move.server, move.target_site)) or move.machine


def links(evidence: Evidence) -> Mapping[frozenset[str], LinkEvidence]:
    """The widest link between each two sites."""
    found: dict[frozenset[str], LinkEvidence] = {}
    for link in sorted(evidence.links, key=lambda each: each.mbit_s):
        found[frozenset(link.sites)] = link
    return found


def ahead(move: MoveEvidence) -> bool:
    """Whether the cut-over is still to come: pending, open, or a plan that shows the state after it."""
    return move.held_since is None


def held(move: MoveEvidence) -> bool:
    """Whether the source is switched off and kept."""
    return move.held_since is not None
