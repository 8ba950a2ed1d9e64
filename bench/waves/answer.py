"""Solves an instance file with Incline's planner and writes a plan file.

python -m bench.waves.answer w5000-1.json --seconds 120 > plan.json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bench.waves.files import instance_of, plan_document
from migration.waves.solve import solve


def main() -> None:
    """Progress goes to standard error, the plan to standard output."""
    parser = argparse.ArgumentParser(prog="python -m bench.waves.answer", description="Solve an instance of wave planning.")
    parser.add_argument("instance", type=Path)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--gap", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    document = json.loads(asked.instance.read_text())

    def tell(seconds: float, objective: float, bound: float) -> None:
        gap = (objective - bound) / objective if objective else 0.0
        print(f"{seconds:8.1f} s  {objective:14,.0f}  bound {bound:14,.1f}  gap {gap:.3%}", file=sys.stderr)

    found = solve(instance_of(document), seconds=asked.seconds, gap=asked.gap, seed=asked.seed, watch=tell)
    print(json.dumps(plan_document(document["name"], found.at)))


if __name__ == "__main__":
    main()
