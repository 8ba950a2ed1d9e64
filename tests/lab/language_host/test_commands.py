"""What the host starts, what it tells the engine of the end, and what it finds installed."""

import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import language_pb2 as proto

from lab.language_host import commands
from lab.language_host.children import Children
from lab.language_host.interpreter import Interpreter
from lab.language_host.packages import parse_plugins, read_packages, read_plugins, read_version

PYTHON = Interpreter(executable="/venv/bin/python", virtualenv=Path("/venv"))
INFO = proto.ProgramInfo(root_directory="/p", program_directory="/p/stacks", entry_point=".", options=struct_pb2.Struct())


def test_a_program_is_started_through_the_sdks_executor():
    request = proto.RunRequest(
        project="incline",
        stack="a.b",
        pwd="/p/stacks",
        dryRun=True,
        parallel=4,
        monitor_address="m:1",
        organization="o",
        info=INFO,
        args=["x"],
    )

    assert commands.program_command(PYTHON, Path("/exec"), "e:1", request) == [
        *("/venv/bin/python", "-u", "/exec"),
        *("--monitor", "m:1", "--engine", "e:1", "--project", "incline", "--stack", "a.b", "--organization", "o"),
        *("--root_directory", "/p", "--pwd", "/p/stacks", "--dry_run", "true", "--parallel", "4"),
        *("/p/stacks", "x"),
    ]


def test_a_policy_pack_gets_the_engines_address_and_its_own_folder():
    request = proto.RunPluginRequest(kind="analyzer", args=["-v=3", "e:1"], info=proto.ProgramInfo(program_directory="/pack"))

    assert commands.plugin_command(PYTHON, request) == ["/venv/bin/python", "-u", "-m", "pulumi.policy", "-v=3", "e:1", "/pack"]


def test_any_other_plugin_is_run_as_a_folder():
    request = proto.RunPluginRequest(kind="resource", args=["e:1"], info=proto.ProgramInfo(program_directory="/plugin"))

    assert commands.plugin_command(PYTHON, request) == ["/venv/bin/python", "-u", "/plugin", "e:1"]


def test_a_plugin_gets_the_environment_that_the_engine_sent():
    env = commands.plugin_environment(PYTHON, ["PULUMI_STACK=a.b", "PATH=/bin", "odd"], {"OURS": "1"})

    assert env == {"PULUMI_STACK": "a.b", "PATH": "/venv/bin:/bin", "VIRTUAL_ENV": "/venv"}


@pytest.mark.parametrize(
    ("code", "stopped", "expected"),
    [
        (0, False, proto.RunResponse()),
        (32, False, proto.RunResponse(bail=True)),
        (-15, True, proto.RunResponse(bail=True)),
        (7, False, proto.RunResponse(error="Program exited with non-zero exit code: 7")),
        (-9, False, proto.RunResponse(error="Program was killed by signal 9")),
    ],
)
def test_the_end_of_a_program_is_told_once(code, stopped, expected):
    assert commands.outcome(code, stopped=stopped) == expected


def test_installed_packages_and_plugins_are_those_of_the_programs_python():
    python = Interpreter(executable=sys.executable)

    assert read_version(python, os.environ) == sys.version.split()[0]
    assert {"pulumi", "pulumi-aws"} <= {package.name for package in read_packages(python, os.environ)}
    assert {("aws", version("pulumi-aws")), ("vsphere", version("pulumi-vsphere"))} <= {
        (plugin.name, plugin.version) for plugin in read_plugins(python, os.environ)
    }


def test_a_package_that_names_no_plugin_stands_for_its_own():
    entries = [
        {"package": "pulumi_note", "resource": True, "version": "v1.2.3"},
        {"package": "pulumi_tool", "resource": False, "version": "1"},
    ]

    assert [(plugin.name, plugin.version) for plugin in parse_plugins(entries)] == [("note", "1.2.3")]


def test_stopping_ends_every_child_even_a_stubborn_one():
    children = Children(grace_s=0.3)
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('set', flush=True); time.sleep(60)"
    child = children.start([sys.executable, "-c", stubborn], cwd=None, env=os.environ, piped=True)
    meek = children.start([sys.executable, "-c", "import time; time.sleep(60)"], cwd=None, env=os.environ)
    assert child.stdout.readline() == b"set\n"
    begun = time.monotonic()
    children.stop()
    children.join()

    assert (children.wait(meek), children.wait(child)) == (-15, -9)
    assert time.monotonic() - begun < 3
    child.stdout.close()
    child.stderr.close()


def test_nothing_is_started_once_the_host_is_stopping():
    children = Children()
    children.stop()

    assert children.start([sys.executable, "-c", "print(1)"], cwd=None, env=os.environ) is None
