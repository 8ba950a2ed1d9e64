"""One input, five readers: the same verdict ids and verdicts, or undetermined with the datum that the reader lacks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from infra.estate.model import Estate
from infra.observed.capacity import CapacitySnapshot
from policies.evaluate import evaluate
from policies.evidence import Evidence
from policies.examples.case import NOW, TODAY, Case, Document
from policies.examples.cases import all_cases
from policies.examples.ground import SNAPSHOT
from policies.pack.analyzer import Analyzer
from policies.pack.context import PackContext
from policies.readers.estate import read_estate
from policies.readers.live import read_live
from policies.readers.plan import read_plan
from policies.readers.state import overlay_state, read_state
from policies.readers.surroundings import Surroundings
from policies.verdict import Outcome
from tests.fakes.example_files import write_example
from tests.fakes.stack_messages import Declared, declared, exported, previewed

Answers = dict[tuple[str, str], tuple[str, tuple[str, ...]]]
"""Outcome and missing data by rule and object: a verdict's id is its rule and its object."""

AROUND = Surroundings(now=NOW)
MOVED, TARGET = "records-db-01", "cloud"


def answers(evidence: Evidence) -> Answers:
    return {(v.rule, v.target): (v.outcome.value, v.missing) for v in evaluate(evidence).verdicts}


def from_documents(estate: Document, snapshot: Document | None) -> tuple[Estate, CapacitySnapshot | None]:
    return Estate.model_validate(estate), None if snapshot is None else CapacitySnapshot.model_validate(snapshot)


def declared_and_seen(estate: Estate, seen: CapacitySnapshot | None) -> Evidence:
    return AROUND.over_seen(read_estate(estate, TODAY), seen, "capacity.json")


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[analyzer_pb2_grpc.AnalyzerStub, Path]]:
    folder = tmp_path_factory.mktemp("pack")
    report = folder / "report.json"
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Analyzer(PackContext(root=folder, report=str(report)), clock=lambda: NOW), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield analyzer_pb2_grpc.AnalyzerStub(channel), report
    server.stop(grace=None).wait()


def by_preview(
    stub: tuple[analyzer_pb2_grpc.AnalyzerStub, Path], estate: Document, snapshot: Document | None, site: str, folder: Path
) -> Answers:
    """The preview of one site's stack, through the engine's protocol."""
    pack, report = stub
    config = {"incline:estate": str(write_example(estate, folder / "estate")), "incline:site": site}
    if snapshot is not None:
        (folder / "capacity.json").write_text(json.dumps(snapshot))
        config["incline:capacity"] = str(folder / "capacity.json")
    pack.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(stack=f"{site}.servers", project="incline", config=config))
    previewed(pack, declared(Estate.model_validate(estate), site))
    told = json.loads(report.read_text())["verdicts"]
    return {(v["rule"], v["target"]): (v["outcome"], tuple(v["missing"])) for v in told}


def by_state(estate: Document, snapshot: Document | None, folder: Path) -> Answers:
    """All sites' states, exported after the update."""
    model, seen = from_documents(estate, snapshot)
    evidence = declared_and_seen(model, seen)
    for site in model.sites:
        file = folder / f"{site}.json"
        file.write_text(json.dumps(exported(declared(model, site), filled_in(declared(model, site)))))
        evidence = overlay_state(evidence, read_state(file))
    return answers(evidence)


def filled_in(resources: list[Declared]) -> dict[str, dict[str, Any]]:
    """What the plugins know once the machines are there."""
    instance = {"publicIp": "", "disableApiTermination": True, "maintenanceOptions": {"autoRecovery": "default"}}
    return {r.name: instance for r in resources if r.name.endswith("-instance")}


def differences(ours: Answers, theirs: Answers) -> list[str]:
    """Where two readers disagree for another reason than a datum that one of them lacks and names."""
    found = []
    for key in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(key), theirs.get(key)
        if one is None or other is None or (one[0] != other[0] and not (_names_a_lack(one) or _names_a_lack(other))):
            found.append(f"{key}: {one} and {other}")
    return found


def _names_a_lack(answer: tuple[str, tuple[str, ...]]) -> bool:
    return answer[0] == Outcome.UNDETERMINED.value and bool(answer[1])


def _same_machines(case: Case) -> bool:
    """Whether an example's machines are as they are declared, so that it is one input for all readers."""
    estate, snapshot = case.documents()
    if snapshot is None or set(estate["servers"]) != {m["server"] for m in _machines(snapshot)}:
        return False
    on_trial = any(p.get("held") or p.get("move") for p in estate["placements"].values())
    return not on_trial and _machines(snapshot) == _machines(SNAPSHOT) and _entries(estate) == _entries(the_ground().documents()[0])


def the_ground() -> Case:
    return Case(rule="", outcome=Outcome.PASS, target="", says="the ground")


