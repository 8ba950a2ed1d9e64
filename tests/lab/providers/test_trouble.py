"""Sessions that end, operations that take too long, calls that are throttled, power that does not come on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from lab.aws_control import AwsControl
from lab.providers.values import decode
from lab.providers.vsphere import table as vsphere_table
from tests.lab.providers.aws_cases import AMI, AwsStage
from tests.lab.providers.conftest import vsphere_config
from tests.lab.providers.engine import Engine, Known, half_made
from tests.lab.providers.vsphere_cases import MACHINE, VsphereStage, machine_inputs
from tests.lab.vcenter.stage import Stage

pytestmark = pytest.mark.lab
INSTANCE = "aws:ec2/instance:Instance"


@pytest.fixture
def stage(vsphere: Engine, vcenter: Stage) -> Iterator[VsphereStage]:
    yield VsphereStage(vsphere, vcenter.login())
    vcenter.control.calm()


@pytest.fixture
def cloud(aws: Engine, aws_client: Callable[[str], Any], aws_control: AwsControl) -> Iterator[AwsStage]:
    before = aws_control.settings()
    yield AwsStage(aws, aws_client)
    aws_control.calm()
    aws_control.settings(**before)


def test_a_session_that_has_ended_is_renewed_without_a_word(stage: VsphereStage, vcenter: Stage) -> None:
    made = stage.engine.create(stage.engine.urn(MACHINE, stage.unique), machine_inputs(stage, tags=[stage.tag()]))
    vcenter.control.expire_sessions()
    again = stage.engine.refresh(made)
    assert again is not None
    assert again.state["tags"] == [stage.tag()]


def test_a_wrong_password_is_said_to_be_refused(vcenter: Stage) -> None:
    with (
        Engine(vsphere_table(), {**vsphere_config(vcenter), "password": "wrong"}, configured=False) as engine,
        pytest.raises(grpc.RpcError) as caught,
    ):
        engine.configure()
    assert "refuses the login of" in caught.value.details()


def test_a_machine_that_does_not_come_on_is_kept_and_comes_on_with_the_next_update(stage: VsphereStage, vcenter: Stage) -> None:
    inputs = machine_inputs(stage)
    vcenter.control.faults({"method": "PowerOnVM_Task", "object": "*", "fault": "InsufficientResourcesFault", "count": 1})
    with pytest.raises(grpc.RpcError, match="creating") as caught:
        stage.engine.create(stage.engine.urn(MACHINE, stage.unique), inputs)
    left = half_made(caught.value)
    known = Known(stage.engine.urn(MACHINE, stage.unique), left.id, inputs, decode(left.properties)[0])
    assert known.state["powerState"] == "off"
    updated = stage.engine.update(known, inputs)
    assert updated.state["powerState"] == "on"


def test_the_programs_timeout_ends_a_wait_and_what_was_made_is_kept(cloud: AwsStage, aws_control: AwsControl) -> None:
    subnet = cloud.subnet.id
    aws_control.settings(instance_delay_s=30)
    with pytest.raises(grpc.RpcError, match=r"timed out after 1 s waiting for i-\w+ to run") as caught:
        cloud.engine.create(cloud.engine.urn(INSTANCE), {"ami": AMI, "instanceType": "t3.micro", "subnetId": subnet}, timeout=1)
    assert half_made(caught.value).id.startswith("i-")


def test_a_throttled_call_is_repeated(cloud: AwsStage, aws_control: AwsControl) -> None:
    aws_control.throttle("CreateVpc", count=2)
    assert cloud.vpc.id.startswith("vpc-")


def test_instances_that_take_time_are_waited_for(cloud: AwsStage, aws_control: AwsControl) -> None:
    subnet = cloud.subnet.id
    aws_control.settings(instance_delay_s=0.5)
    inputs = {"ami": AMI, "instanceType": "t3.micro", "subnetId": subnet}
    made = cloud.engine.create(cloud.engine.urn(INSTANCE), inputs)
    assert made.state["instanceState"] == "running"
    updated = cloud.engine.update(made, {**inputs, "instanceType": "t3.large"})
    assert updated.state["instanceState"] == "running"
    cloud.engine.delete(updated)
    assert cloud.engine.refresh(updated) is None
