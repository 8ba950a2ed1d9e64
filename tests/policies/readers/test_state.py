"""States of stacks: what is read, what is hidden, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.estate.model import Estate
from policies.evaluate import evaluate
from policies.evidence import Unknown
from policies.examples.case import TODAY
from policies.examples.ground import ESTATE
from policies.readers.estate import read_estate
from policies.readers.properties import SECRET, SIGNATURE
from policies.readers.stack import VIRTUAL_MACHINE
from policies.readers.state import StateError, overlay_state, read_state
from policies.reports.data import result_data
from tests.fakes.stack_messages import declared, exported

TOWN = Estate.model_validate(ESTATE)


def written(folder: Path, document: Any) -> Path:
    path = folder / "state.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_an_export_is_the_stack_of_its_site(tmp_path: Path) -> None:
    state = read_state(written(tmp_path, exported(declared(TOWN, "hill"))))
    seen = overlay_state(read_estate(TOWN, TODAY), state)

    assert (state.stack, state.site, seen.reader) == ("hill.servers", "hill", "state")
    assert all(s.protected is True for s in seen.servers if s.site == "hill")
    assert seen.findings == ()


def test_a_checkpoint_of_the_file_backend_is_read_too(tmp_path: Path) -> None:
    deployment = exported(declared(TOWN, "hill"))["deployment"]

    assert read_state(written(tmp_path, {"checkpoint": {"latest": deployment}})).stack == "hill.servers"


def test_a_secret_of_the_state_is_unknown_and_never_shown(tmp_path: Path) -> None:
    document = exported(declared(TOWN, "hill"))
    for entry in document["deployment"]["resources"]:
        if entry["type"] == VIRTUAL_MACHINE:
            entry["outputs"]["memory"] = {SIGNATURE: SECRET, "ciphertext": "v1:AAAA", "plaintext": "hunter2"}
    seen = overlay_state(read_estate(TOWN, TODAY), read_state(written(tmp_path, document)))
    memory = next(s.memory for s in seen.servers if s.site == "hill")

    assert isinstance(memory, Unknown)
    assert memory.why == "it is a secret"
    assert "hunter2" not in json.dumps(result_data(evaluate(seen)), default=str)


def test_what_waits_for_its_deletion_is_not_there(tmp_path: Path) -> None:
    document = exported(declared(TOWN, "hill"))
    machines = [r for r in document["deployment"]["resources"] if r["type"] == VIRTUAL_MACHINE]
    machines[0]["delete"] = True

    assert len([r for r in read_state(written(tmp_path, document)).resources if r.type == VIRTUAL_MACHINE]) == len(machines) - 1


@pytest.mark.parametrize(
    "document",
    ["no json", "[1]", {}, {"deployment": None}, {"deployment": {"resources": 7}}, "[" * 100_000],
    ids=["text", "list", "empty", "null", "number", "deep"],
)
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, document: Any) -> None:
    with pytest.raises(StateError) as raised:
        read_state(written(tmp_path, document))

    assert raised.value.code == "INC-3026"


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(StateError) as raised:
        read_state(tmp_path / "none.json")

    assert (raised.value.code, "pulumi stack export" in raised.value.next_step) == ("INC-3025", True)


def test_two_stacks_in_one_file_are_refused(tmp_path: Path) -> None:
    document = exported([*declared(TOWN, "hill"), *declared(TOWN, "dale")])
    with pytest.raises(StateError, match=r"several stacks: dale\.servers, hill\.servers"):
        read_state(written(tmp_path, document))


def test_a_stack_of_no_site_of_the_estate_is_refused(tmp_path: Path) -> None:
    document = json.loads(json.dumps(exported(declared(TOWN, "hill"))).replace("hill.servers", "mars.servers"))
    with pytest.raises(StateError) as raised:
        overlay_state(read_estate(TOWN, TODAY), read_state(written(tmp_path, document)))

    assert raised.value.code == "INC-3027"


@pytest.mark.parametrize("odd", [None, 7, "x", {"urn": 1}, {"type": VIRTUAL_MACHINE}, {"type": VIRTUAL_MACHINE, "outputs": [1]}])
def test_odd_entries_do_not_stop_the_reader(tmp_path: Path, odd: Any) -> None:
    document = exported(declared(TOWN, "hill"))
    document["deployment"]["resources"].append(odd)

    evaluate(overlay_state(read_estate(TOWN, TODAY), read_state(written(tmp_path, document))))
