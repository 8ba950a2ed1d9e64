"""What goes wrong in a city, tried on the lab with the commands people type: each says what is wrong and what to do, and loses nothing.

One lab for the module; every test leaves the estate, the servers and both sites as it found them.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim

from infra.endpoints import resolve
from infra.estate.load import load_estate
from infra.observed.vsphere import find_vm_at, vm_view
from infra.observed.vsphere_session import VsphereSession
from lab.aws_control import AwsControl
from lab.control import LabControl
from tests.fakes.city_lab import PROJECT, CityLab, city_lab

pytestmark = [pytest.mark.lab, pytest.mark.e2e, pytest.mark.xdist_group("bad-input")]
INCLINE = str(Path(sys.executable).with_name("incline"))
SERVER = "permits-db-01"
VM = f"/Downtown/vm/Three Rivers/{SERVER}"
MIB = 1 << 20
WRONG = "a-wrong-pass-phrase"


@dataclass(frozen=True)
class Said:
    """What a command answered: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Everything a person would have read."""
        return self.out + self.err


@dataclass(frozen=True)
class Desk:
    """An engineer's shell at the lab."""

    city: CityLab

    def says(self, *command: str, **variables: str) -> Said:
        """Runs a command; nothing it says may be a traceback or a secret."""
        environ = {**self.city.environ, **variables}
        done = subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, check=False, timeout=300)
        said = Said(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in said.all, said.all
        assert WRONG not in said.all, said.all
        assert self.city.environ["INCLINE_VCENTER_PASSWORD"] not in said.all, said.all
        return said

    def move(self, *words: str, **variables: str) -> Said:
        """`incline move ...`."""
        return self.says(INCLINE, "move", *words, **variables)

    def start(self) -> subprocess.Popen[str]:
        """`incline move start`, under way."""
        command = [INCLINE, "move", "start", SERVER, "--to", "aws-east", "--yes"]
        environ = dict(self.city.environ)
        return subprocess.Popen(command, cwd=PROJECT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def document(self) -> dict[str, Any]:
        """The move as `incline move status --json` tells it."""
        answer: dict[str, Any] = json.loads(self.move("status", SERVER, "--json").out)
        return answer

    def journal(self) -> str:
        """The newest move's journal."""
        found = sorted((Path(self.city.environ["INCLINE_STATE"]) / "moves").glob("*/journal.jsonl"))
        return found[-1].read_text(encoding="utf-8") if found else ""

    @property
    def vcenter(self) -> LabControl:
        """What a guest does, and what goes wrong on purpose."""
        lab = self._lab()
        return LabControl(url=lab["vcenter"]["url"], token=lab["control_token"], ca_file=lab["vcenter"]["ca_file"])

    @property
    def aws(self) -> AwsControl:
        """The same for AWS."""
        lab = self._lab()
        return AwsControl(lab["aws"]["url"], lab["control_token"])

    def reconfigure(self, spec: Any) -> None:
        """What an administrator does in vCenter's client."""
        with self._session() as session:
            moref = find_vm_at(session, VM)
            session.wait_task(session.call_on(vim.VirtualMachine, moref, lambda machine: machine.ReconfigVM_Task(spec)), what="reconfigure")

    def tracking(self) -> bool:
        """Whether change tracking is on."""
        with self._session() as session:
            return vm_view(session, find_vm_at(session, VM)).change_tracking

    def disk(self, number: int) -> Any:
        """A disk's device."""
        with self._session() as session:
            found = session.properties(vim.VirtualMachine, [find_vm_at(session, VM)], ["config.hardware.device"])
        devices = next(iter(found.values()))["config.hardware.device"]
        return [device for device in devices if isinstance(device, vim.vm.device.VirtualDisk)][number]

    def _lab(self) -> dict[str, Any]:
        return dict(json.loads((Path(self.city.environ["INCLINE_LAB_HOME"]) / "lab.json").read_text(encoding="utf-8")))

    @contextmanager
    def _session(self) -> Iterator[VsphereSession]:
        session = VsphereSession(resolve(load_estate(self.city.estate).sites["downtown"], self.city.environ))
        try:
            yield session
        finally:
            session.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with city_lab(tmp_path_factory.mktemp("trouble")) as city:
        for stack in ("downtown.foundation", "aws-east.foundation", "downtown.servers"):
            city.up(stack)
        yield Desk(city)


@pytest.fixture
def elsewhere(desk: Desk, tmp_path: Path) -> Desk:
    """The same shell with a copy of the estate that the test may spoil."""
    estate = tmp_path / "estate"
    shutil.copytree(desk.city.estate, estate)
    city = replace(desk.city, estate=estate, environ={**desk.city.environ, "INCLINE_ESTATE": str(estate)})
    return Desk(city)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("servers/permits.yaml", "size: {cpus: 8,", "size: {cpus: 8,,", "servers/permits.yaml:7: broken YAML"),
        ("servers/permits.yaml", "site: downtown", "site: downtwon", "unknown site 'downtwon' [INC-1011]; did you mean downtown?"),
        ("sites/downtown.yaml", "cidr: 10.20.4.0/24", "cidr: 10.20.2.128/25", "overlaps network dt-apps of downtown (10.20.2.0/24"),
    ],
    ids=["broken YAML", "unknown site", "overlapping networks"],
)
def test_a_broken_estate_stops_every_command_with_the_line_to_mend(elsewhere: Desk, file: str, old: str, new: str, words: str) -> None:
    path = elsewhere.city.estate / file
    path.write_text(path.read_text().replace(old, new, 1))

    moved = elsewhere.move("start", SERVER, "--to", "aws-east", "--yes")
    previewed = elsewhere.says("pulumi", "preview", "--stack", "downtown.servers", "--non-interactive")

    assert moved.code == 2
    for said in (moved.err, previewed.out):
        assert "INC-1000: the estate" in said
        assert "has 1 problem" in said
        assert words in said
    assert previewed.code != 0


