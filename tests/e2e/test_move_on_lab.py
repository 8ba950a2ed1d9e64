"""The whole road on the lab, by the command line: up, back, accepted; anew and rolled back; killed and gone on with.

One lab for the module. Every test begins and ends with the server at home, so that their order does not matter.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.aws_control import AwsControl
from lab.control import LabControl
from tests.fakes.city_lab import PROJECT, CityLab, city_lab

pytestmark = [pytest.mark.lab, pytest.mark.e2e, pytest.mark.xdist_group("move")]
SERVER = "permits-db-01"
PATH = f"/Downtown/vm/Three Rivers/{SERVER}"
STACKS = ("downtown.servers", "aws-east.servers")
MIB = 1 << 20
INCLINE = str(Path(sys.executable).with_name("incline"))


class Mover:
    """An engineer at the lab: types `incline move`, and stands for the guest that writes on its disks."""

    def __init__(self, city: CityLab) -> None:
        self.city = city
        lab = json.loads((Path(city.environ["INCLINE_LAB_HOME"]) / "lab.json").read_text())
        self.vcenter = LabControl(url=lab["vcenter"]["url"], token=lab["control_token"], ca_file=lab["vcenter"]["ca_file"])
        self.aws = AwsControl(lab["aws"]["url"], lab["control_token"])

    def move(self, *words: str, expect: int = 0) -> dict[str, Any]:
        """`incline move ... --json`."""
        answer: dict[str, Any] = json.loads(self.city.run(INCLINE, "move", *words, "--json", expect=expect))
        return answer

    def placement(self) -> dict[str, Any]:
        """The server's placement as `incline estate show` has it on disk."""
        from infra.estate.write import read_placement

        found = read_placement(self.city.estate, SERVER)
        assert found is not None
        return found.model_dump(mode="json")

    def volume(self, disk: int = -1) -> str:
        """The volume of one of the server's disks."""
        return str(self.placement()["machine"]["disks"][disk]["volume_id"])

    def state(self) -> tuple[str, list[bool]]:
        """Power of the virtual machine, and which cards connect at start."""
        machine = self.city.vm(PATH)
        cards = [d["connectable"]["startConnected"] for d in machine["config"]["hardware"]["device"] if "macAddress" in d]
        return machine["runtime"]["powerState"], cards

    def leftovers(self) -> dict[str, Any]:
        """What a move makes outside of the stacks."""
        images = self.city.aws("ec2", "describe-images", "--owners", "self")["Images"]
        snapshots = self.city.aws("ec2", "describe-snapshots", "--owner-ids", "self")["Snapshots"]
        volumes = self.city.aws("ec2", "describe-volumes", "--filters", "Name=status,Values=available")["Volumes"]
        config = {o["key"]: o["value"] for o in self.city.vm(PATH)["config"].get("extraConfig") or []}
        return {
            "images": sorted(i["Name"] for i in images if i["Name"].startswith("incline-")),
            "snapshots": [s["SnapshotId"] for s in snapshots if any(t["Key"].startswith("incline:") for t in s.get("Tags") or [])],
            "volumes": [v["VolumeId"] for v in volumes],
            "marks": sorted(k for k in config if k.startswith("incline.")),
            "tree": self.city.govc("snapshot.tree", "-vm", PATH).strip(),
        }


NOTHING = {"images": [], "snapshots": [], "volumes": [], "marks": [], "tree": ""}


@pytest.fixture(scope="module")
def mover(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mover]:
    with city_lab(tmp_path_factory.mktemp("move")) as lab:
        for stack in ("downtown.foundation", "aws-east.foundation", *STACKS):
            lab.up(stack)
        yield Mover(lab)


def sent(document: dict[str, Any], number: int = -1) -> int:
    """Blocks that a round sent."""
    return sum(d["blocks_sent"] for d in document["rounds"][number]["disks"])


def test_up_and_back_through_a_kill_and_a_flipped_bit(mover: Mover) -> None:
    killed_in_the_middle_of_the_seed(mover)
    flipped_bit_is_named_and_sent_again(mover)
    goes_up(mover)
    comes_back_with_the_delta_alone(mover)

    mover.move("accept", SERVER, "--yes")

    mover.city.assert_settled(*STACKS)
    assert mover.leftovers() == NOTHING
    assert [m["state"] for m in mover.move("list")["moves"]][-2:] == ["returned", "accepted"]


def both_disks_travel(mover: Mover) -> bool:
    """Whether the lab holds blocks of each disk's snapshot: a kill then falls into the middle of a copy, however slow the machine."""
    region = mover.aws.state()["regions"]["123456789012/us-east-1"]
    return sum(s["blocks"] >= 20 for s in region["snapshots"].values()) == 2


