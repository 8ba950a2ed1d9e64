"""The contract of every AWS type: create, read, no diff, update, replace, drift, import, delete, delete again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from lab.providers.aws import resources
from lab.providers.values import UNKNOWN
from tests.lab.providers.aws_cases import CASES, TRUST, Case, Stage
from tests.lab.providers.engine import Engine, Known, plain

pytestmark = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.rpartition(":")[2])


@pytest.fixture
def client(moto_url: str) -> Callable[[str], Any]:
    return lambda service: boto3.client(
        service, endpoint_url=moto_url, region_name="us-east-1", aws_access_key_id="lab", aws_secret_access_key="lab"
    )


@pytest.fixture
def stage(aws: Engine, client: Callable[[str], Any], moto_url: str) -> Stage:
    import urllib.request

    urllib.request.urlopen(urllib.request.Request(f"{moto_url}/moto-api/reset", method="POST")).read()
    for name in ("first", "second"):
        client("iam").create_policy(
            PolicyName=name, PolicyDocument=TRUST.replace('"Principal": {"Service": "ec2.amazonaws.com"}, ', '"Resource": "*", ')
        )
    return Stage(aws)


@pytest.fixture
def made(case: Case, stage: Stage) -> Known:
    return stage.engine.create(stage.engine.urn(case.name, "case"), case.inputs(stage))


def test_a_preview_knows_the_inputs_and_leaves_the_rest_open(case: Case, stage: Stage) -> None:
    inputs = case.inputs(stage)
    outputs = stage.engine.preview(stage.engine.urn(case.name, "case"), inputs)
    assert {name: outputs[name] for name, value in inputs.items() if not isinstance(value, dict)}.items() <= inputs.items()
    assert set(inputs) <= set(outputs)
    if "arn" in outputs:
        assert outputs["arn"] is UNKNOWN


def test_what_was_made_reads_back_without_a_difference(case: Case, stage: Stage, made: Known) -> None:
    inputs = case.inputs(stage)
    assert made.id
    assert stage.engine.diff(made, inputs).paths == {}
    again = stage.engine.refresh(made)
    assert again is not None
    assert again.state == made.state
    assert again.inputs == made.inputs


def test_each_updatable_field_is_changed_in_place(case: Case, stage: Stage, made: Known) -> None:
    inputs = case.inputs(stage)
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


def test_each_field_that_forces_a_new_resource_is_listed(case: Case, stage: Stage, made: Known) -> None:
    for name, value in case.replaces(stage).items():
        plan = stage.engine.diff(made, {**case.inputs(stage), name: value})
        assert name in plan.replaces, (name, plan)
    unknown = dict.fromkeys(case.replaces(stage), UNKNOWN)
    for name in unknown:
        assert stage.engine.diff(made, {**case.inputs(stage), name: UNKNOWN}).changed


def test_a_change_behind_pulumis_back_is_seen(case: Case, stage: Stage, made: Known, client: Callable[[str], Any]) -> None:
    for path, change in case.drifts.items():
        change(client, made)
        assert path in stage.engine.drift(made), path


def test_a_removal_behind_pulumis_back_is_seen_and_survived(case: Case, stage: Stage, made: Known, client: Callable[[str], Any]) -> None:
    if case.remove is None:
        stage.engine.delete(made)
    else:
        case.remove(client, made)
    assert stage.engine.refresh(made) is None
    stage.engine.delete(made)


def test_an_import_means_the_same(case: Case, stage: Stage, made: Known) -> None:
    found = stage.engine.import_(made.urn, case.import_id(made))
    assert found is not None
    assert found.id == made.id
    untold = {name for name, meaning in stage.engine.table.resources[case.name].fields.items() if meaning.local}
    assert set(stage.engine.diff(found, plain(case.inputs(stage))).paths) <= untold
    assert stage.engine.diff(found, plain(found.inputs)).paths == {}


def test_delete_and_delete_again(case: Case, stage: Stage, made: Known) -> None:
    stage.engine.delete(made)
    assert stage.engine.refresh(made) is None
    stage.engine.delete(made)


def test_inputs_that_the_class_does_not_have_are_refused(case: Case, stage: Stage) -> None:
    _, failures = stage.engine.check(stage.engine.urn(case.name, "case"), {**case.inputs(stage), "nonsense": 1})
    assert failures == {"nonsense": f"{case.name} has no property 'nonsense'"}


def test_every_entry_is_in_the_contract(case: Case) -> None:
    assert {item.name for item in resources()} == {item.name for item in CASES}
    assert case.name in {item.name for item in resources()}
