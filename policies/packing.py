"""Placing machines on hosts: several quick orders first, and for few machines all arrangements, with CPU and separation.

It is stricter than a sum because a machine cannot be split over hosts. A placement found proves that one exists. When none is found, the
machines without a place are those of the best order tried, with the resource that was short for them; for up to twelve machines it is then
certain that not all fit, for more it is what the orders found.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

EXACT_MACHINES = 12
EXACT_STEPS = 20_000
MOST_CASES = 12
_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Room:
    """A host's capacity: cores (or cores times the overcommit ratio) and bytes of memory."""

    name: str
    cpus: float
    memory: float


@dataclass(frozen=True, slots=True)
class Load:
    """A machine's demand. Members of one non-empty group must not share a host."""

    name: str
    cpus: float
    memory: float
    group: str = ""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A machine without a place and what was short on most hosts: cpu, memory or separation."""

    name: str
    binding: str


@dataclass(frozen=True, slots=True)
class Placement:
    """The best placement found: who has no place, and what is left on each host."""

    without: tuple[Misfit, ...]
    left: tuple[Room, ...]

    def hole(self) -> tuple[float, float]:
        """The most memory that one host has left, with the CPU left there."""
        best = max(self.left, key=lambda r: (r.memory, r.cpus), default=None)
        return (best.memory, best.cpus) if best else (0.0, 0.0)


def misfits(rooms: Sequence[Room], loads: Sequence[Load], *, separate: bool = True) -> tuple[Misfit, ...]:
    """The machines that find no place, largest first; empty when all fit."""
    return place(rooms, loads, separate=separate).without


def place(rooms: Sequence[Room], loads: Sequence[Load], *, separate: bool = True) -> Placement:
    """A host for every machine, if any of the ways tried finds one; else the way that leaves the fewest without.

    Args:
        rooms: the hosts, empty.
        loads: the machines.
        separate: whether members of a group are kept apart.
    """
    total = Room("", sum(r.cpus for r in rooms) or 1.0, sum(r.memory for r in rooms) or 1.0)
    shares = sorted(loads, key=lambda x: (-max(x.cpus / total.cpus, x.memory / total.memory), x.name))
    best: Placement | None = None
    for order, tight in _ways(shares):
        bins = _Bins.of(rooms, separate=separate)
        found = bins.fill(order, tight=tight)
        if best is None or len(found.without) < len(best.without):
            best = found
        if not best.without:
            return best
    if best is not None and len(loads) <= EXACT_MACHINES:
        return _Search(_Bins.of(rooms, separate=separate), shares, EXACT_STEPS).placement() or best
    return best or Placement((), tuple(rooms))


def _ways(shares: Sequence[Load]) -> Iterator[tuple[Sequence[Load], bool]]:
    """Orders, each with whether the tightest host takes a machine rather than the least full one."""
    yield shares, False
    yield shares, True
    yield sorted(shares, key=lambda x: (-x.memory, -x.cpus, x.name)), True
    yield sorted(shares, key=lambda x: (not x.group, -x.memory, x.name)), False


@dataclass(slots=True)
class _Bins:
    """What is left on each host, by number."""

    rooms: Sequence[Room]
    cpus: list[float]
    memory: list[float]
    groups: list[frozenset[str]]
    separate: bool

    @classmethod
    def of(cls, rooms: Sequence[Room], *, separate: bool) -> _Bins:
        """Empty hosts."""
        return cls(rooms, [r.cpus for r in rooms], [r.memory for r in rooms], [frozenset()] * len(rooms), separate)

    def refuses(self, number: int, load: Load) -> str:
        """Why the load does not fit on a host, or nothing."""
        if load.memory > self.memory[number] + _SLACK:
            return "memory"
        if load.cpus > self.cpus[number] + _SLACK:
            return "cpu"
        return "separation" if self.separate and load.group and load.group in self.groups[number] else ""

    def take(self, number: int, load: Load) -> None:
        """Put the load on a host."""
        self.cpus[number] -= load.cpus
        self.memory[number] -= load.memory
        if load.group:
            self.groups[number] |= {load.group}

    def fill(self, order: Sequence[Load], *, tight: bool) -> Placement:
        """Put the loads on the hosts in this order."""
        without = self._tightest(order) if tight else self._least_full(order)
        return Placement(tuple(Misfit(load.name, self._binding(load)) for load in without), self.left())

    def left(self) -> tuple[Room, ...]:
        """What each host has left."""
        return tuple(Room(r.name, c, m) for r, c, m in zip(self.rooms, self.cpus, self.memory, strict=True))

    def _fullness(self, number: int) -> float:
        """How full the fuller of the two resources is."""
        room = self.rooms[number]
        cpu = 1 - self.cpus[number] / room.cpus if room.cpus else 1.0
        return max(cpu, 1 - self.memory[number] / room.memory if room.memory else 1.0)

    def _least_full(self, order: Sequence[Load]) -> list[Load]:
        heap = [(self._fullness(n), n) for n in range(len(self.rooms))]
        heapq.heapify(heap)
        without = []
        for load in order:
            refused = []
            while heap and self.refuses(heap[0][1], load):
                refused.append(heapq.heappop(heap))
            if heap:
                number = heap[0][1]
                self.take(number, load)
                heapq.heapreplace(heap, (self._fullness(number), number))
            else:
                without.append(load)
            for entry in refused:
                heapq.heappush(heap, entry)
        return without

    def _tightest(self, order: Sequence[Load]) -> list[Load]:
        """The fitting host with least memory left takes a machine: large gaps stay for large machines."""
        by_memory = sorted(range(len(self.rooms)), key=self.memory.__getitem__)
        without = []
        for load in order:
            position = next((p for p, number in enumerate(by_memory) if not self.refuses(number, load)), None)
            if position is None:
                without.append(load)
                continue
            number = by_memory[position]
            self.take(number, load)
            while position and self.memory[by_memory[position - 1]] > self.memory[number]:
                by_memory[position] = by_memory[position - 1]
                position -= 1
            by_memory[position] = number
        return without

    def _binding(self, load: Load) -> str:
        reasons = [self.refuses(n, load) for n in range(len(self.rooms))]
        return max(("memory", "cpu", "separation"), key=reasons.count)


class _Search:
    """All arrangements of a few machines within a bounded number of steps."""

    def __init__(self, bins: _Bins, loads: Sequence[Load], steps: int) -> None:
        self._bins = bins
        self._loads = loads
        self._steps = steps
        self._need = [sum(x.memory for x in loads[n:]) for n in range(len(loads) + 1)]

    def placement(self) -> Placement | None:
        """A placement of all, if there is one."""
        return Placement((), self._bins.left()) if self._fits(0) else None

    def _fits(self, depth: int) -> bool:
        if depth == len(self._loads):
            return True
        self._steps -= 1
        bins, load = self._bins, self._loads[depth]
        if self._steps < 0 or self._need[depth] > sum(bins.memory) + _SLACK:
            return False
        tried = set()
        for number in range(len(bins.rooms)):
            like = (bins.cpus[number], bins.memory[number], bins.groups[number])
            if like in tried or bins.refuses(number, load):
                continue
            tried.add(like)
            bins.take(number, load)
            if self._fits(depth + 1):
                return True
            bins.cpus[number], bins.memory[number], bins.groups[number] = like
        return False


@dataclass(frozen=True, slots=True)
class FailureCase:
    """Hosts that fail, and those left."""

    failed: tuple[Room, ...]
    left: tuple[Room, ...] = field(default=())


def failure_cases(rooms: Sequence[Room], failures: int) -> tuple[FailureCase, ...]:
    """The failures of so many hosts that are worse than or as bad as any other: no host left is larger in both than one that failed.

    The first takes the hosts with most memory. Where hosts differ in many ways, only the first dozen are given.
    """
    ranked = sorted(rooms, key=lambda r: (-r.memory, -r.cpus, r.name))
    by_cpus = sorted(rooms, key=lambda r: (-r.cpus, -r.memory, r.name))
    found = {tuple(sorted(r.name for r in order[:failures])): tuple(order[:failures]) for order in (ranked, by_cpus)}
    for case in islice(_largest(ranked, (), min(failures, len(ranked))), MOST_CASES):
        found.setdefault(tuple(sorted(r.name for r in case)), case)
    return tuple(FailureCase(failed, tuple(r for r in ranked if r not in failed)) for failed in found.values())


def _largest(ranked: Sequence[Room], failed: tuple[Room, ...], more: int) -> Iterator[tuple[Room, ...]]:
    """Sets of hosts such that each was, when it was taken, not smaller in both resources than one that stayed."""
    if not more:
        yield failed
        return
    left = [r for r in ranked if r not in failed]
    most = -1.0
    for room in left:  # in falling memory: a host is not smaller in both than one before it when it has more CPU than all of those
        if room.cpus > most:
            most = room.cpus
            yield from _largest(ranked, (*failed, room), more - 1)
