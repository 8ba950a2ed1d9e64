"""`incline impact`, as it is run on the example estate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from cli.main import run

pytestmark = pytest.mark.usefixtures("estate")


def test_the_first_line_is_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["impact", "site/downtown"]) == ExitCode.OK

    told = capsys.readouterr()
    first = told.out.splitlines()[0]
    assert first.startswith("If site downtown fails, 32 machines stop")
    assert first.endswith(".")
    assert "restore in this order: " in told.out
    assert "next: incline where" in told.err


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("host/dt-esx-01", "host/downtown/general/dt-esx-01"),
        ("dt-esx-01", "host/downtown/general/dt-esx-01"),
        ("cluster/downtown/data", "cluster/downtown/data"),
        ("datastore/dt-data-1", "datastore/downtown/dt-data-1"),
        ("zone/us-east-1a", "zone/aws-east/us-east-1a"),
        ("link/downtown-aws-east", "link/downtown-aws-east"),
        ("northside", "site/northside"),
        ("dt-esx-01+dt-esx-02", "hosts/downtown/general/dt-esx-01+dt-esx-02"),
    ],
)
def test_objects_are_known_by_path_and_by_name(name: str, subject: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["impact", name, "--json"]) == ExitCode.OK

    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "incline.impact/1"
    assert document["subject"] == subject


@pytest.mark.parametrize(
    ("name", "code", "step"),
    [
        ("host/dt-esc-01", "INC-3080", "did you mean host/dt-esx-01?"),
        ("permits", "INC-3080", "incline where permits"),
        ("permits-db-01", "INC-3080", "incline impact cluster/downtown/data"),
        ("dt-esx-01+ns-esx-01", "INC-3080", "did you mean"),
    ],
)
def test_what_cannot_fail_is_refused_with_what_may_be_meant(name: str, code: str, step: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["impact", name]) == ExitCode.ERROR

    told = capsys.readouterr().err
    assert code in told
    assert step in told


def test_a_name_that_two_things_have_is_asked_about(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = estate / "sites" / "northside.yaml"
    site.write_text(site.read_text().replace("- name: north\n", "- name: northside\n"))
    for file in (estate / "servers").glob("*.yaml"):
        file.write_text(file.read_text().replace("cluster: north,", "cluster: northside,"))

    assert run(["impact", "northside"]) == ExitCode.ERROR

    told = capsys.readouterr().err
    assert "INC-3081" in told
    assert "cluster/northside/northside" in told
    assert "site/northside" in told


def test_the_page_needs_no_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "deep" / "impact.html"

    assert run(["impact", "dt-esx-01+dt-esx-02", "--html", str(page)]) == ExitCode.OK

    text = page.read_text()
    assert "What if hosts dt-esx-01 and dt-esx-02 fail together" in text
    assert "http://" not in text
    assert "https://" not in text
    assert "<script" not in text
    assert "page: " in capsys.readouterr().err


def test_machines_without_a_place_say_what_binds(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["impact", "dt-esx-01+dt-esx-02"]) == ExitCode.OK

    told = capsys.readouterr().out
    assert "machines without a place" in told
    assert "no host that is left has enough memory free" in told
    assert "switch off " in told


def test_a_snapshot_tells_what_really_runs_on_the_host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "none.json"

    assert run(["impact", "dt-esx-01", "--capacity", str(missing)]) == ExitCode.ERROR
    assert "INC-3020" in capsys.readouterr().err
