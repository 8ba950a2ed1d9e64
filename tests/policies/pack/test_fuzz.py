"""Whatever a stack's properties are, the pack answers, and no secret is in what it says.

Names, unknowns, secrets, wrong types, nulls, huge texts and numbers, deep nesting, parents in a circle: through the real messages.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi.runtime.proto import analyzer_pb2

from policies.examples.case import NOW
from policies.examples.ground import ESTATE, SNAPSHOT
from policies.pack.analyzer import Analyzer
from policies.pack.context import PackContext
from policies.readers.properties import OUTPUT, SECRET, SIGNATURE, UNKNOWNS
from policies.readers.stack import KEYS, SERVER, VIRTUAL_MACHINE
from policies.verdict import Outcome
from tests.fakes.example_files import write_example

HIDDEN = "correct-horse-battery-staple"
DEEPEST = 12
"""Protobuf refuses messages nested deeper than 100; an object of a Struct takes three levels."""

plain = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(-(1 << 62), 1 << 62).map(float),
    st.sampled_from(sorted(UNKNOWNS)),
    st.sampled_from(
        ["", "0", "-1", "efi", "gp3", "0.0.0.0/0", "::/0", "999.1.1.1/40", "required", "../../etc", "<b>x</b>", "a\nb\x00c", "🂡" * 40]
    ),
    st.text(max_size=30),
)
secrets = st.one_of(
    st.builds(lambda v: {SIGNATURE: SECRET, "value": v}, st.sampled_from([HIDDEN, [HIDDEN], {"a": HIDDEN}])),
    st.builds(lambda v: {SIGNATURE: OUTPUT, "value": v, "secret": True}, st.sampled_from([HIDDEN, [HIDDEN], {"a": HIDDEN}])),
    st.just({SIGNATURE: OUTPUT}),
    st.builds(lambda v: {SIGNATURE: v}, plain),
)
values = st.recursive(
    st.one_of(plain, secrets),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["size", "diskMode", "label", "httpTokens", "fromPort", "toPort", "cidrBlocks", "autoRecovery", "x"]), inner
        ),
    ),
    max_leaves=12,
)
names = st.one_of(st.sampled_from([*ESTATE["servers"], "new-01", "", "a b/c"]), st.text(max_size=20))


@st.composite
def resources(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from([*KEYS, "aws:s3/bucket:Bucket"]))
    keys = sorted(KEYS.get(kind, {"x"}))
    name, parent = draw(names), draw(names)
    return {
        "type": kind,
        "name": name,
        "urn": draw(st.one_of(st.just(f"urn:pulumi:hill.servers::p::{kind}::{name}"), st.text(max_size=20))),
        "parent": draw(
            st.sampled_from(["", f"urn:pulumi:hill.servers::p::{SERVER}::{parent}", f"urn:pulumi:hill.servers::p::{kind}::{name}"])
        ),
        "properties": draw(st.dictionaries(st.sampled_from(keys), values)),
    }


class Refused(Exception):  # noqa: N818 - what the engine would show
    """The pack stopped the preview."""


class Context:
    """The one thing that the pack asks of gRPC's context."""

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        """As gRPC does it: never return."""
        raise Refused(f"{code}: {details}")


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> tuple[Analyzer, Path]:
    folder = tmp_path_factory.mktemp("fuzz")
    write_example(ESTATE, folder / "estate")
    (folder / "capacity.json").write_text(json.dumps(SNAPSHOT))
    report = folder / "report.json"
    context = PackContext(root=folder, stack="hill.servers", capacity_override="capacity.json", report=str(report))
    return Analyzer(context, clock=lambda: NOW), report


def struct(properties: dict[str, Any]) -> Struct:
    made = Struct()
    made.update(properties)
    return made


def judged(analyzer: Analyzer, listed: list[dict[str, Any]]) -> analyzer_pb2.AnalyzeResponse:
    """Through the bytes of the real messages, inputs first."""
    stack = analyzer_pb2.AnalyzeStackRequest()
    for each in listed:
        properties = struct(each["properties"])
        analyzer.Analyze(
            analyzer_pb2.AnalyzeRequest(type=each["type"], urn=each["urn"], name=each["name"], properties=properties), Context()
        )
        stack.resources.append(analyzer_pb2.AnalyzerResource(**{**each, "properties": properties}))
    answer = analyzer.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest.FromString(stack.SerializeToString()), Context())
    return analyzer_pb2.AnalyzeResponse.FromString(answer.SerializeToString())


def no_defect(report: Path) -> list[str]:
    """The rules that broke off: their boundary would hide it from a preview, not from this test."""
    told = json.loads(report.read_text())["verdicts"]
    undetermined = (v for v in told if v["outcome"] == Outcome.UNDETERMINED.value)
    return [v["message"] for v in undetermined if "broke off with an error" in v["message"]]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(resources(), max_size=6))
def test_any_properties_are_judged_and_no_secret_is_told(pack: tuple[Analyzer, Path], listed: list[dict[str, Any]]) -> None:
    analyzer, report = pack
    answer = judged(analyzer, listed)

    assert HIDDEN not in report.read_text()
    assert HIDDEN not in "".join(d.message for d in answer.diagnostics)
    assert no_defect(report) == []


def machine(**properties: object) -> dict[str, Any]:
    urn = f"urn:pulumi:hill.servers::p::{VIRTUAL_MACHINE}::records-db-01"
    return {"type": VIRTUAL_MACHINE, "name": "records-db-01", "urn": urn, "parent": "", "properties": properties}


@pytest.mark.parametrize("kind", sorted(KEYS))
@pytest.mark.parametrize("value", ["x" * 10_000_000, float("nan"), float("inf"), -1.0, 1e300, 2.0**53], ids=lambda v: str(v)[:6])
def test_values_beyond_all_measure(pack: tuple[Analyzer, Path], kind: str, value: object) -> None:
    analyzer, report = pack
    key = min(KEYS[kind])
    other = dict.fromkeys(sorted(KEYS[kind]), value) if not isinstance(value, str) else {key: value, "tags": {"owner": value}}
    answer = judged(analyzer, [{**machine(), "type": kind, "properties": other}])

    assert answer.ByteSize() < 4 << 20
    assert no_defect(report) == []
    assert len(report.read_text()) < 2_000_000


def nested(levels: int, leaf: object) -> object:
    made: object = leaf
    for level in range(levels):
        made = {"disks": made} if level % 2 else [made]
    return made


@pytest.mark.parametrize("key", ["memory", "disks", "numCpus"])
def test_nesting_as_deep_as_the_wire_takes_it(pack: tuple[Analyzer, Path], key: str) -> None:
    analyzer, report = pack
    judged(analyzer, [machine(**{"name": "records-db-01", key: nested(DEEPEST, {SIGNATURE: SECRET, "value": HIDDEN})})])

    assert HIDDEN not in report.read_text()


def test_parents_in_a_circle_and_twins_end(pack: tuple[Analyzer, Path]) -> None:
    analyzer, report = pack
    first, second = machine(numCpus=4, memory=1024, disks=[{"size": 1}]), machine(numCpus=8, memory=1024, disks=[{"size": 1}])
    first["parent"], second["parent"] = second["urn"], first["urn"]
    judged(analyzer, [first, second, {**machine(), "type": SERVER, "parent": first["urn"], "properties": {"tags": {"owner": "x"}}}])

    assert no_defect(report) == []