@pytest.mark.parametrize(
    ("variable", "value", "code", "words"),
    [
        ("INCLINE_VCENTER_PASSWORD", WRONG, "INC-6002", "check INCLINE_VCENTER_USER and INCLINE_VCENTER_PASSWORD"),
        ("INCLINE_VCENTER_PASSWORD", "", "INC-6001", "export INCLINE_VCENTER_PASSWORD=..."),
        ("AWS_ACCESS_KEY_ID", "AKIAWRONG", "INC-6002", "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_wrong_credentials_name_the_site_and_the_variables(desk: Desk, variable: str, value: str, code: str, words: str) -> None:
    said = desk.move("plan", SERVER, "--to", "aws-east", **{variable: value})

    assert said.code == 2
    assert f"error {code}: site {'aws-east' if variable.startswith('AWS') else 'downtown'}" in said.err
    assert words in said.err


@pytest.mark.parametrize(
    ("stack", "variable"), [("downtown.servers", "INCLINE_VCENTER_PASSWORD"), ("aws-east.foundation", "AWS_ACCESS_KEY_ID")]
)
def test_wrong_credentials_stop_pulumi_before_anything_changes(desk: Desk, stack: str, variable: str) -> None:
    said = desk.says("pulumi", "preview", "--stack", stack, "--non-interactive", **{variable: WRONG})

    assert said.code != 0
    assert "refuses the login" in said.out or "validating provider credentials" in said.out


def test_a_foreign_snapshot_refuses_the_move_until_it_is_gone(desk: Desk) -> None:
    desk.city.govc("snapshot.create", "-vm", VM, "nightly-backup")
    try:
        planned, started = desk.move("plan", SERVER, "--to", "aws-east"), desk.move("start", SERVER, "--to", "aws-east", "--yes")
        status = desk.document()
    finally:
        desk.city.govc("snapshot.remove", "-vm", VM, "nightly-backup")

    for said in (planned, started):
        assert said.code == 1
        assert "nightly-backup; remove it, or wait for the backup that made it" in said.all
    assert "nightly-backup" in status["failure"]
    assert desk.move("rollback", SERVER, "--yes").code == 0
    assert desk.move("plan", SERVER, "--to", "aws-east").code == 0


def test_an_independent_disk_refuses_the_move_and_says_what_to_set(desk: Desk) -> None:
    disk = desk.disk(1)
    change = vim.vm.device.VirtualDeviceSpec(operation="edit", device=disk)
    desk.city.govc("vm.power", "-off", "-force", VM)
    disk.backing.diskMode = "independent_persistent"
    desk.reconfigure(vim.vm.ConfigSpec(deviceChange=[change]))
    try:
        said = desk.move("start", SERVER, "--to", "aws-east", "--yes")
    finally:
        disk.backing.diskMode = "persistent"
        desk.reconfigure(vim.vm.ConfigSpec(deviceChange=[change]))
        desk.city.govc("vm.power", "-on", VM)

    assert said.code == 1
    assert "Hard disk 2 is independent (independent_persistent)" in said.err
    assert f"set its mode to Dependent while {SERVER} is off" in said.err
    assert desk.move("rollback", SERVER, "--yes").code == 0


def test_change_tracking_is_switched_on_and_off_again(desk: Desk) -> None:
    desk.reconfigure(vim.vm.ConfigSpec(changeTrackingEnabled=False))

    started = desk.move("start", SERVER, "--to", "aws-east", "--yes")
    desk.vcenter.guest_write_seeded(SERVER, 1, 300 * MIB, seed=5, length=MIB)
    synced = desk.move("sync", SERVER, "--yes", "--json")
    while_moving = desk.tracking()
    rolled_back = desk.move("rollback", SERVER, "--yes")
    after = desk.tracking()
    desk.reconfigure(vim.vm.ConfigSpec(changeTrackingEnabled=True))

    assert (started.code, synced.code, rolled_back.code) == (0, 0, 0), started.err + synced.err + rolled_back.err
    assert (while_moving, after) == (True, False)
    assert sum(disk["blocks_sent"] for disk in json.loads(synced.out)["rounds"][-1]["disks"]) == 2


def test_a_full_datastore_under_the_snapshot_is_said_and_the_same_command_goes_on(desk: Desk) -> None:
    desk.vcenter.faults({"method": "CreateSnapshot_Task", "object": SERVER, "fault": "NoDiskSpace", "task": True, "count": 1})
    full = desk.move("start", SERVER, "--to", "aws-east", "--yes")
    desk.vcenter.calm()
    again = desk.move("start", SERVER, "--to", "aws-east", "--yes")
    rolled_back = desk.move("rollback", SERVER, "--yes")

    assert full.code == 2
    assert "NoDiskSpace" in full.err
    assert "free space on its datastore" in full.err
    assert (again.code, rolled_back.code) == (0, 0), again.err + rolled_back.err


def test_a_disk_that_its_datastore_cannot_hold_is_refused_with_numbers(elsewhere: Desk) -> None:
    elsewhere.city.edit_server("permits-db-01", lambda entry: entry["disks"][1].update(size="60TiB"))

    said = elsewhere.says("pulumi", "preview", "--stack", "downtown.servers", "--policy-pack", "policies", "--non-interactive")

    assert said.code != 0
    assert "datastore dt-data-1" in said.out
    assert "% provisioned" in said.out


def test_a_full_local_disk_is_said_before_anything_is_touched(desk: Desk) -> None:
    """/dev/shm stands for a small disk where it is one; the room needed is what the message must name."""
    code = "import shutil, sys; real = shutil.disk_usage; shutil.disk_usage = lambda p: real(p)._replace(free=5 << 20)"
    run = f"{code}; from cli.main import main; sys.argv = ['incline', 'move', 'start', '{SERVER}', '--to', 'aws-east', '--yes']; main()"

    said = desk.says(sys.executable, "-c", run)

    assert said.code == 1
    assert "has 5 MiB free, the move's manifests and journal need" in said.err
    assert desk.move("rollback", SERVER, "--yes").code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_throttled_copy_with_ended_sessions_loses_nothing(desk: Desk, number: signal.Signals) -> None:
    desk.vcenter.guest_write_seeded(SERVER, 1, 1200 * MIB, seed=6, length=100 * MIB)
    desk.aws.throttle("PutSnapshotBlock", probability=0.1)
    desk.aws.faults({"action": "PutSnapshotBlock", "fault": "delay", "delay_s": 0.05})
    process = desk.start()
    before = desk.journal()
    wait_until(lambda: desk.journal() != before and desk.journal().count("target-opened") == 2)
    desk.vcenter.expire_sessions()
    time.sleep(0.5)
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    desk.aws.calm()
    desk.vcenter.expire_sessions()

    again = desk.move("start", SERVER, "--to", "aws-east", "--yes", "--json")
    rolled_back = desk.move("rollback", SERVER, "--yes")

    assert process.returncode == 130, said
    assert "stopped as asked; everything acknowledged is kept" in said
    assert again.code == 0, again.err
    for disk in json.loads(again.out)["rounds"][0]["disks"]:
        assert disk["blocks_sent"] + disk["blocks_resumed"] == disk["blocks_total"]
    assert rolled_back.code == 0, rolled_back.err
    assert desk.city.aws("ec2", "describe-snapshots", "--owner-ids", "self")["Snapshots"] == []


class TestTheGate:
    """A change that overfills a cluster, in the preview that a pull request runs."""

    def overfilled(self, desk: Desk, *, waived_until: int | None = None) -> Said:
        desk.city.edit_server(SERVER, lambda entry: entry["size"].update(memory="160GiB"))
        if waived_until is not None:
            today = datetime.now(UTC).date()
            dates = {"created": today - timedelta(days=5), "expires": today + timedelta(days=waived_until)}
            waiver = {
                "id": "W-1",
                "rules": ["CAP-001"],
                "target": "cluster/downtown/data",
                "category": "mitigated",
                "ticket": "CHG-1",
                "reason": "two hosts are on order and arrive next week",
                "requested_by": "r.alvarez",
                "approved_by": "head of infrastructure",
                **{name: str(day) for name, day in dates.items()},
            }
            (desk.city.estate / "waivers.yaml").write_text(json.dumps({"waivers": [waiver]}))
        return desk.says("pulumi", "preview", "--stack", "downtown.servers", "--policy-pack", "policies", "--non-interactive")

    def test_refuses_with_the_numbers(self, elsewhere: Desk) -> None:
        said = self.overfilled(elsewhere)

        assert said.code != 0
        assert "cap-001-failover-capacity" in said.out
        assert "cluster data of downtown" in said.out
        assert "GiB of memory are needed" in said.out

    def test_an_expired_waiver_excuses_nothing_and_says_so(self, elsewhere: Desk) -> None:
        said = self.overfilled(elsewhere, waived_until=-2)

        assert said.code != 0
        assert "cap-001-failover-capacity" in said.out
        assert "W-1" in said.out
        assert "expired on" in said.out

    def test_a_valid_waiver_lets_it_pass_and_stays_visible(self, elsewhere: Desk) -> None:
        said = self.overfilled(elsewhere, waived_until=5)

        assert said.code == 0, said.all
        assert "cap-001-failover-capacity" in said.out
        assert "W-1" in said.out


def wait_until(seen: Any, patience_s: float = 60.0) -> None:
    """Poll until something is seen."""
    deadline = time.monotonic() + patience_s
    while not seen():
        assert time.monotonic() < deadline, "never seen"
        time.sleep(0.02)
