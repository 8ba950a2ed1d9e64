"""SARIF: valid, inside GitHub's limits, with names that stay."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.validators import validator_for

from infra.estate.model import GIB
from policies.baseline import compare
from policies.evaluate import Result, evaluate
from policies.evidence import Unknown
from policies.reports.sarif import LEVELS, MOST_RESULTS, MOST_TAGS, SCORES, to_sarif
from policies.rules import RULES
from policies.verdict import Outcome, Severity, Verdict
from tests.policies.builders import server
from tests.policies.reports import sample

OURS = Path(__file__).parent / "sarif_subset.json"
"""A stricter shape than the standard's: what we write of SARIF, and nothing else."""


def log(**changes: object) -> dict[str, Any]:
    judged = sample.result(**changes)
    made = to_sarif(judged, sample.evidence(**changes), comparison=compare(judged, sample.BASELINE), base="https://forge.example/city")
    return json.loads(json.dumps(made))


def results(**changes: object) -> list[dict[str, Any]]:
    return log(**changes)["runs"][0]["results"]


def by_rule(rule: str, **changes: object) -> list[dict[str, Any]]:
    return [r for r in results(**changes) if r["ruleId"] == rule]


def test_it_has_the_shape_that_we_promise() -> None:
    Draft202012Validator(json.loads(OURS.read_text(encoding="utf-8")), format_checker=FormatChecker()).validate(log())


@pytest.mark.skipif("INCLINE_SARIF_SCHEMA" not in os.environ, reason="INCLINE_SARIF_SCHEMA names no copy of OASIS' sarif-schema-2.1.0.json")
def test_it_is_valid_against_the_schema_of_the_standard() -> None:
    schema = json.loads(Path(os.environ["INCLINE_SARIF_SCHEMA"]).read_text(encoding="utf-8"))
    validator = validator_for(schema)(schema, format_checker=FormatChecker())

    for each in (log(), log(today=date(2027, 1, 20)), to_sarif(evaluate(sample.evidence()), sample.evidence())):
        validator.validate(each)


def test_a_finding_stands_at_its_line_of_the_estate() -> None:
    place = by_rule("CAP-001")[0]["locations"][0]

    assert place["physicalLocation"]["artifactLocation"] == {"uri": "estate/sites/downtown.yaml", "uriBaseId": "SRCROOT"}
    assert place["physicalLocation"]["region"]["startLine"] == 40
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "cluster/downtown/data"


@pytest.mark.parametrize(
    "source", ["urn:pulumi:dev::city::aws:ec2/instance:Instance::x", "", "/srv/estate/x.yaml:3", "../x.yaml:3", "vcenter"]
)
def test_a_source_that_is_no_file_of_the_repository_falls_back_on_the_declaration(source: str) -> None:
    verdict = Verdict(
        rule="CAP-001", target="cluster/downtown/data", outcome=Outcome.FAIL, severity=Severity.HIGH, message="m", source=source
    )
    made = to_sarif(Result("estate", (verdict,)), sample.evidence())["runs"][0]["results"][0]["locations"][0]["physicalLocation"]

    assert made["artifactLocation"]["uri"] == "estate/sites/downtown.yaml"
    assert made["region"]["startLine"] == 40


def test_an_object_without_a_declaration_stands_at_the_estate_itself() -> None:
    verdict = Verdict(rule="CAP-001", target="stranger/x", outcome=Outcome.FAIL, severity=Severity.HIGH, message="m")
    made = to_sarif(Result("estate", (verdict,)))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]

    assert made == {"artifactLocation": {"uri": "estate/estate.yaml", "uriBaseId": "SRCROOT"}, "region": {"startLine": 1}}


def test_names_with_blanks_and_umlauts_are_a_valid_uri_below_a_prefix() -> None:
    verdict = Verdict(
        rule="CAP-001", target="x", outcome=Outcome.FAIL, severity=Severity.HIGH, message="m", source="estate/servers/büro süd.yaml:7"
    )
    made = to_sarif(Result("estate", (verdict,)), prefix="city/")["runs"][0]["results"][0]["locations"][0]["physicalLocation"]

    assert made["artifactLocation"]["uri"] == "city/estate/servers/b%C3%BCro%20s%C3%BCd.yaml"


