"""The example estate as the lab's inventory."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.estate.load import load_estate
from lab.guest import Identity, UnhealthyError, check_machine, encode
from lab.toolchain import Toolchain
from lab.vcenter.inventory import build_inventory, disk_uuid, machine_uuid
from tests.lab.vcenter.stage import MIB, Stage

ESTATE = Path(__file__).parents[3] / "estate"


def test_the_inventory_agrees_with_the_placements_of_the_example() -> None:
    estate = load_estate(ESTATE, settled=False)
    found = build_inventory(estate)
    machines = {vm["name"]: vm for each in found["datacenters"] for vm in each["vms"]}
    assert [each["name"] for each in found["datacenters"]] == ["Downtown", "Northside"]
    for name, vm in machines.items():
        placement = estate.placements[name]
        if placement.machine.uuid:
            assert vm["uuid"] == placement.machine.uuid == machine_uuid(estate.name, name)
            assert [each["uuid"] for each in vm["disks"]] == [disk_uuid(estate.name, name, each.name) for each in placement.machine.disks]
        assert set(vm["tags"]) >= {"incline-owner", "incline-rpo"}
    categories = {each["name"]: each["tags"] for each in found["tag_categories"]}
    assert all(value in categories[key] for vm in machines.values() for key, value in vm["tags"].items())


@pytest.mark.lab
def test_the_example_starts_in_time_and_is_healthy(toolchain: Toolchain, tmp_path: Path) -> None:
    stage = Stage(toolchain.vcenter, tmp_path, inventory=build_inventory(load_estate(ESTATE, settled=False)))
    try:
        assert stage.start().started_in < 10
        machines = stage.control.state()["machines"]
        assert len(machines) > 40
        assert [each for each in machines if each["Power"] == "poweredOn" and each["Health"] != "ok"] == []
    finally:
        stage.stop()


def reader(*blocks: tuple[int, bytes]) -> object:
    def read(offset: int, length: int) -> bytes:
        return next((data[:length] for at, data in blocks if at == offset), bytes(length))

    return read


def test_a_machine_is_healthy_only_with_all_its_own_disks() -> None:
    def disk(index: int, *, machine: str = "m", torn: bool = False) -> object:
        block = encode(Identity(machine_id=machine, hostname="h", os="o", disk=index, disks=2))
        return reader((MIB, block), (3 * MIB, block[:-1] + b"x" if torn else block))

    assert check_machine([disk(0), disk(1)]).hostname == "h"
    for wrong in ([disk(0)], [disk(1), disk(0)], [disk(0), disk(1, machine="other")], [disk(0), disk(1, torn=True)], [reader()], []):
        with pytest.raises(UnhealthyError):
            check_machine(wrong)
