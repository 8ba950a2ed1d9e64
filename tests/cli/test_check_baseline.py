"""A baseline at the command and in the pack: what was there is shown and stops nothing, what is new stops."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pulumi.runtime.proto import analyzer_pb2

from cli.main import run
from policies.examples.ground import ESTATE
from policies.pack.diagnostics import Console
from policies.rules import RULES
from policies.verdict import Outcome, Severity, Verdict
from tests.fakes.example_files import write_example


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """The small town with a port of administration open to everybody."""
    document = deepcopy(ESTATE)
    document["servers"]["maps-web-01"]["ports"].append({"port": 22, "source": "0.0.0.0/0", "purpose": "a mistake"})
    return write_example(document, tmp_path / "estate")


def check(town: Path, *words: str) -> int:
    return run(["check", "--estate", str(town), "--no-capacity", *words])


def test_old_findings_do_not_fail_the_command_and_new_ones_do(town: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline = tmp_path / "baseline.json"
    assert check(town, "--save-baseline", str(baseline)) == 1
    assert check(town, "--baseline", str(baseline)) == 0
    assert "0 new, 1 old, 0 mended" in capsys.readouterr().out

    document = deepcopy(ESTATE)
    document["servers"]["maps-web-02"]["ports"].append({"port": 3389, "source": "0.0.0.0/0", "purpose": "another"})
    other = write_example(document, tmp_path / "other" / "estate")
    capsys.readouterr()
    assert check(other, "--baseline", str(baseline), "--json") == 1
    against = json.loads(capsys.readouterr().out)["baseline"]
    assert [f["target"] for f in against["new"]] == ["server/maps-web-02"]
    assert [f["target"] for f in against["fixed"]] == ["server/maps-web-01"]


def test_the_report_says_what_is_new(town: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    check(town, "--save-baseline", str(baseline))
    assert check(town, "--baseline", str(baseline), "--report", str(tmp_path / "report")) == 0

    assert "baseline of" in (tmp_path / "report" / "report.html").read_text()
    assert json.loads((tmp_path / "report" / "report.sarif").read_text())["runs"][0]["results"][0]["baselineState"] == "unchanged"


def test_a_known_finding_is_advice_in_a_preview_and_a_new_one_mandatory() -> None:
    old = Verdict(rule="CAP-001", target="cluster/a/b", outcome=Outcome.FAIL, severity=Severity.CRITICAL, message="m")
    new = Verdict(rule="CAP-001", target="cluster/a/c", outcome=Outcome.FAIL, severity=Severity.CRITICAL, message="n")
    shown = Console(RULES, {}, known=frozenset({("CAP-001", "cluster/a/b")})).diagnostics([old, new])

    assert {d.message.splitlines()[0]: d.enforcementLevel for d in shown} == {"m": analyzer_pb2.ADVISORY, "n": analyzer_pb2.MANDATORY}
    assert any("the baseline has it" in d.message for d in shown)


def test_the_line_for_the_rest_is_as_grave_as_its_gravest() -> None:
    findings = [
        Verdict(rule="SEC-001", target=f"server/s-{n}", outcome=Outcome.FAIL, severity=Severity.CRITICAL, message="m") for n in range(40)
    ]
    known = frozenset((v.rule, v.target) for v in findings[:30])
    shown = Console(RULES, {}, known=known).diagnostics(findings)

    assert sum(d.enforcementLevel == analyzer_pb2.MANDATORY for d in shown) == 10


def test_a_waiver_that_ends_soon_and_one_that_covers_nothing_are_said(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    today = datetime.now(UTC).date()
    waiver = {
        "id": "W-1",
        "rules": ["SEC-001"],
        "target": "server/maps-web-01",
        "reason": "the maintainer connects from changing addresses",
        "requested_by": "a",
        "approved_by": "b",
        "ticket": "CHG-1",
        "created": today.isoformat(),
        "expires": (today + timedelta(days=5)).isoformat(),
    }
    other = {**waiver, "id": "W-2", "target": "server/maps-wbe-01"}
    (town / "waivers.yaml").write_text(json.dumps({"waivers": [waiver, other]}))

    assert check(town) == 0
    said = capsys.readouterr().out
    assert "waiver W-1 ends in 5 days" in said
    assert "SEC-001 server/maps-web-01 will then fail" in said
    assert "waiver W-2 covers nothing" in said
