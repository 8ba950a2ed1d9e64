"""Where the real plugins hurt, these do too: starts that nobody asked for, labels that cost a disk, disks that never shrink."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from lab.providers.values import decode
from lab.providers.vsphere.machine_settings import needs_restart
from tests.lab.providers.aws_cases import AMI, AwsStage
from tests.lab.providers.engine import Engine, Known, half_made
from tests.lab.providers.vsphere_cases import MACHINE, VsphereStage, disk, machine_inputs
from tests.lab.vcenter.stage import MIB, Stage

pytestmark = pytest.mark.lab


@pytest.fixture
def stage(vsphere: Engine, vcenter: Stage) -> VsphereStage:
    return VsphereStage(vsphere, vcenter.login())


@pytest.fixture
def inputs(stage: VsphereStage) -> dict[str, Any]:
    return machine_inputs(stage)


@pytest.fixture
def made(stage: VsphereStage, inputs: dict[str, Any]) -> Known:
    return stage.engine.create(stage.engine.urn(MACHINE, stage.unique), inputs)


@pytest.fixture
def cloud(aws: Engine, aws_client: Callable[[str], Any]) -> AwsStage:
    return AwsStage(aws, aws_client)


def power(stage: VsphereStage, known: Known) -> str:
    return str(stage.find(known).runtime.powerState)


def files(stage: VsphereStage, known: Known) -> list[str]:
    return [each.backing.fileName for each in stage.client.disks(stage.find(known))]


def test_every_update_ends_with_a_power_on_of_a_machine_that_was_off_too(stage: VsphereStage, inputs: dict[str, Any], made: Known) -> None:
    stage.client.done(stage.find(made).PowerOffVM_Task())
    stage.engine.update(made, {**inputs, "annotation": "a new note"})
    assert power(stage, made) == "poweredOn"


def test_with_everything_ignored_a_machine_that_is_off_is_left_alone(stage: VsphereStage, inputs: dict[str, Any], made: Known) -> None:
    stage.client.done(stage.find(made).PowerOffVM_Task())
    stage.reconfigure(made, annotation="by hand")
    held = stage.engine.refresh(made)
    assert held is not None
    wanted = {**inputs, "annotation": "a new note", "numCpus": 4, "tags": [stage.tag()], "disks": [disk(1, 9)]}
    assert not stage.engine.diff(held, wanted, ignore=("*",)).changed
    assert stage.engine.diff(held, wanted, ignore=("numCpus", "disks", "tags")).paths == {"annotation": "UPDATE"}


def test_another_label_is_another_disk_and_an_empty_one(stage: VsphereStage, vcenter: Stage, inputs: dict[str, Any], made: Known) -> None:
    renamed = {**inputs, "disks": [disk(1, 1), disk(2, 2, label="data")]}
    assert stage.engine.diff(made, renamed).paths == {"disks[1].label": "UPDATE"}
    vcenter.control.guest_write(stage.unique, 1, 16 * MIB, b"the only copy")
    after = stage.engine.update(made, renamed).state["disks"][1]
    assert (after["label"], after["size"]) == ("data", 2)
    assert len(files(stage, made)) == 2
    assert vcenter.control.guest_read(stage.unique, 1, 16 * MIB, 13) == bytes(13)


def test_a_disk_that_is_kept_on_removal_leaves_its_file(stage: VsphereStage, inputs: dict[str, Any], made: Known) -> None:
    kept = {**inputs, "disks": [disk(1, 1), disk(2, 2, keepOnRemove=True)]}
    made = stage.engine.update(made, kept)
    path = made.state["disks"][1]["path"]
    made = stage.engine.update(made, {**inputs, "disks": [disk(1, 1)]})
    assert len(files(stage, made)) == 1
    attached = {"label": "again", "attach": True, "path": path, "datastoreId": stage.store(), "unitNumber": 1}
    made = stage.engine.update(made, {**inputs, "disks": [disk(1, 1), attached]})
    assert files(stage, made)[1] == f"[fast] {path}"
    again = stage.engine.refresh(made)
    assert again is not None
    assert stage.engine.diff(again, {**inputs, "disks": [disk(1, 1), attached]}).paths == {}


def test_an_attached_disk_has_no_size(stage: VsphereStage, inputs: dict[str, Any]) -> None:
    attached = {"label": "x", "attach": True, "path": "a.vmdk", "datastoreId": stage.store(), "size": 4, "unitNumber": 1}
    _, failures = stage.engine.check(stage.engine.urn(MACHINE), {**inputs, "disks": [disk(1, 1), attached]})
    assert failures == {"disks[1].size": 'size for disk "x" cannot be defined when attach is set'}


def test_a_disk_never_shrinks_and_says_so_in_the_preview(stage: VsphereStage, inputs: dict[str, Any], made: Known) -> None:
    smaller = {**inputs, "disks": [disk(1, 1), disk(2, 1)]}
    assert stage.engine.diff(made, smaller).paths == {"disks[1].size": "UPDATE"}
    with pytest.raises(grpc.RpcError, match=r"virtual disk \"Hard disk 2\": virtual disks cannot be shrunk \(old: 2 new: 1\)"):
        stage.engine.update(made, smaller)


def test_the_eighth_disk_skips_the_unit_of_the_controller(stage: VsphereStage, inputs: dict[str, Any]) -> None:
    nine = {**inputs, "disks": [disk(number, 1) for number in range(1, 10)]}
    made = stage.engine.create(stage.engine.urn(MACHINE, stage.unique), nine)
    assert [each["unitNumber"] for each in made.state["disks"]] == list(range(9))
    assert [each.unitNumber for each in stage.client.disks(stage.find(made))] == [0, 1, 2, 3, 4, 5, 6, 8, 9]
    assert stage.engine.diff(made, nine).paths == {}


def test_a_disk_of_40_and_a_half_gib_reads_as_41_and_is_not_touched(stage: VsphereStage) -> None:
    found = stage.engine.import_(stage.engine.urn(MACHINE, "db-01"), "/Hill/vm/City/db-01")
    assert found is not None
    assert [(each["label"], each["size"], each["keepOnRemove"]) for each in found.state["disks"]] == [
        ("Hard disk 1", 1, False),
        ("Hard disk 2", 41, False),
    ]


def test_a_template_is_not_imported(stage: VsphereStage) -> None:
    with pytest.raises(grpc.RpcError, match="is a template and cannot be imported"):
        stage.engine.import_(stage.engine.urn(MACHINE), "/Hill/vm/City/template-01")


@pytest.mark.parametrize(
    ("old", "new", "restart"),
    [
        ({"memory": 2, "memoryHotAddEnabled": False}, {"memory": 4}, True),
        ({"memory": 2, "memoryHotAddEnabled": True}, {"memory": 4}, False),
        ({"memory": 4, "memoryHotAddEnabled": True}, {"memory": 2}, True),
        ({"numCpus": 2, "cpuHotAddEnabled": True, "cpuHotRemoveEnabled": False}, {"numCpus": 4}, False),
        ({"numCpus": 4, "cpuHotAddEnabled": True, "cpuHotRemoveEnabled": False}, {"numCpus": 2}, True),
        ({"guestId": "a"}, {"guestId": "b"}, True),
        ({"annotation": "a"}, {"annotation": "b"}, False),
    ],
)
def test_what_cannot_change_while_a_machine_runs_restarts_it(old: dict[str, Any], new: dict[str, Any], restart: bool) -> None:
    assert needs_restart(new, old, new) is restart


def test_a_folder_with_machines_is_not_destroyed(stage: VsphereStage, made: Known) -> None:
    found = stage.engine.import_(stage.engine.urn("vsphere:index/folder:Folder"), "/Hill/vm/City")
    assert found is not None
    with pytest.raises(grpc.RpcError, match="folder City is not empty"):
        stage.engine.delete(found)


def test_a_change_of_instance_type_starts_an_instance_that_was_stopped(cloud: AwsStage) -> None:
    made = cloud.instance
    cloud.client("ec2").stop_instances(InstanceIds=[made.id])
    updated = cloud.engine.update(made, {"ami": AMI, "instanceType": "t3.large", "subnetId": cloud.subnet.id})
    assert updated.state["instanceType"] == "t3.large"
    assert updated.state["instanceState"] == "running"


def test_tags_alone_leave_a_stopped_instance_stopped(cloud: AwsStage) -> None:
    made = cloud.instance
    cloud.client("ec2").stop_instances(InstanceIds=[made.id])
    updated = cloud.engine.update(made, {"ami": AMI, "instanceType": "t3.micro", "subnetId": cloud.subnet.id, "tags": {"a": "1"}})
    assert updated.state["instanceState"] in ("stopping", "stopped")


def test_a_grown_root_disk_is_changed_in_place_and_encryption_is_not(cloud: AwsStage) -> None:
    inputs = {
        "ami": AMI,
        "instanceType": "t3.micro",
        "subnetId": cloud.subnet.id,
        "rootBlockDevice": {"volumeSize": 10, "volumeType": "gp3"},
    }
    made = cloud.engine.create(cloud.engine.urn("aws:ec2/instance:Instance"), inputs)
    grown = {**inputs, "rootBlockDevice": {"volumeSize": 20, "volumeType": "gp3"}}
    assert cloud.engine.diff(made, grown).paths == {"rootBlockDevice.volumeSize": "UPDATE"}
    assert cloud.engine.update(made, grown).state["rootBlockDevice"]["volumeSize"] == 20
    other = {**inputs, "rootBlockDevice": {"volumeSize": 10, "volumeType": "gp3", "encrypted": True}}
    assert cloud.engine.diff(made, other).replaces == {"rootBlockDevice"}


def test_an_instance_on_its_own_interface_has_no_difference_in_what_is_the_interfaces(cloud: AwsStage) -> None:
    inputs = {
        "ami": AMI,
        "instanceType": "t3.micro",
        "networkInterfaces": [{"deviceIndex": 0, "networkInterfaceId": cloud.interface.id}],
        "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required"},
    }
    made = cloud.engine.create(cloud.engine.urn("aws:ec2/instance:Instance"), inputs)
    cloud.client("ec2").modify_network_interface_attribute(NetworkInterfaceId=cloud.interface.id, Groups=[cloud.group.id])
    again = cloud.engine.refresh(made)
    assert again is not None
    assert again.state["vpcSecurityGroupIds"] == [cloud.group.id]
    assert cloud.engine.diff(again, inputs).paths == {}
    elsewhere = {**inputs, "networkInterfaces": [{"deviceIndex": 0, "networkInterfaceId": "eni-other"}]}
    assert cloud.engine.diff(made, elsewhere).replaces == {"networkInterfaces"}


def test_what_fails_after_it_was_made_is_kept_with_its_id_and_the_reason(stage: VsphereStage, inputs: dict[str, Any]) -> None:
    inputs = stage.engine.checked(stage.engine.urn(MACHINE), {**inputs, "tags": ["urn:vmomi:InventoryServiceTag:none:GLOBAL"]})
    with pytest.raises(grpc.RpcError, match="creating 'thing'") as caught:
        stage.engine.create(stage.engine.urn(MACHINE), inputs)
    detail = half_made(caught.value)
    assert stage.client.content.searchIndex.FindByUuid(None, detail.id, True, False) is not None
    assert decode(detail.properties)[0]["name"] == stage.unique
    assert "not found" in detail.reasons[0]
