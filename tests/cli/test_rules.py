"""`incline rules`: the list, one rule's page, the generated pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.main import run
from cli.rules import find_rule, wanted_pages
from policies.rules import RULES

PAGES = Path(__file__).parents[2] / "docs" / "rules"


def test_the_list_has_every_rule_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "list", "--json"]) == 0

    listed = [rule["id"] for rule in json.loads(capsys.readouterr().out)["rules"]]
    assert listed == [rule.id for rule in RULES]
    assert len(set(listed)) == len(listed)


def test_the_list_can_be_narrowed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "list", "--family", "sec", "--severity", "critical", "--json"]) == 0

    listed = json.loads(capsys.readouterr().out)["rules"]
    assert listed
    assert {rule["severity"] for rule in listed} == {"critical"}
    assert all(rule["id"].startswith("SEC") for rule in listed)


def test_a_page_says_formula_controls_and_what_the_rule_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "show", "cap-001"]) == 0

    page = capsys.readouterr().out
    assert find_rule("CAP-001").formula in page
    assert "NIST 800-53 CP-2(2): Contingency Plan | Capacity Planning" in page
    assert "**fail**" in page


def test_a_mistyped_rule_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "show", "CAP-0001"]) == 2
    assert "CAP-001" in capsys.readouterr().err


def test_the_pages_are_those_of_the_rules() -> None:
    written = {path.name: path.read_text("utf-8") for path in PAGES.glob("*.md")}

    assert written == wanted_pages(), "run  incline rules pages --yes"
