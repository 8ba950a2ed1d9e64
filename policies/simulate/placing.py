"""Putting machines on hosts that already carry others.

First the order in which HA restarts, each machine on the host that is least full. When that leaves one without a place, other orders and
the tightest fit are tried, and for few machines an exact search within a bounded number of steps: a placement that is found proves that
one exists. Beyond that it is a heuristic: a machine it reports might still fit in an arrangement that it did not try.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

EXACT_MACHINES = 10
EXACT_STEPS = 4_000
_SLACK = 1e-6


class Takes(Protocol):
    """What a machine takes from a host, as far as placing is concerned."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def cpus(self) -> float:
        """Its vCPUs."""

    @property
    def memory(self) -> float:
        """Bytes."""

    @property
    def mhz(self) -> float:
        """CPU that is reserved for it."""

    @property
    def group(self) -> str:
        """Members of one non-empty group should not share a host."""

    @property
    def wave(self) -> int:
        """Its place in the order of restart."""


@dataclass(slots=True)
class Rooms:
    """What is left on each host, by number. `largest` is what they have when empty."""

    cpus: list[float]
    memory: list[float]
    mhz: list[float]
    groups: list[set[str]]
    largest: tuple[tuple[float, float, float], ...]

    @classmethod
    def of(cls, sizes: Sequence[tuple[float, float, float]]) -> Rooms:
        """Empty hosts of these vCPUs, bytes and MHz."""
        return cls([s[0] for s in sizes], [s[1] for s in sizes], [s[2] for s in sizes], [set() for _ in sizes], tuple(sizes))

    def copy(self) -> Rooms:
        """Rooms that can be filled without filling these."""
        return Rooms(self.cpus[:], self.memory[:], self.mhz[:], self.groups[:], self.largest)

    def take(self, host: int, machine: Takes) -> None:
        """Put a machine on a host, whether it fits or not."""
        self.cpus[host] -= machine.cpus
        self.memory[host] -= machine.memory
        self.mhz[host] -= machine.mhz
        if machine.group:
            self.groups[host] = self.groups[host] | {machine.group}

    def refuses(self, host: int, machine: Takes) -> str:
        """Which resource is short for a machine on a host; nothing when it fits."""
        if machine.memory > self.memory[host] + _SLACK:
            return "memory"
        if machine.cpus > self.cpus[host] + _SLACK:
            return "cpu"
        return "reservation" if machine.mhz > self.mhz[host] + _SLACK else ""

    def fill(self, host: int) -> float:
        """How full the fuller of CPU and memory is."""
        cpus, memory, _ = self.largest[host]
        return max(1 - self.cpus[host] / cpus if cpus else 1.0, 1 - self.memory[host] / memory if memory else 1.0)


@dataclass(frozen=True, slots=True)
class Placed:
    """For each machine in the order given: its host, or None; `beside`: it shares the host with a member of its group."""

    hosts: tuple[int | None, ...]
    beside: frozenset[int] = frozenset()

    @property
    def missed(self) -> int:
        """How many found no place."""
        return sum(host is None for host in self.hosts)


def place(rooms: Rooms, machines: Sequence[Takes], *, hosts: frozenset[int], separate: bool) -> Placed:
    """A host for each machine, in several ways until all fit; the best when none does. `rooms` stays as it is."""
    first = _least_full(rooms, machines, range(len(machines)), hosts, separate=separate)
    if not first.missed:
        return first
    best, ordered = first, sorted(range(len(machines)), key=lambda n: (machines[n].wave, -machines[n].cpus, -machines[n].memory, n))
    for found in (
        _least_full(rooms, machines, ordered, hosts, separate=separate),
        _tightest(rooms, machines, range(len(machines)), hosts, separate=separate),
        _tightest(rooms, machines, ordered, hosts, separate=separate),
    ):
        best = found if _cost(found, machines) < _cost(best, machines) else best
        if not best.missed:
            return best
    return _Search(rooms, machines, hosts, separate=separate).improve(best) if len(machines) <= EXACT_MACHINES else best


def binding(rooms: Rooms, machine: Takes, hosts: frozenset[int]) -> str:
    """What is short for a machine on most hosts: memory, cpu or reservation; separation where it would fit but for its group."""
    reasons = [rooms.refuses(host, machine) or "separation" for host in sorted(hosts)]
    if "separation" in reasons:
        return "separation"
    return max(("memory", "cpu", "reservation"), key=reasons.count) if reasons else "hosts"


def _cost(placed: Placed, machines: Sequence[Takes]) -> tuple[int, ...]:
    """Machines without a place by wave: the first waves count more than any number of later ones."""
    waves = [0] * (1 + max((m.wave for m in machines), default=0))
    for machine, host in zip(machines, placed.hosts, strict=True):
        waves[machine.wave] += host is None
    return tuple(waves)


