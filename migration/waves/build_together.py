"""Groups from dependencies alone: servers that talk to each other move together, the strongest ties first, hubs aside.

For a programme that says `groups: {by: dependencies}` and a caller that brings no groups of its own. A tie that would make a group larger
than the programme allows is not taken, and said: its two ends may still be ordered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from migration.discover.model import Edge, Finding, Gravity
from migration.waves.build_candidates import Candidate
from migration.waves.build_order import HUB_LEAST, HUB_SHARE
from migration.waves.programme import Programme


def together(candidates: Sequence[Candidate], edges: Iterable[Edge], programme: Programme) -> tuple[dict[str, str], list[Finding]]:
    """Group names by machine key, for those that are tied to anybody, and what was odd."""
    names = {each.machine: each.server for each in candidates}
    ties = _ties(names, edges, programme.groups.confidence)
    hubs = _hubs(ties, len(candidates))
    rings = _Rings(names)
    refused = 0
    for source, target in sorted(ties, key=lambda pair: (-ties[pair][0], -ties[pair][1], pair)):
        if not {source, target} & hubs:
            refused += not rings.join(source, target, programme.groups.largest)
    findings = [_hub(names[hub]) for hub in sorted(hubs)]
    if refused:
        findings.append(_refused(refused, programme.groups.largest))
    return rings.named(), findings


def _ties(names: Mapping[str, str], edges: Iterable[Edge], confidence: float) -> dict[tuple[str, str], tuple[float, int]]:
    """Confidence and bytes by pair, both directions as one."""
    found: dict[tuple[str, str], tuple[float, int]] = {}
    for edge in edges:
        if edge.once or edge.confidence < confidence or edge.source == edge.target or not {edge.source, edge.target} <= names.keys():
            continue
        pair = (min(edge.source, edge.target), max(edge.source, edge.target))
        sure, size = found.get(pair, (0.0, 0))
        found[pair] = (max(sure, edge.confidence), size + edge.bytes)
    return found


def _hubs(ties: Iterable[tuple[str, str]], count: int) -> set[str]:
    degree: dict[str, int] = {}
    for pair in ties:
        for key in pair:
            degree[key] = degree.get(key, 0) + 1
    return {key for key, ends in degree.items() if ends >= max(HUB_LEAST, HUB_SHARE * count)}


class _Rings:
    """Sets of machines that grow together."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._ring = {key: {key} for key in names}

    def join(self, one: str, other: str, largest: int) -> bool:
        """Make the rings of two machines one; False when that would be too large."""
        first, second = self._ring[one], self._ring[other]
        if first is second:
            return True
        if len(first) + len(second) > largest:
            return False
        small, large = sorted((first, second), key=len)
        large |= small
        self._ring.update(dict.fromkeys(small, large))
        return True

    def named(self) -> dict[str, str]:
        """The rings of more than one machine, named after their first server."""
        found = {}
        for key, ring in self._ring.items():
            if len(ring) > 1:
                found[key] = f"with-{min(self._names[each] for each in ring)}"
        return found


def _hub(server: str) -> Finding:
    return Finding(
        code="PLN-003",
        gravity=Gravity.NOTE,
        where=f"server {server}",
        what="it talks to most other servers",
        taken="it ties nobody to a group",
        remedy="pin it if it must move first or last",
    )


def _refused(count: int, largest: int) -> Finding:
    return Finding(
        code="PLN-008",
        gravity=Gravity.WARNING,
        where="dependencies",
        what=f"{count} dependencies would make groups of more than {largest} servers",
        taken="the weakest of them tie nobody",
        remedy="allow larger groups (groups: {largest: ...}), or name the services in the estate",
    )
