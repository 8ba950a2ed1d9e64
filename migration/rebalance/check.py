"""What an assignment costs and what it breaks, counted plainly from the problem's text: it shares no code with the search."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from migration.rebalance.model import Problem


def cost(problem: Problem, at: Sequence[int]) -> int:
    """The objective: load above safety, unbalanced rest, and moves of processes, of the service moved most, and between machines."""
    used = _used(problem, at)
    total = 0
    for machine, taken in zip(problem.machines, used, strict=True):
        free = [capacity - amount for capacity, amount in zip(machine.capacity, taken, strict=True)]
        total += sum(
            resource.load_weight * max(0, amount - safety)
            for resource, amount, safety in zip(problem.resources, taken, machine.safety, strict=True)
        )
        total += sum(each.weight * max(0, each.target * free[each.first] - free[each.second]) for each in problem.balances)
    moved: Counter[int] = Counter()
    for process, was, now in zip(problem.processes, problem.start, at, strict=True):
        if was != now:
            moved[process.service] += 1
            total += problem.process_weight * process.move_cost
        total += problem.machine_weight * problem.machines[was].move_cost[now]
    return total + problem.service_weight * max(moved.values(), default=0)


def simple_bound(problem: Problem) -> int:
    """What no assignment can cost less than: all machines taken for one big one, and nothing said of moves."""
    kinds = range(len(problem.resources))
    used = [sum(process.need[kind] for process in problem.processes) for kind in kinds]
    safety = [sum(machine.safety[kind] for machine in problem.machines) for kind in kinds]
    free = [sum(machine.capacity[kind] for machine in problem.machines) - used[kind] for kind in kinds]
    load = sum(problem.resources[kind].load_weight * max(0, used[kind] - safety[kind]) for kind in kinds)
    return load + sum(each.weight * max(0, each.target * free[each.first] - free[each.second]) for each in problem.balances)


def violations(problem: Problem, at: Sequence[int]) -> tuple[str, ...]:
    """Every hard rule that the assignment breaks, in words."""
    return (*_capacity(problem, at), *_services(problem, at), *_dependencies(problem, at))


def _used(problem: Problem, at: Sequence[int], *, moving: bool = False) -> list[list[int]]:
    """What is taken of each machine; `moving`: of transient resources also what leaves it, still there while it moves."""
    used = [[0] * len(problem.resources) for _ in problem.machines]
    for process, was, now in zip(problem.processes, problem.start, at, strict=True):
        for kind, amount in enumerate(process.need):
            used[now][kind] += amount
            if moving and was != now and problem.resources[kind].transient:
                used[was][kind] += amount
    return used


def _capacity(problem: Problem, at: Sequence[int]) -> Iterator[str]:
    for index, taken in enumerate(_used(problem, at, moving=True)):
        for kind, (amount, capacity) in enumerate(zip(taken, problem.machines[index].capacity, strict=True)):
            if amount > capacity:
                yield f"machine {index}: {amount} of {capacity} taken of resource {kind}"


def _services(problem: Problem, at: Sequence[int]) -> Iterator[str]:
    hosts: dict[int, list[int]] = defaultdict(list)
    for process, now in zip(problem.processes, at, strict=True):
        hosts[process.service].append(now)
    for index, service in enumerate(problem.services):
        if len(set(hosts[index])) < len(hosts[index]):
            yield f"service {index}: two processes share a machine"
        locations = {problem.machines[host].location for host in hosts[index]}
        if len(locations) < service.spread:
            yield f"service {index}: in {len(locations)} of {service.spread} locations"


def _dependencies(problem: Problem, at: Sequence[int]) -> Iterator[str]:
    areas: dict[int, set[int]] = defaultdict(set)
    for process, now in zip(problem.processes, at, strict=True):
        areas[process.service].add(problem.machines[now].neighbourhood)
    for index, service in enumerate(problem.services):
        for needed in service.needs:
            for area in sorted(areas[index] - areas[needed]):
                yield f"service {index}: nothing of service {needed} in neighbourhood {area}"
