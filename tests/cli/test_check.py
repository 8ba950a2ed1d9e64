"""`incline check`: what it judges, how it ends, and which options go together."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from cli.exit_codes import ExitCode
from cli.main import run
from infra.estate.model import Estate
from policies.examples.ground import ESTATE, GIB, SNAPSHOT
from policies.ledger import SCHEMA as LEDGER
from tests.fakes.example_files import write_example
from tests.fakes.stack_messages import declared, exported


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("INCLINE_CAPACITY", "INCLINE_ESTATE", "INCLINE_LEDGER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def town(tmp_path: Path) -> Path:
    return write_example(ESTATE, tmp_path / "estate")


def overfull(folder: Path) -> Path:
    """The ground with a machine that no two hosts can restart."""
    document = deepcopy(ESTATE)
    document["servers"]["records-db-01"]["size"]["memory"] = 240 * GIB
    document["servers"]["records-app-01"]["size"]["memory"] = 240 * GIB
    document["servers"]["identity-dc-01"]["size"]["memory"] = 200 * GIB
    return write_example(document, folder / "full")


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = run(["check", "--json", *words])
    return code, json.loads(capsys.readouterr().out)


def outcome(document: dict[str, Any], rule: str, target: str) -> str:
    return next(v["outcome"] for v in document["verdicts"] if (v["rule"], v["target"]) == (rule, target))


def test_0_where_nothing_fails(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answer(capsys, "--estate", str(town))

    assert code == ExitCode.OK == 0
    assert document["schema"] == "incline.policy/1"
    assert document["counts"]["undetermined"] > 0


def test_1_where_a_rule_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answer(capsys, "--estate", str(overfull(tmp_path)))

    assert code == ExitCode.FINDINGS == 1
    assert outcome(document, "CAP-001", "cluster/hill/main") == "fail"


def test_2_where_something_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answer(capsys, "--estate", str(tmp_path / "nowhere"))

    assert code == ExitCode.ERROR == 2
    assert document["schema"] == "incline.error/1"


def test_3_where_evidence_is_missing_and_that_was_asked_for(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, "--estate", str(town), "--undetermined", "fail")[0] == ExitCode.UNDETERMINED == 3
    assert answer(capsys, "--estate", str(town), "--strict")[0] == 3
    assert answer(capsys, "--estate", str(town), "--undetermined", "ignore")[0] == 0


def test_a_failure_is_graver_than_missing_evidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, "--estate", str(overfull(tmp_path)), "--undetermined", "fail")[0] == 1


@pytest.mark.parametrize(("severity", "code"), [("critical", 0), ("high", 0), ("medium", 1), ("low", 1)])
def test_the_mildest_that_fails_is_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str], severity: str, code: int) -> None:
    document = deepcopy(ESTATE)
    document["standards"]["budget_usd_month"] = 1
    for tier in document["standards"]["tiers"].values():
        tier["vcpu_per_core"] = 0.01

    assert answer(capsys, "--estate", str(write_example(document, tmp_path / "e")), "--fail-on", severity)[0] == code


def test_the_snapshot_beside_the_estate_is_found_named_or_left_out(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plenty, few = deepcopy(SNAPSHOT), deepcopy(SNAPSHOT)
    few["sites"]["cloud"]["quotas"][0]["limit"] = 10.0
    (town.parent / "out").mkdir()
    (town.parent / "out" / "capacity.json").write_text(json.dumps(plenty))
    (town.parent / "few.json").write_text(json.dumps(few))
    quota = ("CAP-011", "quota/cloud/L-1216C47A")

    assert outcome(answer(capsys, "--estate", str(town))[1], *quota) == "pass"
    assert outcome(answer(capsys, "--estate", str(town), "--capacity", "few.json")[1], *quota) == "fail"
    assert outcome(answer(capsys, "--estate", str(town), "--no-capacity")[1], *quota) == "undetermined"


def test_a_snapshot_that_is_damaged_is_an_error(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (town.parent / "bad.json").write_text("{")
    code, document = answer(capsys, "--estate", str(town), "--capacity", "bad.json")

    assert (code, document["error"]["code"]) == (2, "INC-3021")


def test_a_plan_is_judged_step_by_step(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (town.parent / "plan.json").write_text(
        json.dumps([{"server": "records-db-01", "to": "cloud"}, {"server": "records-app-01", "to": "cloud"}])
    )
    _, document = answer(capsys, "--estate", str(town), "--plan", "plan.json")

    assert [s["name"].partition(":")[0] for s in document["steps"]] == ["step 1 of 2", "step 2 of 2", "when all sources are given up"]
    assert document["reader"] == "plan"


def test_one_servers_move_is_judged_while_both_copies_exist(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, document = answer(capsys, "--estate", str(town), "--plan", "records-db-01", "--to", "cloud")

    assert outcome(document, "MIG-003", "move/records-db-01") in {"pass", "undetermined"}


def test_a_state_is_judged(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (town.parent / "state.json").write_text(json.dumps(exported(declared(Estate.model_validate(ESTATE), "hill"))))
    _, document = answer(capsys, "--estate", str(town), "--state", "state.json")

    assert document["reader"] == "state"
    assert outcome(document, "REL-010", "server/records-db-01") == "pass"


def test_promises_of_a_ledger_are_subtracted(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine = {"site": "hill", "cluster": "main", "datastore": "hill-1", "cpus": 4, "memory": 240 * GIB, "disk": GIB}
    machines = [{"holder": f"new-{n}", **machine} for n in range(3)]
    stack = {"since": "2026-01-01T00:00:00Z", "expires": "2999-01-01T00:00:00Z", "machines": machines}
    (town.parent / "ledger.json").write_text(json.dumps({"schema": LEDGER, "stacks": {"stack hill.servers of b": stack}}))
    _, document = answer(capsys, "--estate", str(town), "--ledger", "ledger.json")

    assert outcome(document, "CAP-001", "cluster/hill/main") == "fail"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--fail-on", "worst"), "INC-5011"),
        (("--undetermined", "maybe"), "INC-3031"),
        (("--plan", "records-db-01", "--live"), "INC-3030"),
        (("--plan", "records-db-01", "--state", "s.json"), "INC-3030"),
        (("--to", "cloud"), "INC-3030"),
        (("--plan", "records-db-02"), "INC-5012"),
        (("--plan", "records-db-01", "--to", "clouds"), "INC-5013"),
        (("--plan", "records-db-01", "--to", "hill"), "INC-5014"),
        (("--plan", "none.json"), "INC-3024"),
        (("--state", "none.json"), "INC-3025"),
        (("--capacity", "none.json"), "INC-3020"),
    ],
)
def test_what_cannot_be_done_is_an_error_with_a_next_step(
    town: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: str
) -> None:
    status, document = answer(capsys, "--estate", str(town), *words)

    assert (status, document["error"]["code"]) == (2, code)
    assert document["error"]["next_step"]


def test_for_people_what_is_undetermined_is_one_entry_a_rule_and_the_answer_comes_last(
    town: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["check", "--estate", str(town)])
    lines = capsys.readouterr().out.splitlines()
    heads = [line.split()[1] for line in lines if line.startswith("undetermined ")]

    assert len(heads) == len(set(heads))
    assert lines[-1].startswith("no rule stands in the way: ")


def test_a_repair_is_printed_below_its_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "--estate", str(overfull(tmp_path)), "--repair"])

    assert "  repair: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--live", "--capacity", "c.json"), "INC-3032"),
        (("--no-capacity", "--capacity", "c.json"), "INC-3032"),
        (("--plan", ""), "INC-3032"),
        (("--from-bundle", "b.json", "--to", "cloud"), "INC-3043"),
        (("--from-bundle", "b.json", "--capacity", "c.json"), "INC-3043"),
        (("--from-bundle", "b.json", "--ledger", "l.json"), "INC-3043"),
    ],
)
def test_no_typed_option_is_passed_over_in_silence(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: str) -> None:
    status, document = answer(capsys, *words)

    assert (status, document["error"]["code"]) == (2, code)


def test_what_the_environment_names_gives_way(town: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCLINE_CAPACITY", "none.json")
    status, _ = answer(capsys, "--estate", str(town), "--no-capacity")

    assert status == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--fail-on", "low"), 1, "1 finding must be decided: "),
        (("--fail-on", "medium"), 1, "1 finding must be decided: "),
        ((), 0, "no rule stands in the way: "),
        (("--undetermined", "fail"), 3, "nothing fails, but "),
    ],
)
def test_the_last_line_says_what_the_exit_code_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, says: str
) -> None:
    document = deepcopy(ESTATE)
    document["standards"]["budget_usd_month"] = 1
    town = write_example(document, tmp_path / "estate")

    assert run(["check", "--estate", str(town), *words]) == code
    assert capsys.readouterr().out.splitlines()[-1].startswith(says)


def test_who_has_no_snapshot_is_told_how_to_take_one(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "--estate", str(town)])
    assert capsys.readouterr().err.splitlines()[-1].endswith("incline capacity snapshot")
    run(["check", "--estate", str(town), "--no-capacity"])
    assert "capacity snapshot" not in capsys.readouterr().err


def snapshot_file(folder: Path, **changes: Any) -> str:
    path = folder / "seen.json"
    path.write_text(json.dumps({**SNAPSHOT, **changes}))
    return str(path)


def test_a_snapshot_of_another_estate_is_refused(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answer(capsys, "--estate", str(town), "--capacity", snapshot_file(town.parent, estate="elsewhere"))

    assert (code, document["error"]["code"]) == (2, "INC-3029")
    assert "elsewhere, not of town" in document["error"]["what"]


def test_a_size_below_nothing_is_damage(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sites = deepcopy(SNAPSHOT["sites"])
    sites["hill"]["clusters"][0]["hosts"][0]["memory"] = -GIB
    code, document = answer(capsys, "--estate", str(town), "--capacity", snapshot_file(town.parent, sites=sites))

    assert (code, document["error"]["code"]) == (2, "INC-3022")
