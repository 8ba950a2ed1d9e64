"""An assignment that knows at any time what it costs, and what any change of it would cost, for all machines or many processes at once.

Load and balance are one formula here: a balance cost is the load of a further, made-up resource (`free of second - target x free of
first` is linear in what is taken), so that a machine costs `max(0, taken - threshold) x weight` over all columns. All numbers are whole and
below 2^53, so that floats hold them exactly and the fast routines for floats can be used; `check.cost` counts in integers afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from migration.rebalance.model import Problem

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]
_ENDLESS = 2.0**60


class Tables:
    """The problem as arrays, and which services need which."""

    def __init__(self, problem: Problem) -> None:
        """Made-up columns for balances are never short of capacity and never transient."""
        made_up = np.zeros((len(problem.resources), len(problem.balances)))
        for column, balance in enumerate(problem.balances):
            made_up[balance.first, column] -= balance.target
            made_up[balance.second, column] += 1
        capacity = np.array([each.capacity for each in problem.machines], dtype=np.float64)
        safety = np.array([each.safety for each in problem.machines], dtype=np.float64)
        need = np.array([each.need for each in problem.processes], dtype=np.float64)
        self.need: Floats = np.hstack([need, need @ made_up])
        self.threshold: Floats = np.hstack([safety, capacity @ made_up])
        self.capacity: Floats = np.hstack([capacity, np.full((len(capacity), made_up.shape[1]), _ENDLESS)])
        self.weight: Floats = np.array([r.load_weight for r in problem.resources] + [b.weight for b in problem.balances], dtype=np.float64)
        transient = np.array([r.transient for r in problem.resources] + [False] * len(problem.balances))
        self.steady: Floats = self.need * ~transient
        self.home: Indices = np.array(problem.start, dtype=np.int64)
        self.service: Indices = np.array([each.service for each in problem.processes], dtype=np.int64)
        self.location: Indices = np.array([each.location for each in problem.machines], dtype=np.int64)
        self.area: Indices = np.array([each.neighbourhood for each in problem.machines], dtype=np.int64)
        self.between: Floats = problem.machine_weight * np.array([each.move_cost for each in problem.machines], dtype=np.float64)
        self.leaving: Floats = problem.process_weight * np.array([each.move_cost for each in problem.processes], dtype=np.float64)
        self.service_weight = problem.service_weight
        self.spread = [each.spread for each in problem.services]
        # A service that needs itself needs nothing: the process is there.
        self.needs = [[n for n in each.needs if n != index] for index, each in enumerate(problem.services)]
        self.needed_by: list[list[int]] = [[] for _ in problem.services]
        for index, needs in enumerate(self.needs):
            for needed in needs:
                self.needed_by[needed].append(index)


class State:
    """An assignment under change. `cost` is exact after every `put`; hard rules are the caller's to ask for before."""

    def __init__(self, problem: Problem, at: Sequence[int]) -> None:
        """From any assignment that breaks no rule."""
        self.tables = tables = Tables(problem)
        machines, services = len(problem.machines), len(problem.services)
        self.at: Indices = tables.home.copy()
        self.over: Floats = -tables.threshold
        self.slack: Floats = tables.capacity.copy()
        self.here: Flags = np.zeros((services, machines), dtype=bool)
        self.places: Indices = np.zeros((services, int(tables.location.max()) + 1), dtype=np.int64)
        self.areas: Indices = np.zeros((services, int(tables.area.max()) + 1), dtype=np.int64)
        self.moved = [0] * services
        self.services_moved = [services] + [0] * len(problem.processes)
        self.most_moved = 0
        np.add.at(self.over, self.at, tables.need)
        np.subtract.at(self.slack, self.at, tables.need)
        self.frees: Floats = tables.steady.copy()
        self.here[tables.service, self.at] = True
        np.add.at(self.places, (tables.service, tables.location[self.at]), 1)
        np.add.at(self.areas, (tables.service, tables.area[self.at]), 1)
        self.machine_cost: Floats = np.maximum(self.over, 0.0) @ tables.weight
        self.cost = float(self.machine_cost.sum() + tables.between[self.at, self.at].sum())
        for process, machine in enumerate(at):
            self.put(process, machine)

    def put(self, process: int, machine: int) -> None:
        """Move it, whatever the rules say."""
        old = int(self.at[process])
        if old == machine:
            return
        tables = self.tables
        home, service, need = int(tables.home[process]), int(tables.service[process]), tables.need[process]
        self.over[old] -= need
        self.over[machine] += need
        self.slack[old] += self.frees[process]
        self.slack[machine] -= self.arrival(process, machine)
        # What leaves its home for another machine still holds its transient share there.
        self.frees[process] = tables.steady[process] if machine == home else need
        self.here[service, old] = False
        self.here[service, machine] = True
        self.places[service, tables.location[old]] -= 1
        self.places[service, tables.location[machine]] += 1
        self.areas[service, tables.area[old]] -= 1
        self.areas[service, tables.area[machine]] += 1
        self.at[process] = machine
        self.cost += tables.between[home, machine] - tables.between[home, old]
        if home in {old, machine}:
            self._count_move(service, 1 if old == home else -1, float(tables.leaving[process]))
        for each in (old, machine):
            now = float(np.maximum(self.over[each], 0.0) @ tables.weight)
            self.cost += now - self.machine_cost[each]
            self.machine_cost[each] = now

    def _count_move(self, service: int, step: int, leaving: float) -> None:
        count = self.moved[service]
        self.services_moved[count] -= 1
        self.services_moved[count + step] += 1
        self.moved[service] = count + step
        most = self.most_moved
        if count + step > most or (count == most and step < 0 and not self.services_moved[most]):
            self.most_moved += step
        self.cost += step * leaving + self.tables.service_weight * (self.most_moved - most)

    def arrival(self, process: int, machine: int) -> Floats:
        """What it takes of a machine on coming: at home its transient share is there already."""
        tables = self.tables
        share: Floats = (tables.steady if machine == tables.home[process] else tables.need)[process]
        return share

    def shifts(self, process: int) -> Floats:
        """What the cost would change by on each machine; infinite where a rule forbids it, 0 where it is."""
        tables, old = self.tables, int(self.at[process])
        home, need = int(tables.home[process]), tables.need[process]
        room: Flags = (self.slack >= need).all(axis=1)
        room[home] = bool((self.slack[home] >= tables.steady[process]).all())
        change: Floats = np.maximum(self.over + need, 0.0) @ tables.weight
        change -= self.machine_cost
        change += tables.between[home]
        left = float(np.maximum(self.over[old] - need, 0.0) @ tables.weight) - self.machine_cost[old]
        change += left - tables.between[home, old]
        service = int(tables.service[process])
        if old == home:
            change += tables.leaving[process]
            if self.moved[service] == self.most_moved:
                change += tables.service_weight
        else:
            change[home] -= tables.leaving[process]
            if self.moved[service] == self.most_moved and self.services_moved[self.most_moved] == 1:
                change[home] -= tables.service_weight
        change[~(room & self.allowed(process))] = np.inf
        change[old] = 0.0
        return change

    def allowed(self, process: int) -> Flags:
        """Where the rules of services let it be, with all others as they are."""
        tables, old = self.tables, int(self.at[process])
        service = int(tables.service[process])
        fine: Flags = ~self.here[service]
        places = self.places[service]
        location, area = int(tables.location[old]), int(tables.area[old])
        if places[location] == 1 and np.count_nonzero(places) <= tables.spread[service]:
            fresh = places == 0
            fresh[location] = True
            fine &= fresh[tables.location]
        for needed in tables.needs[service]:
            fine &= (self.areas[needed] > 0)[tables.area]
        if self.areas[service, area] == 1 and any(self.areas[each, area] for each in tables.needed_by[service]):
            fine &= tables.area == area
        return fine

    def swaps(self, process: int, others: Indices) -> tuple[Indices, Floats]:
        """Those of the others that it could change places with, and what that costs: without the cost of the service moved most.

        There is room on both machines and none would hold a service twice; spread and dependencies are for `sound` to judge.
        """
        tables, one = self.tables, int(self.at[process])
        at = self.at[others]
        apart: Flags = (at != one) & ~self.here[tables.service[others], one] & ~self.here[tables.service[process]][at]
        others, at = others[apart], at[apart]
        coming, own = tables.need[others], tables.need[process]
        at_home = np.flatnonzero(tables.home[others] == one)
        coming[at_home] = tables.steady[others[at_home]]
        room: Flags = (coming <= self.slack[one] + self.frees[process]).all(axis=1)
        others, at = others[room], at[room]
        left = self.slack[at] + self.frees[others]
        left[at == tables.home[process]] += own - tables.steady[process]
        room = (left >= own).all(axis=1)
        others, at = others[room], at[room]
        return others, self._swap_costs(process, others)

    def _swap_costs(self, process: int, others: Indices) -> Floats:
        tables, one, at = self.tables, int(self.at[process]), self.at[others]
        source, home, more = int(tables.home[process]), tables.home[others], tables.need[others] - tables.need[process]
        change: Floats = np.maximum(self.over[one] + more, 0.0) @ tables.weight - self.machine_cost[one]
        change += np.maximum(self.over[at] - more, 0.0) @ tables.weight - self.machine_cost[at]
        change += tables.between[source, at] - tables.between[source, one] + tables.between[home, one] - tables.between[home, at]
        change += tables.leaving[process] * ((at != source).astype(np.float64) - float(one != source))
        change += tables.leaving[others] * ((home != one).astype(np.float64) - (home != at))
        return change

    def sound(self, services: Sequence[int]) -> bool:
        """Whether these services keep spread and dependencies, theirs and those on them."""
        tables = self.tables
        for service in services:
            if np.count_nonzero(self.places[service]) < tables.spread[service]:
                return False
            if any(bool(((self.areas[one] > 0) & (self.areas[two] == 0)).any()) for one, two in self._pairs(service)):
                return False
        return True

    def _pairs(self, service: int) -> Iterator[tuple[int, int]]:
        for needed in self.tables.needs[service]:
            yield service, needed
        for needing in self.tables.needed_by[service]:
            yield needing, service
