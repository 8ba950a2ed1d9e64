"""What the console of a preview shows, at which level, and of which site."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2

from policies.evidence import LinkEvidence
from policies.pack.diagnostics import LARGEST_ANSWER, SHOWN_BY_RULE, Console, clipped
from policies.pack.levels import configured_levels, configured_parameters, default_level, policy_name
from policies.pack.scope import Scope
from policies.rules import RULES
from policies.verdict import Outcome, Severity, Verdict
from tests.policies.builders import city, server

RULE = next(r for r in RULES if r.id == "CAP-001")
OTHER = next(r for r in RULES if r.id == "CAP-007")


def verdict(number: int = 1, outcome: Outcome = Outcome.FAIL, **changes: object) -> Verdict:
    plain = {"rule": "CAP-001", "target": f"cluster/downtown/c{number}", "outcome": outcome, "severity": Severity.CRITICAL}
    told = {"message": f"cluster c{number} does not fit", "remedy": "add a host", "source": "estate/sites/downtown.yaml:3"}
    return Verdict(**{**plain, **told, **changes})  # type: ignore[arg-type]


def lines(*verdicts: Verdict, levels: dict[str, int] | None = None, report: str = "") -> list[analyzer_pb2.AnalyzeDiagnostic]:
    return Console(RULES, levels or {}, report).diagnostics(verdicts)


def test_a_failure_says_what_where_and_what_next() -> None:
    (line,) = lines(verdict())

    assert line.message.splitlines() == [
        "cluster c1 does not fit",
        "see estate/sites/downtown.yaml:3",
        "next: add a host",
        "about the rule: incline rules show CAP-001",
    ]
    assert line.enforcementLevel == analyzer_pb2.MANDATORY


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.NOT_APPLICABLE])
def test_what_is_in_order_is_not_shown(outcome: Outcome) -> None:
    assert lines(verdict(outcome=outcome)) == []


def test_a_waived_finding_stays_visible_and_stops_nothing() -> None:
    (line,) = lines(verdict().waived_by("W-1", "2026-12-01"))

    assert "(waived by W-1 until 2026-12-01)" in line.message
    assert line.enforcementLevel == analyzer_pb2.ADVISORY


def test_undetermined_verdicts_are_one_line_a_rule() -> None:
    listed = [verdict(n, Outcome.UNDETERMINED, missing=(f"memory of s-{n}",)) for n in range(12)]
    (line,) = lines(*listed)

    assert line.message.startswith("12 objects undetermined: cluster/downtown/c0, ")
    assert "and 7 more" in line.message
    assert "cannot be decided without: memory of s-0, memory of s-1, memory of s-2 and 9 more" in line.message
    assert line.enforcementLevel == analyzer_pb2.ADVISORY


def test_one_undetermined_verdict_keeps_its_own_words() -> None:
    (line,) = lines(verdict(outcome=Outcome.UNDETERMINED, missing=("memory of s-1",)), report="out/policy.json")

    assert line.message == "cluster c1 does not fit\ncannot be decided without: memory of s-1\nfull result: out/policy.json"


def test_of_many_failures_some_are_shown_and_the_rest_counted() -> None:
    found = lines(*(verdict(n) for n in range(SHOWN_BY_RULE + 7)))

    assert len(found) == SHOWN_BY_RULE + 1
    assert found[-1].message.startswith("and 7 more: cluster/downtown/c25, ")
    assert found[-1].enforcementLevel == analyzer_pb2.MANDATORY


def test_an_answer_is_never_larger_than_its_limit_and_what_is_left_out_still_blocks() -> None:
    listed = [verdict(n, rule=rule.id, message="é" * 3000, remedy="y" * 3000) for rule in RULES for n in range(SHOWN_BY_RULE)]
    console = Console(RULES * 3, {})
    found = console.diagnostics([*listed, *listed, *listed])

    assert sum(d.ByteSize() + 8 for d in found) <= LARGEST_ANSWER + 4096
    assert all(len(d.message.encode()) <= 2000 for d in found)


def test_what_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policies.pack.diagnostics.LARGEST_ANSWER", 2000)
    found = lines(*(verdict(n) for n in range(20)))

    assert "more lines are left out" in found[-1].message
    assert found[-1].enforcementLevel == analyzer_pb2.MANDATORY


def test_a_text_is_cut_between_characters() -> None:
    assert clipped("éééé", 7) == "é ..."
    assert clipped("abc", 3) == "abc"


def test_a_disabled_policy_is_silent() -> None:
    assert lines(verdict(), levels={policy_name(RULE): analyzer_pb2.DISABLED}) == []


def test_a_level_of_the_configuration_is_used_for_failures_only() -> None:
    levels = {policy_name(OTHER): analyzer_pb2.MANDATORY}
    failed, unknown = verdict(rule="CAP-007", severity=Severity.MEDIUM), verdict(2, Outcome.UNDETERMINED, rule="CAP-007", missing=("x",))

    assert [line.enforcementLevel for line in lines(failed, unknown, levels=levels)] == [analyzer_pb2.MANDATORY, analyzer_pb2.ADVISORY]


def config(level: int, **properties: object) -> analyzer_pb2.PolicyConfig:
    made = Struct()
    made.update(properties)
    return analyzer_pb2.PolicyConfig(enforcementLevel=level, properties=made)  # type: ignore[arg-type]


@pytest.mark.parametrize("first", ["all", "cap-001-failover-capacity"])
def test_a_policys_own_level_wins_over_all_in_any_order(first: str) -> None:
    given = {"all": config(analyzer_pb2.ADVISORY), "cap-001-failover-capacity": config(analyzer_pb2.DISABLED)}
    ordered = dict(sorted(given.items(), key=lambda item: item[0] != first))
    levels = configured_levels(ordered, {"cap-001-failover-capacity": analyzer_pb2.MANDATORY, "cap-002-x": analyzer_pb2.ADVISORY})

    assert levels == {"cap-001-failover-capacity": analyzer_pb2.DISABLED, "cap-002-x": analyzer_pb2.ADVISORY}


def test_levels_that_the_engine_fills_in_leave_each_finding_its_own_severity() -> None:
    """`pulumi preview` sends every policy with the level that the pack gave it, also where nobody configured anything."""
    defaults = {policy_name(rule): default_level(rule.severity) for rule in RULES}
    levels = configured_levels({name: config(level) for name, level in defaults.items()}, defaults)
    mild, grave = verdict(severity=Severity.MEDIUM), verdict(2, severity=Severity.CRITICAL)

    assert [line.enforcementLevel for line in lines(grave, mild, levels=levels)] == [analyzer_pb2.MANDATORY, analyzer_pb2.ADVISORY]


def test_all_mandatory_makes_the_warnings_of_grave_rules_mandatory_too() -> None:
    defaults = {policy_name(rule): default_level(rule.severity) for rule in RULES}
    given = {name: config(analyzer_pb2.MANDATORY) for name in ("all", *defaults)}

    assert lines(verdict(severity=Severity.MEDIUM), levels=configured_levels(given, defaults))[0].enforcementLevel == analyzer_pb2.MANDATORY


def test_parameters_that_are_no_plain_values_are_left_out() -> None:
    assert configured_parameters(config(0, percent=90, strict=True, odd=[1], worse={"a": 1})) == {"percent": 90.0, "strict": True}


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("cluster/downtown/general", True),
        ("cluster/northside/north", False),
        ("pool/downtown/general/city", True),
        ("quota/aws-east/L-1", False),
        ("server/permits-app-01", True),
        ("server/elsewhere-01", False),
        ("service/permits", True),
        ("service/permits/web", True),
        ("service/library", False),
        ("group/g", True),
        ("link/l", True),
        ("link/other", False),
        ("move/elsewhere-01", False),
        ("estate", True),
        ("security-group/open", True),
    ],
)
def test_a_preview_shows_its_own_site(target: str, shown: bool) -> None:
    evidence = city(
        servers=(server("permits-app-01", group="g"), server("elsewhere-01", site="northside", service="library")),
        links=(
            LinkEvidence(name="l", sites=("downtown", "northside"), mbit_s=1, latency_ms=1, paths=1),
            LinkEvidence(name="other", sites=("aws-east", "northside"), mbit_s=1, latency_ms=1, paths=1),
        ),
    )

    assert (target in Scope(evidence, "downtown")) is shown
    assert evidence.moment < datetime(2027, 1, 1, tzinfo=UTC)
