"""Parts that hold members of one redundancy group move in different nights, whatever groups these members belong to."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise

from migration.waves.build_parts import Grouped, Part
from migration.waves.model import Before


def apart(found: Grouped, wished: Callable[[Part], date]) -> Iterator[Before]:
    """A night between any two such parts: along the order that there is, then as people chose, then as they stand.

    All pairs follow one line of all parts, so that they can never go in a ring, neither among themselves nor with the rest of the order.
    """
    rings: dict[str, list[int]] = {}
    for number, part in enumerate(found.parts):
        for name in sorted({each.redundancy for each in part.servers if each.redundancy}):
            rings.setdefault(name, []).append(number)
    rings = {name: ring for name, ring in rings.items() if len(ring) > 1}
    place = {number: index for index, number in enumerate(_line(found, wished))} if rings else {}
    seen: set[tuple[int, int]] = set()
    for name, ring in rings.items():
        for pair in pairwise(sorted(ring, key=place.__getitem__)):
            if pair not in seen:
                seen.add(pair)
                first, then = (found.parts[number].name for number in pair)
                yield Before(first=first, then=then, gap=1, why=f"members of redundancy group {name} move in different nights")


def _line(found: Grouped, wished: Callable[[Part], date]) -> list[int]:
    """All parts, each after those that come before it; of the free ones that with the earliest wish first."""
    number = {part.name: index for index, part in enumerate(found.parts)}
    followers: dict[int, list[int]] = {}
    waits = [0] * len(found.parts)
    for each in found.order:
        followers.setdefault(number[each.first], []).append(number[each.then])
        waits[number[each.then]] += 1
    ready = [(wished(part), index) for index, part in enumerate(found.parts) if not waits[index]]
    heapq.heapify(ready)
    line: list[int] = []
    while ready:
        index = heapq.heappop(ready)[1]
        line.append(index)
        for then in followers.get(index, ()):
            waits[then] -= 1
            if not waits[then]:
                heapq.heappush(ready, (wished(found.parts[then]), then))
    return line + [index for index, left in enumerate(waits) if left]
