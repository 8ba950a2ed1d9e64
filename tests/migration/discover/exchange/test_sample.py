"""The sample workbook of Red Hat's planner, number by number."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from migration.discover.exchange import read_file
from migration.discover.model import Inventory
from tests.migration.discover.exchange.files import NOW, SAMPLE, of

MIB, GIB = 2**20, 2**30


@pytest.fixture(scope="module")
def sample() -> Inventory:
    return read_file(SAMPLE, "harbour", NOW)


EXPECTED = {
    # name: cpus, sockets, memory MiB, power, os, disks GiB, partitions
    "vm-1": (1, 2, 2224, "off", "amazon-linux-2", (101,), 0),
    "vm-2": (2, 2, 2046, "off", "fedora", (), 0),
    "vm-3": (3, 2, 3526, "on", "debian-9", (512,), 1),
    "vm-4": (8, 8, 17230, "off", "rhel-9", (100,), 0),
    "vm-5": (8, None, 16799, "off", "debian-7", (100,), 0),
    "vm-6": (7, 8, 16461, "off", "rhel-9", (100,), 0),
    "vm-7": (9, 8, 13146, "off", "rhel-9", (100,), 0),
    "vm-8": (13, 16, 34321, "on", "rhel-8", (100, 100), 1),
    "vm-9": (18, 16, 40960, "on", "rhel-8", (100,), 1),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_machine_of_the_sample(sample: Inventory, name: str) -> None:
    found = next(each for each in sample.machines if each.name == name)

    sizes = tuple(disk.size // GIB for disk in found.disks)
    assert (found.cpus, found.sockets, found.memory // MIB, found.power, found.os, sizes, len(found.partitions)) == EXPECTED[name]


def test_there_are_nine_machines_seven_hosts_and_what_they_name(sample: Inventory) -> None:
    assert len(sample.machines) == 9
    assert len(sample.hosts) == 7
    assert [each.name for each in sample.clusters] == ["Cluster"]
    assert [each.name for each in sample.networks] == ["VM Network", "Management Network"]


def test_the_machine_that_vinfo_tells_all_of(sample: Inventory) -> None:
    vm = sample.machines[7]

    assert vm.key == "harbour/500b80af-5eec-8bd2-b883-ba22e1164e2b"
    assert (vm.moref, vm.firmware, vm.secure_boot, vm.hardware_version) == ("vm-107051", "efi", True, 20)
    assert vm.addresses == ("10.219.147.82",)
    assert (vm.created, vm.booted) == (datetime(2025, 3, 25, 9, 29, 58, tzinfo=UTC), datetime(2025, 5, 15, 11, 40, 24, tzinfo=UTC))
    assert vm.in_use == 245873 * MIB
    assert [each.network for each in vm.nics] == ["Management Network"]
    assert (vm.disks[0].uuid, vm.disks[0].controller, vm.disks[0].thin) == ("6000C296-f5e6-6709-fea6-0c16bffe87e6", "pvscsi", False)
    assert (vm.datacenter, vm.cluster, vm.host, vm.connection) == ("Datacenter", "Cluster", "10.41.187.30", "connected")


def test_the_machine_whose_row_is_cut_off_is_completed_from_other_tabs(sample: Inventory) -> None:
    vm = sample.machines[8]

    assert vm.key == "harbour/vm-111122"
    assert (vm.cpus, vm.memory, vm.os_config) == (18, 40960 * MIB, "Red Hat Enterprise Linux 9 (64-bit)")


def test_a_host_of_the_sample(sample: Inventory) -> None:
    host = sample.hosts[0]

    assert (host.name, host.sockets, host.cores, host.threads, host.mhz, host.memory) == ("10.17.135.71", 2, 32, 64, 2295, 261797 * MIB)
    assert host.cpu_used_mhz == pytest.approx(0.14 * 32 * 2295)
    assert host.memory_used == pytest.approx(0.36 * 261797 * MIB)


def test_disks_go_by_vm_id_though_names_were_made_anonymous_tab_by_tab(sample: Inventory) -> None:
    renamed = [each.what for each in of(sample, "DSC-031") if "has the VM ID of" in each.what]

    assert renamed[0] == "vm-2 has the VM ID of vm-3"
    assert len(renamed) == 6


def test_rows_that_contradict_vinfo_and_have_no_vm_id_are_put_to_nobody(sample: Inventory) -> None:
    left = [each.where for each in of(sample, "DSC-031") if each.taken == "the row was left out"]

    assert sum("vPartition" in each for each in left) == 6
    assert sum("vCPU" in each for each in left) == 1


def test_what_the_tabs_tell_differently_is_said(sample: Inventory) -> None:
    said = {each.what for each in of(sample, "DSC-046")}

    assert "vm-3 has 3,526 MiB of memory by vInfo and 4,096 MiB by vMemory" in said
    assert "vm-8 has 1 disk by vInfo and 2 in vDisk" in said
    assert len(said) == 18


def test_missing_tabs_and_switched_off_machines_are_said(sample: Inventory) -> None:
    assert of(sample, "DSC-020")[0].what == "tabs are missing: vNetwork, vSnapshot, vTools, vCluster, vDatastore"
    assert of(sample, "DSC-041")[0].what == "6 of 9 machines are off or suspended"


def test_annotations_are_never_kept(sample: Inventory) -> None:
    assert "admin" not in repr(sample)
