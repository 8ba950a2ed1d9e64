"""All six stacks of the example city, by the real engine on the lab: adoption, drift by hand, growth in place, held machines.

The city is brought up once. Every test leaves it settled, so that the order does not matter.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.estate.model import GIB, Held, Machine
from infra.estate.write import read_placement, write_placement
from tests.fakes.city_lab import FOUNDATIONS, SERVERS, CityLab, ToolError, city_lab
from tests.fakes.forge import Forge, forge

pytestmark = [pytest.mark.lab, pytest.mark.e2e, pytest.mark.xdist_group("city")]
TODAY = datetime(2026, 11, 25, tzinfo=UTC)
FOLDER = "/Downtown/vm/Three Rivers"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CityLab]:
    with city_lab(tmp_path_factory.mktemp("city")) as lab:
        with ThreadPoolExecutor(max_workers=2) as pool:  # two by two: each stands on what stands before its pair
            for pair in ((FOUNDATIONS[0], FOUNDATIONS[1]), (SERVERS[0], FOUNDATIONS[2]), (SERVERS[1], SERVERS[2])):
                list(pool.map(lab.up, pair))
        yield lab


@pytest.mark.parametrize("stack", [*FOUNDATIONS, *SERVERS])
def test_after_up_a_refreshed_preview_is_empty(city: CityLab, stack: str) -> None:
    city.assert_settled(stack)


def test_a_resize_by_hand_is_named_and_nothing_else(city: CityLab) -> None:
    city.govc("vm.change", "-vm", f"{FOLDER}/permits-db-01", "-c", "4", "-m", "16384")

    assert city.changes("downtown.servers") == {("update", "permits-db-01-vm")}

    city.up("downtown.servers", "--refresh")
    assert city.vm(f"{FOLDER}/permits-db-01")["config"]["hardware"]["numCPU"] == 8
    city.assert_settled("downtown.servers")


def test_a_volume_deleted_by_hand_is_named_and_nothing_else(city: CityLab) -> None:
    volume = city.aws("ec2", "describe-volumes", "--filters", "Name=tag:Name,Values=city-311-api-01-spool")["Volumes"][0]["VolumeId"]
    city.aws("ec2", "detach-volume", "--volume-id", volume)
    city.aws("ec2", "delete-volume", "--volume-id", volume)

    assert city.changes("aws-east.servers") == {("create", "city-311-api-01-disk-spool"), ("create", "city-311-api-01-attach-spool")}

    city.up("aws-east.servers", "--refresh")
    city.assert_settled("aws-east.servers")


def test_an_adopted_disk_grows_in_place(city: CityLab) -> None:
    before = city.vm(f"{FOLDER}/permits-web-01")
    city.edit_server("permits-web-01", lambda entry: entry["disks"][0].update(size="36GiB"))

    assert city.changes("downtown.servers") == {("update", "permits-web-01"), ("update", "permits-web-01-vm")}
    city.up("downtown.servers")

    after = city.vm(f"{FOLDER}/permits-web-01")
    assert after["config"]["uuid"] == before["config"]["uuid"]
    assert [disk["backing"]["uuid"] for disk in disks(after)] == [disk["backing"]["uuid"] for disk in disks(before)]
    assert [disk["capacityInBytes"] for disk in disks(after)] == [36 * GIB]
    city.assert_settled("downtown.servers")


def test_an_edited_size_and_a_grown_volume_are_updates_in_place_on_aws(city: CityLab) -> None:
    before = city.instance("city-311-api-02")
    city.edit_server("city-311-api-02", lambda entry: entry["size"].update(cpus=8, memory="64GiB"))
    city.edit_server("city-311-api-02", lambda entry: entry["disks"][1].update(size="333GiB"))

    operations = {operation for operation, _ in city.changes("aws-east.servers")}
    city.up("aws-east.servers")

    after = city.instance("city-311-api-02")
    volume = city.aws("ec2", "describe-volumes", "--filters", "Name=tag:Name,Values=city-311-api-02-spool")["Volumes"][0]
    assert operations == {"update"}
    assert (after["InstanceId"], after["State"]["Name"]) == (before["InstanceId"], "running")
    assert after["InstanceType"] != before["InstanceType"]
    assert volume["Size"] == 333
    city.assert_settled("aws-east.servers")


def test_a_server_that_arrived_by_a_move_grows_in_place_after_its_volumes_were_adopted(city: CityLab) -> None:
    name = "permits-app-01"
    image = image_with_disks(city, name, sizes=(40, 60))
    placement = read_placement(city.estate, name)
    assert placement is not None
    records = tuple(each.model_copy(update={"label": "", "uuid": "", "file": "", "unit_number": None}) for each in placement.machine.disks)
    arrived = Machine(site="aws-east", image_id=image, disks=records)
    held = Held(machine=placement.machine, since=TODAY, move="move-1")
    on_trial = placement.model_copy(update={"held": held, "origin": "moved"})
    write_placement(city.estate, on_trial.model_copy(update={"machine": arrived}))
    city.up("downtown.servers")
    city.up("aws-east.servers")

    instance = city.instance(name)
    volumes = {each["DeviceName"]: each["Ebs"]["VolumeId"] for each in instance["BlockDeviceMappings"]}
    boot, data = records
    launched = (boot, data.model_copy(update={"device": "/dev/sdf", "volume_id": volumes["/dev/sdf"]}))
    known = arrived.model_copy(update={"disks": launched, "instance_id": instance["InstanceId"]})
    write_placement(city.estate, on_trial.model_copy(update={"machine": known}))
    city.up("aws-east.servers")
    city.assert_settled("aws-east.servers", "downtown.servers")

    city.edit_server(name, lambda entry: entry["disks"][1].update(size="77GiB"))
    city.up("aws-east.servers")
    grown = city.aws("ec2", "describe-volumes", "--volume-ids", volumes["/dev/sdf"])["Volumes"][0]
    assert grown["Size"] == 77
    assert city.instance(name)["InstanceId"] == instance["InstanceId"]
    city.assert_settled("aws-east.servers")


def test_an_adoption_under_a_wrong_label_changes_no_disk_and_the_next_preview_refuses(city: CityLab) -> None:
    name, path = "library-web-01", "/Northside/vm/Three Rivers/library-web-01"
    placement, before = read_placement(city.estate, name), city.vm(path)
    assert placement is not None
    urn = next(each for each in city.urns("northside.servers") if each.endswith(f"::{name}-vm"))
    city.run("pulumi", "state", "delete", urn, "--force", "--yes", "--target-dependents", "--stack", "northside.servers")
    wrong = tuple(each.model_copy(update={"label": f"disk{index}"}) for index, each in enumerate(placement.machine.disks))
    write_placement(city.estate, placement.model_copy(update={"machine": placement.machine.model_copy(update={"disks": wrong})}))

    city.up("northside.servers")
    with pytest.raises(ToolError, match="INC-7013"):
        city.preview("northside.servers")

    assert [disk["backing"] for disk in disks(city.vm(path))] == [disk["backing"] for disk in disks(before)]
    write_placement(city.estate, placement)
    city.assert_settled("northside.servers")


@pytest.fixture
def held(city: CityLab) -> Iterator[str]:
    """The path of a machine whose server is on trial elsewhere: off, cut off, and declared as held. Everything is put back afterwards."""
    name, path, file = "finance-app-02", f"{FOLDER}/finance-app-02", city.estate / "servers" / "finance.yaml"
    placement, entries = read_placement(city.estate, name), file.read_text()
    assert placement is not None
    source = Held(machine=placement.machine, since=TODAY, move="move-1")
    on_trial = {"machine": Machine(site="aws-east", image_id="ami-0123456789abcdef0"), "held": source, "origin": "moved"}
    write_placement(city.estate, placement.model_copy(update=on_trial))
    city.up("downtown.servers")
    city.govc("vm.power", "-off", "-force", path)
    city.govc("device.disconnect", "-vm", path, "ethernet-0")
    yield path
    file.write_text(entries)
    write_placement(city.estate, placement)
    city.govc("device.connect", "-vm", path, "ethernet-0")
    city.govc("vm.power", "-on", path)
    city.up("downtown.servers")


def test_a_held_machine_stays_off_and_cut_off_through_edits_and_an_up(city: CityLab, held: str) -> None:
    city.edit_server("finance-app-02", lambda entry: entry.update(role="edited", tags={"patch-group": "late"}))
    city.edit_server("finance-app-02", lambda entry: entry["size"].update(memory="64GiB"))

    city.assert_settled("downtown.servers")
    city.up("downtown.servers")

    machine = city.vm(held)
    cards = [each for each in machine["config"]["hardware"]["device"] if "macAddress" in each]
    assert machine["runtime"]["powerState"] == "poweredOff"
    assert [card["connectable"]["connected"] for card in cards] == [False]
    assert machine["config"]["hardware"]["memoryMB"] == 32 * 1024
    city.assert_settled("downtown.servers")


def test_an_estate_older_than_the_stack_is_refused(city: CityLab) -> None:
    generation = city.estate / "generation.yaml"
    newest = generation.read_text()
    number = int(newest.rsplit(":", 1)[1])
    generation.write_text(f"generation: {number + 5}\n")
    city.up("northside.servers")
    generation.write_text(newest)

    with pytest.raises(ToolError, match=rf"brought to generation {number + 5} of the estate, this one is generation {number}"):
        city.up("northside.servers")

    generation.write_text(f"generation: {number + 5}\n")
    city.assert_settled("northside.servers")


def test_a_pull_request_is_previewed_gated_and_commented_on_once(city: CityLab, tmp_path: Path) -> None:
    entries = city.estate / "servers" / "permits.yaml"
    before = entries.read_text()
    with forge() as running:
        pipeline = _pipeline(city, tmp_path, running)
        city.edit_server("permits-db-01", lambda entry: entry["size"].update(memory="160GiB"))
        pipeline.run(SCRIPT, expect=1)
        (refused,) = running.comments
        first = str(refused["body"])
        entries.write_text(before)
        pipeline.run(SCRIPT)
        (cleared,) = running.comments

    assert "permits-db-01" in first.partition("| stack |")[0]
    assert "| downtown.servers | ✗ refused" in first
    assert "536 GiB" in first
    assert "nothing changes since HEAD" in cleared["body"]
    assert "| downtown.servers | ✓" in cleared["body"]
    assert json.loads((tmp_path / "out" / "policy" / "downtown.servers.json").read_text())["schema"] == "incline.policy/1"
    assert (tmp_path / "out" / "check" / "report.sarif").is_file()


SCRIPT = "docs/ci/preview.sh"


def _pipeline(city: CityLab, folder: Path, running: Forge) -> CityLab:
    """The city as a forge's runner sees it: the estate in git, the variables of a pull request."""
    for words in (("init", "-q"), ("add", "-A"), ("-c", "user.name=city", "-c", "user.email=city@example.org", "commit", "-qm", "before")):
        city.run("git", "-C", str(city.estate), *words)
    bin_folder = str(Path(sys.executable).parent)
    variables = {
        "BASE": "HEAD",
        "STACKS": "downtown.servers",
        "OUT": str(folder / "out"),
        "COMMENT": "yes",
        "PATH": f"{bin_folder}{os.pathsep}{city.environ['PATH']}",
        **running.github(),
    }
    return replace(city, environ={**city.environ, **variables})


