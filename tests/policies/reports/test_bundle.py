"""A saved check gives the same report hash anywhere, and another one when a number is another."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.errors import InclineError
from infra.estate.load import load_estate
from infra.estate.model import GIB
from policies.bundle import Bundle, digest, make_bundle, plain, read_bundle, replay, report_hash, write_bundle
from policies.evaluate import evaluate
from policies.evidence import Evidence
from policies.moments import Moment, worst_of
from policies.readers.estate import read_estate
from policies.readers.places import locator
from tests.policies.builders import server
from tests.policies.reports import sample

ROOT = Path(__file__).parents[3]


def moment(found: Evidence, name: str = "") -> Moment:
    return Moment(name=name, evidence=found, result=evaluate(found))


def hash_of(found: Evidence) -> str:
    one = moment(found)
    return report_hash((one,), one.result)


def back(found: Evidence) -> Evidence:
    return Bundle("", [{"name": "", "evidence": plain(found)}], {}, {}, {}, {}, "").judge()[0].evidence


def bundle(**changes: object) -> Bundle:
    return make_bundle("a check", (moment(sample.evidence(**changes)),), {"estate.yaml": "name: city\n"})


def test_evidence_survives_being_written_and_read() -> None:
    found = sample.evidence()

    assert back(found) == found


def test_the_example_estate_survives_too() -> None:
    root = ROOT / "estate"
    found = read_estate(load_estate(root), date(2026, 11, 25), locator(root))

    assert back(found) == found


def test_a_file_gives_the_same_hash_again(tmp_path: Path) -> None:
    saved = bundle()
    write_bundle(tmp_path / "check.json", saved)
    again = replay(read_bundle(tmp_path / "check.json"))

    assert again.same
    assert again.report_hash == saved.report_hash
    assert again.result == evaluate(sample.evidence())


def test_another_process_with_another_order_of_maps_gives_the_same_hash(tmp_path: Path) -> None:
    saved = bundle()
    turned = json.loads(json.dumps(saved.document()))
    turned["moments"][0]["evidence"] = dict(reversed(turned["moments"][0]["evidence"].items()))
    (tmp_path / "check.json").write_text(json.dumps(turned), encoding="utf-8")
    code = "import sys; from pathlib import Path; from policies.bundle import *; print(replay(read_bundle(Path(sys.argv[1]))).report_hash)"
    environment = {"PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland", "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "check.json")],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        check=True,
    )

    assert done.stdout.strip() == saved.report_hash


def test_names_of_this_machine_are_taken_out(tmp_path: Path) -> None:
    def here(folder: Path) -> Bundle:
        servers = (server("a", source=f"{folder}/estate/servers/a.yaml:3"),)
        return make_bundle("x", (moment(sample.evidence(servers=servers)),), {}, here=str(folder))

    one, other = here(tmp_path / "one"), here(tmp_path / "two")

    assert one.report_hash == other.report_hash
    assert str(tmp_path) not in json.dumps(one.document())


CHANGES: dict[str, Callable[[Evidence], Evidence]] = {
    "a size": lambda e: replace(e, servers=(replace(e.servers[0], memory=e.servers[0].memory + 1), *e.servers[1:])),
    "a day": lambda e: replace(e, today=e.today + timedelta(days=1)),
    "a waiver": lambda e: replace(e, waivers=e.waivers[1:]),
    "a parameter": lambda e: replace(e, standards=e.standards.model_copy(update={"rules": {"CAP-001": {"vcpu_per_core": 3.0}}})),
    "a source": lambda e: replace(e, clusters=(replace(e.clusters[0], source="estate/sites/x.yaml:1"), *e.clusters[1:])),
    "a point of a projection": lambda e: replace(
        e,
        forecasts=(
            replace(e.forecasts[0], points=(replace(e.forecasts[0].points[0], p90=1.0), *e.forecasts[0].points[1:])),
            *e.forecasts[1:],
        ),
    ),
}


@pytest.mark.parametrize("what", list(CHANGES))
def test_the_hash_is_another_when_the_input_is(what: str) -> None:
    before = sample.evidence()
    after = CHANGES[what](before)

    assert hash_of(before) != hash_of(after)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 900), st.integers(1, 64), st.sampled_from([None, True, False]))
def test_any_size_survives_and_gives_its_own_hash(memory: int, cpus: int, drs: bool | None) -> None:
    found = sample.evidence(servers=(server("a", memory=memory * GIB, cpus=cpus),))
    if drs is not None:
        found = replace(found, clusters=tuple(replace(c, drs=drs) for c in found.clusters))
    saved = make_bundle("x", (moment(found),), {})

    assert replay(saved).same
    assert saved.report_hash == hash_of(found)


def test_numbers_are_hashed_by_value_and_maps_in_no_order() -> None:
    assert digest({"a": 5.0, "b": [1, 2]}) == digest({"b": (1.0, 2), "a": 5})
    assert digest({"a": 5.5}) != digest({"a": 5})


def damaged(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    document = bundle().document()
    document = json.loads(json.dumps(document))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_an_edited_input_is_found_and_the_verdict_that_turned_is_named(tmp_path: Path) -> None:
    def smaller(document: dict[str, Any]) -> None:
        document["moments"][0]["evidence"]["servers"][2]["memory"] = GIB
        document["moments"][0]["evidence"]["servers"][3]["memory"] = GIB

    again = replay(read_bundle(damaged(tmp_path / "b.json", smaller)))

    assert not again.same
    assert any("CAP-001 cluster/downtown/data" in change for change in again.changes)


def test_an_edited_verdict_is_found(tmp_path: Path) -> None:
    def excuse(document: dict[str, Any]) -> None:
        failed = next(v for v in document["result"]["verdicts"] if v["outcome"] == "fail")
        failed["outcome"] = "pass"

    assert not replay(read_bundle(damaged(tmp_path / "b.json", excuse))).same


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "INC-3040"),
        ("{", "INC-3040"),
        ("[]", "INC-3041"),
        ('{"schema": "incline.bundle/9"}', "INC-3041"),
        ('{"schema": "incline.bundle/1"}', "INC-3041"),
        (json.dumps({"schema": "incline.bundle/1", **{key: {} for key in Bundle.__dataclass_fields__}}), "INC-3041"),
    ],
)
def test_what_is_no_bundle_is_refused_with_a_next_step(tmp_path: Path, text: str | None, code: str) -> None:
    path = tmp_path / "b.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")

    with pytest.raises(InclineError) as caught:
        read_bundle(path)

    assert caught.value.code == code
    assert "incline check --bundle" in caught.value.next_step


def test_a_plan_is_saved_with_all_its_moments_and_what_was_before(tmp_path: Path) -> None:
    before = sample.evidence()
    later = sample.evidence(servers=(*before.servers, server("new-01", memory=700 * GIB)))
    moments = (moment(before, "wave 1"), moment(later, "wave 2"))
    saved = make_bundle("a plan", moments, {}, before=before)
    write_bundle(tmp_path / "b.json", saved)
    again = replay(read_bundle(tmp_path / "b.json"))

    assert again.same
    assert (again.before, again.result) == (before, worst_of(moments))
    assert [m.name for m in again.moments] == ["wave 1", "wave 2"]
    assert saved.report_hash != make_bundle("a plan", moments, {}).report_hash
    assert saved.report_hash != make_bundle("a plan", moments[::-1], {}, before=before).report_hash


def test_what_has_no_limit_can_be_saved_too() -> None:
    found = sample.evidence()
    endless = replace(found, quotas=(replace((found.quotas or ())[0], limit=math.inf),))

    assert back(endless) == endless
    assert replay(make_bundle("x", (moment(endless),), {})).same
    json.dumps(make_bundle("x", (moment(endless),), {}).document(), allow_nan=False)


def test_a_verdict_that_says_the_same_for_other_reasons_is_named_once(tmp_path: Path) -> None:
    def other(document: dict[str, Any]) -> None:
        verdict = next(v for v in document["result"]["verdicts"] if v["formula"])
        verdict["formula"] = "1 <= 2"

    again = replay(read_bundle(damaged(tmp_path / "b.json", other)))

    (change,) = again.changes
    assert "as before, but for other reasons: " in change