def _machines(snapshot: Document) -> list[Document]:
    return [m for site in snapshot["sites"].values() for m in site.get("machines", site.get("instances", []))]


def _entries(estate: Document) -> list[Any]:
    promises = [
        (s["name"], s["owner"], s["tier"], s["rto_minutes"], s["rpo_minutes"], s["data_class"]) for s in estate["services"].values()
    ]
    return [(s["name"], s.get("ports"), s["size"], s["disks"], s["service"], s["at"]) for s in estate["servers"].values()] + promises


ONE_INPUT = [the_ground(), *(case for case in all_cases() if _same_machines(case))]
every_input = pytest.mark.parametrize("case", ONE_INPUT, ids=[f"{c.rule or 'ground'}-{c.outcome}-{i}" for i, c in enumerate(ONE_INPUT)])


@every_input
def test_live_agrees_with_the_estate_and_its_snapshot(case: Case) -> None:
    estate, seen = from_documents(*case.documents())
    assert seen is not None

    assert differences(answers(declared_and_seen(estate, seen)), answers(read_live(read_estate(estate, TODAY), seen, AROUND))) == []


@every_input
def test_states_agree_with_the_estate_and_its_snapshot(case: Case, tmp_path: Path) -> None:
    documents = case.documents()

    assert differences(answers(declared_and_seen(*from_documents(*documents))), by_state(*documents, tmp_path)) == []


@pytest.mark.parametrize(
    ("case", "site"),
    [(case, ("hill", "cloud")[n % 2]) for n, case in enumerate(ONE_INPUT)] + [(ONE_INPUT[0], "cloud"), (ONE_INPUT[0], "dale")],
)
def test_a_preview_agrees_with_the_estate_and_its_snapshot(
    case: Case, site: str, stub: tuple[analyzer_pb2_grpc.AnalyzerStub, Path], tmp_path: Path
) -> None:
    documents = case.documents()

    assert differences(answers(declared_and_seen(*from_documents(*documents))), by_preview(stub, *documents, site, tmp_path)) == []


def moved_documents() -> tuple[Document, Document]:
    """The ground while a server is on trial: declared and seen on both sides, its source off."""
    estate, snapshot = the_ground().documents()
    assert snapshot is not None
    held = {"machine": {"site": "hill"}, "since": NOW.isoformat(), "move": "planned"}
    estate["generation"] = 2
    estate["servers"][MOVED]["site"] = TARGET
    estate["placements"][MOVED] = {"server": MOVED, "generation": 2, "origin": "moved", "machine": {"site": TARGET}, "held": held}
    return estate, snapshot


def test_a_plan_agrees_with_the_previews_of_the_same_change(stub: tuple[analyzer_pb2_grpc.AnalyzerStub, Path], tmp_path: Path) -> None:
    before, snapshot = the_ground().documents()
    estate, seen = from_documents(before, snapshot)
    plan = answers(AROUND.over_seen(read_plan(estate, MOVED, TARGET, TODAY), seen, "capacity.json"))

    for site in ("hill", "cloud"):
        assert differences(plan, by_preview(stub, *moved_documents(), site, tmp_path / site)) == []


def test_a_plan_agrees_with_the_live_estate_once_it_is_carried_out() -> None:
    before, snapshot = the_ground().documents()
    estate, seen = from_documents(before, snapshot)
    plan = answers(AROUND.over_seen(read_plan(estate, MOVED, TARGET, TODAY), seen, "capacity.json"))
    after, observed = moved_documents()
    machine = next(m for m in observed["sites"]["hill"]["machines"] if m["server"] == MOVED)
    machine.update(running=False, nics_connected=False)
    cloud = observed["sites"]["cloud"]
    network = after["servers"][MOVED]["at"]["cloud"]["nics"][0]["network"]
    zone = next(n["zone"] for n in cloud["networks"] if n["name"] == network)
    service = after["services"]["records"]
    twin = {"name": MOVED, "server": MOVED, "instance_id": "i-0moved", "subnet": network, "zone": zone, "usage": machine["usage"]}
    tags = {**cloud["instances"][0]["tags"], "service": "records", "tier": service["tier"], "rto": f"{service['rto_minutes']}m"}
    cloud["instances"].append({**cloud["instances"][0], **twin, "tags": tags})
    cloud["ingress"].append({**cloud["ingress"][0], "group": MOVED, "servers": [MOVED]})
    moved, then = from_documents(after, observed)
    assert then is not None

    live = answers(read_live(read_estate(moved, TODAY), then, AROUND))

    # CAP-004 speaks of demand projected to the night of a move: once the machine stands there, its demand is measured.
    assert differences(*({k: v for k, v in each.items() if k[0] != "CAP-004"} for each in (plan, live))) == []
