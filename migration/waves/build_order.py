"""The order of groups: what services need, what flows say, and what lies on a ring and has no order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from infra.estate.model import Estate
from migration.discover.model import Edge, Finding, Gravity
from migration.waves.build_parts import Grouped, Part
from migration.waves.model import Before
from migration.waves.programme import Programme

HUB_LEAST = 12
"""A group with fewer neighbours is no hub, however few groups there are."""

HUB_SHARE = 0.5
"""One that talks to half of all others says nothing about their order."""


def service_order(found: Grouped, estate: Estate | None) -> None:
    """What a service needs moves in the same night or before it."""
    if estate is None:
        return
    chains: dict[str, list[Part]] = {}
    for part in found.parts:
        chains.setdefault(part.base, []).append(part)
    homes: dict[str, set[str]] = {}
    for part in found.parts:
        for each in part.servers:
            homes.setdefault(each.service, set()).add(part.base)
    seen: set[tuple[str, str]] = set()
    for service in sorted(homes):
        entry = estate.services.get(service)
        for needed in entry.depends_on if entry else ():
            for pair in product(sorted(homes.get(needed, ())), sorted(homes[service])):
                if pair[0] != pair[1] and pair not in seen:
                    seen.add(pair)
                    why = f"{service} needs {needed}"
                    found.order += [Before(first=a.name, then=b.name, gap=0, why=why) for a in chains[pair[0]] for b in chains[pair[1]]]


def edge_order(found: Grouped, edges: Iterable[Edge], programme: Programme) -> None:
    """What flows say of the order. A hub says nothing, and what lies on a ring has no order."""
    home = {each.machine: part.name for part in found.parts for each in part.servers}
    needs: dict[str, set[str]] = {}
    for edge in edges:
        source, target = home.get(edge.source), home.get(edge.target)
        if source and target and source != target and not edge.once and edge.confidence >= programme.groups.confidence:
            needs.setdefault(source, set()).add(target)
    needs = _without_hubs(found, needs)
    ring_of = {name: index for index, ring in enumerate(rings(needs)) for name in ring}
    known = {(each.first, each.then) for each in found.order}
    reverse = {(each.then, each.first) for each in found.order}
    dropped = 0
    for source in sorted(needs):
        for target in sorted(needs[source]):
            if ring_of[source] == ring_of[target] or (target, source) in reverse:
                dropped += 1
            elif (target, source) not in known:
                found.order.append(Before(first=target, then=source, gap=0, why=f"{source} uses {target}"))
    if dropped:
        found.findings.append(
            Finding(
                code="PLN-004",
                gravity=Gravity.NOTE,
                where="dependencies",
                what=f"{dropped} dependencies between groups go both ways or in rings",
                taken="they give no order",
                remedy="group what must move together: groups: {by: dependencies}",
            )
        )


def _without_hubs(found: Grouped, needs: Mapping[str, set[str]]) -> dict[str, set[str]]:
    neighbours: dict[str, set[str]] = {}
    for source, targets in needs.items():
        for target in targets:
            neighbours.setdefault(source, set()).add(target)
            neighbours.setdefault(target, set()).add(source)
    limit = max(HUB_LEAST, HUB_SHARE * len(found.parts))
    hubs = {name for name, around in neighbours.items() if len(around) >= limit}
    for name in sorted(hubs):
        found.findings.append(
            Finding(
                code="PLN-003",
                gravity=Gravity.NOTE,
                where=f"group {name}",
                what=f"it talks to {len(neighbours[name])} of {len(found.parts)} groups",
                taken="its dependencies give no order",
                remedy="pin its night if it must move first or last",
            )
        )
    return {source: targets - hubs for source, targets in needs.items() if source not in hubs}


def rings(needs: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """What can be reached from each other, as sorted rings; most have one member. Tarjan's way, without recursion."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[tuple[str, ...]] = []
    names = sorted({*needs, *(target for targets in needs.values() for target in targets)})
    for root in names:
        if root in index:
            continue
        work: list[tuple[str, Iterator[str]]] = [(root, iter(sorted(needs.get(root, ()))))]
        index[root] = low[root] = len(index)
        stack.append(root)
        while work:
            name, targets = work[-1]
            step = next(targets, None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    at = stack.index(name)
                    found.append(tuple(sorted(stack[at:])))
                    del stack[at:]
            elif step not in index:
                index[step] = low[step] = len(index)
                stack.append(step)
                work.append((step, iter(sorted(needs.get(step, ())))))
            elif step in stack:
                low[name] = min(low[name], index[step])
    return found
