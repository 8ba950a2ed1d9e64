"""`incline inventory dependencies`: files of flows in, edges, hubs and groups out; and plans that keep together what talks."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.exit_codes import ExitCode
from cli.main import run
from infra.estate.load import load_estate
from migration.assess.declared import inventory_of
from migration.discover.store import open_store
from migration.waves.document import read_wave_plan

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "data" / "flows"
FLOWS = ("--flows", str(SAMPLE / "vpc-flow-log.txt"), "--flows", str(SAMPLE / "downtown-netflow5.bin.gz"), "--ss", str(SAMPLE / "ss"))


@pytest.fixture(autouse=True)
def _city(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The example city, with its inventory as declared, where a command looks for it."""
    for name in ("INCLINE_CAPACITY", "INCLINE_ESTATE", "INCLINE_LEDGER", "INCLINE_STORE", "INCLINE_STATE"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(ROOT / "estate", tmp_path / "estate")
    (tmp_path / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
    (tmp_path / "plan").mkdir()
    found = inventory_of(load_estate(ROOT / "estate"), datetime.now(UTC))
    (tmp_path / "out").mkdir()
    with open_store(str(tmp_path / "out" / "inventory.sqlite")) as store:
        for site in ("downtown", "aws-east"):
            store.save(site, replace(found, machines=tuple(m for m in found.machines if m.site == site), hosts=()))
    monkeypatch.chdir(tmp_path)


def told(capsys: pytest.CaptureFixture[str], *words: str, expect: ExitCode = ExitCode.OK) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["inventory", *words, "--json"]) == expect
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_flows_become_edges_that_stay(capsys: pytest.CaptureFixture[str]) -> None:
    first = told(capsys, "dependencies", *FLOWS)
    kept = told(capsys, "dependencies")
    again = told(capsys, "dependencies", *FLOWS)

    assert (first["flows"]["files"], first["flows"]["days"]) == (4, 10)
    assert kept["edges"] == first["edges"] == again["edges"]
    assert {hub["machine"].partition("/")[2] for hub in first["hubs"]} == {"identity-dc-01", "identity-dns-01", "ops-monitor-01"}
    assert "downtown/permits-db-01" in first["groups"]["city-311+permits+others"]


def test_a_server_that_no_look_has_shown_is_known_by_what_was_declared(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "dependencies", *FLOWS, "--server", "library-db-01")

    assert ("northside/library-app-01", "northside/library-db-01") in {(e["source"], e["target"]) for e in found["edges"]}


def test_the_table_says_what_was_seen_once_and_folds_what_talks_to_everything(capsys: pytest.CaptureFixture[str]) -> None:
    run(["inventory", "dependencies", *FLOWS])
    shown, narrated = capsys.readouterr()

    once = next(line for line in shown.splitlines() if line.startswith("permits-db-01") and "courts-app-01" in line)
    assert "seen once" in once
    assert "ops-monitor-01   46 of 48 machines  monitoring (Prometheus)" in shown
    assert not any("udp/53" in line for line in shown.splitlines())
    assert "2,969 records of 4 files" in narrated


def test_groups_are_shown_in_place_of_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "dependencies", *FLOWS)
    run(["inventory", "dependencies", "--groups"])

    assert "parks  2 machines\n  parks-app-01, parks-db-01" in capsys.readouterr().out


def test_findings_are_kept_with_the_inventory(capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "dependencies", *FLOWS)

    assert {"DSC-073", "DSC-074", "DSC-075"} <= {each["code"] for each in told(capsys, "findings")["findings"]}


def test_what_cannot_be_read_leaves_the_edges_as_they_were(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    before = told(capsys, "dependencies", *FLOWS)["edges"]
    (tmp_path / "notes.txt").write_text("nothing of the kind\n")

    unknown = told(capsys, "dependencies", "--flows", "notes.txt", expect=ExitCode.ERROR)
    missing = told(capsys, "dependencies", "--flows", "gone.log", expect=ExitCode.ERROR)
    folder = told(capsys, "dependencies", "--ss", "notes.txt", expect=ExitCode.ERROR)

    assert [each["error"]["code"] for each in (unknown, missing, folder)] == ["INC-7051", "INC-7050", "INC-7054"]
    assert told(capsys, "dependencies")["edges"] == before


def test_a_plan_keeps_together_what_talks(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    told(capsys, "dependencies", *FLOWS)
    (tmp_path / "plan/programme.yaml").write_text(
        "groups: {by: dependencies, redundancy: together}\nearly: {nights: 0}\npeople: {per_night: 20}\n"
    )
    words = [word for service in ("finance", "payroll", "courts") for word in ("--service", service)]

    assert run(["plan", "make", "--to", "aws-east", *words, "--seconds", "5", "--no-rules", "--yes"]) == ExitCode.OK

    night_of = read_wave_plan(tmp_path / "plan/waves.yaml").night_of()
    assert len({night_of[name] for name in ("finance-app-01", "finance-db-01", "payroll-app-01", "payroll-db-01")}) == 1
