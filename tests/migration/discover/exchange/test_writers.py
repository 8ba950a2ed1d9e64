"""What other tools ask of the files that are written for them."""

from __future__ import annotations

import csv
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import python_calamine

from migration.discover.exchange import read_file, write_file
from migration.discover.exchange.rvtools_tabs import TABS
from migration.discover.model import FoundNetwork, FoundNic, Inventory
from tests.migration.discover.exchange.files import NOW, SAMPLE

EXPORT_FOR_VCENTER = {
    "vInfo": "VM|Powerstate|Template|DNS Name|CPUs|Memory|Total disk capacity MiB|NICs|Disks|Host|OS according to the configuration file|"
    "OS according to the VMware Tools|VI SDK API Version|Primary IP Address|VM ID|VM UUID|VI SDK Server type|VI SDK Server|VI SDK UUID",
    "vNetwork": "VM|Network|IPv4 Address|IPv6 Address|Switch|Mac Address",
    "vCPU": "VM|CPUs|Sockets|Reservation",
    "vMemory": "VM|Size MiB|Reservation",
    "vDisk": "VM|Disk|Disk Key|Disk Path|Capacity MiB",
    "vPartition": "VM|Disk Key|Disk|Capacity MiB|Free MiB",
    "vSource": "Name|API version|Vendor|VI SDK UUID",
    "vTools": "VM|Tools",
    "vHost": "Host|# CPU|# Cores|# Memory|# NICs|Vendor|Model|Object ID|UUID|VI SDK UUID",
    "vNIC": "Host|Network Device|MAC|Switch",
    "vSC_VMK": "Host|Mac Address|IP Address|IP 6 Address|Subnet mask",
    "vPort": "Port Group|Switch|VLAN",
    "dvPort": "Port|Switch|VLAN",
}
"""The columns of awslabs/export-for-vcenter (27a784b) by tab: what AWS Transform reads."""
PLANNER = {
    "vInfo": ("VM ID", "VM", "Cluster", "VI SDK UUID"),
    "vCPU": ("VM ID", "Hot Add", "Hot Remove", "Sockets", "Cores p/s"),
    "vMemory": ("VM ID", "Hot Add", "Ballooned"),
    "vDisk": (
        "VM ID",
        "Disk Key",
        "Unit #",
        "Path",
        "Disk Path",
        "Capacity MiB",
        "Shared Bus",
        "Disk Mode",
        "Controller",
        "Label",
        "SCSI Unit #",
    ),
    "vHBA": ("Device", "Type"),
    "vDatastore": ("Hosts", "Address", "Name", "Object ID", "Free MiB", "MHA", "Capacity MiB", "Type"),
    "dvPort": ("Port", "VLAN", "Switch"),
    "dvSwitch": ("Name",),
    "vCluster": ("Name", "Object ID", "DRS enabled", "HA enabled"),
}
"""The columns that Red Hat's planner (kubev2v/migration-planner) selects by name; those of vInfo must not be empty."""
AZURE = (
    *("*Server Name", "IP addresses", "*Cores", "*Memory (In MB)", "*OS name", "OS version", "OS architecture"),
    *("CPU utilization percentage", "Memory utilization percentage", "Network adapters", "Network In throughput"),
    *("Network Out throughput", "Boot type", "Number of disks", "Disk 1 size (In GB)", "Disk 1 read throughput (MB per second)"),
    *("Disk 1 write throughput (MB per second)", "Disk 1 read ops (operations per second)"),
    "Disk 1 write ops (operations per second)",
)


def inventory() -> Inventory:
    found = read_file(SAMPLE, "harbour", NOW)
    networks = (
        FoundNetwork(name="VM Network", site="harbour", vlan=12, switch="vSwitch0"),
        FoundNetwork(name="prod", site="harbour", vlan=7, switch="dvs-1"),
    )
    cards = (FoundNic(label="Network adapter 1", network="prod", addresses=("10.0.0.5", "fd00::5")),)
    return replace(found, networks=networks, machines=(replace(found.machines[0], nics=cards), *found.machines[1:]))


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, object]]]:
    path = tmp_path_factory.mktemp("written") / "out.xlsx"
    write_file(inventory(), path, "rvtools")
    opened = python_calamine.CalamineWorkbook.from_path(str(path))
    rows = {name: opened.get_sheet_by_name(name).to_python() for name in opened.sheet_names}
    return {name: [dict(zip(found[0], row, strict=True)) for row in found] for name, found in rows.items()}


