"""The public benchmark: its files lose nothing, its checker judges plans of others, its bounds hold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.waves.check import BOUNDS, cost, verdict
from bench.waves.files import instance_document, instance_of, plan_document, plan_of
from bench.waves.generate import instance
from migration.waves.check import check
from migration.waves.score import score
from migration.waves.solve import solve


def test_an_instance_file_loses_nothing_that_counts() -> None:
    problem = instance(100, seed=4)
    read = instance_of(json.loads(json.dumps(instance_document("w100-4", problem))))
    assert read.resources == tuple(each for each in read.resources if each.relax == "")
    assert [each.capacity for each in read.resources] == [each.capacity for each in problem.resources]
    assert [(g.name, g.nights, g.uses, len(g.servers), g.due) for g in read.groups] == [
        (g.name, g.nights, g.uses, len(g.servers), g.due) for g in problem.groups
    ]
    assert [(each.first, each.then, each.gap) for each in read.order] == [(each.first, each.then, each.gap) for each in problem.order]


def test_a_seed_is_an_instance() -> None:
    assert instance(100, seed=2) == instance(100, seed=2)
    assert instance(100, seed=2) != instance(100, seed=3)


def test_the_checker_judges_files_of_anybody(tmp_path: Path) -> None:
    problem = instance(100)
    at = dict(solve(problem, seconds=2, gap=0.1).at)
    said = verdict("w100-1", problem, at)
    assert said["violations"] == 0
    assert said["objective"] == cost(problem, at) == pytest.approx(score(problem, at).objective)
    (tmp_path / "instance.json").write_text(json.dumps(instance_document("w100-1", problem)))
    (tmp_path / "plan.json").write_text(json.dumps(plan_document("w100-1", dict.fromkeys(at, 0))))
    command = [sys.executable, "-m", "bench.waves.check", str(tmp_path / "instance.json"), str(tmp_path / "plan.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3])
    assert done.returncode == 1
    assert json.loads(done.stdout)["kinds"]["nightly"] == 2


def test_other_documents_are_refused() -> None:
    with pytest.raises(ValueError, match="schema"):
        plan_of({"schema": "other", "at": {}})
    with pytest.raises(ValueError, match="schema"):
        instance_of({"schema": "other"})


@pytest.mark.parametrize("servers", [100, 500])
def test_known_bounds_hold(servers: int) -> None:
    known = json.loads(BOUNDS.read_text())["instances"][f"w{servers}-1"]
    problem = instance(servers)
    found = solve(problem, seconds=2, gap=0.05)
    assert known["bound"] <= known["best"] <= found.objective + 1e-6
    assert found.bound <= known["best"] + 1e-6
    assert not check(problem, found.at)
