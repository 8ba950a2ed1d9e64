"""`incline where`, as it is run on the example estate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from cli.main import run

pytestmark = pytest.mark.usefixtures("estate")


def test_the_first_line_says_where_and_who(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["where", "permits"]) == ExitCode.OK

    told = capsys.readouterr()
    first = told.out.splitlines()[0]
    assert first.startswith("Permits and licenses runs on 4 servers, all at downtown (City Hall data centre)")
    assert "Permits, Licenses and Inspections answers for it" in first
    assert "10.20.4.15" in told.out
    assert "next: incline impact " in told.err


def test_json_holds_one_document_with_the_chain(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["where", "portal", "--json"]) == ExitCode.OK

    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "incline.where/1"
    chain = {row["name"]: row["through"] for row in document["needs"]}
    assert chain == {"identity": "portal", "permits": "portal", "city-311": "portal", "gis": "permits"}
    assert {row["site"] for row in document["servers"]} == {"aws-east", "downtown"}


def test_what_needs_it_is_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["where", "gis", "--json"]) == ExitCode.OK

    needed_by = {row["name"]: row["through"] for row in json.loads(capsys.readouterr().out)["needed_by"]}
    assert needed_by["permits"] == "gis"
    assert needed_by["portal"] == "permits"


def test_a_mistyped_service_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["where", "permitz"]) == ExitCode.ERROR

    told = capsys.readouterr().err
    assert "INC-3083" in told
    assert "did you mean permits?" in told


def test_a_held_source_is_a_copy_and_not_a_server(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    placement = estate / "placements" / "permits-web-01.yaml"
    text = placement.read_text()
    moved = text.replace("machine:\n  site: downtown\n", "machine:\n  site: aws-east\n", 1)
    held = "held:\n  machine: {site: downtown, uuid: u, import_id: p}\n  since: 2026-11-20T00:00:00Z\n  move: m\n"
    placement.write_text("\n".join(line for line in moved.splitlines() if "import_id" not in line and "uuid:" not in line) + "\n" + held)
    servers = estate / "servers" / "permits.yaml"
    before, name, rest = servers.read_text().partition("  - name: permits-web-01\n")
    servers.write_text(before + name + rest.replace("site: downtown", "site: aws-east", 1))

    assert run(["where", "permits", "--json"]) == ExitCode.OK

    document = json.loads(capsys.readouterr().out)
    assert {row["name"]: row["site"] for row in document["servers"]}["permits-web-01"] == "aws-east"
    assert any(line.startswith("held at downtown") and "permits-web-01" in line for line in document["copies"])
    assert any(line.startswith("permits-web-01 from downtown to aws-east: on trial") for line in document["moves"])


def test_the_page_needs_no_network(tmp_path: Path) -> None:
    page = tmp_path / "where.html"

    assert run(["where", "permits", "--html", str(page)]) == ExitCode.OK

    text = page.read_text()
    assert "Permits and licenses" in text
    assert "http" not in text
    assert "<script" not in text
