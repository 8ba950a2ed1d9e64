"""The boundary around rules: a broken one is said, and voids neither the others nor the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from policies.evaluate import evaluate
from policies.evidence import Evidence
from policies.rule import Parameters, Rule
from policies.rules import RULES
from policies.verdict import Outcome, Verdict
from tests.policies.builders import city, waiver

SOUND = next(r for r in RULES if r.id == "TAG-001")


def _breaks(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    yield rule.verdict(Outcome.FAIL, "server/first", "found before it broke")
    raise KeyError(f"no such thing\nin {evidence.reader} {parameters}"[:30])


BROKEN = replace(SOUND, id="TST-001", name="broken", check=_breaks)


def test_a_rule_that_raises_is_undetermined_and_what_it_found_stands() -> None:
    result = evaluate(city(), [BROKEN, SOUND])
    broken = [v for v in result.verdicts if v.rule == "TST-001"]

    assert [(v.outcome, v.target) for v in broken] == [(Outcome.FAIL, "server/first"), (Outcome.UNDETERMINED, "estate")]
    assert "KeyError" in broken[1].missing[0]
    assert "\n" not in broken[1].message
    assert [v for v in result.verdicts if v.rule == "TAG-001"]


def test_a_parameter_or_a_waiver_that_no_rule_hears_is_said() -> None:
    standards = city().standards.model_copy(
        update={"rules": {"CAP-011": {"percnt": 90}, "CAP-999": {"x": 1}, "CAP-001": {"vcpu_per_core": 3}}}
    )
    told = evaluate(city(standards=standards, waivers=(waiver(rules=("CAP-001", "CAP-01")),))).findings

    assert told == (
        "parameter percnt of CAP-011: the rule has none of that name and did not read it; it has: percent",
        "parameter x of CAP-999: there is no such rule",
        "waiver W-1 names CAP-01: there is no such rule, so that it excuses nothing of it",
    )


def test_a_parameter_of_the_wrong_kind_is_undetermined_and_names_the_file_to_mend() -> None:
    standards = city().standards.model_copy(update={"rules": {"CAP-001": {"vcpu_per_core": "many"}}})
    told = [v for v in evaluate(city(standards=standards)).verdicts if v.rule == "CAP-001" and v.outcome is Outcome.UNDETERMINED]

    assert len(told) == 1
    assert "many" in told[0].message
    assert "estate/standards.yaml" in told[0].remedy
