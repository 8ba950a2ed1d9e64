"""Waves of 100 to 5,000 servers: seconds to a first plan, seconds, objective, bound, gap, violations, and seconds to score an edit."""

from __future__ import annotations

import json
import sys
import time

from bench.waves.check import verdict
from bench.waves.generate import instance, instance_name
from migration.waves.model import Problem, Solution
from migration.waves.score import Scorer
from migration.waves.solve import solve

LIMITS = {100: 30.0, 500: 30.0, 1_000: 30.0, 5_000: 100.0}
SINGLES = 5_000
"""Servers of the instance without known dependencies, with as many groups."""

GAP = 0.001


def main() -> None:
    """Print the figures as JSON. Sizes may be given, with an s behind them for singles; what the table does not know gets 120 seconds."""
    figures: dict[str, float | int | str] = {}
    for asked in sys.argv[1:] or [*map(str, LIMITS), f"{SINGLES}s"]:
        servers, singles = int(asked.removesuffix("s")), asked.endswith("s")
        problem = instance(servers, singles=singles)
        began = time.process_time()
        found = solve(problem, seconds=120.0 if singles else LIMITS.get(servers, 120.0), gap=GAP)
        used = time.process_time() - began
        said = verdict(instance_name(servers, singles=singles), problem, dict(found.at))
        figures |= _figures(f"{servers:,} servers" + (" alone" if singles else ""), problem, found, used, said["violations"])
    print(json.dumps(figures))


def _figures(head: str, problem: Problem, found: Solution, used: float, violations: int) -> dict[str, float | int | str]:
    return {
        f"{head}: groups": len(problem.groups),
        f"{head}: nights": len(problem.nights),
        f"{head}: seconds to a plan that holds": found.history[0][0] if found.history else "none found",
        f"{head}: seconds": round(found.seconds, 1),
        f"{head}: processor seconds": round(used, 1),
        f"{head}: objective": found.objective,
        f"{head}: bound": round(found.bound, 1),
        f"{head}: gap, %": round(100 * found.gap, 3),
        f"{head}: violations by the checker": violations,
        f"{head}: seconds to read the problem and score a plan": round(_rescored(problem, found), 4),
    }


def _rescored(problem: Problem, found: Solution) -> float:
    """One group is put into another night by hand; everything is read and counted anew."""
    name, night = next(iter(found.at.items()))
    edited = {**found.at, name: night + 1}
    best = 60.0
    for _ in range(5):
        began = time.perf_counter()
        Scorer(problem).score(edited)
        best = min(best, time.perf_counter() - began)
    return best


if __name__ == "__main__":
    main()
