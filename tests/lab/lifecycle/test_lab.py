"""The lab goes up, down and half down, with servers that are only played."""

import json
import multiprocessing
import os
import re
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from lab.lifecycle import Lab, LabError, LabHome
from lab.lifecycle.process import Command, birth, is_alive, spawn, stop, wait_ready
from lab.lifecycle.record import Record, Server, read_record
from lab.progress import Progress
from lab.toolchain import Toolchain

FAKE = Path(__file__).with_name("fake_server.py")
PROJECT = Path(__file__).parents[3]


class Stage:
    """A lab with played servers and a played pulumi; `manner` tells each server how to behave."""

    def __init__(self, folder: Path) -> None:
        self.home = LabHome(folder / "home")
        self.manner: dict[str, str] = {}
        self.started: list[tuple[str, int]] = []
        self.within_s = 10.0
        self.bin = folder / "bin"
        self.bin.mkdir()
        pulumi = self.bin / "pulumi"
        pulumi.write_text(
            "#!/bin/sh\nd=${PULUMI_BACKEND_URL#file://}/.pulumi/stacks/incline; mkdir -p $d\n"
            """echo '{"checkpoint":{"latest":{"resources":[{},{}]}}}' > "$d/$3.json"\n"""
        )
        pulumi.chmod(0o755)

    def lab(self) -> Lab:
        return Lab(
            self.home,
            project=PROJECT,
            progress=Progress(None),
            environ={"PATH": "/usr/bin:/bin"},
            toolchain=lambda: Toolchain(bin=self.bin, pulumi=self.bin / "pulumi", executor=self.bin / "exec"),
            commands=self.command,
            inventory=lambda estate: {"vms": len(estate.servers)},
        )

    def command(self, name: str, *, record: Record, **_: object) -> Command:
        port = record.servers.get(name, Server()).port
        self.started.append((name, port))
        return Command(
            name=name,
            words=[sys.executable, str(FAKE), self.manner.get(name, "good"), str(port)],
            cwd=self.home.root,
            env=dict(os.environ),
            ready=self.home.ready(name),
            log=self.home.log(name),
            within_s=self.within_s,
        )


@pytest.fixture
def stage(tmp_path):
    stage = Stage(tmp_path)
    yield stage
    stage.lab().down()


def states(stage: Stage) -> dict[str, str]:
    return {server.name: server.state for server in stage.lab().status()}


def test_up_starts_both_servers_and_makes_the_stacks(stage):
    record = stage.lab().up()

    assert states(stage) == {"vcenter": "running", "aws": "running"}
    assert sorted(stage.lab().stacks()) == sorted(
        f"{s}.{k}" for s in ("downtown", "northside", "aws-east") for k in ("foundation", "servers")
    )
    assert record.servers["vcenter"].addresses["host"] == record.servers["vcenter"].addresses["url"].removeprefix("https://")


def test_lab_json_is_what_the_other_parts_read(stage):
    stage.lab().up()
    document = json.loads(stage.home.record.read_text())

    assert document["schema"] == "incline.lab/1"
    assert {"url", "host", "nbd", "ca_file", "pid", "user", "password"} <= set(document["vcenter"])
    assert {"url", "pid"} <= set(document["aws"])
    assert document["control_token"] == stage.home.control_token.read_text()
    assert stage.home.record.stat().st_mode & 0o077 == 0


def test_up_twice_leaves_what_runs_alone(stage):
    first = stage.lab().up()
    second = stage.lab().up()

    assert first.servers == second.servers
    assert len(stage.started) == 2


def test_a_server_that_was_killed_comes_back_at_its_old_port(stage):
    server = stage.lab().up().servers["vcenter"]
    os.kill(server.pid, signal.SIGKILL)
    _until(lambda: not is_alive(server.pid, server.born))
    assert states(stage)["vcenter"] == "gone"
    again = stage.lab().up().servers["vcenter"]

    assert again.pid != server.pid
    assert again.addresses == server.addresses


def test_stop_and_start_keep_state_and_address(stage):
    before = stage.lab().up().servers["vcenter"]
    stage.lab().stop("vcenter")
    assert states(stage) == {"vcenter": "stopped", "aws": "running"}
    after = stage.lab().start("vcenter").servers["vcenter"]

    assert after.addresses == before.addresses
    assert states(stage)["vcenter"] == "running"


def test_down_forgets_everything_and_counts_it(stage):
    servers = stage.lab().up().servers
    forgotten = stage.lab().down()

    assert sum(forgotten.stacks.values()) == 12
    assert not stage.home.root.exists()
    assert not any(is_alive(server.pid, server.born) for server in servers.values())


def test_down_without_a_lab_is_no_error(stage):
    assert stage.lab().down().existed is False


def test_down_never_touches_a_folder_that_is_not_a_lab(stage):
    stage.home.root.mkdir()
    mine = stage.home.root / "thesis.txt"
    mine.write_text("years of work")

    with pytest.raises(LabError, match="not a lab's home"):
        stage.lab().down()
    with pytest.raises(LabError, match="not a lab's home"):
        stage.lab().up()
    assert mine.read_text() == "years of work"
    mine.unlink()
    stage.home.root.rmdir()


def test_a_server_that_dies_is_told_with_the_end_of_its_log(stage):
    stage.manner["vcenter"] = "dies"

    with pytest.raises(LabError, match="ended before it was ready") as caught:
        stage.lab().up()
    assert "no such datastore" in caught.value.details
    assert str(stage.home.log("vcenter")) in caught.value.details[-1]
    stage.manner.clear()
    stage.lab().up()
    assert states(stage) == {"vcenter": "running", "aws": "running"}


