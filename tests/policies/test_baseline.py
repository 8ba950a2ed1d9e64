"""Baselines: new, old and fixed findings, known by rule and object and never by their numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from infra.errors import InclineError
from policies.baseline import baseline_of, compare, read_baseline, write_baseline
from policies.evaluate import Result
from policies.verdict import Outcome, Severity, Verdict

TODAY = date(2026, 11, 25)


def verdict(rule: str, target: str, outcome: Outcome = Outcome.FAIL, **more: object) -> Verdict:
    plain = Verdict(rule=rule, target=target, outcome=outcome, severity=Severity.HIGH, message=f"{rule} of {target}")
    return replace(plain, **more)


def result(*verdicts: Verdict) -> Result:
    return Result("estate", verdicts)


OLD = verdict("CAP-001", "cluster/a/b")
NEW = verdict("REL-001", "group/g")


def test_only_new_findings_block() -> None:
    baseline = baseline_of(result(OLD), TODAY)
    comparison = compare(result(OLD, NEW), baseline)

    assert comparison.new == (NEW,)
    assert comparison.old == (OLD,)
    assert comparison.blocking == (NEW,)


def test_other_numbers_are_the_same_finding() -> None:
    comparison = compare(result(replace(OLD, message="5 GiB more")), baseline_of(result(OLD), TODAY))

    assert comparison.new == ()


def test_a_graver_finding_is_new_and_a_milder_one_is_not() -> None:
    baseline = baseline_of(result(OLD), TODAY)

    assert compare(result(replace(OLD, severity=Severity.CRITICAL)), baseline).new
    assert not compare(result(replace(OLD, severity=Severity.MEDIUM)), baseline).new


def test_a_finding_whose_waiver_lapsed_is_new_again(tmp_path: Path) -> None:
    """A baseline saved while a waiver counted must not outlive the waiver."""
    write_baseline(tmp_path / "b.json", baseline_of(result(replace(OLD, outcome=Outcome.WAIVED, waiver="W-1")), TODAY))
    baseline = read_baseline(tmp_path / "b.json")

    assert compare(result(OLD), baseline).blocking == (OLD,)
    assert not compare(result(replace(OLD, outcome=Outcome.WAIVED)), baseline).new


@pytest.mark.parametrize(
    ("now", "fixed", "unjudged"),
    [
        ((verdict("CAP-001", "cluster/a/b", Outcome.PASS),), 1, 0),
        ((), 1, 0),
        ((verdict("CAP-001", "cluster/a/b", Outcome.UNDETERMINED),), 0, 1),
        ((verdict("CAP-001", "cluster/a/b", Outcome.WAIVED),), 0, 0),
    ],
)
def test_fixed_is_what_holds_now_and_not_what_nobody_could_judge(now: tuple[Verdict, ...], fixed: int, unjudged: int) -> None:
    comparison = compare(result(*now), baseline_of(result(OLD), TODAY))

    assert (len(comparison.fixed), len(comparison.unjudged)) == (fixed, unjudged)


def test_a_finding_keeps_its_first_day(tmp_path: Path) -> None:
    first = baseline_of(result(OLD), date(2026, 10, 1))
    write_baseline(tmp_path / "b.json", first)
    second = baseline_of(result(OLD, NEW), TODAY, read_baseline(tmp_path / "b.json"))

    assert second.first_days() == {("CAP-001", "cluster/a/b"): "2026-10-01", ("REL-001", "group/g"): "2026-11-25"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{", "INC-3060"),
        ("[]", "INC-3061"),
        (json.dumps({"schema": "incline.baseline/1"}), "INC-3061"),
        (json.dumps({"schema": "incline.baseline/1", "taken": "x", "findings": [{"rule": "CAP-001"}]}), "INC-3061"),
        (
            json.dumps(
                {
                    "schema": "incline.baseline/1",
                    "taken": "x",
                    "findings": [{"rule": "r", "target": "t", "severity": "awful", "message": "", "since": ""}],
                }
            ),
            "INC-3061",
        ),
    ],
)
def test_a_damaged_baseline_is_refused_by_name(tmp_path: Path, content: str, code: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(content)

    with pytest.raises(InclineError, match=r"b\.json") as caught:
        read_baseline(path)
    assert caught.value.code == code


def test_a_baseline_that_is_not_there_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(InclineError) as caught:
        read_baseline(tmp_path / "none.json")
    assert "--save-baseline" in caught.value.next_step