def test_a_waived_finding_is_suppressed_with_its_justification() -> None:
    found = by_rule("CAP-006")[-1]

    assert found["suppressions"][0]["kind"] == "inSource"
    assert found["suppressions"][0]["justification"].startswith("the new shelf is in the building already (waiver W-1, waiver, CHG-1")
    assert all("suppressions" not in r for r in by_rule("CAP-001"))


def test_what_is_undetermined_is_open_and_of_no_level() -> None:
    found = by_rule("CAP-006")[0]

    assert (found["kind"], found["level"]) == ("open", "none")
    assert "Cannot be decided without: used space of general-01" in found["message"]["text"]


def test_what_holds_is_not_written() -> None:
    assert {r["ruleId"] for r in results()} == {"CAP-001", "CAP-006", "TAG-001"}


def test_fingerprints_stay_when_numbers_lines_and_outcomes_change_and_differ_between_findings() -> None:
    def prints(**changes: object) -> dict[str, str]:
        return {
            r["message"]["text"].split(":")[0]: r["partialFingerprints"]["primaryLocationLineHash"] for r in by_rule("CAP-001", **changes)
        }

    larger = (server("gis-files-01", cluster="data", memory=900 * GIB, source="estate/servers/gis.yaml:99"),)
    everything = [r["partialFingerprints"]["primaryLocationLineHash"] for r in results()]

    assert prints()["cluster data"] == prints(servers=larger)["cluster data"]
    assert len(everything) == len(set(everything))


def test_every_rule_has_help_a_level_and_no_more_tags_than_shown() -> None:
    rules = log()["runs"][0]["tool"]["driver"]["rules"]

    assert [r["id"] for r in rules] == [r.id for r in RULES]
    for made, rule in zip(rules, RULES, strict=True):
        assert made["helpUri"] == f"https://forge.example/city/docs/rules/{rule.id}.md"
        assert rule.remedy in made["help"]["text"]
        assert made["properties"]["security-severity"] == SCORES[rule.severity]
        assert made["defaultConfiguration"]["level"] == LEVELS[rule.severity]
        assert len(made["properties"]["tags"]) <= MOST_TAGS


def test_scores_are_in_githubs_ranges() -> None:
    ranges = {Severity.CRITICAL: (9.1, 10), Severity.HIGH: (7.0, 8.9), Severity.MEDIUM: (4.0, 6.9), Severity.LOW: (0.1, 3.9)}

    assert all(low <= float(SCORES[severity]) <= high for severity, (low, high) in ranges.items())


def test_the_state_against_a_baseline() -> None:
    assert by_rule("CAP-001")[0]["baselineState"] == "unchanged"
    assert by_rule("TAG-001")[0]["baselineState"] == "new"


def test_more_results_than_github_takes_are_left_out_mildest_first_and_counted() -> None:
    verdicts = tuple(
        Verdict(rule="CAP-001", target=f"server/{i:06}", outcome=Outcome.FAIL, severity=s, message="m")
        for s in (Severity.CRITICAL, Severity.LOW)
        for i in range(20_000)
    )
    run = to_sarif(Result("estate", verdicts))["runs"][0]

    assert len(run["results"]) == MOST_RESULTS
    assert sum(r["level"] == "error" for r in run["results"]) == 20_000
    assert "15,000 more results are left out" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_a_rule_that_speaks_twice_of_an_object_has_two_names() -> None:
    lacks = Unknown("x", "y")
    twice = tuple(
        Verdict(rule="SEC-001", target="server/a", outcome=Outcome.FAIL, severity=Severity.HIGH, message=m, missing=(str(lacks),))
        for m in "ab"
    )
    first = [r["partialFingerprints"]["primaryLocationLineHash"] for r in to_sarif(Result("estate", twice))["runs"][0]["results"]]
    turned = [r["partialFingerprints"]["primaryLocationLineHash"] for r in to_sarif(Result("estate", twice[::-1]))["runs"][0]["results"]]

    assert len(set(first)) == 2
    assert first == turned[::-1]
