"""The rules over 1,000, 5,000 and 10,000 servers through the pack's own decoding: seconds, and growth against the servers."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path

from google.protobuf.struct_pb2 import Struct

from infra.estate.load import load_estate
from policies.evaluate import evaluate
from policies.readers.estate import read_estate
from policies.readers.properties import decode
from policies.readers.resources import SERVER, VIRTUAL_MACHINE, Resource, overlay

SIZES = (1_000, 5_000, 10_000)


def main() -> None:
    """Print the figures as JSON."""
    estate = load_estate(Path(__file__).resolve().parents[1] / "estate")
    figures: dict[str, float | int | str] = {}
    seconds = {}
    for size in SIZES:
        structs = [_machine(i) for i in range(size)]
        started = time.perf_counter()
        evidence = overlay(read_estate(estate, date(2026, 11, 25)), "downtown", _resources(structs))
        verdicts = evaluate(evidence).verdicts
        seconds[size] = time.perf_counter() - started
        figures[f"seconds for {size:,} servers ({len(verdicts):,} verdicts)"] = round(seconds[size], 3)
    figures["growth of time, 1,000 to 10,000 servers (10 = linear)"] = round(seconds[10_000] / seconds[1_000], 1)
    print(json.dumps(figures))


def _machine(index: int) -> Struct:
    made = Struct()
    disks = [{"label": f"Hard disk {d}", "size": 40.0, "unitNumber": d, "thinProvisioned": True} for d in range(2)]
    made.update(
        {"name": f"s-{index}", "numCpus": 4, "memory": 8192, "disks": disks, "guestId": "debian12_64Guest", "annotation": "x" * 400}
    )
    return made


def _resources(structs: list[Struct]) -> list[Resource]:
    listed = []
    for index, struct in enumerate(structs):
        name, parent = f"s-{index}", f"urn:{index}"
        listed.append(Resource(SERVER, name, parent, "", {"tags": {"owner": "x"}}))
        listed.append(Resource(VIRTUAL_MACHINE, f"{name}-vm", f"{parent}$vm", parent, decode(struct, name)))
    return listed


if __name__ == "__main__":
    main()
