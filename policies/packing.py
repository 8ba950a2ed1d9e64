"""Placing machines on hosts: first fit decreasing by memory, with CPU and anti-affinity.

It is a heuristic, stricter than a sum because memory cannot be split over hosts. A placement found proves that one exists; one not found is
reported with the machine and the resource that had no room.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """A machine without a place and what was short on every host: cpu, memory or separation."""

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

    def take(self, load: Load) -> None:
        """Put the load here."""
        self.cpus -= load.cpus
        self.memory -= load.memory
        if load.group:
            self.groups.add(load.group)


def misfits(rooms: Sequence[Room], loads: Sequence[Load]) -> tuple[Misfit, ...]:
    """The machines that find no place, largest first; empty when all fit."""
    bins = [_Bin(room, room.cpus, room.memory, set()) for room in rooms]
    without = []
    for load in sorted(loads, key=lambda item: (-item.memory, -item.cpus, item.name)):
        refusals = [(b, b.refuses(load)) for b in bins]
        fitting = [b for b, why in refusals if not why]
        if fitting:
            min(fitting, key=lambda b: (b.memory - load.memory, b.room.name)).take(load)
        else:
            reasons = [why for _, why in refusals]
            without.append(Misfit(load.name, max(("memory", "cpu", "separation"), key=reasons.count)))
    return tuple(without)
