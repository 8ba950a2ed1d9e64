"""vSphere HA admission control as VMware documents it, exact to its worked example.

Source: VMware, vSphere Availability (6.0 "Slot Policy", "Cluster Resources Percentage"; same text in 8.0). Units are the caller's (MHz and
bytes, or GHz and GB): only ratios and whole slots come out. Virtualization overhead is taken as 0 unless it is part of the memory given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

DEFAULT_CPU_MHZ = 32
"""A machine without a CPU reservation counts as 32 MHz (das.vmcpuminmhz); older API text says 256."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """CPU and memory of a host, or of what a machine requires."""

    cpu: Fraction | int
    memory: Fraction | int


@dataclass(frozen=True, slots=True)
class Failover:
    """Current failover capacity by percentage: the part of each resource that is not required by running machines."""

    cpu: Fraction
    memory: Fraction

    def percent(self) -> tuple[int, int]:
        """Whole per cent, truncated as VMware's documentation does (70.8 and 71.4 are given as 70 and 71)."""
        return int(self.cpu * 100), int(self.memory * 100)


@dataclass(frozen=True, slots=True)
class Slots:
    """The slot policy's numbers: size of a slot, slots per host, slots needed, and how many of the largest hosts may fail."""

    cpu: Fraction | int
    memory: Fraction | int
    per_host: tuple[int, ...]
    failover_capacity: int
    needed: int


def percentage(hosts: Sequence[Capacity], machines: Sequence[Capacity]) -> Failover:
    """(total - required) / total, for CPU and for memory.

    Raises:
        ValueError: no host has any capacity.
    """
    cpu, memory = Fraction(sum(h.cpu for h in hosts)), Fraction(sum(h.memory for h in hosts))
    if not cpu or not memory:
        raise ValueError("a cluster without capacity has no failover capacity")
    return Failover(
        cpu=(cpu - sum(m.cpu for m in machines)) / cpu,
        memory=(memory - sum(m.memory for m in machines)) / memory,
    )


def slots(hosts: Sequence[Capacity], machines: Sequence[Capacity], *, cpu_cap: int | None = None, memory_cap: int | None = None) -> Slots:
    """The slot policy: the largest requirement is the slot; the largest hosts are taken away while every machine still has its slots.

    Args:
        hosts: those that can run machines.
        machines: what each running machine requires.
        cpu_cap: the most a slot may be (das.slotcpuinmhz); a machine that requires more then takes several slots.
        memory_cap: the same for memory (das.slotmeminmb, here in the unit of the others).
    """
    cpu = max((m.cpu for m in machines), default=DEFAULT_CPU_MHZ) or DEFAULT_CPU_MHZ
    memory = max((m.memory for m in machines), default=0)
    cpu, memory = min(cpu, cpu_cap or cpu), min(memory, memory_cap or memory)
    needed = sum(max(1, ceil(Fraction(m.cpu) / cpu), ceil(Fraction(m.memory) / memory) if memory else 0) for m in machines)
    per_host = tuple(min(int(h.cpu // cpu), int(h.memory // memory) if memory else int(h.cpu // cpu)) for h in hosts)
    remaining, removed = sorted(per_host), 0
    while remaining and sum(remaining[:-1]) >= needed:
        remaining.pop()
        removed += 1
    return Slots(cpu=cpu, memory=memory, per_host=per_host, failover_capacity=removed, needed=needed)


def largest_share(hosts: Sequence[Capacity], failures: int) -> Failover:
    """The part of a cluster's CPU and memory that its `failures` largest hosts hold: what must be kept free."""
    cpu, memory = sum(Fraction(h.cpu) for h in hosts), sum(Fraction(h.memory) for h in hosts)
    return Failover(
        cpu=sum(sorted((Fraction(h.cpu) for h in hosts), reverse=True)[:failures], start=Fraction(0)) / cpu,
        memory=sum(sorted((Fraction(h.memory) for h in hosts), reverse=True)[:failures], start=Fraction(0)) / memory,
    )
