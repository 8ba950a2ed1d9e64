"""GitHub annotations: escaped, in the number that a step may make, the rest counted."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from policies.evaluate import Result, evaluate
from policies.reports.annotations import ERRORS, WARNINGS, github_annotations
from policies.verdict import Outcome, Severity, Verdict
from tests.policies.reports import sample


def verdict(number: int = 0, **changes: object) -> Verdict:
    fields = {
        "rule": "CAP-001",
        "target": f"server/{number:03}",
        "outcome": Outcome.FAIL,
        "severity": Severity.HIGH,
        "message": "m",
        "source": f"estate/servers/x.yaml:{number + 1}",
    }
    return Verdict(**{**fields, **changes})


def lines(*verdicts: Verdict) -> list[str]:
    return list(github_annotations(Result("estate", verdicts)))


def test_what_blocks_is_an_error_at_its_line() -> None:
    assert lines(verdict(4, remedy="add a host")) == [
        "::error file=estate/servers/x.yaml,line=5,title=CAP-001 high server/004::m%0Anext: add a host"
    ]


def test_milder_and_undetermined_ones_are_warnings() -> None:
    mild, unknown = verdict(severity=Severity.LOW), verdict(outcome=Outcome.UNDETERMINED, missing=("use",))

    assert [line.split(" ")[0] for line in lines(mild, unknown)] == ["::warning", "::warning"]
    assert lines(unknown)[0].endswith("::m%0Acannot be decided without: use")


def test_one_more_than_github_takes_is_counted_and_not_sent() -> None:
    exact = lines(*(verdict(i) for i in range(ERRORS)), *(verdict(i, severity=Severity.LOW) for i in range(WARNINGS)))
    over = lines(*(verdict(i) for i in range(ERRORS + 1)), *(verdict(i, severity=Severity.LOW) for i in range(WARNINGS + 3)))

    assert len(exact) == ERRORS + WARNINGS
    assert len(over) == ERRORS + WARNINGS + 1
    assert (
        over[-1]
        == "::notice title=Incline::not shown here: 1 more findings that block, 3 more milder or undetermined ones; the report has them all"
    )


def test_waived_ones_are_counted_only() -> None:
    assert lines(verdict(outcome=Outcome.WAIVED)) == ["::notice title=Incline::not shown here: 1 more waived ones; the report has them all"]


def test_a_clean_result_says_nothing() -> None:
    assert lines(verdict(outcome=Outcome.PASS)) == []


def test_the_worst_are_the_ones_shown() -> None:
    judged = evaluate(sample.many(300), sample.RULES)

    assert "CAP-001 critical" in next(iter(github_annotations(judged, sample.many(300)))) or not judged.blocking


@given(st.text(), st.text())
def test_no_text_ends_its_command_or_begins_another(message: str, name: str) -> None:
    found = lines(verdict(message=message, target=f"a{name}", source=f"estate/{name}.yaml:3"))

    assert len(found) == 1
    assert not re.search(r"[\r\n]", found[0])
    head, _, _ = found[0].removeprefix("::error ").partition("::")
    assert [part.partition("=")[0] for part in head.split(",")] == ["file", "line", "title"]