def killed_in_the_middle_of_the_seed(mover: Mover) -> None:
    """kill -9 while blocks travel; the same command goes on and sends none of them again."""
    for chunk in range(4):
        mover.vcenter.guest_write_seeded(SERVER, 1, (100 + 100 * chunk) * MIB, seed=50 + chunk, length=64 * MIB)
    command = [INCLINE, "move", "start", SERVER, "--to", "aws-east", "--yes"]
    process = subprocess.Popen(command, cwd=PROJECT, env=dict(mover.city.environ), stderr=subprocess.DEVNULL)
    folder = Path(mover.city.environ["INCLINE_STATE"]) / "moves"
    wait_for(lambda: any(j.read_bytes().count(b"target-opened") == 2 for j in folder.glob("*/journal.jsonl")))
    wait_for(lambda: both_disks_travel(mover))
    process.send_signal(signal.SIGKILL)
    process.wait()

    document = mover.move("start", SERVER, "--to", "aws-east", "--yes")

    data = next(d for d in document["rounds"][0]["disks"] if d["name"] == "data")
    assert document["state"] == "synced"
    assert data["blocks_resumed"] > 0
    assert data["blocks_sent"] > 0
    assert data["blocks_resumed"] + data["blocks_sent"] == data["blocks_total"]


def flipped_bit_is_named_and_sent_again(mover: Mover) -> None:
    """A bit that the store lost stops the cut-over while the source still runs; the next round mends it."""
    found = mover.city.aws("ec2", "describe-snapshots", "--filters", f"Name=tag:Name,Values={SERVER}-data")["Snapshots"]
    mover.aws.corrupt(found[0]["SnapshotId"], 100 * MIB + 12345, bit=3)

    answer = mover.move("cutover", SERVER, "--yes", expect=1)

    assert answer["error"]["code"] == "INC-2071"
    assert any(f"disk data, offset {100 * MIB}" in line for line in answer["error"]["details"])
    assert mover.state() == ("poweredOn", [True])
    assert sent(mover.move("sync", SERVER, "--yes")) == 1
    assert mover.move("verify", SERVER)["ok"]


def goes_up(mover: Mover) -> None:
    """A delta while it runs, the cut-over, the same bytes on the other side."""
    mover.vcenter.guest_write_seeded(SERVER, 1, 600 * MIB, seed=1, length=3 * MIB)
    delta = mover.move("sync", SERVER, "--yes")
    mover.vcenter.guest_write_seeded(SERVER, 0, 700 * MIB, seed=2, length=MIB)

    document = mover.move("cutover", SERVER, "--yes")

    assert sent(delta) == 6
    assert document["state"] == "on-trial"
    assert document["previews"] == dict.fromkeys(STACKS, 0)
    assert all(d["source_root"] == d["target_root"] != "" for d in document["disks"])
    assert mover.state() == ("poweredOff", [False])
    mover.city.assert_settled(*STACKS)
    assert mover.aws.guest_read(mover.volume(), 600 * MIB, MIB) == mover.vcenter.guest_read(SERVER, 1, 600 * MIB, MIB)


def comes_back_with_the_delta_alone(mover: Mover) -> None:
    """A return that starts from the trial: only what was written on AWS travels, the rounded tail included."""
    tail = (40 << 30) + (3 << 28)
    mover.aws.guest_write_seeded(mover.volume(), 800 * MIB, seed=3, length=2 * MIB)
    mover.aws.guest_write_seeded(mover.volume(), tail, seed=4, length=MIB)
    expected = mover.aws.guest_read(mover.volume(), tail, MIB)
    assert sent(mover.move("start", SERVER, "--to", "downtown", "--yes")) == 6

    document = mover.move("cutover", SERVER, "--yes")

    assert (document["direction"], document["state"]) == ("down", "on-trial")
    assert mover.state() == ("poweredOn", [True])
    assert mover.vcenter.guest_read(SERVER, 1, tail, MIB) == expected
    mover.city.assert_settled(*STACKS)


def test_rollback_after_a_cut_over_leaves_the_source_with_its_own_data(mover: Mover) -> None:
    before = mover.vcenter.guest_read(SERVER, 1, 800 * MIB, MIB)
    mover.move("start", SERVER, "--to", "aws-east", "--yes")
    mover.move("cutover", SERVER, "--yes")
    mover.aws.guest_write_seeded(mover.volume(), 800 * MIB, seed=9, length=MIB)

    refused = mover.move("rollback", SERVER, "--yes", expect=1)
    mover.move("rollback", SERVER, "--discard-writes", "--yes")

    assert refused["error"]["code"] == "INC-2131"
    assert f"incline move start {SERVER} --to downtown --yes" in refused["error"]["next_step"]
    assert mover.state() == ("poweredOn", [True])
    assert mover.vcenter.guest_read(SERVER, 1, 800 * MIB, MIB) == before
    mover.city.assert_settled(*STACKS)
    assert mover.leftovers() == NOTHING


