"""Judging a fleet: seconds for 1,000 and 10,000 made-up machines with measurements and neighbours, with and without the choice of sizes.

Prints one JSON document. Processor time of one process.
"""

from __future__ import annotations

import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta

from infra.estate.model import GIB
from migration.assess.assess import assess
from migration.discover.model import Edge, FoundDisk, FoundHost, FoundMachine, FoundNic, Inventory, Metric, Percentiles

NOW = datetime(2026, 11, 25, tzinfo=UTC)
SIZES = (1_000, 10_000)
SYSTEMS = ("debian-12", "windows-2022", "rhel-8", "rhel-6", "ubuntu-22-04", "")
MACHINES_A_HOST = 30
NEIGHBOURS = 4


def fleet(count: int) -> Inventory:
    """Machines as cities have them: mostly small, some large, of all systems; the same at every run."""
    chance = random.Random(count)
    machines = tuple(_machine(n, chance) for n in range(count))
    return Inventory(
        taken_at=NOW,
        machines=machines,
        hosts=tuple(
            FoundHost(name=f"esx-{n}", site="here", cluster="general", sockets=2, cores=64, mhz=2600, memory=1024 * GIB)
            for n in range(count // MACHINES_A_HOST)
        ),
        usage=tuple(_usage(machine, metric, chance) for machine in machines for metric in (Metric.CPU_PERCENT, Metric.MEMORY, Metric.IOPS)),
        edges=tuple(Edge(source=m.key, target=chance.choice(machines).key) for m in machines for _ in range(NEIGHBOURS)),
    )


def _machine(n: int, chance: random.Random) -> FoundMachine:
    return FoundMachine(
        key=f"here/{n}",
        name=f"vm-{n}",
        site="here",
        kind="vsphere",
        source="bench",
        as_of=NOW,
        cpus=chance.choice((1, 2, 2, 4, 4, 8, 16)),
        memory=chance.choice((2, 4, 8, 8, 16, 32, 64)) * GIB,
        os=chance.choice(SYSTEMS),
        firmware=chance.choice(("bios", "efi")),
        hardware_version=19,
        cluster="general",
        disks=tuple(FoundDisk(label=f"Hard disk {d}", size=chance.randint(10, 500) * GIB) for d in range(chance.randint(1, 4))),
        nics=(FoundNic(label="card 1"),),
    )


def _usage(machine: FoundMachine, metric: Metric, chance: random.Random) -> Percentiles:
    top = {Metric.CPU_PERCENT: 95.0, Metric.MEMORY: float(machine.memory)}.get(metric, 2000.0) * chance.uniform(0.1, 1)
    return Percentiles(
        machine=machine.key,
        metric=metric,
        interval_s=300,
        samples=8640,
        expected=8640,
        first=NOW - timedelta(days=30),
        last=NOW,
        mean=top * 0.3,
        p50=top * 0.25,
        p90=top * 0.5,
        p95=top * 0.6,
        p99=top * 0.8,
        maximum=top,
    )


def main() -> int:
    """The figures."""
    figures = {}
    for count in SIZES:
        inventory = fleet(count)
        figures[f"{count:,} machines judged at their provisioned size, s"] = _taken(inventory, sized=False)
        figures[f"{count:,} machines judged with sizes chosen, s"] = _taken(inventory, sized=True)
    print(json.dumps(figures))
    return 0


def _taken(inventory: Inventory, *, sized: bool) -> float:
    began = time.process_time()
    assess(inventory, sizing=None if sized else {})
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
