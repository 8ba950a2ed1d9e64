"""A plan without its solving, in processor time: building the problem, writing and reading the document, scoring a hand edit.

python -m bench.plan
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from infra.estate.model import GIB
from migration.waves.build import Built, Inputs, build
from migration.waves.build_candidates import Candidate
from migration.waves.document import Goal, parse_wave_plan
from migration.waves.document_make import Making, document_of
from migration.waves.document_text import render
from migration.waves.edits import rescore, with_pin
from migration.waves.model import Solution
from migration.waves.programme import Programme
from migration.waves.score import score
from migration.waves.solve import solve

TODAY = date(2026, 11, 25)
SIZES = (500, 5_000)


def main() -> None:
    figures: dict[str, float] = {}
    for count in SIZES:
        figures |= _plan(count)
    print(json.dumps(figures, indent=1))


def _plan(count: int) -> dict[str, float]:
    inputs = _inputs(count)
    building, built = _timed(lambda: build(inputs))
    solution = solve(built.problem, seconds=10, gap=0.05)
    making = Making(goal=Goal(to="cloud"), now=datetime(2026, 11, 25, tzinfo=UTC))
    writing, text = _timed(lambda: render(document_of(built, solution, making)))
    reading, plan = _timed(lambda: parse_wave_plan(text, Path("waves.yaml")))
    first, last = plan.nights[0], plan.nights[-1]
    edited = with_pin(plan, first.servers[0].server, last.night, alone=True)
    scoring, _ = _timed(lambda: rescore(inputs, edited))
    _same(built, solution)
    return {
        f"{count} servers, problem built, s": building,
        f"{count} servers, document written, s": writing,
        f"{count} servers, document read, s": reading,
        f"{count} servers, a hand edit scored and checked, s": scoring,
    }


def _same(built: Built, solution: Solution) -> None:
    assert len(solution.at) == len(built.problem.groups), "the bench's plan has a night for every group"
    assert abs(score(built.problem, solution.at).objective - solution.objective) < 1


def _inputs(count: int) -> Inputs:
    """Groups of Pareto sizes, log-normal disks, three tiers; 200 nights of ten people."""
    rng, servers, number = random.Random(1), list[Candidate](), 0
    while len(servers) < count:
        size = min(count - len(servers), max(1, int(rng.paretovariate(1.2))), 60)
        servers += [_server(rng, f"svc{number:04}", place, size) for place in range(size)]
        number += 1
    programme = Programme.model_validate(
        {
            "nights": 200,
            "people": {"per_night": 10, "hours": 6},
            "wave": {"most": 60},
            "groups": {"largest": 60},
            "links": [{"between": ["hall", "cloud"], "mbit_s": 5000}],
        }
    )
    return Inputs(candidates=tuple(servers), today=TODAY, programme=programme)


def _server(rng: random.Random, service: str, place: int, size: int) -> Candidate:
    name = f"{service}-srv-{place:02}"
    return Candidate(
        server=name,
        machine=f"hall/{name}",
        site="hall",
        target="cloud",
        direction="up",
        service=service,
        tier=rng.choice(("gold", "silver", "bronze")),
        redundancy="pair" if place < 2 and size > 3 else "",
        environment="production",
        disks=(int(rng.lognormvariate(4.6, 1.0) * GIB),),
        cpus=4,
        memory=16 * GIB,
        then_cpus=4,
        then_memory=16 * GIB,
        then_type="m6a.xlarge",
        host=f"esx-{rng.randrange(50)}",
        datastores=((f"ds-{rng.randrange(150)}", 1),),
        complexity=rng.randint(1, 5),
        saved_usd_month=rng.uniform(0, 200),
    )


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.process_time()
    result = work()
    return time.process_time() - begun, result


if __name__ == "__main__":
    main()
