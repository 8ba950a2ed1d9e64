"""Snapshots are content-true, and change tracking answers as a real vCenter does."""

from __future__ import annotations

import pytest
from pyVmomi import vim, vmodl

from lab.guest import pattern
from tests.lab.vcenter.stage import MIB, Client

GRAIN = 64 << 10


def flat(file: str) -> str:
    """The path below /folder of a descriptor's bytes."""
    return file.split("] ")[1].removesuffix(".vmdk") + "-flat.vmdk"


def content(client: Client, snapshot: object, disk: int, offset: int, length: int) -> bytes:
    file = client.disks(snapshot)[disk].backing.fileName
    answer = client.folder(flat(file), headers={"Range": f"bytes={offset}-{offset + length - 1}"})
    assert answer.status_code == 206
    return answer.content


def test_one_snapshot_holds_all_disks_as_they_were(client: Client) -> None:
    vm, control = client.vm("db-01"), client.stage.control
    for disk in (0, 1):
        control.guest_write_seeded("db-01", disk, 32 * MIB, seed=disk, length=MIB)
    snapshot = client.snapshot(vm)
    for disk in (0, 1):
        control.guest_write_seeded("db-01", disk, 32 * MIB, seed=disk + 7, length=MIB)
    for disk in (0, 1):
        assert content(client, snapshot, disk, 32 * MIB, MIB) == pattern(disk, MIB)
        assert control.guest_read("db-01", disk, 32 * MIB, MIB) == pattern(disk + 7, MIB)


def test_the_configuration_of_a_snapshot_is_its_own(client: Client) -> None:
    vm = client.vm("db-01")
    before = [each.capacityInBytes for each in client.disks(vm)]
    snapshot = client.snapshot(vm)
    client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(numCPUs=6, annotation="changed")))
    assert (snapshot.config.hardware.numCPU, vm.config.hardware.numCPU) == (2, 6)
    assert snapshot.config.annotation == "db-01, for tests"
    assert [each.capacityInBytes for each in client.disks(snapshot)] == before
    assert client.disks(vm)[0].backing.fileName == "[fast] db-01/db-01.vmdk"
    assert client.disks(snapshot)[0].backing.fileName != "[fast] db-01/db-01.vmdk"


def test_allocated_areas_are_whole_grains_that_hold_the_data(client: Client) -> None:
    vm = client.vm("db-01")
    snapshot = client.snapshot(vm)
    disk = client.disks(snapshot)[1]
    found = client.areas(vm, snapshot, disk.key, "*", size=disk.capacityInBytes)
    assert all(start % GRAIN == 0 for start, _ in found)
    covered = {grain for start, length in found for grain in range(start // GRAIN, (start + length) // GRAIN)}
    assert {MIB // GRAIN, 3 * MIB // GRAIN, *range(16 * MIB // GRAIN, 24 * MIB // GRAIN)} <= covered
    assert sum(length for _, length in found) < 16 * MIB


def test_a_saved_change_id_outlives_its_snapshot(client: Client) -> None:
    vm, control = client.vm("db-01"), client.stage.control
    first = client.snapshot(vm)
    saved = [each.backing.changeId for each in client.disks(first)]
    client.done(first.RemoveSnapshot_Task(False))
    control.guest_write_seeded("db-01", 1, 100 * MIB, seed=1, length=GRAIN * 3)
    control.guest_write("db-01", 1, 20 * 1024 * MIB, b"\0" * 4096)  # a zero is a change too
    second = client.snapshot(vm)
    control.guest_write_seeded("db-01", 1, 200 * MIB, seed=2, length=GRAIN)  # after the snapshot: not its business
    boot, data = client.disks(second)
    assert client.areas(vm, second, boot.key, saved[0], size=boot.capacityInBytes) == []
    changed = client.areas(vm, second, data.key, saved[1], size=data.capacityInBytes)
    assert changed == [(100 * MIB, 3 * GRAIN), (20 * 1024 * MIB, GRAIN)]
    third = client.snapshot(vm)
    later = client.areas(vm, third, data.key, client.disks(second)[1].backing.changeId, size=data.capacityInBytes)
    assert later == [(200 * MIB, GRAIN)]


def test_answers_come_in_pages(client: Client) -> None:
    vm, control = client.vm("db-01"), client.stage.control
    control.settings(area_limit=3)
    base = client.disks(client.snapshot(vm))[1].backing.changeId
    offsets = [(100 + 10 * i) * MIB for i in range(8)]
    for offset in offsets:
        control.guest_write("db-01", 1, offset, b"x")
    snapshot = client.snapshot(vm)
    disk = client.disks(snapshot)[1]
    page = vm.QueryChangedDiskAreas(snapshot, disk.key, 0, base)
    assert (len(page.changedArea), page.length) == (3, offsets[2] + GRAIN)
    assert [start for start, _ in client.areas(vm, snapshot, disk.key, base, size=disk.capacityInBytes)] == offsets
    control.settings(area_window_bytes=1 << 30)
    assert [start for start, _ in client.areas(vm, snapshot, disk.key, base, size=disk.capacityInBytes)] == offsets


def test_wrong_questions_fault(client: Client) -> None:
    vm = client.vm("db-01")
    snapshot = client.snapshot(vm)
    disk = client.disks(snapshot)[0]
    lineage = disk.backing.changeId.split("/")[0]
    for key, start, change_id in [
        (disk.key, 0, "52 de 00 00 00 00 00 00-00 00 00 00 00 00 00 00/1"),
        (disk.key, 0, f"{lineage}/999"),
        (disk.key, 0, "nonsense"),
        (disk.key, disk.capacityInBytes, "*"),
        (9999, 0, "*"),
    ]:
        with pytest.raises(vmodl.fault.InvalidArgument):
            vm.QueryChangedDiskAreas(snapshot, key, start, change_id)


def test_tracking_just_enabled_becomes_active_with_the_next_snapshot(client: Client) -> None:
    vm = client.vm("db-01")
    client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(changeTrackingEnabled=False)))
    untracked = client.snapshot(vm)
    assert client.disks(untracked)[0].backing.changeId in ("", None)
    key, size = client.disks(vm)[0].key, client.disks(vm)[0].capacityInBytes
    with pytest.raises(vim.fault.FileFault):
        vm.QueryChangedDiskAreas(untracked, key, 0, "*")
    client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(changeTrackingEnabled=True)))
    with pytest.raises(vim.fault.FileFault):
        vm.QueryChangedDiskAreas(untracked, key, 0, "*")
    active = client.snapshot(vm)
    assert "/" in client.disks(active)[0].backing.changeId
    assert client.areas(vm, active, key, "*", size=size)


