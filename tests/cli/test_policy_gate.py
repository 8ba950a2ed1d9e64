"""The gate judges a move by the rules of previews."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from cli.policy_gate import PolicyGate
from migration.ports import GateRequest

ROOT = Path(__file__).resolve().parents[2]
UP = GateRequest(server="permits-db-01", source="downtown", target="aws-east", move="m-1")


def gate(estate: Path) -> PolicyGate:
    return PolicyGate(estate, lambda: date(2026, 11, 25))


def test_the_example_may_move() -> None:
    answer = gate(ROOT / "estate").judge(UP)

    assert answer.blocking == ()
    assert answer.counts["pass"] > 100


def test_a_server_that_its_cluster_cannot_restart_may_not(tmp_path: Path) -> None:
    estate = tmp_path / "estate"
    shutil.copytree(ROOT / "estate", estate)
    file = estate / "servers" / "permits.yaml"
    file.write_text(file.read_text().replace("memory: 64GiB", "memory: 200GiB", 1))
    answer = gate(estate).judge(UP)

    failover = next(line for line in answer.blocking if line.startswith("CAP-001 critical: cluster data of downtown"))

    assert "estate/sites/downtown.yaml:" in failover


def test_another_servers_finding_does_not_stop_this_move(tmp_path: Path) -> None:
    estate = tmp_path / "estate"
    shutil.copytree(ROOT / "estate", estate)
    file = estate / "servers" / "library.yaml"
    opened = "    ports:\n      - {port: 22, source: 0.0.0.0/0, purpose: anywhere}\n"
    file.write_text(file.read_text().replace("    ports:\n", opened, 1))
    answer = gate(estate).judge(UP)

    assert answer.counts["fail"] >= 1
    assert answer.blocking == ()
