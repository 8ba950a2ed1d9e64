"""Cost after so many seconds on the challenge's A instances, beside the simple bound and the best of the challenge.

INCLINE_ROADEF=/path/to/folder python -m bench.reassignment [SECONDS] [INSTANCE...]
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from migration.rebalance.check import cost, simple_bound, violations
from migration.rebalance.model import load
from migration.rebalance.search import search

SECONDS = 300.0
HOW_TO = (
    "INCLINE_ROADEF is not set, so nothing is measured: give it the folder data/machinereassignment/import of the public repository"
    " TimefoldAI/timefold-solver-benchmarks (model_a1_1.txt, assignment_a1_1.sol, ...)."
)


@dataclass(frozen=True)
class Known:
    """What is published of an instance; a reader or a cost function that is wrong does not get the first two right."""

    start: int
    bound: int
    challenge: int


KNOWN = {
    "a1_1": Known(49_528_750, 44_306_390, 44_306_501),
    "a1_2": Known(1_061_649_570, 777_530_730, 777_532_896),
    "a1_3": Known(583_662_270, 583_005_700, 583_005_717),
    "a1_4": Known(632_499_600, 242_387_530, 252_728_589),
    "a1_5": Known(782_189_690, 727_578_290, 727_578_309),
    "a2_1": Known(391_189_190, 0, 198),
    "a2_2": Known(1_876_768_120, 13_590_090, 816_523_983),
    "a2_3": Known(2_272_487_840, 521_441_700, 1_306_868_761),
    "a2_4": Known(3_223_516_130, 1_680_222_380, 1_681_353_943),
    "a2_5": Known(787_355_300, 307_035_180, 336_170_182),
}


def main() -> None:
    """Print the figures as JSON; an empty document if the instances are not there."""
    folder = os.environ.get("INCLINE_ROADEF")
    if not folder:
        print(HOW_TO, file=sys.stderr)
        print("{}")
        return
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    figures: dict[str, float | int | str] = {}
    for name in sys.argv[2:] or list(KNOWN):
        if not (Path(folder) / f"model_{name}.txt").is_file():
            print(f"model_{name}.txt is not in {folder}: left out", file=sys.stderr)
            continue
        print(f"{name}: {seconds:.0f} seconds ...", file=sys.stderr, flush=True)
        figures |= measured(Path(folder), name, seconds)
    print(json.dumps(figures))


def measured(folder: Path, name: str, seconds: float) -> dict[str, float | int | str]:
    """One instance, searched; the answer is counted and checked anew, without the search's code."""
    problem, known = load(folder / f"model_{name}.txt", folder / f"assignment_{name}.sol"), KNOWN[name]
    if (cost(problem, problem.start), simple_bound(problem)) != (known.start, known.bound):
        raise SystemExit(f"{name}: cost or bound of the start is not the published one; the file or the reader is wrong")
    began = time.process_time()
    found = search(problem, seconds=seconds)
    used = time.process_time() - began
    if cost(problem, found.at) != found.cost:
        raise SystemExit(f"{name}: the search counts {found.cost}, the checker {cost(problem, found.at)}")
    return {
        f"{name}: cost at the start": known.start,
        f"{name}: cost": found.cost,
        f"{name}: simple bound": known.bound,
        f"{name}: best of the challenge (300 s)": known.challenge,
        f"{name}: way from the start to the best of the challenge, %": round(
            100 * (known.start - found.cost) / (known.start - known.challenge), 2
        ),
        f"{name}: violations by the checker": len(violations(problem, found.at)),
        f"{name}: seconds": found.seconds,
        f"{name}: processor seconds": round(used, 1),
        f"{name}: steps": found.steps,
    }


if __name__ == "__main__":
    main()
