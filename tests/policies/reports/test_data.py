"""JSON: every verdict, in a shape that is committed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

from policies.evaluate import evaluate
from policies.reports.data import report_data, result_data, schema
from policies.reports.shapes import policy_schema, report_schema
from tests.policies.builders import city
from tests.policies.reports import sample

FOLDER = Path("policies/reports/schema")


@pytest.mark.parametrize(("name", "made"), [("policy", policy_schema), ("report", report_schema)])
def test_the_committed_schema_is_the_one_the_code_makes(name: str, made: object) -> None:
    assert callable(made)
    wanted = json.dumps(made(), indent=1) + "\n"

    assert (Path(__file__).parents[3] / FOLDER / f"{name}.json").read_text(encoding="utf-8") == wanted, (
        f"write it anew: python -c 'import json; from policies.reports.shapes import {name}_schema as s; print(json.dumps(s(), indent=1))' "
        f"> {FOLDER}/{name}.json"
    )
    Draft202012Validator.check_schema(made())


def test_results_and_reports_have_the_committed_shape() -> None:
    data = json.loads(json.dumps(report_data(sample.report(), sample.result(), "ab" * 32)))

    Draft202012Validator(schema("report")).validate(data)
    Draft202012Validator(schema("policy")).validate(data["result"])
    Draft202012Validator(schema("policy")).validate(json.loads(json.dumps(result_data(evaluate(city())))))


def test_a_shape_that_is_another_is_refused() -> None:
    data = json.loads(json.dumps(result_data(sample.result())))
    data["verdicts"][0]["outcome"] = "maybe"

    with pytest.raises(ValidationError):
        Draft202012Validator(schema("policy")).validate(data)


def test_every_verdict_is_there_however_many() -> None:
    large = sample.many(3000)
    judged = evaluate(large, sample.RULES)

    assert len(result_data(judged)["verdicts"]) == len(judged.verdicts) > 3000


def test_json_counts_every_outcome() -> None:
    data = result_data(sample.result())

    assert data["schema"] == "incline.policy/1"
    assert set(data["counts"]) == {"pass", "fail", "waived", "not-applicable", "undetermined"}
    assert sum(data["counts"].values()) == len(data["verdicts"])


def test_a_fact_says_when_it_was_observed() -> None:
    facts = {f["name"]: f for v in result_data(sample.result())["verdicts"] for f in v["facts"]}

    assert facts["left"]["as_of"] == "2026-11-24T22:00:00+00:00"
    assert facts["memory needed"]["as_of"] is None
