"""`incline estate settle --observe` against a vCenter: what stands there is adopted as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from cli.main import run
from infra.estate.load import load_estate
from lab.toolchain import Toolchain
from lab.vcenter.inventory import build_inventory
from tests.fakes.village import Village
from tests.lab.vcenter.stage import PASSWORD, USER, Stage

pytestmark = pytest.mark.lab

PLACEMENT = "placements/desk-db-01.yaml"


@pytest.fixture
def village(tmp_path: Path) -> Village:
    village = Village(tmp_path / "estate")
    (village.root / PLACEMENT).unlink()
    return village


@pytest.fixture
def vcenter(village: Village, toolchain: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    inventory = build_inventory(load_estate(village.root, settled=False))
    stage = Stage(toolchain.vcenter, tmp_path / "vcenter", inventory=inventory)
    try:
        stage.start()
        environment = {
            "INCLINE_ESTATE": str(village.root),
            "INCLINE_SITE_HALL_ENDPOINT": stage.ready["host"],
            "INCLINE_SITE_HALL_CA_FILE": str(stage.folder / stage.ready["ca_file"]),
            "VC_USER": USER,
            "VC_PASSWORD": PASSWORD,
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield stage
    finally:
        stage.stop()


def test_a_machine_that_stands_there_is_adopted_with_its_own_ids(village: Village, vcenter: Stage) -> None:
    assert run(["estate", "settle", "--observe", "--yes"]) == ExitCode.OK

    placement = village.load().placements["desk-db-01"]
    [machine] = next(centre for centre in vcenter.inventory["datacenters"] if centre["name"] == "Hall")["vms"]
    assert (placement.origin, placement.machine.uuid) == ("adopted", machine["uuid"])
    assert placement.machine.import_id == "/Hall/vm/Three Rivers/desk-db-01"
    assert [disk.uuid for disk in placement.machine.disks] == [disk["uuid"] for disk in machine["disks"]]
    assert [disk.label for disk in placement.machine.disks] == ["Hard disk 1", "Hard disk 2"]


def test_a_machine_with_other_disks_is_refused_and_nothing_is_written(
    village: Village, vcenter: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    village.edit("servers/servers.yaml", "size: 40.5GiB", "size: 41GiB")

    assert run(["estate", "settle", "--observe", "--yes"]) == ExitCode.ERROR

    assert "has disks of 8GiB + 40.5GiB, the estate says 8GiB + 41GiB" in capsys.readouterr().err
    assert not (village.root / PLACEMENT).exists()


def test_wrong_credentials_say_so_and_write_nothing(
    village: Village, vcenter: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VC_PASSWORD", "wrong")

    assert run(["estate", "settle", "--observe", "--yes"]) == ExitCode.ERROR

    shown = capsys.readouterr()
    assert "hall" in shown.err
    assert "VC_USER" in shown.err or "credential" in shown.err or "password" in shown.err
    assert not (village.root / PLACEMENT).exists()
