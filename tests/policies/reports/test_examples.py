"""Every example of every rule survives being saved, and can be printed in every format."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from policies.bundle import make_bundle, replay
from policies.evaluate import evaluate
from policies.examples.case import NOW, Case
from policies.examples.cases import all_cases
from policies.moments import Moment
from policies.reports.annotations import github_annotations
from policies.reports.build import build_report
from policies.reports.data import report_data, schema
from policies.reports.failures import failure_cases
from policies.reports.html import to_html
from policies.reports.junit import to_junit
from policies.reports.markdown import LIMIT, to_markdown
from policies.reports.sarif import to_sarif
from policies.verdict import Outcome
from tests.policies.reports.test_sarif import OURS

CASES = all_cases()
FAILING = [case for case in CASES if case.outcome is Outcome.FAIL]


def name(case: Case) -> str:
    return f"{case.rule}-{case.outcome}-{case.target}"


@pytest.mark.parametrize("case", CASES, ids=name)
def test_an_example_gives_the_same_hash_when_it_was_saved(case: Case) -> None:
    found = case.evidence()
    saved = make_bundle(case.says, (Moment(name="", evidence=found, result=evaluate(found)),), {})
    again = replay(saved)

    assert again.same
    assert again.moments[0].evidence == found
    assert again.result == evaluate(found)


@pytest.mark.parametrize("case", FAILING, ids=name)
def test_an_example_that_fails_is_told_in_every_format(case: Case) -> None:
    found = case.evidence()
    judged = evaluate(found)
    report = build_report(case.says, judged, NOW, evidence=found, failures=failure_cases(found))
    message = next(v.message for v in judged.verdicts if (v.rule, v.target, v.outcome) == (case.rule, case.target, Outcome.FAIL))
    sarif = json.loads(json.dumps(to_sarif(judged, found)))

    assert any(v.message == message for v in report.findings)
    assert "<html" in to_html(report)
    assert len(to_markdown(report).encode()) <= LIMIT
    assert any(message in r["message"]["text"] for r in sarif["runs"][0]["results"])
    Draft202012Validator(json.loads(OURS.read_text(encoding="utf-8"))).validate(sarif)
    Draft202012Validator(schema("report")).validate(json.loads(json.dumps(report_data(report, judged))))
    assert any(f.get("message") == message for f in ET.fromstring(to_junit(judged, found)).iter("failure"))
    assert list(github_annotations(judged, found))
