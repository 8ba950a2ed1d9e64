"""The lab with its real servers, driven through the command line as an engineer does."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.exit_codes import ExitCode

pytestmark = pytest.mark.lab
ROOT = Path(__file__).parents[3]


def incline(lab, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**lab._environ, "INCLINE_LAB_HOME": str(lab.home.root)}
    return subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def tool(lab, *words: str) -> str:
    env = lab.process_environment()
    return subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_lab_is_up_with_the_estates_machines_and_stacks(lab):
    answer = incline(lab, "lab", "status", "--json")
    document = json.loads(answer.stdout)

    assert answer.returncode == ExitCode.OK
    assert {server["name"]: server["state"] for server in document["servers"]} == {"vcenter": "running", "aws": "running"}
    assert len(document["stacks"]) == 6


def test_up_on_a_running_lab_takes_under_a_second_and_starts_nothing(lab):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    answer = incline(lab, "lab", "up", "--json")

    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 1
    assert json.loads(answer.stdout)["vcenter"]["pid"] == lab.record().servers["vcenter"].pid


def test_env_can_be_evaluated_by_a_shell(lab):
    lines = incline(lab, "lab", "env").stdout
    shown = subprocess.run(["sh", "-c", f'{lines}\necho "$GOVC_URL $PULUMI_HOME"'], capture_output=True, text=True, check=True).stdout

    assert shown.split() == [f"{lab.record().servers['vcenter'].addresses['url']}/sdk", str(lab.home.pulumi_home)]


def test_env_as_a_document_is_what_a_child_process_needs(lab):
    document = json.loads(incline(lab, "lab", "env", "--json").stdout)

    assert document["env"] == lab.environment()
    assert "AWS_PROFILE" in document["unset"]


def test_govc_and_aws_talk_to_it(lab):
    assert "/Downtown/vm" in tool(lab, "govc", "ls")
    assert "permits-db-01" in tool(lab, "govc", "vm.info", "permits-db-01")
    assert json.loads(tool(lab, "aws", "ec2", "describe-vpcs", "--output", "json"))["Vpcs"] is not None


def test_making_the_stacks_leaves_the_checkout_as_it_was(lab):
    changed = subprocess.run(["git", "status", "--porcelain", "stacks/config"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert changed == ""


def test_the_vcenter_alone_can_be_stopped_and_loses_nothing(fresh_lab):
    tool(fresh_lab, "govc", "vm.change", "-vm", "permits-db-01", "-annotation", "written before the stop")
    assert incline(fresh_lab, "lab", "stop", "vcenter").returncode == ExitCode.OK
    assert incline(fresh_lab, "lab", "status").returncode == ExitCode.FINDINGS
    assert incline(fresh_lab, "lab", "start", "vcenter").returncode == ExitCode.OK
    seen = tool(fresh_lab, "govc", "vm.info", "-json", "permits-db-01")

    assert "written before the stop" in seen


def test_down_says_what_it_forgot(fresh_lab):
    answer = incline(fresh_lab, "lab", "down")

    assert "forgotten" in answer.stdout
    assert "Pulumi state of 6 stacks" in answer.stdout
    assert not fresh_lab.home.root.exists()
    assert "there was no lab" in incline(fresh_lab, "lab", "down").stdout


def test_an_interrupted_up_can_be_repeated(fresh_lab):
    fresh_lab.down()
    env = {**fresh_lab._environ, "INCLINE_LAB_HOME": str(fresh_lab.home.root)}
    running = subprocess.Popen(
        [sys.executable, "-c", "from cli.main import main; main()", "lab", "up"], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 20
    while not fresh_lab.home.log("vcenter").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGTERM)
    words = running.communicate(timeout=30)[1]

    assert running.returncode == ExitCode.INTERRUPTED
    assert "Traceback" not in words
    assert incline(fresh_lab, "lab", "up").returncode == ExitCode.OK
