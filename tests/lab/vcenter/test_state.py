"""The process may be stopped, or killed, and started again: everything is where it was, under the same ids."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest
from pyVmomi import vim

from lab.guest import pattern
from tests.lab.vcenter.stage import MIB, Client, Stage


def fingerprint(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = {}
    kinds = [
        vim.Folder,
        vim.ResourcePool,
        vim.ClusterComputeResource,
        vim.HostSystem,
        vim.Datastore,
        vim.Network,
        vim.DistributedVirtualSwitch,
    ]
    for kind in kinds:
        view = client.content.viewManager.CreateContainerView(client.content.rootFolder, [kind], True)
        found |= {each._moId: each.name for each in view.view}
    view = client.content.viewManager.CreateContainerView(client.content.rootFolder, [vim.VirtualMachine], True)
    for vm in view.view:
        disks = [
            (each.key, each.deviceInfo.label, each.backing.fileName, each.backing.uuid, each.backing.changeId) for each in client.disks(vm)
        ]
        found[vm._moId] = [vm.name, vm.config.uuid, vm.config.annotation, vm.config.hardware.numCPU, vm.runtime.powerState]
        found[vm._moId] += [
            vm.guest.ipAddress,
            vm.config.changeVersion,
            vm.runtime.host._moId,
            str(client.read(vm, "resourcePool")),
            disks,
        ]
    return found


def change(client: Client) -> Any:
    client.find(vim.Folder, "City").CreateFolder("Annex")
    client.find(vim.ResourcePool, "city").CreateResourcePool(
        "inner", vim.ResourceConfigSpec(cpuAllocation=share(), memoryAllocation=share())
    )
    cluster = client.find(vim.ClusterComputeResource, "east")
    rule = vim.cluster.AntiAffinityRuleSpec(name="apart", enabled=True, vm=[client.vm("db-01"), client.vm("off-01")])
    client.done(
        cluster.ReconfigureComputeResource_Task(
            vim.cluster.ConfigSpecEx(rulesSpec=[vim.cluster.RuleSpec(operation="add", info=rule)]), True
        )
    )
    vm = client.vm("db-01")
    client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(annotation="kept", numCPUs=5)))
    client.stage.control.guest_write_seeded("db-01", 1, 70 * MIB, seed=2, length=MIB)
    snapshot = client.snapshot(vm)
    client.stage.control.guest_write_seeded("db-01", 1, 80 * MIB, seed=3, length=MIB)
    return snapshot


def share() -> vim.ResourceAllocationInfo:
    return vim.ResourceAllocationInfo(reservation=0, expandableReservation=True, limit=-1, shares=vim.SharesInfo(level="normal", shares=0))


def check(client: Client, snapshot_id: str, saved: str) -> None:
    vm = client.vm("db-01")
    snapshot = vim.vm.Snapshot(snapshot_id, client.si._stub)
    assert client.read(vm, "snapshot").currentSnapshot == snapshot
    assert client.find(vim.ClusterComputeResource, "east").configurationEx.rule[0].name == "apart"
    assert client.stage.control.guest_read("db-01", 1, 80 * MIB, MIB) == pattern(3, MIB)
    later = client.snapshot(vm)
    assert later._moId != snapshot_id
    disk = client.disks(later)[1]
    assert client.areas(vm, later, disk.key, saved, size=disk.capacityInBytes) == [(80 * MIB, MIB)]
    client.done(snapshot.RevertToSnapshot_Task())
    assert client.stage.control.guest_read("db-01", 1, 70 * MIB, MIB) == pattern(2, MIB)
    assert client.stage.control.guest_read("db-01", 1, 80 * MIB, MIB) == bytes(MIB)


def test_a_stop_loses_nothing(stage: Stage) -> None:
    client = stage.login()
    snapshot = change(client)
    saved, before = client.disks(snapshot)[1].backing.changeId, fingerprint(client)
    stage.stop()
    client = stage.start().login()
    assert fingerprint(client) == before
    assert stage.started_in < 5
    check(client, snapshot._moId, saved)
    made = client.find(vim.Folder, "Annex").CreateFolder("again")
    assert made._moId not in before


def test_a_kill_loses_nothing_that_was_finished(stage: Stage) -> None:
    client = stage.login()
    snapshot = change(client)
    saved, before = client.disks(snapshot)[1].backing.changeId, fingerprint(client)
    time.sleep(0.6)  # the state is written soon after the last change
    client.stage.control.guest_write_seeded("db-01", 0, 30 * MIB, seed=8, length=MIB)
    stage.stop(kill=True)
    client = stage.start().login()
    assert fingerprint(client) == before
    assert stage.control.guest_read("db-01", 0, 30 * MIB, MIB) == pattern(8, MIB)
    check(client, snapshot._moId, saved)


def test_a_finished_task_survives_a_kill_at_once(stage: Stage) -> None:
    client = stage.login()
    time.sleep(0.6)
    vm = client.vm("db-01")
    kept = client.snapshot(vm)
    client.done(
        vm.ReconfigVM_Task(vim.vm.ConfigSpec(annotation="kept", extraConfig=[vim.option.OptionValue(key="incline.lease", value="e7")]))
    )
    client.done(vm.PowerOffVM_Task())
    client.done(client.vm("off-01").Destroy_Task())
    pool = client.find(vim.ClusterComputeResource, "east").resourcePool.resourcePool[0]
    spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(pool=pool), powerOn=True, template=False)
    clone = client.done(client.vm("template-01").CloneVM_Task(client.find(vim.Folder, "City"), "clone-01", spec))
    stage.stop(kill=True)
    client = stage.start().login()
    vm = client.vm("db-01")
    assert (vm.config.annotation, vm.runtime.powerState) == ("kept", "poweredOff")
    assert {each.key: each.value for each in vm.config.extraConfig}["incline.lease"] == "e7"
    snapshot = client.read(vm, "snapshot").currentSnapshot
    assert snapshot._moId == kept._moId
    assert client.disks(snapshot)
    again = client.vm("clone-01")
    assert (again._moId, again.runtime.powerState, again in again.runtime.host.vm, again in again.resourcePool.vm) == (
        clone._moId,
        "poweredOn",
        True,
        True,
    )
    with pytest.raises(StopIteration):
        client.vm("off-01")
    client.done(snapshot.RemoveSnapshot_Task(False))
    stage.stop(kill=True)
    client = stage.start().login()
    assert client.read(client.vm("db-01"), "snapshot") is None
    assert "-snap" not in client.folder("db-01/").text


def test_files_that_were_ahead_of_the_state_are_brought_into_line(stage: Stage) -> None:
    """What a kill within the last moment leaves: the state of before, the files of after."""
    client = stage.login()
    early = client.snapshot(client.vm("db-01"), "early")
    client.snapshot(client.vm("app-01"), "kept")
    time.sleep(0.6)
    file = stage.folder / "state" / "state.json"
    old, when = file.read_bytes(), file.stat().st_mtime
    client.done(early.RemoveSnapshot_Task(False))
    client.snapshot(client.vm("app-01"), "late")
    client.done(client.vm("off-01").Destroy_Task())
    pool = client.find(vim.ClusterComputeResource, "east").resourcePool.resourcePool[0]
    spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(pool=pool), powerOn=False, template=False)
    client.done(client.vm("template-01").CloneVM_Task(client.find(vim.Folder, "City"), "clone-01", spec))
    stage.stop()
    file.write_bytes(old)
    for journal in file.parent.glob("journal-*"):
        journal.unlink()
    os.utime(file, (when, when))
    client = stage.start().login()
    assert client.read(client.vm("db-01"), "snapshot") is None
    assert [each.name for each in client.read(client.vm("app-01"), "snapshot").rootSnapshotList] == ["kept"]
    assert client.folder("app-01/").text.count("-flat.vmdk") == 2 * 2
    assert client.folder("clone-01/").status_code == 404
    for name in ("off-01", "clone-01"):
        with pytest.raises(StopIteration):
            client.vm(name)
    client.snapshot(client.vm("app-01"), "again")
    assert client.folder("app-01/").text.count("-flat.vmdk") == 2 * 3


def test_a_second_process_is_kept_out(stage: Stage) -> None:
    with pytest.raises(AssertionError, match="another lab runs"):
        Stage(stage.program, stage.folder).start()
