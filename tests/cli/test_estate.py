"""`incline estate`, as it is run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from cli.main import run
from tests.fakes.village import Village

SERVERS = "servers/servers.yaml"


@pytest.fixture
def village(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Village:
    village = Village(tmp_path / "estate")
    monkeypatch.setenv("INCLINE_ESTATE", str(village.root))
    return village


def test_a_valid_estate_says_what_it_holds(village: Village, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["estate", "validate"]) == ExitCode.OK
    assert capsys.readouterr().out == f"{village.root}: valid, 2 servers of 2 services on 3 sites\n"


def test_problems_are_data_and_the_exit_code_says_findings(village: Village, capsys: pytest.CaptureFixture[str]) -> None:
    village.edit(SERVERS, "site: hall ", "site: hal ")

    assert run(["estate", "validate"]) == ExitCode.FINDINGS

    assert capsys.readouterr().out.splitlines() == [
        f"{village.root}/servers/servers.yaml:5: INC-1011 server desk-db-01: unknown site 'hal'",
        "    did you mean hall?",
        "1 problem",
    ]


def test_json_holds_one_document(village: Village, capsys: pytest.CaptureFixture[str]) -> None:
    village.edit(SERVERS, "site: hall ", "site: hal ")

    assert run(["estate", "validate", "--json"]) == ExitCode.FINDINGS

    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "incline.estate-validation/1"
    assert document["ok"] is False
    assert document["problems"][0]["line"] == 5


def test_other_commands_stop_at_an_invalid_estate_with_all_problems(village: Village, capsys: pytest.CaptureFixture[str]) -> None:
    village.edit(SERVERS, "site: hall ", "site: hal ")

    assert run(["estate", "settle"]) == ExitCode.ERROR
    assert "servers/servers.yaml:5: server desk-db-01: unknown site 'hal'" in capsys.readouterr().err


def test_settling_is_a_dry_run_until_told(village: Village, capsys: pytest.CaptureFixture[str]) -> None:
    (village.root / "placements/base-dns-01.yaml").unlink()

    assert run(["estate", "settle"]) == ExitCode.OK
    shown = capsys.readouterr()
    assert shown.out == "would declare base-dns-01 on cloud, for pulumi up to make\n"
    assert "next: incline estate settle --yes" in shown.err
    assert not (village.root / "placements/base-dns-01.yaml").exists()

    assert run(["estate", "settle", "--yes", "--json"]) == ExitCode.OK
    document = json.loads(capsys.readouterr().out)
    assert (document["written"], document["placements"][0]["generation"]) == (True, 4)
    assert village.problems() == []


def test_looking_at_a_vcenter_without_credentials_names_the_variable(village: Village, capsys: pytest.CaptureFixture[str]) -> None:
    (village.root / "placements/desk-db-01.yaml").unlink()

    assert run(["estate", "settle", "--observe"]) == ExitCode.ERROR
    assert "VC_USER" in capsys.readouterr().err


def test_a_change_is_told_in_the_estates_words(village: Village, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", str(village.root), *words], check=True)
    village.edit(SERVERS, "site: hall ", "site: cloud ")

    assert run(["estate", "diff", "HEAD"]) == ExitCode.OK
    assert capsys.readouterr().out == f"moves desk-db-01 hall -> cloud (2 disks, 48.5 GiB)  [{village.root}/servers/servers.yaml:3]\n"

    assert run(["estate", "diff", "nope"]) == ExitCode.ERROR
    assert "INC-1080" in capsys.readouterr().err


def test_schemas_are_written_when_told(village: Village, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["estate", "schema"]) == ExitCode.OK
    assert capsys.readouterr().out.count("out of date") == 9
    assert run(["estate", "schema", "--yes"]) == ExitCode.OK
    assert (village.root / "schema/servers.json").is_file()


def test_a_server_is_shown_with_its_places(village: Village, capsys: pytest.CaptureFixture[str]) -> None:
    village.edit(SERVERS, "site: hall ", "site: cloud ")

    assert run(["estate", "show", "desk-db-01"]) == ExitCode.OK
    text = capsys.readouterr().out
    assert text.startswith("desk-db-01: server of Desk (Desk department), pending move to cloud\n")
    assert "servers/servers.yaml:3" in text

    assert run(["estate", "show", "--json"]) == ExitCode.OK
    assert [row["name"] for row in json.loads(capsys.readouterr().out)["servers"]] == ["base-dns-01", "desk-db-01"]

    assert run(["estate", "show", "desk-db-1"]) == ExitCode.ERROR
    assert "did you mean desk-db-01?" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["validate", "diff", "settle", "schema", "show"])
def test_every_help_has_examples_and_exit_codes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["estate", command, "--help"]) == ExitCode.OK
    text = capsys.readouterr().out
    assert f"incline estate {command}" in text
    assert "Exit codes: 0 ok" in text
