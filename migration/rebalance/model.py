"""The Machine Reassignment problem (ROADEF/EURO challenge 2012) and its files.

It is the re-packing of a site in its public form: processes are our servers, machines are the hosts they run on. It knows the same
double booking as a move does: of a *transient* resource (disk) a process that moves takes its share on the old machine and on the new
one, because both ends hold the data until the move is over. A place that is only free once others have left is therefore not free.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Assignment = tuple[int, ...]
"""For every process the machine it runs on."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What machines have and processes take. `load_weight`: cost of a unit above the safety capacity."""

    transient: bool
    load_weight: int


@dataclass(frozen=True, slots=True)
class Machine:
    """A host. `move_cost[k]`: what it costs to move anything from here to machine k."""

    neighbourhood: int
    location: int
    capacity: tuple[int, ...]
    safety: tuple[int, ...]
    move_cost: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """Processes of which no two share a machine, in at least `spread` locations. Each has all that `needs` names in its neighbourhood."""

    spread: int
    needs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Process:
    """What is to be placed."""

    service: int
    need: tuple[int, ...]
    move_cost: int


@dataclass(frozen=True, slots=True)
class Balance:
    """For each unit of `first` left free on a machine, `target` units of `second` shall be free as well."""

    first: int
    second: int
    target: int
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An instance, with the assignment it starts from."""

    resources: tuple[Resource, ...]
    machines: tuple[Machine, ...]
    services: tuple[Service, ...]
    processes: tuple[Process, ...]
    balances: tuple[Balance, ...]
    process_weight: int
    service_weight: int
    machine_weight: int
    start: Assignment


def load(model: Path, assignment: Path) -> Problem:
    """Read the two files of an instance in the challenge's format."""
    return parse(model.read_text(encoding="ascii"), assignment.read_text(encoding="ascii"))


def parse(model: str, assignment: str) -> Problem:
    """An instance from the challenge's text format: whole numbers, parted by white space, no names."""
    numbers = iter([int(each) for each in model.split()])
    try:
        return _problem(numbers, tuple(int(each) for each in assignment.split()))
    except StopIteration:
        raise ValueError("the model ends too early: numbers are missing at its end") from None


def _problem(numbers: Iterator[int], start: Assignment) -> Problem:
    resources = tuple([Resource(bool(next(numbers)), next(numbers)) for _ in range(next(numbers))])
    kinds = len(resources)
    hosts = next(numbers)
    machines = tuple(
        [Machine(next(numbers), next(numbers), _take(numbers, kinds), _take(numbers, kinds), _take(numbers, hosts)) for _ in range(hosts)]
    )
    services = tuple([Service(next(numbers), _take(numbers, next(numbers))) for _ in range(next(numbers))])
    processes = tuple([Process(next(numbers), _take(numbers, kinds), next(numbers)) for _ in range(next(numbers))])
    balances = tuple([Balance(next(numbers), next(numbers), next(numbers), next(numbers)) for _ in range(next(numbers))])
    weights = _take(numbers, 3)
    if next(numbers, None) is not None:
        raise ValueError("the model goes on after its end: a count in it is wrong")
    if len(start) != len(processes) or any(not 0 <= each < hosts for each in start):
        raise ValueError(f"the assignment does not name one of {hosts} machines for each of {len(processes)} processes")
    return Problem(
        resources=resources,
        machines=machines,
        services=services,
        processes=processes,
        balances=balances,
        process_weight=weights[0],
        service_weight=weights[1],
        machine_weight=weights[2],
        start=start,
    )


def _take(numbers: Iterator[int], count: int) -> tuple[int, ...]:
    return tuple([next(numbers) for _ in range(count)])
