"""The rule set against what else judges resources: the stock SDK's PolicyPack, conftest and checkov, on the same machines in the same run.

The peers' rules are trivial ones of the same number, so that the figures say what their way of running rules costs, not what rules are
worth. Checkov runs the checks that overlap with ours, on equivalent Terraform. Peers are installed into the cache on first use.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from google.protobuf.json_format import MessageToDict

from bench.pack import judge, virtual_machines
from bench.peers_install import conftest_program, peers_python
from policies.rules import RULES

SERVERS = 5_000
INSTANCES = 1_000
ROOT = Path(__file__).resolve().parents[1]
OURS = {"INCLINE_ESTATE": str(ROOT / "estate")}
OVERLAP = ("CKV_AWS_79", "CKV_AWS_8", "CKV_AWS_88", "CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_126", "CKV_AWS_135")


def main() -> None:
    """Print the figures as JSON."""
    resources = virtual_machines(SERVERS)
    figures: dict[str, float | int | str] = {"rules on each side": len(RULES), "servers": SERVERS}
    started = time.perf_counter()
    ours = judge(sys.executable, ROOT / "policies", OURS, resources)
    whole = time.perf_counter() - started
    figures["incline: AnalyzeStack, seconds"] = round(ours.seconds, 2)
    figures["incline: peak memory, MiB"] = round(ours.peak_mib)
    with tempfile.TemporaryDirectory() as scratch:
        sdk = judge(str(peers_python()), _sdk_pack(Path(scratch) / "sdk"), {}, resources)
        figures["stock SDK: AnalyzeStack, seconds"] = round(sdk.seconds, 2)
        figures["stock SDK: peak memory, MiB"] = round(sdk.peak_mib)
        figures["stock SDK against incline, ratio of seconds"] = round(sdk.seconds / ours.seconds, 1)
        seconds, peak = _conftest(Path(scratch) / "conftest", [_plain(r) for r in resources])
        figures["incline: whole process and protocol, seconds"] = round(whole, 2)
        figures["conftest: whole process, seconds"] = round(seconds, 2)
        figures["conftest: peak memory, MiB"] = round(peak)
        figures["conftest against incline, ratio of seconds"] = round(seconds / whole, 1)
        seconds, peak = _checkov(Path(scratch) / "checkov")
        figures[f"checkov: {len(OVERLAP)} overlapping checks of {INSTANCES:,} instances, seconds"] = round(seconds, 2)
        figures["checkov: peak memory, MiB"] = round(peak)
    smaller = judge(sys.executable, ROOT / "policies", OURS, virtual_machines(INSTANCES))
    figures[f"incline: all rules over {INSTANCES:,} servers, seconds"] = round(smaller.seconds, 2)
    figures["checkov against incline, ratio of seconds"] = round(seconds / smaller.seconds, 1)
    print(json.dumps(figures))


def _sdk_pack(folder: Path) -> Path:
    """A pack of the stock SDK with as many rules as ours, each a comparison of one number."""
    folder.mkdir(parents=True)
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 0.0.1\n", encoding="utf-8")
    (folder / "__main__.py").write_text(
        "from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy\n"
        "def rule(number):\n"
        "    def check(args, report):\n"
        "        for resource in args.resources:\n"
        "            if resource.props.get('numCpus', 1) > 1000 + number:\n"
        "                report('too many')\n"
        "    return StackValidationPolicy(f'rule-{number}', 'trivial', check, EnforcementLevel.ADVISORY)\n"
        f"PolicyPack('stock', [rule(number) for number in range({len(RULES)})])\n",
        encoding="utf-8",
    )
    return folder


def _conftest(folder: Path, resources: list[dict[str, object]]) -> tuple[float, float]:
    """The same resources as one JSON document, the same number of trivial rules in Rego."""
    (folder / "policy").mkdir(parents=True)
    rules = "\n".join(
        f'deny contains msg if {{ some r in input.resources; r.properties.numCpus > {1000 + n}; msg := sprintf("{n} %s", [r.name]) }}'
        for n in range(len(RULES))
    )
    (folder / "policy" / "rules.rego").write_text(f"package main\n\nimport rego.v1\n\n{rules}\n", encoding="utf-8")
    (folder / "plan.json").write_text(json.dumps({"resources": resources}), encoding="utf-8")
    return _timed([str(conftest_program()), "test", "plan.json"], folder)


def _checkov(folder: Path) -> tuple[float, float]:
    """Instances in Terraform that keep what the overlapping checks ask for."""
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text("\n".join(_INSTANCE.replace("NAME", f"s_{n}") for n in range(INSTANCES)), encoding="utf-8")
    checkov = Path(peers_python()).with_name("checkov")
    command = [str(checkov), "-d", ".", "--framework", "terraform", "--check", ",".join(OVERLAP), "--compact", "--quiet", "-o", "json"]
    return _timed(command, folder)


_INSTANCE = """resource "aws_instance" "NAME" {
  ami                         = "ami-0deb12000000000a1"
  instance_type               = "m7i.large"
  associate_public_ip_address = false
  ebs_optimized               = true
  monitoring                  = true
  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }
  root_block_device {
    encrypted = true
  }
}
"""


def _plain(resource: object) -> dict[str, object]:
    document: dict[str, object] = MessageToDict(resource)  # type: ignore[arg-type]
    return document


def _timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds and peak MiB of one process. Every peer must find nothing: another exit code is a benchmark that measures an error."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    words = process.stderr.read().decode("utf-8", "replace") if process.stderr else ""
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}: {words[-400:]}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