def _least_full(rooms: Rooms, machines: Sequence[Takes], order: Sequence[int], hosts: frozenset[int], *, separate: bool) -> Placed:
    """Each machine on the least full host that takes it; a host with a member of its group only if that is allowed, and last."""
    left, together = rooms.copy(), set[int]()
    chosen: list[int | None] = [None] * len(machines)
    heap = [(left.fill(host), host) for host in hosts]
    heapq.heapify(heap)
    for number in order:
        machine = machines[number]
        host, beside = _pop(heap, left, machine, separate=separate)
        if host is not None:
            left.take(host, machine)
            heapq.heappush(heap, (left.fill(host), host))
            chosen[number] = host
            if beside:
                together.add(number)
    return Placed(tuple(chosen), frozenset(together))


def _pop(heap: list[tuple[float, int]], left: Rooms, machine: Takes, *, separate: bool) -> tuple[int | None, bool]:
    """Takes the least full host that fits off the heap, and says whether a member of the machine's group is there."""
    passed, spare, host = [], None, None
    while heap and host is None:
        entry = heapq.heappop(heap)
        if left.refuses(entry[1], machine):
            passed.append(entry)
        elif machine.group and machine.group in left.groups[entry[1]]:
            spare = spare or entry
            passed.append(entry)
        else:
            host = entry[1]
    beside = host is None and spare is not None and not separate
    for entry in passed:
        if not (beside and entry is spare):
            heapq.heappush(heap, entry)
    return (spare[1], True) if beside and spare is not None else (host, False)


def _tightest(rooms: Rooms, machines: Sequence[Takes], order: Sequence[int], hosts: frozenset[int], *, separate: bool) -> Placed:
    """Each machine where it leaves the least memory over: keeps large gaps for large machines."""
    left, together = rooms.copy(), set[int]()
    chosen: list[int | None] = [None] * len(machines)
    for number in order:
        machine = machines[number]
        fitting = [host for host in hosts if not left.refuses(host, machine)]
        apart = [host for host in fitting if not machine.group or machine.group not in left.groups[host]]
        candidates = apart or ([] if separate else fitting)
        if candidates:
            host = min(candidates, key=lambda h: (left.memory[h], h))
            left.take(host, machine)
            chosen[number] = host
            if not apart:
                together.add(number)
    return Placed(tuple(chosen), frozenset(together))


class _Search:
    """All arrangements of a few machines, within a bounded number of steps."""

    def __init__(self, rooms: Rooms, machines: Sequence[Takes], hosts: frozenset[int], *, separate: bool) -> None:
        self._rooms = rooms.copy()
        self._before = rooms.groups
        self._machines = machines
        self._hosts = sorted(hosts)
        self._separate = separate
        self._order = sorted(range(len(machines)), key=lambda n: (machines[n].wave, -machines[n].memory, -machines[n].cpus, n))
        self._steps = EXACT_STEPS
        self._chosen: list[int | None] = [None] * len(machines)
        self._waves = 1 + max(m.wave for m in machines)
        self._best: Placed | None = None
        self._least: tuple[int, ...] = ()

    def improve(self, best: Placed) -> Placed:
        """A placement with fewer machines without a place, if there is one."""
        self._least = _cost(best, self._machines)
        self._try(0, (0,) * self._waves)
        return self._best or best

    def _try(self, depth: int, cost: tuple[int, ...]) -> None:
        if cost >= self._least or self._steps <= 0:
            return
        if depth == len(self._order):
            self._best, self._least = Placed(tuple(self._chosen), self._beside()), cost
            return
        self._steps -= 1
        number = self._order[depth]
        machine = self._machines[number]
        for host in self._hosts:
            if self._rooms.refuses(host, machine) or (self._separate and machine.group and machine.group in self._rooms.groups[host]):
                continue
            groups = self._rooms.groups[host]
            self._rooms.take(host, machine)
            self._chosen[number] = host
            self._try(depth + 1, cost)
            self._chosen[number] = None
            self._give_back(host, machine, groups)
        wave = machine.wave
        self._try(depth + 1, (*cost[:wave], cost[wave] + 1, *cost[wave + 1 :]))

    def _give_back(self, host: int, machine: Takes, groups: set[str]) -> None:
        self._rooms.cpus[host] += machine.cpus
        self._rooms.memory[host] += machine.memory
        self._rooms.mhz[host] += machine.mhz
        self._rooms.groups[host] = groups

    def _beside(self) -> frozenset[int]:
        """Those that the placement puts with a member of their group."""
        seen, together = set(), set()
        for number in self._order:
            group, host = self._machines[number].group, self._chosen[number]
            if not group or host is None:
                continue
            if (host, group) in seen or group in self._before[host]:
                together.add(number)
            seen.add((host, group))
        return frozenset(together)
