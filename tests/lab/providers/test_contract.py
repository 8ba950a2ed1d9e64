"""The contract of every type of both providers: create, read, no diff, update, replace, drift, import, delete, delete again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lab.providers import aws as aws_package
from lab.providers import vsphere as vsphere_package
from lab.providers.values import UNKNOWN
from tests.lab.providers import aws_cases, vsphere_cases
from tests.lab.providers.aws_cases import AwsStage
from tests.lab.providers.case import Case
from tests.lab.providers.engine import Engine, Known, plain
from tests.lab.providers.vsphere_cases import VsphereStage
from tests.lab.vcenter.stage import Stage as VcenterStage

CASES = [*aws_cases.CASES, *vsphere_cases.CASES]
every_type = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.rpartition(":")[2])
pytestmark = pytest.mark.lab


@pytest.fixture
def stage(case: Case, request: pytest.FixtureRequest) -> AwsStage | VsphereStage:
    if case.name.startswith("aws:"):
        engine: Engine = request.getfixturevalue("aws")
        client: Callable[[str], Any] = request.getfixturevalue("aws_client")
        return AwsStage(engine, client)
    vcenter: VcenterStage = request.getfixturevalue("vcenter")
    return VsphereStage(request.getfixturevalue("vsphere"), vcenter.login())


@pytest.fixture
def inputs(case: Case, stage: Any) -> dict[str, Any]:
    return case.inputs(stage)


@pytest.fixture
def made(case: Case, stage: Any, inputs: dict[str, Any]) -> Known:
    return stage.engine.create(stage.engine.urn(case.name, stage.unique), inputs)


@every_type
def test_a_preview_knows_the_inputs_and_leaves_the_rest_open(case: Case, stage: Any, inputs: dict[str, Any]) -> None:
    outputs = stage.engine.preview(stage.engine.urn(case.name, "case"), inputs)
    assert set(inputs) <= set(outputs)
    assert all(outputs[name] == value for name, value in inputs.items() if isinstance(value, (str, int)))
    if "arn" in outputs:
        assert outputs["arn"] is UNKNOWN


@every_type
def test_what_was_made_reads_back_without_a_difference(case: Case, stage: Any, inputs: dict[str, Any], made: Known) -> None:
    assert made.id
    assert stage.engine.diff(made, inputs).paths == {}
    again = stage.engine.refresh(made)
    assert again is not None
    assert stage.engine.diff(again, inputs).paths == {}
    assert again.inputs == made.inputs


@every_type
def test_each_updatable_field_is_changed_in_place(case: Case, stage: Any, inputs: dict[str, Any], made: Known) -> None:
    for name, value in case.updates(stage).items():
        inputs = {**inputs, name: value}
        plan = stage.engine.diff(made, inputs)
        if value != made.state.get(name, value):
            assert plan.changed, name
        assert not plan.replaces, name
        made = stage.engine.update(made, inputs)
        assert stage.engine.diff(made, inputs).paths == {}, name
        again = stage.engine.refresh(made)
        assert again is not None
        assert stage.engine.diff(again, inputs).paths == {}, name


@every_type
def test_each_field_that_forces_a_new_resource_is_listed(case: Case, stage: Any, inputs: dict[str, Any], made: Known) -> None:
    for name, value in case.replaces(stage).items():
        plan = stage.engine.diff(made, {**inputs, name: value})
        assert name in plan.replaces, (name, plan)
    for name in case.replaces(stage):
        assert stage.engine.diff(made, {**inputs, name: UNKNOWN}).changed


@every_type
def test_a_change_behind_pulumis_back_is_seen(case: Case, stage: Any, made: Known) -> None:
    for path, change in case.drifts.items():
        change(stage, made)
        assert path in stage.engine.drift(made), path


@every_type
def test_a_removal_behind_pulumis_back_is_seen_and_survived(case: Case, stage: Any, made: Known) -> None:
    if case.remove is None:
        stage.engine.delete(made)
    else:
        case.remove(stage, made)
    assert stage.engine.refresh(made) is None
    stage.engine.delete(made)


@every_type
def test_an_import_means_the_same(case: Case, stage: Any, inputs: dict[str, Any], made: Known) -> None:
    found = stage.engine.import_(made.urn, case.import_id(stage, made))
    assert found is not None
    assert found.id == made.id
    untold = {name for name, meaning in stage.engine.table.resources[case.name].fields.items() if meaning.local}
    assert set(stage.engine.diff(found, inputs).paths) <= untold
    assert stage.engine.diff(found, plain(found.inputs)).paths == {}


@every_type
def test_delete_and_delete_again(case: Case, stage: Any, made: Known) -> None:
    stage.engine.delete(made)
    assert stage.engine.refresh(made) is None
    stage.engine.delete(made)


@every_type
def test_inputs_that_the_class_does_not_have_are_refused(case: Case, stage: Any, inputs: dict[str, Any]) -> None:
    _, failures = stage.engine.check(stage.engine.urn(case.name, "case"), {**inputs, "nonsense": 1})
    assert failures == {"nonsense": f"{case.name} has no property 'nonsense'"}


def test_every_entry_is_in_the_contract_and_cites_its_upstream() -> None:
    entries = [*aws_package.resources(), *vsphere_package.resources()]
    assert {item.name for item in entries} == {item.name for item in CASES}
    assert all(item.upstream.endswith(".go") for item in entries)