def disks(machine: dict[str, Any]) -> list[dict[str, Any]]:
    """The virtual disks among a machine's devices."""
    return [each for each in machine["config"]["hardware"]["device"] if "capacityInBytes" in each]


def image_with_disks(city: CityLab, name: str, *, sizes: tuple[int, int]) -> str:
    """An image as a move registers it: every disk from a snapshot that is encrypted with the site's key."""
    key = json.loads(city.run("pulumi", "stack", "output", "--json", "--stack", "aws-east.foundation"))["kmsKeyArn"]
    mappings = []
    for device, size in zip(("/dev/sda1", "/dev/sdf"), sizes, strict=True):
        zone = ("--availability-zone", "us-east-1a", "--volume-type", "gp3")
        volume = city.aws("ec2", "create-volume", "--size", str(size), *zone, "--encrypted", "--kms-key-id", key)["VolumeId"]
        snapshot = city.aws("ec2", "create-snapshot", "--volume-id", volume)["SnapshotId"]
        city.aws("ec2", "delete-volume", "--volume-id", volume)
        disk = {"SnapshotId": snapshot, "VolumeType": "gp3", "DeleteOnTermination": device == "/dev/sda1"}
        mappings.append({"DeviceName": device, "Ebs": disk})
    words = ("--root-device-name", "/dev/sda1", "--architecture", "x86_64", "--virtualization-type", "hvm", "--ena-support")
    answer = city.aws("ec2", "register-image", "--name", name, *words, "--block-device-mappings", json.dumps(mappings))
    return str(answer["ImageId"])
