"""The files of a report folder, the annotations, and saved checks, as commands write and read them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.check_bundle import documents, open_bundle, save_bundle
from cli.check_evidence import Checked
from cli.check_reports import FILES, forge_address, print_annotations, write_reports
from infra.errors import InclineError
from infra.estate.load import load_estate
from policies.evaluate import evaluate
from policies.readers.estate import read_estate
from policies.readers.places import locator
from tests.policies.reports import sample

CHECKED = Checked(title="Check of the city", estate=None, evidence=sample.evidence(), result=sample.result())
ESTATE = Path(__file__).parents[2] / "estate"


def test_every_format_is_written_from_one_result(tmp_path: Path) -> None:
    page = write_reports(tmp_path / "out", CHECKED)
    data = json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))

    assert page == tmp_path / "out/report.html"
    assert {p.name for p in (tmp_path / "out").iterdir()} == set(FILES)
    assert len(data["hash"]) == 64
    assert data["result"]["counts"] == sample.result().counts
    assert data["failures"]


def test_a_folder_that_cannot_be_written_is_said_with_a_next_step(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file", encoding="utf-8")

    with pytest.raises(InclineError, match="INC-5040"):
        write_reports(tmp_path / "out", CHECKED)


def test_annotations_go_to_stderr_so_that_stdout_stays_data(capsys: pytest.CaptureFixture[str]) -> None:
    print_annotations(sample.result(), sample.evidence())
    out, err = capsys.readouterr()

    assert out == ""
    assert err.startswith("::error file=estate/sites/downtown.yaml,line=40,title=CAP-001 critical cluster/downtown/data::")


def test_the_address_of_files_is_that_of_the_forge_in_whose_pipeline_we_run() -> None:
    github = {"GITHUB_REPOSITORY": "city/estate", "GITHUB_SHA": "abc", "GITHUB_SERVER_URL": "https://git.city.example"}
    gitlab = {"CI_PROJECT_URL": "https://lab.example/city/estate", "CI_COMMIT_SHA": "abc"}

    assert forge_address(github) == "https://git.city.example/city/estate/blob/abc"
    assert forge_address(gitlab) == "https://lab.example/city/estate/-/blob/abc"
    assert forge_address({}) == ""


def declared() -> Checked:
    evidence = read_estate(load_estate(ESTATE), sample.TODAY, locator(ESTATE))
    return Checked(title="Check of estate", estate=None, evidence=evidence, result=evaluate(evidence))


def test_a_check_of_the_example_estate_is_saved_and_gives_the_same_hash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = save_bundle(tmp_path / "new/check.json", declared(), ESTATE)
    again = open_bundle(tmp_path / "new/check.json")
    write_reports(tmp_path / "out", again)

    assert again.title == "Check of estate"
    assert again.result == declared().result
    assert json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))["hash"] == saved
    assert capsys.readouterr().err.count(saved) == 2
    assert str(ESTATE.parent) not in (tmp_path / "new/check.json").read_text(encoding="utf-8")


def test_an_edited_check_is_refused_and_what_turned_is_named(tmp_path: Path) -> None:
    path = tmp_path / "check.json"
    save_bundle(path, Checked(title="x", estate=None, evidence=sample.evidence(), result=evaluate(sample.evidence())), ESTATE)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["moments"][0]["evidence"]["servers"][2]["memory"] = 1 << 30
    path.write_text(json.dumps(document), encoding="utf-8")

    with pytest.raises(InclineError) as caught:
        open_bundle(path)

    assert caught.value.code == "INC-3042"
    assert any("cluster/downtown/data" in line for line in caught.value.details)


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ESTATE.parent), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "check", *arguments], capture_output=True, text=True, env=environment, cwd=cwd, check=False
    )


def test_the_commands_save_a_plan_and_judge_it_again_where_there_is_no_estate(tmp_path: Path) -> None:
    saved = run(
        "--plan", "permits-db-01", "--to", "aws-east", "--bundle", str(tmp_path / "b.json"), "--json", "--no-capacity", cwd=ESTATE.parent
    )
    again = run("--from-bundle", str(tmp_path / "b.json"), "--report", "out", "--json", cwd=tmp_path)

    assert json.loads(again.stdout) == json.loads(saved.stdout)
    assert saved.returncode == again.returncode
    assert json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))["hash"] in saved.stderr


def test_a_saved_check_is_judged_with_no_other_input(tmp_path: Path) -> None:
    done = run("--from-bundle", "b.json", "--live", cwd=tmp_path)

    assert done.returncode == 2
    assert "INC-3043" in done.stderr


def test_the_documents_of_an_estate_go_along_without_its_schemas() -> None:
    found = documents(ESTATE)

    assert "servers/permits.yaml" in found
    assert "estate.yaml" in found
    assert not any(name.startswith("schema/") for name in found)