def test_all_27_tabs_with_rvtools_columns_in_order(book: dict[str, list[dict[str, object]]]) -> None:
    assert list(book) == list(TABS)
    assert len(book) == 27
    for tab, columns in TABS.items():
        assert tuple(book[tab][0])[: len(columns)] == columns


@pytest.mark.parametrize("tab", EXPORT_FOR_VCENTER)
def test_what_export_for_vcenter_writes_is_there(book: dict[str, list[dict[str, object]]], tab: str) -> None:
    assert set(EXPORT_FOR_VCENTER[tab].split("|")) <= set(book[tab][0])


@pytest.mark.parametrize("tab", PLANNER)
def test_what_red_hats_planner_selects_is_there(book: dict[str, list[dict[str, object]]], tab: str) -> None:
    assert set(PLANNER[tab]) <= set(book[tab][0])


def test_what_red_hats_planner_will_not_do_without_is_filled(book: dict[str, list[dict[str, object]]]) -> None:
    for row in book["vInfo"][1:]:
        assert all(row[name] for name in PLANNER["vInfo"])
    assert len({row["VI SDK UUID"] for row in book["vInfo"][1:]}) == 1


def test_values_where_tools_look_for_them(book: dict[str, list[dict[str, object]]]) -> None:
    info, card, port = book["vInfo"][1], book["vNetwork"][1], book["dvPort"][1]

    assert (info["VM"], info["Powerstate"], info["CPUs"], info["Memory"], info["Template"]) == ("vm-1", "poweredOff", 1, 2224, "False")
    assert info["Creation date"] == datetime(2025, 2, 26, 12, 53, 35)  # noqa: DTZ001 - cells have no zone
    assert (card["Network"], card["Switch"], card["IPv4 Address"], card["IPv6 Address"]) == ("prod", "dvs-1", "10.0.0.5", "fd00::5")
    assert (port["Port"], port["VLAN"], port["Switch"]) == ("prod", 7, "dvs-1")
    assert [row["Port Group"] for row in book["vPort"][1:]] == ["VM Network"]


def test_azures_columns_are_its_own(tmp_path: Path) -> None:
    write_file(inventory(), tmp_path / "azure.csv", "azure")
    with (tmp_path / "azure.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))

    assert tuple(rows[0][: len(AZURE)]) == AZURE
    assert rows[0][len(AZURE)] == "Disk 2 size (In GB)"
    assert rows[4][:7] == ["vm-4", "", "8", "17230", "Red Hat Enterprise Linux 9", "", "x64"]


def test_templates_are_no_servers_for_azure(tmp_path: Path) -> None:
    found = inventory()
    with_template = replace(found, machines=(replace(found.machines[0], template=True), *found.machines[1:]))
    written = write_file(with_template, tmp_path / "azure.csv", "azure")

    assert written.machines == 8
    assert written.left_out[0] == "1 templates"


def test_an_inventory_of_nothing_is_written_and_said_to_be_empty_when_read(tmp_path: Path) -> None:
    for form, ending in (("rvtools", "xlsx"), ("azure", "csv"), ("csv", "csv"), ("json", "json")):
        assert write_file(Inventory(taken_at=NOW), tmp_path / f"{form}.{ending}", form).machines == 0
    assert read_file(tmp_path / "json.json", "harbour", NOW).machines == ()


def test_a_workbook_is_small_and_whole(tmp_path: Path) -> None:
    write_file(inventory(), tmp_path / "out.xlsx", "rvtools")

    assert zipfile.ZipFile(tmp_path / "out.xlsx").testzip() is None
