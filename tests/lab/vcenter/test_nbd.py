"""The disks of a machine that is off, over NBD: as nbdkit's VDDK plugin would serve them."""

from __future__ import annotations

import os

import pytest
from pyVmomi import vim

from lab.guest import pattern
from migration.nbd.client import NbdClient
from migration.types import PermanentError
from tests.lab.vcenter.stage import GIB, MIB, Client

DATA = "[fast] db-01/db-01_1.vmdk"


def connect(client: Client, export: str = DATA) -> NbdClient:
    host, _, port = client.stage.ready["nbd"].partition(":")
    return NbdClient.connect(host, int(port), export)


def test_a_running_machine_is_refused(visitor: Client) -> None:
    for export in (DATA, f"{visitor.vm('db-01')._moId}/{DATA}", "[fast] nobody/nobody.vmdk"):
        with pytest.raises(PermanentError):
            connect(visitor, export)


def test_reads_and_writes_arrive(client: Client) -> None:
    vm = client.vm("db-01")
    client.done(vm.PowerOffVM_Task())
    disk = connect(client, f"{vm._moId}/{DATA}")
    assert disk.size_bytes == 40 * GIB + GIB // 2
    block = os.urandom(MIB)
    disk.write(30 * GIB + 512, block)
    disk.write(disk.size_bytes - 4096, block[:4096])
    disk.flush()
    assert disk.read(30 * GIB + 512, MIB) == block
    assert disk.read(20 * GIB, MIB) == bytes(MIB)
    runs = disk.block_status(16 * MIB, 64 * MIB)
    assert (runs[0].zero, runs[0].length >= 8 * MIB, runs[-1].zero) == (False, True, True)
    disk.close()
    assert client.stage.control.guest_read("db-01", 1, 30 * GIB + 512, MIB) == block


def test_a_writer_holds_the_machine(client: Client) -> None:
    vm = client.vm("off-01")
    disk = connect(client, "[fast] off-01/off-01.vmdk")
    for attempt in (vm.PowerOnVM_Task, lambda: vm.CreateSnapshot_Task("s", "", False, False), vm.Destroy_Task):
        with pytest.raises(vim.fault.FileLocked):
            client.done(attempt())
    disk.close()
    client.done(vm.PowerOnVM_Task())


def test_a_disk_under_a_snapshot_is_read_only(client: Client) -> None:
    vm = client.vm("off-01")
    snapshot = client.snapshot(vm)
    disk = connect(client, "[fast] off-01/off-01.vmdk")
    assert disk.read_only
    assert disk.read(16 * MIB, 4096) == bytes(4096)
    disk.close()
    client.done(snapshot.RemoveSnapshot_Task(False))
    assert not connect(client, "[fast] off-01/off-01.vmdk").read_only


def test_written_blocks_count_as_changed(client: Client) -> None:
    vm = client.vm("db-01")
    snapshot = client.snapshot(vm)
    saved = client.disks(snapshot)[1].backing.changeId
    client.done(snapshot.RemoveSnapshot_Task(False))
    client.done(vm.PowerOffVM_Task())
    disk = connect(client)
    disk.write(50 * MIB, pattern(1, 512 << 10))
    disk.close()
    after = client.snapshot(vm)
    data = client.disks(after)[1]
    assert client.areas(vm, after, data.key, saved, size=data.capacityInBytes) == [(50 * MIB, 512 << 10)]
