"""Placing machines on hosts: first-fit-decreasing in several orders, with CPU and anti-affinity.

It is a heuristic, stricter than a sum because a machine cannot be split over hosts. A placement found proves that one exists; only when no
order finds one are machines reported, with the resource that was short for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


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


@dataclass(slots=True)
class _Bin:
    room: Room
    cpus: float
    memory: float
    groups: set[str]

    def refuses(self, load: Load) -> str:
        """Why the load does not fit here, or nothing."""
        if load.group and load.group in self.groups:
            return "separation"
        if load.memory > self.memory:
            return "memory"
        return "cpu" if load.cpus > self.cpus else ""

    def fill(self, load: Load) -> float:
        """How full the fuller of the two resources would be with the load."""
        cpu = 1 - (self.cpus - load.cpus) / self.room.cpus if self.room.cpus else 0.0
        memory = 1 - (self.memory - load.memory) / self.room.memory if self.room.memory else 0.0
        return max(cpu, memory)

    def take(self, load: Load) -> None:
        """Put the load here."""
        self.cpus -= load.cpus
        self.memory -= load.memory
        if load.group:
            self.groups.add(load.group)


Choice = Callable[[_Bin, Load], float]
CHOICES: tuple[Choice, ...] = (lambda b, load: b.fill(load), lambda b, load: b.memory - load.memory)
"""Which of the fitting hosts takes a machine: the one left least full (spreads both resources), or the tightest in memory."""


def misfits(rooms: Sequence[Room], loads: Sequence[Load]) -> tuple[Misfit, ...]:
    """The machines that find no place, largest first; empty when all fit."""
    cpus, memory = (sum(getattr(r, key) for r in rooms) or 1.0 for key in ("cpus", "memory"))
    by_share = sorted(loads, key=lambda item: (-max(item.cpus / cpus, item.memory / memory), item.name))
    by_memory = sorted(loads, key=lambda item: (-item.memory, -item.cpus, item.name))
    best: tuple[Misfit, ...] | None = None
    for order in (by_share, by_memory):
        for choice in CHOICES:
            found = _placed(rooms, order, choice)
            if not found:
                return ()
            best = found if best is None or len(found) < len(best) else best
    return best or ()


def _placed(rooms: Sequence[Room], loads: Sequence[Load], choice: Choice) -> tuple[Misfit, ...]:
    bins = [_Bin(room, room.cpus, room.memory, set()) for room in rooms]
    without = []
    for load in loads:
        refusals = [b.refuses(load) for b in bins]
        fitting = [b for b, why in zip(bins, refusals, strict=True) if not why]
        if fitting:
            min(fitting, key=lambda b: (choice(b, load), b.room.name)).take(load)
        else:
            without.append(Misfit(load.name, max(("memory", "cpu", "separation"), key=refusals.count)))
    return tuple(without)