def test_a_throttled_api_an_expired_login_and_ctrl_c_in_the_middle_of_a_copy_lose_nothing(mover: Mover) -> None:
    mover.vcenter.guest_write_seeded(SERVER, 1, 1000 * MIB, seed=60, length=200 * MIB)
    mover.aws.throttle("PutSnapshotBlock", probability=0.1)
    command = [INCLINE, "move", "start", SERVER, "--to", "aws-east", "--yes"]
    folder = Path(mover.city.environ["INCLINE_STATE"]) / "moves"
    known = set(folder.glob("*/journal.jsonl"))
    process = subprocess.Popen(command, cwd=PROJECT, env=dict(mover.city.environ), stderr=subprocess.PIPE, text=True)
    wait_for(lambda: any(j.read_bytes().count(b"target-opened") == 2 for j in set(folder.glob("*/journal.jsonl")) - known))
    mover.vcenter.expire_sessions()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1]

    document = mover.move("start", SERVER, "--to", "aws-east", "--yes")
    mover.aws.calm()
    verified = mover.move("verify", SERVER)
    mover.move("rollback", SERVER, "--yes")

    data = next(d for d in document["rounds"][0]["disks"] if d["name"] == "data")
    assert process.returncode == 130, said
    assert "everything acknowledged is kept" in said
    assert data["blocks_resumed"] + data["blocks_sent"] == data["blocks_total"]
    assert verified["ok"]
    assert mover.leftovers() == NOTHING


def test_a_foreign_snapshot_is_named_with_its_remedy(mover: Mover) -> None:
    mover.city.govc("snapshot.create", "-vm", PATH, "nightly-backup")
    try:
        answer = mover.move("plan", SERVER, "--to", "aws-east", expect=1)
    finally:
        mover.city.govc("snapshot.remove", "-vm", PATH, "nightly-backup")

    assert any("nightly-backup" in reason for reason in answer["reasons"])


def test_a_held_source_started_by_hand_blocks_every_step_until_a_return_brings_all_back(mover: Mover) -> None:
    mover.move("start", SERVER, "--to", "aws-east", "--yes")
    mover.move("cutover", SERVER, "--yes")
    mover.aws.guest_write_seeded(mover.volume(), 900 * MIB, seed=7, length=MIB)
    mover.city.govc("vm.power", "-on", PATH)
    mover.vcenter.guest_write_seeded(SERVER, 1, 50 * MIB, seed=8, length=MIB)

    blocked = mover.move("accept", SERVER, "--yes", expect=1)
    mover.city.govc("vm.power", "-off", "-force", PATH)
    refused = mover.move("rollback", SERVER, "--discard-writes", "--yes", expect=1)
    expected = [mover.aws.guest_read(mover.volume(), at * MIB, MIB) for at in (50, 900)]
    mover.move("start", SERVER, "--to", "downtown", "--yes")
    mover.move("cutover", SERVER, "--yes")
    mover.move("accept", SERVER, "--yes")

    assert (blocked["error"]["code"], refused["error"]["code"]) == ("INC-2101", "INC-2130")
    assert [mover.vcenter.guest_read(SERVER, 1, at * MIB, MIB) for at in (50, 900)] == expected
    mover.city.assert_settled(*STACKS)
    assert mover.leftovers() == NOTHING


def wait_for(seen: Any, patience_s: float = 60.0) -> None:
    """Poll until something is seen."""
    deadline = time.monotonic() + patience_s
    while not seen():
        assert time.monotonic() < deadline, "never seen"
        time.sleep(0.02)


def test_a_wave_moves_what_works_takes_back_what_fails_and_plans_the_rest_again(mover: Mover) -> None:
    """Two servers of one night by `incline plan run`; AWS refuses the image of the second."""
    city, servers = mover.city, ("permits-web-01", "water-app-01")
    plan = city.estate.parent / "plan"
    plan.mkdir(exist_ok=True)
    (plan / "programme.yaml").write_text("lead_days: 1\nnights: 10\n", encoding="utf-8")
    wanted = [word for server in servers for word in ("--server", server)]
    city.run(INCLINE, "plan", "make", "--to", "aws-east", *wanted, "--yes")
    refused = json.loads(city.run(INCLINE, "plan", "run", "--json", expect=1))
    assert [check["name"] for check in refused["checks"] if not check["ok"]] == ["night"]

    mover.aws.faults({"action": "RegisterImage", "fault": "error", "code": "InvalidRequest", "status": 400, "count": 1, "skip": 1})
    try:
        ran = json.loads(city.run(INCLINE, "plan", "run", "--early", "a rehearsal", "--yes", "--json", expect=1))
    finally:
        mover.aws.calm()

    assert {done["server"]: done["state"] for done in ran["done"]} == {servers[0]: "moved", servers[1]: "rolled-back"}
    status = json.loads(city.run(INCLINE, "plan", "status", "--json"))
    assert [(wave["moved"], wave["planned"]) for wave in status["waves"]] in ([(1, 1)], [(1, 0), (0, 1)])
    assert [note["note"].split(" on ")[0] for wave in status["waves"] for note in wave["notes"] if note["server"] == servers[1]] == [
        "rolled-back"
    ]
    states = {m["server"]: m["state"] for m in mover.move("list")["moves"]}
    assert (states[servers[0]], states[servers[1]]) == ("on-trial", "rolled-back")

    mover.move("rollback", servers[0], "--discard-writes", "--yes")
    city.assert_settled(*STACKS)
    assert mover.leftovers() == NOTHING