@pytest.mark.parametrize("manner", ["silent", "mumbles"])
def test_a_server_that_never_gets_ready_is_not_left_running(stage, manner):
    stage.manner["aws"] = manner
    stage.within_s = 1.0

    with pytest.raises(LabError, match="aws"):
        stage.lab().up()
    assert states(stage) == {"vcenter": "running", "aws": "stopped"}


def test_a_port_taken_by_another_program_is_told(stage):
    stage.lab().up()
    stage.lab().stop("vcenter")
    port = json.loads(stage.home.record.read_text())["vcenter"]["url"].rsplit(":", 1)[1]
    with socket.create_server(("127.0.0.1", int(port))), pytest.raises(LabError, match="ended before") as caught:
        stage.lab().start("vcenter")
    assert "another program holds the port" in caught.value.next_step


def test_a_number_given_to_another_process_is_not_ours():
    assert is_alive(os.getpid(), birth(os.getpid()))
    assert not is_alive(os.getpid(), "1")
    assert not is_alive(0, "")


def test_a_lab_cannot_become_another_estates(stage, tmp_path):
    stage.lab().up()

    with pytest.raises(LabError, match="was built from"):
        stage.lab().up(tmp_path / "other")


def test_commands_on_no_lab_say_so(stage):
    for act in (stage.lab().status, stage.lab().environment, lambda: stage.lab().stop("aws")):
        with pytest.raises(LabError, match="there is no lab"):
            act()


def test_a_lab_that_was_never_fully_up_says_so(stage):
    stage.manner["aws"] = "dies"
    with pytest.raises(LabError, match="ended before"):
        stage.lab().up()

    with pytest.raises(LabError, match="never fully up"):
        stage.lab().environment()
    assert states(stage) == {"vcenter": "running", "aws": "stopped"}


def test_an_unknown_part_is_refused(stage):
    stage.lab().up()

    with pytest.raises(LabError, match="no part named 'vcentre'"):
        stage.lab().stop("vcentre")


def test_an_interrupt_while_servers_start_leaves_none_behind(stage):
    spawned = []

    def command(name, **known):
        if name == "aws":
            spawned.append(json.loads(_first_line(stage.home.ready("vcenter"))))
            raise KeyboardInterrupt
        return stage.command(name, **known)

    lab = stage.lab()
    lab._commands = command
    with pytest.raises(KeyboardInterrupt):
        lab.up()
    port = int(spawned[0]["url"].rsplit(":", 1)[1])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    stage.lab().up()
    assert states(stage) == {"vcenter": "running", "aws": "running"}


def test_a_server_left_by_a_killed_up_is_found_and_replaced(stage):
    stage.manner["aws"] = "silent"
    killed = multiprocessing.get_context("fork").Process(target=lambda: stage.lab().up())
    killed.start()
    _until(lambda: _recorded_pid(stage, "aws"))
    left = _recorded_pid(stage, "aws")
    os.kill(killed.pid, signal.SIGKILL)
    killed.join()
    assert birth(left)

    stage.manner.clear()
    stage.lab().up()
    assert not birth(left)
    assert states(stage) == {"vcenter": "running", "aws": "running"}


def test_environment_points_every_tool_at_the_lab(stage):
    record = stage.lab().up()
    env = stage.lab().environment()
    vcenter, aws = record.servers["vcenter"].addresses, record.servers["aws"].addresses

    assert env["GOVC_URL"] == f"{vcenter['url']}/sdk"
    assert env["AWS_ENDPOINT_URL"] == env["INCLINE_SITE_AWS_EAST_ENDPOINT"] == aws["url"]
    assert env["INCLINE_SITE_DOWNTOWN_ENDPOINT"] == env["INCLINE_SITE_NORTHSIDE_ENDPOINT"] == vcenter["host"]
    assert env["INCLINE_VCENTER_PASSWORD"] == record.password
    assert env["PULUMI_BACKEND_URL"] == f"file://{stage.home.pulumi_state}"
    assert env["AWS_REGION"] == "us-east-1"
    assert "INCLINE_ESTATE" not in env


def test_path_does_not_grow_when_the_environment_is_evaluated_twice(stage):
    stage.lab().up()
    once = stage.lab().environment()["PATH"]
    lab = stage.lab()
    lab._environ["PATH"] = once

    assert lab.environment()["PATH"] == once


def test_launchers_stand_where_the_engine_looks(stage):
    stage.lab().up()
    plugins = stage.home.pulumi_home / "plugins"
    found = sorted(str(path.relative_to(plugins)) for path in plugins.glob("*/*"))

    assert [re.sub(r"-v[0-9.]+/", "/", name) for name in found] == [
        "language-python/pulumi-language-python",
        "resource-aws/pulumi-resource-aws",
        "resource-vsphere/pulumi-resource-vsphere",
    ]
    assert all(os.access(plugins / name, os.X_OK) for name in found)


def test_a_stubborn_server_is_killed_in_the_end(stage):
    stage.home.make()
    stage.manner["aws"] = "stubborn"
    started = spawn(stage.command("aws", record=Record(project="", toolchain="")))
    wait_ready(started)

    assert stop(started.pid, started.born, within_s=0.5) is False
    assert not is_alive(started.pid, started.born)


def _recorded_pid(stage: Stage, name: str) -> int:
    record = read_record(stage.home.record)
    return record.servers.get(name, Server()).pid if record else 0


def _first_line(path: Path) -> str:
    _until(lambda: path.exists() and path.read_text().endswith("\n"))
    return path.read_text().splitlines()[0]


def _until(condition) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
