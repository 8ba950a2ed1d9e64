"""Every rule of the registry keeps the same contract: five kinds of answer, the same directly and through Pulumi's real protocol.

A rule without examples of each kind fails here. What is waived is made from the failing example by a waiver, as a person would write it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import pytest
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policies.controls import CONTROLS
from policies.evaluate import evaluate
from policies.examples.case import NOW, TODAY, Case, Document
from policies.examples.cases import all_cases
from policies.examples.preview import Shown
from policies.pack.analyzer import Analyzer
from policies.pack.context import PackContext
from policies.pack.levels import default_level, policy_name
from policies.readers.stack import SERVER
from policies.rule import Rule
from policies.rules import RULES
from policies.verdict import Outcome, Verdict
from tests.fakes.example_files import write_example
from tests.fakes.stack_messages import struct

RULE = {rule.id: rule for rule in RULES}
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)


def waived(case: Case) -> Case:
    """The failing example with a waiver of its finding."""

    def edit(estate: Document) -> None:
        case.estate(estate)
        waiver = {
            "id": "W-1",
            "rules": [case.rule],
            "target": case.target,
            "reason": "accepted for the time of this example",
            "requested_by": "A. Person",
            "approved_by": "B. Person",
            "ticket": "CHG-1",
            "created": TODAY.isoformat(),
            "expires": TODAY.replace(day=TODAY.day + 5).isoformat(),
        }
        estate["waivers"] = [*estate.get("waivers", []), waiver]

    return replace(case, estate=edit, outcome=Outcome.WAIVED, says=f"{case.says}, and it is waived")


def _cases() -> list[Case]:
    found = list(all_cases())
    return found + [waived(case) for case in found if case.outcome is Outcome.FAIL]


CASES = _cases()
every_case = pytest.mark.parametrize("case", CASES, ids=[f"{c.rule}-{c.outcome}-{i}" for i, c in enumerate(CASES)])


@dataclass(frozen=True)
class Served:
    """The pack behind a real gRPC channel, and the file with its full result."""

    stub: analyzer_pb2_grpc.AnalyzerStub
    report: Path


@contextmanager
def serving(context: PackContext) -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """The pack in this process, behind a socket: every message is encoded and decoded as the engine's are."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Analyzer(context, clock=lambda: NOW), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        server.stop(grace=None).wait()


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    report = tmp_path_factory.mktemp("report") / "policy.json"
    with serving(PackContext(root=report.parent, report=str(report))) as stub:
        yield Served(stub, report)


def site_of(case: Case, evidence_sites: list[str]) -> str:
    """The site whose preview shows the example's object."""
    parts = case.target.split("/")
    if len(parts) > 1 and parts[1] in evidence_sites:
        return parts[1]
    estate, _ = case.documents()
    name = parts[-1]
    placements = estate["placements"]
    members = [n for n, s in estate["servers"].items() if name in (n, s.get("redundancy_group"), s["service"])]
    links = [link["sites"][0] for n, link in estate["links"].items() if n == name]
    return next((placements[n]["machine"]["site"] for n in members if n in placements), (links + evidence_sites[-1:] + [""])[0])


def asked(case: Case, pack: Served, folder: Path) -> analyzer_pb2.AnalyzeResponse:
    """The example as files, judged in the preview of a stack: of one that declares nothing of its own, unless the example shows some."""
    estate, snapshot = case.documents()
    config = {"incline:estate": str(write_example(estate, folder / "estate"))}
    config["incline:site"] = site_of(case, list(estate["sites"]))
    if snapshot is not None:
        file = folder / "capacity.json"
        file.write_text(json.dumps(snapshot))
        config["incline:capacity"] = str(file)
    pack.stub.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(stack="town.test", project="incline", config=config))
    for shown in case.stack:
        pack.stub.Analyze(
            analyzer_pb2.AnalyzeRequest(type=shown.type, urn=shown.urn, name=shown.name, properties=struct(dict(shown.properties)))
        )
    request = analyzer_pb2.AnalyzeStackRequest(resources=[_message(shown) for shown in case.stack])
    answer: analyzer_pb2.AnalyzeResponse = pack.stub.AnalyzeStack(request)
    return answer


def _message(shown: Shown) -> analyzer_pb2.AnalyzerResource:
    """What the engine shows at the end: outputs, and a component has none."""
    properties = {} if shown.type == SERVER else dict(shown.properties)
    return analyzer_pb2.AnalyzerResource(
        type=shown.type, urn=shown.urn, name=shown.name, parent=shown.parent, properties=struct(properties)
    )


def verdict_of(case: Case) -> Verdict:
    found = [v for v in evaluate(case.evidence(), [RULE[case.rule]]).verdicts if v.target == case.target]
    assert len(found) == 1, f"{case.rule} gives {len(found)} verdicts about {case.target}"
    return found[0]


@every_rule
def test_there_is_an_example_of_each_of_the_five_answers(rule: Rule) -> None:
    assert {c.outcome for c in CASES if c.rule == rule.id} == set(Outcome)


@every_case
def test_the_rule_answers_so_directly(case: Case) -> None:
    verdict = verdict_of(case)

    assert verdict.outcome is case.outcome, verdict.message
    assert "\n" not in verdict.message
    assert bool(verdict.missing) == (case.outcome is Outcome.UNDETERMINED)
    if case.outcome is Outcome.FAIL:
        assert verdict.remedy


@every_case
def test_the_rule_answers_so_through_the_protocol(case: Case, pack: Served, tmp_path: Path) -> None:
    answer = asked(case, pack, tmp_path)
    told = json.loads(pack.report.read_text())["verdicts"]
    found = [v for v in told if (v["rule"], v["target"]) == (case.rule, case.target)]
    name = policy_name(RULE[case.rule])
    shown = [d for d in answer.diagnostics if d.policyName == name]

    assert [v["outcome"] for v in found] == [case.outcome.value], found
    if case.outcome in {Outcome.FAIL, Outcome.WAIVED}:
        mine = [d for d in shown if d.message.startswith(found[0]["message"])]
        level = default_level(verdict_of(case).severity) if case.outcome is Outcome.FAIL else analyzer_pb2.ADVISORY
        assert [d.enforcementLevel for d in mine] == [level]
        assert f"incline rules show {case.rule}" in mine[0].message
    elif case.outcome is Outcome.UNDETERMINED:
        assert [d.enforcementLevel for d in shown if "cannot be decided without" in d.message] == [analyzer_pb2.ADVISORY]
    elif case.outcome is Outcome.NOT_APPLICABLE:
        assert [n.policy_name for n in answer.not_applicable if n.policy_name == name] == [name]
    else:
        assert not [d for d in shown if d.message.startswith(found[0]["message"])]


@every_rule
def test_a_rule_says_all_that_its_page_needs(rule: Rule) -> None:
    assert rule.title
    assert rule.formula
    assert rule.source
    assert rule.remedy
    assert rule.needs
    assert set(rule.controls) <= set(CONTROLS)
    assert all(parameter.reason for parameter in rule.parameters.values())
    assert rule.check.__module__.startswith("policies.rules.")


def test_the_ids_of_rules_are_theirs_alone() -> None:
    assert len({r.id for r in RULES}) == len(RULES) >= 44
    assert len({policy_name(r) for r in RULES}) == len(RULES)
