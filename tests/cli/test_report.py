"""`incline report`, as it is run on the example estate."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from cli.exit_codes import ExitCode
from cli.main import run

PROJECT = Path(__file__).parents[2]
FILES = {"report.html", "estate.drawio", "estate.svg", "estate.dot", "report.xlsx"}


@pytest.fixture(autouse=True)
def project(estate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(estate.parent)
    return estate.parent


def test_everything_is_written_and_what_could_not_be_shown_is_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "--to", "aws-east"]) == ExitCode.OK

    told = capsys.readouterr()
    folder = project / "out" / "architects"
    assert {each.name for each in folder.iterdir()} == FILES
    assert "servers can move, and no nights are planned yet" in told.out
    assert "not shown: waves: incline plan make --yes" in told.err
    assert "Municipal Court" in (folder / "report.html").read_text(encoding="utf-8")
    assert fromstring((folder / "estate.drawio").read_text(encoding="utf-8")).tag == "mxfile"
    assert fromstring((folder / "estate.svg").read_text(encoding="utf-8")).tag.endswith("svg")


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "--to", "aws-east", "--json"]) == ExitCode.OK

    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "incline.report/1"
    assert document["servers"] == sum(document["readiness"].values())
    assert {Path(path).name for path in document["files"].values()} == FILES
    assert all(d["who"] and d["what"] and d["next"] for d in document["decisions"])


def test_the_plan_is_shown_with_the_capacity_of_its_nights(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "make", "--to", "aws-east", "--service", "permits", "--seconds", "5", "--yes"]) == ExitCode.OK
    capsys.readouterr()
    assert run(["report", "--json"]) == ExitCode.OK

    assert json.loads(capsys.readouterr().out)["nights"] > 0
    text = (project / "out" / "architects" / "report.html").read_text(encoding="utf-8")
    assert 'id="waves"' in text
    assert 'id="capacity-downtown"' in text
    assert "permits-db-01" in text


def test_a_position_that_a_person_moved_survives(project: Path) -> None:
    drawing = project / "drawing.drawio"
    assert run(["report", "--to", "aws-east", "--drawio", str(drawing)]) == ExitCode.OK
    root = fromstring(drawing.read_text(encoding="utf-8"))
    cell = next(each for each in root.iter("mxCell") if each.get("id") == "incline-server:permits-db-01")
    geometry = cell.find("mxGeometry")
    assert geometry is not None
    before = f'x="{geometry.get("x")}" y="{geometry.get("y")}"'
    text = drawing.read_text(encoding="utf-8")
    start = text.index('id="incline-server:permits-db-01"')
    drawing.write_text(text[:start] + text[start:].replace(before, 'x="777" y="888"', 1), encoding="utf-8")

    assert run(["report", "--to", "aws-east", "--drawio", str(drawing)]) == ExitCode.OK

    assert 'x="777" y="888"' in drawing.read_text(encoding="utf-8")


def test_a_drawing_that_cannot_be_read_is_left_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawing = project / "drawing.drawio"
    drawing.write_text("my notes", encoding="utf-8")

    assert run(["report", "--to", "aws-east", "--drawio", str(drawing)]) == ExitCode.ERROR

    assert "INC-7160" in capsys.readouterr().err
    assert drawing.read_text(encoding="utf-8") == "my notes"
    assert not (project / "out" / "architects").exists()


def test_a_mistyped_site_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "--to", "aws-eest"]) == ExitCode.ERROR

    assert "did you mean aws-east?" in capsys.readouterr().err


def test_an_imported_inventory_needs_no_estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INCLINE_ESTATE")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    store = str(elsewhere / "harbour.sqlite")
    sample = PROJECT / "tests" / "data" / "rvtools" / "example1.xlsx"
    assert run(["inventory", "import", str(sample), "--as", "harbour", "--store", store]) == ExitCode.OK

    assert run(["report", "--to", "aws", "--store", store]) == ExitCode.OK

    text = (elsewhere / "out" / "architects" / "report.html").read_text(encoding="utf-8")
    assert "harbour" in text