@pytest.mark.parametrize("how", ["grow", "revert"])
def test_growing_and_reverting_end_the_lineage(client: Client, how: str) -> None:
    vm = client.vm("db-01")
    snapshot = client.snapshot(vm)
    saved = client.disks(snapshot)[0].backing.changeId
    if how == "revert":
        client.done(snapshot.RevertToSnapshot_Task())
        client.done(vm.PowerOnVM_Task())
    client.done(vm.RemoveAllSnapshots_Task())
    if how == "grow":
        disk = client.disks(vm)[0]
        disk.capacityInBytes += MIB
        disk.capacityInKB += 1024
        change = vim.vm.device.VirtualDeviceSpec(operation="edit", device=disk)
        client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change])))
    after = client.snapshot(vm)
    disk = client.disks(after)[0]
    assert disk.backing.changeId.split("/")[0] != saved.split("/")[0]
    with pytest.raises(vmodl.fault.InvalidArgument):
        vm.QueryChangedDiskAreas(after, disk.key, 0, saved)


def test_revert_brings_back_content_and_configuration(client: Client) -> None:
    vm, control = client.vm("db-01"), client.stage.control
    control.guest_write_seeded("db-01", 0, 20 * MIB, seed=5, length=MIB)
    snapshot = client.snapshot(vm)
    control.guest_write_seeded("db-01", 0, 20 * MIB, seed=6, length=MIB)
    client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(numCPUs=8)))
    client.done(snapshot.RevertToSnapshot_Task())
    assert control.guest_read("db-01", 0, 20 * MIB, MIB) == pattern(5, MIB)
    assert (vm.config.hardware.numCPU, vm.runtime.powerState) == (2, "poweredOff")
    assert client.disks(vm)[0].backing.fileName == "[fast] db-01/db-01.vmdk"
    client.done(vm.PowerOnVM_Task())
    assert vm.guest.toolsRunningStatus == "guestToolsRunning"


def test_removing_children_leaves_no_file_and_the_parent_current(client: Client) -> None:
    vm = client.vm("db-01")
    root = client.snapshot(vm, "root")
    middle = client.snapshot(vm, "middle")
    client.snapshot(vm, "leaf")
    client.done(middle.RemoveSnapshot_Task(True))
    assert client.read(vm, "snapshot").currentSnapshot == root
    listing = client.folder("db-01/").text
    assert listing.count("-flat.vmdk") == 2 * 2 * 2  # link and text, two disks, live and root
    client.done(vm.RemoveAllSnapshots_Task())
    assert client.read(vm, "snapshot") is None
    assert "-snap" not in client.folder("db-01/").text
