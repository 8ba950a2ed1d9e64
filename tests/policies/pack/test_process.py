"""The pack as the engine meets it: a process that prints its port and speaks the Analyzer protocol."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policies.rules import RULES

ROOT = Path(__file__).resolve().parents[3]
VM = "vsphere:index/virtualMachine:VirtualMachine"
STACK = "urn:pulumi:downtown.servers::incline::"


@pytest.fixture
def pack(tmp_path: Path) -> Iterator[tuple[analyzer_pb2_grpc.AnalyzerStub, Path]]:
    report = tmp_path / "report.json"
    environ = {**os.environ, "INCLINE_ESTATE": str(ROOT / "estate"), "INCLINE_POLICY_REPORT": str(report)}
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(ROOT / "policies")],
        cwd=ROOT / "policies",
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel), report
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()


def configure(stub: analyzer_pb2_grpc.AnalyzerStub) -> None:
    request = analyzer_pb2.AnalyzerStackConfigureRequest(stack="downtown.servers", project="incline", config={"incline:site": "downtown"})
    stub.ConfigureStack(request)


def machine(name: str, **properties: object) -> list[analyzer_pb2.AnalyzerResource]:
    intent, props = Struct(), Struct()
    service = {"owner": "Permits, Licenses and Inspections", "service": "permits", "tier": "silver", "rto": "240m", "rpo": "240m"}
    intent.update({"tags": {**service, "data-class": "confidential", "cost-centre": "PLI-2110"}})
    props.update({"numCpus": 4, "memory": 16384, "disks": [{"size": 8}], **properties})
    parent = f"{STACK}incline:hybrid:Server::{name}"
    return [
        analyzer_pb2.AnalyzerResource(type="incline:hybrid:Server", name=name, urn=parent, properties=intent),
        analyzer_pb2.AnalyzerResource(
            type=VM, name=f"{name}-vm", urn=f"{STACK}incline:hybrid:Server${VM}::{name}-vm", parent=parent, properties=props
        ),
    ]


def analyze(
    stub: analyzer_pb2_grpc.AnalyzerStub, resources: list[analyzer_pb2.AnalyzerResource]
) -> dict[str, analyzer_pb2.AnalyzeDiagnostic]:
    """As the engine does it: every resource's inputs first, then all outputs, of which a component has none."""
    for resource in resources:
        stub.Analyze(analyzer_pb2.AnalyzeRequest(type=resource.type, urn=resource.urn, name=resource.name, properties=resource.properties))
    for resource in resources:
        if resource.type == "incline:hybrid:Server":
            resource.properties.Clear()
    answer = stub.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources))
    return {d.policyName: d for d in answer.diagnostics}


def test_every_rule_is_announced(pack: tuple[analyzer_pb2_grpc.AnalyzerStub, Path]) -> None:
    info = pack[0].GetAnalyzerInfo(empty_pb2.Empty())

    assert [p.name for p in info.policies] == [f"{r.id.lower()}-{r.name}" for r in RULES]


def test_an_overfull_cluster_is_mandatory_with_numbers(pack: tuple[analyzer_pb2_grpc.AnalyzerStub, Path]) -> None:
    configure(pack[0])
    found = analyze(pack[0], machine("permits-db-01", memory=4 << 20))["cap-001-failover-capacity"]

    assert found.enforcementLevel == analyzer_pb2.MANDATORY
    assert "without a place: permits-db-01 (memory)" in found.message
    assert "estate/sites/downtown.yaml:" in found.message
    assert json.loads(pack[1].read_text())["counts"]["fail"] >= 1


def test_a_stack_that_fits_is_stopped_by_nothing(pack: tuple[analyzer_pb2_grpc.AnalyzerStub, Path]) -> None:
    configure(pack[0])
    found = analyze(pack[0], machine("permits-db-01", memory=65536, numCpus=8, disks=[{"size": 8}, {"size": 41}]))

    assert [d.policyName for d in found.values() if d.enforcementLevel != analyzer_pb2.ADVISORY] == []


def test_what_is_undetermined_is_one_line_a_rule(pack: tuple[analyzer_pb2_grpc.AnalyzerStub, Path]) -> None:
    configure(pack[0])
    resources = [r for n in range(30) for r in machine(f"new-{n:02}")]
    for resource in resources:
        pack[0].Analyze(
            analyzer_pb2.AnalyzeRequest(type=resource.type, urn=resource.urn, name=resource.name, properties=resource.properties)
        )
    answer = pack[0].AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources))
    lines = [d for d in answer.diagnostics if "cannot be decided without" in d.message]

    assert len(lines) == len({d.policyName for d in lines})
    assert any(f"{count} objects undetermined: " in d.message for d in lines for count in range(25, 40))


def test_the_answer_stays_below_what_the_host_can_read(pack: tuple[analyzer_pb2_grpc.AnalyzerStub, Path]) -> None:
    configure(pack[0])
    resources = [r for n in range(2000) for r in machine(f"a-server-with-a-name-of-some-length-{n:04}", memory=4 << 20)]
    answer = pack[0].AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources))

    assert answer.ByteSize() < 4 << 20
    assert any("more: server/a-server" in d.message for d in answer.diagnostics)
    assert len(json.loads(pack[1].read_text())["verdicts"]) > 2000


def test_an_unknown_size_is_advice(pack: tuple[analyzer_pb2_grpc.AnalyzerStub, Path]) -> None:
    configure(pack[0])
    found = analyze(pack[0], machine("permits-db-01", memory="04da6b54-80e4-46f7-96ec-b56ff0331ba9"))["cap-001-failover-capacity"]

    assert found.enforcementLevel == analyzer_pb2.ADVISORY
    assert "memory of permits-db-01-vm (known only after the update)" in found.message


def test_the_configuration_changes_a_level_and_a_parameter(pack: tuple[analyzer_pb2_grpc.AnalyzerStub, Path]) -> None:
    configure(pack[0])
    properties = Struct()
    properties.update({"vcpu_per_core": 0.01})
    config = analyzer_pb2.PolicyConfig(enforcementLevel=analyzer_pb2.ADVISORY, properties=properties)
    pack[0].Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={"cap-001-failover-capacity": config}))
    found = analyze(pack[0], machine("permits-db-01"))["cap-001-failover-capacity"]

    assert found.enforcementLevel == analyzer_pb2.ADVISORY
    assert "cores x 0" in found.message


@pytest.mark.parametrize("value", [None, True, "x" * 10_000_000, ["a", {"b": None}], {"c": [1, 2]}])
def test_odd_properties_never_stop_the_pack(pack: tuple[analyzer_pb2_grpc.AnalyzerStub, Path], value: object) -> None:
    configure(pack[0])

    analyze(pack[0], machine("permits-db-01", memory=value, numCpus=value, disks=value, tags=value))


def test_an_estate_that_cannot_be_read_stops_the_preview_with_its_own_words(tmp_path: Path) -> None:
    environ = {**os.environ, "INCLINE_ESTATE": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-u", str(ROOT / "policies")], env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
            stub = analyzer_pb2_grpc.AnalyzerStub(channel)
            with pytest.raises(grpc.RpcError, match="INC-1"):
                stub.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest())
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()
