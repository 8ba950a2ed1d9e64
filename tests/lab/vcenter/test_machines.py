"""Machines made, changed, cloned and destroyed by real clients keep the right content under the right names."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from pyVim.task import WaitForTask
from pyVmomi import vim, vmodl

from lab.guest import pattern
from lab.toolchain import Toolchain
from tests.lab.vcenter.stage import GIB, MIB, PASSWORD, USER, Client

Spec = vim.vm.device.VirtualDeviceSpec


def disk_spec(size: int, unit: int | None, controller: int = -1, file: str = "[fast]", operation: str | None = "create") -> Spec:
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName=file, diskMode="persistent", thinProvisioned=True)
    disk = vim.vm.device.VirtualDisk(key=-(10 + (unit or 0)), controllerKey=controller, unitNumber=unit, backing=backing)
    disk.capacityInKB = size // 1024
    return Spec(operation="add", fileOperation=operation, device=disk)


def create(client: Client, name: str, *disks: Spec, **more: Any) -> Any:
    controller = vim.vm.device.ParaVirtualSCSIController(key=-1, busNumber=0, sharedBus="noSharing")
    network = client.find(vim.dvs.DistributedVirtualPortgroup, "apps")
    port = vim.dvs.PortConnection(portgroupKey=network.key, switchUuid=network.config.distributedVirtualSwitch.uuid)
    card = vim.vm.device.VirtualVmxnet3(key=-50, backing=vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port))
    card.connectable = vim.vm.device.VirtualDevice.ConnectInfo(startConnected=False, connected=False, allowGuestControl=True)
    changes = [Spec(operation="add", device=controller), *disks, Spec(operation="add", device=card)]
    spec = vim.vm.ConfigSpec(name=name, guestId="debian12_64Guest", numCPUs=2, memoryMB=1024, deviceChange=changes)
    spec.files = vim.vm.FileInfo(vmPathName="[fast]")
    for key, value in more.items():
        setattr(spec, key, value)
    pool = client.find(vim.ClusterComputeResource, "east").resourcePool.resourcePool[0]
    return client.done(client.find(vim.Folder, "City").CreateVM_Task(spec, pool))


def shape(client: Client, vm: Any) -> list[tuple[str, int, int, str]]:
    return [(each.deviceInfo.label, each.key, each.unitNumber, each.backing.fileName) for each in client.disks(vm)]


def test_a_created_machine_has_sparse_disks_under_vcenters_own_labels(client: Client) -> None:
    vm = create(client, "new-01", disk_spec(8 * GIB, 0), disk_spec(40 * GIB + GIB // 2, 1), uuid="42000000-1111-4222-8333-444444444444")
    assert shape(client, vm) == [
        ("Hard disk 1", 2000, 0, "[fast] new-01/new-01.vmdk"),
        ("Hard disk 2", 2001, 1, "[fast] new-01/new-01_1.vmdk"),
    ]
    assert (vm.config.uuid, vm.config.version, vm.config.swapPlacement) == ("42000000-1111-4222-8333-444444444444", "vmx-19", "inherit")
    assert vm.config.guestFullName == "Debian GNU/Linux 12 (64-bit)"
    assert client.stage.control.guest_read("new-01", 1, 40 * GIB, 4096) == bytes(4096)
    assert vm.runtime.host.name == "esx-2"  # the host with most free memory
    client.done(vm.PowerOnVM_Task())
    assert (vm.guest.toolsRunningStatus, vm.guest.ipAddress) == ("guestToolsNotRunning", None)  # nothing on its disks to boot
    card = next(each for each in vm.config.hardware.device if isinstance(each, vim.vm.device.VirtualVmxnet3))
    assert (card.connectable.connected, card.deviceInfo.label) == (False, "Network adapter 1")


def test_what_vcenter_refuses(client: Client) -> None:
    with pytest.raises(vim.fault.DuplicateName):
        create(client, "db-01")
    with pytest.raises(vmodl.fault.InvalidArgument):
        create(client, "new-02", guestId="amigaGuest")
    with pytest.raises(vim.fault.NoDiskSpace):
        create(client, "new-03", disk_spec(11 * GIB, 0, file="[small]"))
    with pytest.raises(vim.fault.FileLocked):
        create(client, "new-04", disk_spec(0, 0, file="[fast] db-01/db-01.vmdk", operation=None))
    with pytest.raises(vim.fault.FileNotFound):
        create(client, "new-05", disk_spec(0, 0, file="[fast] none/none.vmdk", operation=None))
    with pytest.raises(vim.fault.InvalidDeviceSpec):
        client.done(client.vm("db-01").ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[disk_spec(GIB, 1, controller=1000)])))
    with pytest.raises(vim.fault.InvalidPowerState):
        client.done(client.vm("db-01").Destroy_Task())


def test_disks_are_added_grown_and_removed_with_their_content(client: Client) -> None:
    vm, control = client.vm("db-01"), client.stage.control
    store = client.find(vim.Datastore, "fast")
    free = store.summary.freeSpace
    client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[disk_spec(GIB, None, controller=1000)])))
    assert shape(client, vm)[2] == ("Hard disk 3", 2002, 2, "[fast] db-01/db-01_2.vmdk")
    control.guest_write_seeded("db-01", 2, 100 * MIB, seed=9, length=MIB)
    third = client.disks(vm)[2]
    third.capacityInKB, third.capacityInBytes = 2 * GIB // 1024, 2 * GIB
    client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[Spec(operation="edit", device=third)])))
    assert [each.capacityInBytes for each in client.disks(vm)] == [64 * MIB, 40 * GIB + GIB // 2, 2 * GIB]
    assert [each.deviceInfo.label for each in client.disks(vm)] == ["Hard disk 1", "Hard disk 2", "Hard disk 3"]
    assert control.guest_read("db-01", 2, 100 * MIB, MIB) == pattern(9, MIB)
    assert free - store.summary.freeSpace == pytest.approx(2 * GIB, abs=MIB)
    third.capacityInKB, third.capacityInBytes = GIB // 1024, GIB
    with pytest.raises(vim.fault.InvalidDeviceOperation):
        client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[Spec(operation="edit", device=third)])))
    gone = Spec(operation="remove", fileOperation="destroy", device=client.disks(vm)[2])
    client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[gone])))
    assert store.summary.freeSpace == pytest.approx(free, abs=MIB)
    assert "db-01_2" not in client.folder("db-01/").text


def test_a_replaced_disk_is_a_new_empty_one_in_the_same_place(client: Client) -> None:
    """What the vSphere plugin sends for a changed disk label: remove, then add at the same unit, in one request."""
    vm, control = client.vm("db-01"), client.stage.control
    old = client.disks(vm)[1]
    changes = [Spec(operation="remove", fileOperation="destroy", device=old), disk_spec(GIB, 1, controller=1000)]
    client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=changes)))
    new = client.disks(vm)[1]
    assert (new.deviceInfo.label, new.key, new.unitNumber, new.capacityInBytes) == ("Hard disk 2", 2001, 1, GIB)
    assert new.backing.uuid != old.backing.uuid
    assert control.guest_read("db-01", 1, MIB, 4096) == bytes(4096)
    assert vm.guest.toolsRunningStatus == "guestToolsNotRunning"
    changes[0].device = new
    client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[changes[0], disk_spec(GIB, 1, controller=1000)])))
    third = client.disks(vm)[1].backing
    assert (third.fileName, third.uuid == new.backing.uuid) == (new.backing.fileName, False)
    snapshot = client.snapshot(vm)
    assert client.disks(snapshot)[1].backing.changeId.split("/")[0] != old.backing.changeId.split("/")[0]


def test_a_detached_disk_keeps_its_content_and_uuid(client: Client) -> None:
    vm = client.vm("db-01")
    client.stage.control.guest_write_seeded("db-01", 1, 60 * MIB, seed=4, length=MIB)
    second = client.disks(vm)[1]
    client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[Spec(operation="remove", device=second)])))
    assert vm.guest is not None
    client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[disk_spec(0, 1, 1000, second.backing.fileName, operation=None)])))
    back = client.disks(vm)[1]
    assert (back.capacityInBytes, back.backing.uuid, back.deviceInfo.label) == (second.capacityInBytes, "disk-db-01-1", "Hard disk 2")
    assert client.stage.control.guest_read("db-01", 1, 60 * MIB, MIB) == pattern(4, MIB)
    assert vm.guest.toolsRunningStatus == "guestToolsRunning"


def test_a_stale_change_version_is_a_lost_race(client: Client) -> None:
    vm = client.vm("off-01")
    seen = vm.config.changeVersion
    lease = vim.option.OptionValue(key="incline.lease", value="engine-1")
    client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(changeVersion=seen, extraConfig=[lease])))
    with pytest.raises(vim.fault.ConcurrentAccess):
        client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(changeVersion=seen, extraConfig=[lease])))
    assert {each.key: each.value for each in vm.config.extraConfig}["incline.lease"] == "engine-1"


def test_a_clone_has_content_of_its_own_and_the_wished_configuration(client: Client) -> None:
    template, folder = client.vm("template-01"), client.find(vim.Folder, "City")
    pool = client.find(vim.ClusterComputeResource, "east").resourcePool.resourcePool[0]
    config = vim.vm.ConfigSpec(numCPUs=4, memoryMB=2048, annotation="a clone", uuid="42000000-9999-4222-8333-444444444444")
    spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(pool=pool), config=config, powerOn=True, template=False)
    clone = client.done(template.CloneVM_Task(folder, "clone-01", spec))
    assert (clone.config.hardware.numCPU, clone.config.hardware.memoryMB, clone.config.annotation) == (4, 2048, "a clone")
    assert (clone.config.uuid, clone.runtime.powerState) == ("42000000-9999-4222-8333-444444444444", "poweredOn")
    assert shape(client, clone) == [("Hard disk 1", 2000, 0, "[fast] clone-01/clone-01.vmdk")]
    control = client.stage.control
    assert control.guest_read("clone-01", 0, MIB, 4096) == control.guest_read("template-01", 0, MIB, 4096)
    control.guest_write("clone-01", 0, 900 * MIB, b"mine")
    assert control.guest_read("template-01", 0, 900 * MIB, 4) == bytes(4)
    with pytest.raises(vim.fault.DuplicateName):
        client.done(template.CloneVM_Task(folder, "clone-01", spec))


def test_destroying_leaves_nothing_and_frees_the_name(client: Client) -> None:
    vm = client.vm("db-01")
    client.snapshot(vm)
    client.done(vm.PowerOffVM_Task())
    client.done(vm.Destroy_Task())
    assert client.folder("db-01/").status_code == 404
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        client.read(vm, "name")
    again = create(client, "db-01", disk_spec(GIB, 0))
    assert shape(client, again)[0][3] == "[fast] db-01/db-01.vmdk"


def test_destroying_a_folder_destroys_what_is_in_it(client: Client) -> None:
    folder = client.find(vim.Folder, "City")
    with pytest.raises(vim.fault.InvalidPowerState):
        client.done(folder.Destroy_Task())
    annex = folder.CreateFolder("Annex")
    client.done(annex.MoveIntoFolder_Task([client.vm("off-01")]))
    client.done(annex.Destroy_Task())
    assert client.folder("off-01/").status_code == 404


def test_clients_can_read_whole_task_infos(client: Client) -> None:
    vm = client.vm("off-01")
    for task in (vm.PowerOn(), vm.PowerOff(), vm.CreateSnapshot("s", "", False, False), vm.RemoveAllSnapshots(), vm.Destroy()):
        WaitForTask(task)
        assert task.info.entityName == "off-01"
    manager, center = client.content.virtualDiskManager, client.find(vim.Datacenter, "Hill")
    disk = vim.VirtualDiskManager.FileBackedVirtualDiskSpec(diskType="thin", adapterType="lsiLogic", capacityKb=2048)
    WaitForTask(manager.CreateVirtualDisk("[fast] loose.vmdk", center, disk))
    assert client.folder("loose-flat.vmdk", method="HEAD").headers["Content-Length"] == str(2 * MIB)
    WaitForTask(manager.DeleteVirtualDisk("[fast] loose.vmdk", center))


def test_a_guest_is_what_its_disks_make_it(client: Client) -> None:
    vm, control = client.vm("db-01"), client.stage.control
    assert (vm.guest.hostName, vm.guest.ipAddress, vm.summary.guest.toolsStatus) == ("db-01", "10.0.0.9", "toolsOk")
    assert (vm.guest.net[0].network, vm.guest.net[0].connected, vm.guestHeartbeatStatus) == ("apps", True, "green")
    assert vm.guest.ipStack[0].ipRouteConfig.ipRoute[0].gateway.ipAddress == "10.0.0.1"
    good = control.guest_read("db-01", 0, 4 * MIB, 16)
    control.guest_write("db-01", 0, 4 * MIB, bytes(16))  # into the kernel: the boot area no longer matches
    assert (vm.guest.toolsRunningStatus, vm.guest.ipAddress) == ("guestToolsNotRunning", None)
    with pytest.raises(vim.fault.ToolsUnavailable):
        vm.ShutdownGuest()
    control.guest_write("db-01", 0, 4 * MIB, good)
    assert vm.guest.toolsRunningStatus == "guestToolsRunning"
    card = next(each for each in vm.config.hardware.device if isinstance(each, vim.vm.device.VirtualVmxnet3))
    card.connectable.connected = card.connectable.startConnected = False
    client.done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[Spec(operation="edit", device=card)])))
    assert (vm.guest.toolsRunningStatus, vm.guest.ipAddress, vm.guest.net[0].connected) == ("guestToolsRunning", None, False)
    vm.ShutdownGuest()
    for _ in range(200):
        if vm.runtime.powerState == "poweredOff":
            break
    assert vm.runtime.powerState == "poweredOff"
    with pytest.raises(Exception, match="not running"):
        control.guest_write("db-01", 0, 20 * MIB, b"ghost")


def test_govc_sees_and_resizes(client: Client, toolchain: Toolchain) -> None:
    def govc(*words: str) -> str:
        environ = {"GOVC_URL": f"{client.stage.ready['url']}/sdk", "GOVC_USERNAME": USER, "GOVC_PASSWORD": PASSWORD, "GOVC_INSECURE": "1"}
        environ |= {"HOME": str(client.stage.folder)}
        done = subprocess.run([str(toolchain.bin / "govc"), *words], env=environ, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout

    assert "/Hill/vm/City/db-01" in govc("ls", "/Hill/vm/City")
    assert "10.0.0.9" in govc("vm.info", "db-01")
    govc("vm.change", "-vm", "off-01", "-c", "3", "-m", "2048")
    assert (client.vm("off-01").config.hardware.numCPU, client.vm("off-01").config.hardware.memoryMB) == (3, 2048)
    govc("snapshot.create", "-vm", "db-01", "before")
    assert "before" in govc("snapshot.tree", "-vm", "db-01")
    assert "incline-tier" in govc("tags.category.ls")
    assert "gold" in govc("tags.attached.ls", "-r", "/Hill/vm/City/db-01")
