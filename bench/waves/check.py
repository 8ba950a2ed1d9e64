"""Judges a plan file against an instance file, whoever made it: violations, cost, and how far it is from the known bound.

    python -m bench.waves.check w5000-1.json plan.json

prints one JSON document; the exit code is 1 when the plan breaks anything.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from bench.waves.files import instance_of, plan_of
from migration.waves.check import check
from migration.waves.model import Problem

BOUNDS = Path(__file__).with_name("bounds.json")
SHOWN = 20


def cost(problem: Problem, at: dict[str, int]) -> float:
    """The objective in plain Python."""
    total = 0.0
    for group in problem.groups:
        if group.name not in at:
            continue
        night = at[group.name]
        total += group.per_night * night
        if group.due is not None:
            total += group.late_per_night * max(0, night - group.due)
        if problem.stay.get(group.name, night) != night:
            total += problem.stay_weight * len(group.servers)
    return total


def verdict(name: str, problem: Problem, at: dict[str, int]) -> dict[str, Any]:
    """Everything that is to be said of a plan."""
    broken = check(problem, at)
    objective = cost(problem, at)
    known = json.loads(BOUNDS.read_text())["instances"].get(name)
    bound = known["bound"] if known else None
    return {
        "schema": "incline.waves.verdict/1",
        "instance": name,
        "violations": len(broken),
        "kinds": dict(Counter(each.kind for each in broken)),
        "first": [each.what for each in broken[:SHOWN]],
        "objective": objective,
        "bound": bound,
        "gap": (objective - bound) / objective if bound is not None and objective and not broken else None,
        "best_known": known["best"] if known else None,
    }


def main() -> int:
    """Read both files, print the verdict."""
    parser = argparse.ArgumentParser(prog="python -m bench.waves.check", description="Judge a plan of an instance of wave planning.")
    parser.add_argument("instance", type=Path)
    parser.add_argument("plan", type=Path)
    asked = parser.parse_args()
    document = json.loads(asked.instance.read_text())
    said = verdict(document["name"], instance_of(document), plan_of(json.loads(asked.plan.read_text())))
    print(json.dumps(said, indent=1))
    return 1 if said["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
