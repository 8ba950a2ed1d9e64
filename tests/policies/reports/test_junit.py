"""JUnit XML: one case for every rule and object, safe with any text."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.evaluate import Result
from policies.reports.junit import to_junit
from policies.verdict import Outcome, Severity, Verdict
from tests.policies.reports import sample


def suites(**options: bool) -> ET.Element:
    return ET.fromstring(to_junit(sample.result(), sample.evidence(), **options))


def case(name: str, **options: bool) -> ET.Element:
    found = [each for each in suites(**options).iter("testcase") if each.get("name") == name]
    assert len(found) == 1
    return found[0]


def verdict(**changes: object) -> Verdict:
    fields = {"rule": "CAP-001", "target": "server/a", "outcome": Outcome.FAIL, "severity": Severity.HIGH, "message": "m"}
    return Verdict(**{**fields, **changes})


def test_one_case_for_every_verdict_in_order_of_rule_and_object() -> None:
    names = [each.get("name") for each in suites().iter("testcase")]

    assert len(names) == len(set(names)) == len(sample.result().verdicts)
    assert names == sorted(names)


@pytest.mark.parametrize("strict", [False, True])
def test_counts_are_those_of_the_elements(strict: bool) -> None:
    root = suites(strict=strict)

    for element in (root, *root.findall("testsuite")):
        assert int(element.get("tests", "")) == len(list(element.iter("testcase")))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(element.get(attribute, "")) == len(list(element.iter(tag))), (element.get("name"), attribute)


def test_a_failure_stands_at_its_file_with_numbers_and_remedy() -> None:
    found = case("CAP-001 cluster/downtown/data")
    failure = found.find("failure")

    assert (found.get("classname"), found.get("file"), found.get("line")) == ("cluster/downtown/data", "estate/sites/downtown.yaml", "40")
    assert failure is not None
    assert failure.get("type") == "critical"
    assert "320 GiB <= 256 GiB" in (failure.text or "")
    assert "next: add a host" in (failure.text or "")


def test_waived_is_skipped_with_its_reason() -> None:
    skipped = case("CAP-006 datastore/downtown/data-01").find("skipped")

    assert skipped is not None
    assert skipped.get("type") == "waived"
    assert "waived by W-1 until 2026-12-01): the new shelf is in the building already" in skipped.get("message", "")


def test_undetermined_is_skipped_with_what_is_missing_and_an_error_when_strict() -> None:
    skipped, error = (case("CAP-006 datastore/downtown/general-01", strict=s).find(tag) for s, tag in ((False, "skipped"), (True, "error")))

    assert skipped is not None
    assert skipped.get("type") == "undetermined"
    assert "missing: used space of general-01" in skipped.get("message", "")
    assert error is not None


def test_a_pass_is_an_empty_case_and_not_applicable_a_skipped_one() -> None:
    assert len(case("CAP-001 cluster/downtown/general")) == 0
    skipped = case("SEC-005 estate").find("skipped")
    assert skipped is not None
    assert skipped.get("type") == "not-applicable"


def test_two_verdicts_of_a_rule_about_one_object_are_two_cases() -> None:
    root = ET.fromstring(to_junit(Result("estate", (verdict(message="a"), verdict(message="b")))))

    assert [each.get("name") for each in root.iter("testcase")] == ["CAP-001 server/a", "CAP-001 server/a (2)"]


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=60), st.sampled_from(list(Outcome)))
def test_any_text_can_be_written_and_read_again(text: str, outcome: Outcome) -> None:
    found = verdict(target=f"x{text}", message=text, formula=text, source=text, remedy=text, missing=(text,), outcome=outcome)
    root = ET.fromstring(to_junit(Result("estate", (found,))).encode("utf-8"))

    assert len(list(root.iter("testcase"))) == 1


def test_line_ends_and_quotes_survive() -> None:
    root = ET.fromstring(to_junit(Result("estate", (verdict(message='a "b"\n<c> & \x00d'),))))
    failure = root.find(".//failure")

    assert failure is not None
    assert failure.get("message") == 'a "b"\n<c> & �d'
