"""A lab of its own for a test session, with a copy of the example estate that tests may edit, and the tools an engineer types."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

PROJECT = Path(__file__).parents[2]
FOUNDATIONS = ("aws-east.foundation", "downtown.foundation", "northside.foundation")
SERVERS = ("aws-east.servers", "downtown.servers", "northside.servers")


class ToolError(AssertionError):
    """A tool ended otherwise than the test expects; holds what it said."""


@dataclass(frozen=True, kw_only=True)
class CityLab:
    """A running lab and the estate that it was built from."""

    estate: Path
    environ: Mapping[str, str]

    def run(self, *command: str, expect: int = 0) -> str:
        """Runs a tool in the project's folder; its stdout. The exit code must be the expected one."""
        done = subprocess.run(command, cwd=PROJECT, env=dict(self.environ), capture_output=True, text=True, check=False, timeout=600)
        if done.returncode != expect:
            raise ToolError(f"{' '.join(command)}: exit code {done.returncode}, expected {expect}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def up(self, stack: str, *words: str) -> str:
        """`pulumi up` of a stack."""
        return self.run("pulumi", "up", "--yes", "--non-interactive", "--skip-preview", "--stack", stack, *words)

    def preview(self, stack: str, *words: str, expect: int = 0) -> str:
        """`pulumi preview` of a stack."""
        return self.run("pulumi", "preview", "--non-interactive", "--stack", stack, *words, expect=expect)

    def changes(self, stack: str, *words: str) -> set[tuple[str, str]]:
        """What a refreshed preview of a stack would change: operation and resource name."""
        steps = json.loads(self.preview(stack, "--refresh", "--json", *words)).get("steps", [])
        return {(step["op"], step["urn"].rsplit("::", 1)[-1]) for step in steps if step["op"] not in {"same", "refresh", "read"}}

    def urns(self, stack: str) -> list[str]:
        """The URNs that a stack's state holds."""
        state = json.loads(self.run("pulumi", "stack", "export", "--stack", stack))
        return [each["urn"] for each in state["deployment"]["resources"]]

    def assert_settled(self, *stacks: str) -> None:
        """A refreshed preview of every stack shows no change."""
        for stack in stacks:
            self.preview(stack, "--refresh", "--expect-no-changes")

    def govc(self, *words: str) -> str:
        """`govc` against the lab's vCenter."""
        return self.run("govc", *words)

    def vm(self, path: str) -> dict[str, Any]:
        """A virtual machine as govc shows it."""
        machine: dict[str, Any] = json.loads(self.govc("vm.info", "-json", path))["virtualMachines"][0]
        return machine

    def aws(self, *words: str) -> Any:
        """The AWS CLI against the lab's region."""
        answer = self.run("aws", *words, "--output", "json")
        return json.loads(answer) if answer.strip() else None

    def instance(self, server: str) -> dict[str, Any]:
        """The living EC2 instance of a server."""
        found = self.aws("ec2", "describe-instances", "--filters", f"Name=tag:Name,Values={server}")
        machines = [each for reservation in found["Reservations"] for each in reservation["Instances"]]
        living: dict[str, Any] = next(each for each in machines if each["State"]["Name"] != "terminated")
        return living

    def edit_server(self, name: str, change: Callable[[Any], None]) -> None:
        """Changes a server's entry in the estate as a person would, comments kept."""
        yaml = YAML()
        for path in sorted((self.estate / "servers").glob("*.yaml")):
            document = yaml.load(path)
            for entry in document["servers"]:
                if entry["name"] == name:
                    change(entry)
                    yaml.dump(document, path)
                    return
        raise AssertionError(f"no server {name} in {self.estate}")


@contextmanager
def city_lab(folder: Path) -> Iterator[CityLab]:
    """A lab in a folder, taken down at the end whatever happened."""
    estate = folder / "estate"
    shutil.copytree(PROJECT / "estate", estate)
    environ = {**os.environ, "INCLINE_LAB_HOME": str(folder / "lab"), "INCLINE_ESTATE": str(estate), "INCLINE_STATE": str(folder / "moves")}
    incline = (str(Path(sys.executable).with_name("incline")),)
    outside = CityLab(estate=estate, environ=environ)
    try:
        outside.run(*incline, "lab", "up", "--estate", str(estate), "--quiet")
        variables = json.loads(outside.run(*incline, "lab", "env", "--json"))["env"]
        yield CityLab(estate=estate, environ={**environ, **variables})
    finally:
        outside.run(*incline, "lab", "down", "--quiet")
