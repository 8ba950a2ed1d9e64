"""Placements for servers that have none."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.estate.model import GIB, Estate
from infra.estate.settle import (
    ObservedDisk,
    ObservedMachine,
    SettlementError,
    device_name,
    pulumi_unit,
    settle,
    sites_to_observe,
    unit_number,
    unsettled,
)
from infra.estate.write import write_placement
from tests.fakes.village import Village


@pytest.fixture
def village(tmp_path: Path) -> Village:
    village = Village(tmp_path)
    for server in ("desk-db-01", "base-dns-01"):
        (village.root / f"placements/{server}.yaml").unlink()
    return village


@pytest.fixture
def estate(village: Village) -> Estate:
    return village.load(settled=False)


def _machine(*sizes: float) -> ObservedMachine:
    disks = tuple(
        ObservedDisk(label=f"Hard disk {n + 3}", uuid=f"u-{n}", unit_number=n, file=f"[vmfs-1] x/{n}.vmdk", size=int(size * GIB))
        for n, size in enumerate(sizes)
    )
    return ObservedMachine(name="desk-db-01", path="/Hall/vm/Three Rivers/desk-db-01", uuid="bios", disks=disks)


def test_new_servers_are_declared_with_the_devices_that_they_will_have(estate: Estate) -> None:
    assert [server.name for server in unsettled(estate)] == ["base-dns-01", "desk-db-01"]

    dns, desk = settle(estate, {})

    assert (dns.origin, dns.site, [disk.device for disk in dns.machine.disks]) == ("created", "cloud", ["/dev/sda1"])
    assert [(disk.label, disk.unit_number) for disk in desk.machine.disks] == [("Hard disk 1", 0), ("Hard disk 2", 1)]
    assert desk.machine.uuid == ""


def test_a_machine_that_exists_is_adopted_with_the_devices_own_labels(estate: Estate) -> None:
    placements = settle(estate, {("hall", "desk-db-01"): _machine(8, 40.5)})

    desk = placements[1]
    assert (desk.origin, desk.machine.import_id, desk.machine.uuid) == ("adopted", "/Hall/vm/Three Rivers/desk-db-01", "bios")
    assert [(disk.name, disk.label, disk.uuid) for disk in desk.machine.disks] == [
        ("system", "Hard disk 3", "u-0"),
        ("data", "Hard disk 4", "u-1"),
    ]


@pytest.mark.parametrize("sizes", [(8,), (40.5, 8), (8, 40), (8, 40.5, 1), ()])
def test_a_machine_with_other_disks_is_refused_with_both_lists(estate: Estate, sizes: tuple[float, ...]) -> None:
    with pytest.raises(SettlementError, match=r"desk-db-01: the machine .* the estate says 8GiB \+ 40.5GiB"):
        settle(estate, {("hall", "desk-db-01"): _machine(*sizes)})


def test_a_settled_estate_is_valid_and_has_nothing_to_settle(village: Village, estate: Estate) -> None:
    for placement in settle(estate, {}):
        write_placement(village.root, placement)

    assert village.problems() == []
    assert settle(village.load(), {}) == []


def test_only_vsphere_sites_are_looked_at(estate: Estate) -> None:
    assert sites_to_observe(estate) == ["hall"]


def test_devices_follow_the_conventions_of_each_side() -> None:
    assert [device_name(index) for index in range(3)] == ["/dev/sda1", "/dev/sdf", "/dev/sdg"]
    assert [unit_number(index) for index in (0, 6, 7, 8)] == [0, 6, 8, 9]
    assert [pulumi_unit(unit) for unit in (0, 6, 8, 9)] == [0, 6, 7, 8]
