"""Dependencies: reading flows, judging edges, making groups, in processor time.

python -m bench.dependencies
"""

from __future__ import annotations

import ipaddress
import json
import random
import struct
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from migration.discover.dependencies import edges
from migration.discover.dependencies_hubs import hubs_of
from migration.discover.flows import read_flows
from migration.discover.groups import move_groups
from migration.discover.model import Edge, FoundMachine, Inventory

NOW = datetime(2026, 11, 25, tzinfo=UTC)
T0 = int(datetime(2026, 11, 18, tzinfo=UTC).timestamp())
MACHINES, EDGES, RECORDS, PAIRS = 5_000, 100_000, 300_000, 30_000
TEAM = 12
PORTS = (443, 1433, 5432, 8443, 9092)


def main() -> None:
    noise = random.Random(5)
    machines = [_machine(n) for n in range(MACHINES)]
    figures = _grouping(noise, machines)
    with tempfile.TemporaryDirectory(prefix="bench-flows-") as folder:
        figures |= _reading(noise, machines, Path(folder))
    print(json.dumps(figures, indent=1))


def _grouping(noise: random.Random, machines: list[FoundMachine]) -> dict[str, float]:
    found = [
        Edge(
            source=machines[a].key, target=machines[b].key, port=port, confidence=noise.random(), connections=noise.randrange(1000), days=5
        )
        for a, b, port in (_pair(noise) for _ in range(EDGES))
    ]
    hubs_s, hubs = _timed(lambda: hubs_of(machines, found))
    groups_s, groups = _timed(lambda: move_groups(machines, found, hubs=hubs, largest=50))
    sizes = [len(keys) for keys in groups.members().values()]
    return {
        "5,000 machines, 100,000 edges: hubs, s": hubs_s,
        "5,000 machines, 100,000 edges: groups, s": groups_s,
        "hubs found of 5": len(hubs),
        "groups": len(sizes),
        "largest group of at most 50": max(sizes),
    }


def _reading(noise: random.Random, machines: list[FoundMachine], folder: Path) -> dict[str, float]:
    pairs = [_pair(noise) for _ in range(PAIRS)]
    rows = [(*noise.choice(pairs), noise.randrange(32_768, 61_000), T0 + noise.randrange(6 * 86_400)) for _ in range(RECORDS)]
    five, log = folder / "netflow5", folder / "vpc.log"
    five.write_bytes(b"".join(_packet(rows[n : n + 30], machines) for n in range(0, len(rows), 30)))
    log.write_text("".join(_line(row, machines) for row in rows))
    five_s, _ = _timed(lambda: read_flows([five], now=NOW))
    log_s, flows = _timed(lambda: read_flows([log], now=NOW))
    edges_s, (found, _) = _timed(lambda: edges(Inventory(taken_at=NOW, machines=tuple(machines)), flows))
    return {
        "NetFlow 5, records a second": RECORDS / five_s,
        "VPC flow log, lines a second": RECORDS / log_s,
        "edges from 300,000 records, s": edges_s,
        "edges": len(found),
    }


def _machine(number: int) -> FoundMachine:
    address = str(ipaddress.IPv4Address(0x0A000000 + 10 + number))
    name = f"m{number:05}"
    return FoundMachine(key=f"hill/{name}", name=name, site="hill", kind="vsphere", source="bench", as_of=NOW, addresses=(address,))


def _pair(noise: random.Random) -> tuple[int, int, int]:
    """Teams of a dozen that talk to each other and now and then to others; a third of all goes to five servers that everybody uses."""
    if noise.random() < 0.3:
        hub = noise.randrange(5)
        return noise.randrange(5, MACHINES), hub, (53, 389, 443, 8443, 9092)[hub]
    team = noise.randrange(MACHINES // TEAM)
    one, other = team * TEAM + noise.randrange(TEAM), team * TEAM + noise.randrange(TEAM)
    return one, other if noise.random() < 0.98 else noise.randrange(MACHINES), noise.choice(PORTS)


def _packet(rows: list[tuple[int, int, int, int, int]], machines: list[FoundMachine]) -> bytes:
    now = max(row[4] for row in rows) + 60
    content = struct.pack("!HHIIIIBBH", 5, len(rows), 6 * 86_400_000, now, 0, 0, 0, 1, 0)
    for one, other, port, client_port, start in rows:
        first = max(0, 6 * 86_400_000 - (now - start) * 1000)
        ends = [ipaddress.ip_address(machines[n].addresses[0]).packed for n in (one, other)]
        content += struct.pack(
            "!4s4s4sHHIIIIHHBBBBHHBBH",
            *(*ends, b"\0" * 4, 1, 2, 10, 4000, first, first + 30_000, client_port, port, 0, 24, 6, 0, 0, 0, 24, 24, 0),
        )
    return content


def _line(row: tuple[int, int, int, int, int], machines: list[FoundMachine]) -> str:
    one, other, port, client_port, start = row
    ends = f"{machines[one].addresses[0]} {machines[other].addresses[0]}"
    return f"2 123456789012 eni-1 {ends} {client_port} {port} 6 10 4000 {start} {start + 30} ACCEPT OK\n"


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.process_time()
    found = work()
    return time.process_time() - begin, found


if __name__ == "__main__":
    main()
