"""Seeded instances of wave planning: a generator whose every parameter is documented in the README beside it.

python -m bench.waves.generate 5000 --seed 1 > w5000-1.json
python -m bench.waves.generate 5000 --seed 1 --singles > w5000-1-singles.json
"""

from __future__ import annotations

import argparse
import json
import math
import random
from dataclasses import dataclass
from datetime import date, timedelta

from bench.waves.files import instance_document
from migration.waves.model import Before, Group, Problem, Resource, Use

START = date(2027, 1, 4)
LATE = 50
SIZES = (100, 500, 1_000, 5_000)


@dataclass(frozen=True, slots=True)
class _Size:
    """One server: what it takes on the target, and what its disks hold."""

    cpus: int
    memory: int
    gb: int


def instance(servers: int, seed: int = 1, *, singles: bool = False) -> Problem:
    """An instance of so many servers; the same arguments give the same instance on every machine.

    Args:
        servers: how many.
        seed: of everything that is drawn.
        singles: no dependencies are known: every server is a group by itself, and there is no order.
    """
    chance = random.Random(seed)
    members = [[_server(chance)] for _ in range(servers)] if singles else _groups(servers, chance)
    nights = max(20, servers // 25)
    gb = [sum(one.gb for one in group) for group in members]
    cpus = [sum(one.cpus for one in group) for group in members]
    memory = [sum(one.memory for one in group) for group in members]
    ramp = [min(1.05, 0.30 + 0.25 * (night // max(1, nights // 4))) for night in range(nights)]
    resources = (
        _resource("bandwidth", "GB", [int(max(*gb, 1.25 * sum(gb) / nights))] * nights, relax="1,000 GB more that night", step=1000.0),
        _resource("crew", "servers", [max(60, math.ceil(1.25 * servers / nights))] * nights, relax="10 more people that night", step=10.0),
        _resource("cpus", "vCPU", [int(sum(cpus) * share) for share in ramp], standing=True, relax="64 vCPU more", step=64.0),
        _resource("memory", "GiB", [int(sum(memory) * share) for share in ramp], standing=True, relax="512 GiB more", step=512.0),
    )
    allowed = [_nights(nights, chance) for _ in members]
    order = tuple(
        Before(first=f"g{chance.randrange(max(0, then - 20), then):04}", then=f"g{then:04}", why="its database moves first")
        for then in range(1, 1 if singles else len(members))
        if chance.random() < 0.25
    )
    due = [chance.choice([nights - 1, nights - 1, nights - 1, nights // 2, 3 * nights // 4]) for _ in members]
    weight = [chance.randint(1, 10) * len(group) for group in members]
    groups = []
    first = 0
    for number, group in enumerate(members):
        uses = {"bandwidth": gb[number], "crew": len(group), "cpus": cpus[number], "memory": memory[number]}
        groups.append(
            Group(
                name=f"g{number:04}",
                servers=tuple(f"s{first + n:05}" for n in range(len(group))),
                nights=tuple(allowed[number]),
                uses=tuple(Use(resource=name, amount=float(amount)) for name, amount in uses.items()),
                per_night=float(weight[number]),
                due=due[number],
                late_per_night=float(LATE * len(group)),
            )
        )
        first += len(group)
    return Problem(nights=tuple(START + timedelta(days=n) for n in range(nights)), groups=tuple(groups), resources=resources, order=order)


def instance_name(servers: int, seed: int = 1, *, singles: bool = False) -> str:
    """What an instance is called in files."""
    return f"w{servers}-{seed}" + ("-singles" if singles else "")


def _groups(servers: int, chance: random.Random) -> list[list[_Size]]:
    """Sizes of groups are Pareto (1.2), at most 60 servers."""
    groups, count = [], 0
    while count < servers:
        size = min(servers - count, max(1, int(chance.paretovariate(1.2))))
        size = min(size, 60)
        count += size
        groups.append([_server(chance) for _ in range(size)])
    return groups


def _server(chance: random.Random) -> _Size:
    cpus = chance.choice([2, 2, 2, 4, 4, 8, 16])
    memory = cpus * chance.choice([2, 4, 4, 8])
    return _Size(cpus, memory, int(chance.lognormvariate(4.6, 1.0)))


def _nights(nights: int, chance: random.Random) -> list[int]:
    """35 % of the groups only at weekends, 20 % with a freeze of a fifth of the time."""
    weekend = chance.random() < 0.35
    allowed = [night for night in range(nights) if not weekend or night % 7 in (5, 6)]
    if chance.random() < 0.2:
        begin = chance.randrange(nights)
        allowed = [night for night in allowed if not begin <= night < begin + nights // 5]
    return allowed or list(range(nights))


def _resource(name: str, unit: str, capacity: list[int], *, standing: bool = False, relax: str, step: float) -> Resource:
    return Resource(name=name, unit=unit, capacity=tuple(float(each) for each in capacity), standing=standing, relax=relax, step=step)


def main() -> None:
    """Write one instance to standard output."""
    parser = argparse.ArgumentParser(prog="python -m bench.waves.generate", description="Write a seeded instance of wave planning.")
    parser.add_argument("servers", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--singles", action="store_true", help="every server is a group by itself, without an order")
    asked = parser.parse_args()
    name = instance_name(asked.servers, asked.seed, singles=asked.singles)
    print(json.dumps(instance_document(name, instance(asked.servers, asked.seed, singles=asked.singles))))


if __name__ == "__main__":
    main()
