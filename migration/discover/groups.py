"""What moves together: machines that talk both ways or whose dependency is sure, in groups that a night can hold.

Ties are taken strongest first; one that would make a group larger than allowed is cut, and said. Hubs and what everybody uses (names, time,
monitoring, backup, sign-on, administration) tie nothing. The same input gives the same groups, whatever its order.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from migration.discover.flows_ports import COMMON
from migration.discover.model import Edge, Finding, FoundMachine, Gravity

SURE = 0.5
"""Confidence of a dependency that ties by itself."""

TWO_WAY = 0.3
"""Confidence that is enough of each where both use each other."""

_NAMED = 3  # ties that a finding names


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """Two machines that belong together, and how much: 0 to 1."""

    one: str
    other: str
    strength: float
    two_way: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The name of the group by machine key; machines that nothing ties are in none. `cut`: ties that would make a group too large."""

    of: Mapping[str, str] = field(default_factory=dict)
    cut: tuple[Tie, ...] = ()
    findings: tuple[Finding, ...] = ()

    def members(self) -> dict[str, tuple[str, ...]]:
        """Machine keys by group, sorted."""
        found: dict[str, list[str]] = {}
        for key, name in self.of.items():
            found.setdefault(name, []).append(key)
        return {name: tuple(sorted(keys)) for name, keys in sorted(found.items())}


class _Union:
    """Union-find with a limit on size."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._parent: dict[str, str] = {}
        self._size: dict[str, int] = {}

    def root(self, key: str) -> str:
        """Who stands for the group of a machine."""
        parent = self._parent.setdefault(key, key)
        while parent != self._parent[parent]:
            self._parent[parent] = self._parent[self._parent[parent]]
            parent = self._parent[parent]
        self._parent[key] = parent
        return parent

    def join(self, one: str, other: str) -> bool:
        """Make one group of two; False when it would be too large."""
        first, second = sorted((self.root(one), self.root(other)))
        if first == second:
            return True
        together = self._size.get(first, 1) + self._size.get(second, 1)
        if together > self._largest:
            return False
        self._parent[second] = first
        self._size[first] = together
        return True

    def groups(self) -> list[list[str]]:
        """Groups of more than one, sorted."""
        found: dict[str, list[str]] = {}
        for key in sorted(self._parent):
            found.setdefault(self.root(key), []).append(key)
        return [keys for _, keys in sorted(found.items()) if len(keys) > 1]


def move_groups(
    machines: Iterable[FoundMachine],
    edges: Iterable[Edge],
    *,
    hubs: Collection[str] = (),
    largest: int = 50,
    confidence: float = SURE,
    services: Mapping[str, str] | None = None,
) -> Groups:
    """The groups of these machines.

    Args:
        machines: who moves; edges to others tie nothing.
        edges: dependencies.
        hubs: keys of machines that talk to everything.
        largest: machines of a group at most.
        confidence: from which on a dependency ties by itself.
        services: by machine key, to name groups; without, a group is named after its first machine.
    """
    names = {machine.key: machine.server or machine.name for machine in machines}
    ties = _ties(edges, {*names} - {*hubs}, confidence, services or {})
    union = _Union(max(1, largest))
    refused = [tie for tie in ties if not union.join(tie.one, tie.other)]
    cut = tuple(tie for tie in refused if union.root(tie.one) != union.root(tie.other))
    found: dict[str, str] = {}
    used: Counter[str] = Counter()
    for keys in union.groups():
        name = _name(keys, names, services or {})
        used[name] += 1
        found |= dict.fromkeys(keys, name if used[name] == 1 else f"{name}~{used[name]}")
    return Groups(of=found, cut=cut, findings=_cut(cut, found, names, largest))


def _ties(edges: Iterable[Edge], able: Collection[str], confidence: float, services: Mapping[str, str]) -> list[Tie]:
    """Pairs that belong together, strongest first: those of one service before all others."""
    pairs: dict[tuple[str, str], list[Edge]] = {}
    for edge in edges:
        if edge.source in able and edge.target in able and edge.source != edge.target and not edge.once and edge.port not in COMMON:
            pair = (edge.source, edge.target) if edge.source < edge.target else (edge.target, edge.source)
            pairs.setdefault(pair, []).append(edge)
    found = []
    for (one, other), told in pairs.items():
        there = max((edge.confidence for edge in told if edge.source == one), default=0.0)
        back = max((edge.confidence for edge in told if edge.source == other), default=0.0)
        two_way = min(there, back) >= min(TWO_WAY, confidence)
        if two_way or max(there, back) >= confidence:
            best = max(told, key=lambda edge: (edge.confidence, edge.connections, edge.port, edge.source))
            strength = 1 - (1 - there) * (1 - back)
            same = bool(services.get(one)) and services.get(one) == services.get(other)
            found.append((same, _volume(told), Tie(one=one, other=other, strength=round(strength, 4), two_way=two_way, why=best.why)))
    found.sort(key=lambda each: (not each[0], not each[2].two_way, -each[2].strength, -each[1], each[2].one, each[2].other))
    return [tie for *_, tie in found]


def _volume(told: Iterable[Edge]) -> float:
    """How much goes between two, in powers of ten: it decides between ties that are equally sure."""
    return round(sum(math.log10(1 + edge.connections) + math.log10(1 + edge.bytes) / 2 for edge in told), 1)


def _name(keys: Iterable[str], names: Mapping[str, str], services: Mapping[str, str]) -> str:
    """After its services; after its first machine where it has none."""
    counted = Counter(service for key in keys if (service := services.get(key, "")))
    if not counted:
        return min(names[key] for key in keys)
    ordered = sorted(counted, key=lambda service: (-counted[service], service))
    return "+".join(sorted(ordered[:2])) + ("+others" if len(ordered) > 2 else "")


def _cut(cut: tuple[Tie, ...], found: Mapping[str, str], names: Mapping[str, str], largest: int) -> tuple[Finding, ...]:
    """One finding for all ties between the same two groups."""
    between: dict[tuple[str, str], list[Tie]] = {}
    for tie in cut:
        one, other = sorted((found.get(tie.one, names[tie.one]), found.get(tie.other, names[tie.other])))
        between.setdefault((one, other), []).append(tie)
    return tuple(
        Finding(
            code="DSC-076",
            gravity=Gravity.WARNING,
            where=f"groups {one} and {other}",
            what=f"together they would be more than {largest} machines; {len(ties):,} tie{'' if len(ties) == 1 else 's'} between them "
            f"{'is' if len(ties) == 1 else 'are'} cut: " + "; ".join(f"{names[t.one]} - {names[t.other]}" for t in ties[:_NAMED]),
            taken="two groups, which may move in different nights",
            remedy="pin both to one night, or allow larger groups (`groups: {largest: ...}`)",
        )
        for (one, other), ties in sorted(between.items())
    )
