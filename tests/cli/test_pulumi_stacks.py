"""What Pulumi says, read: previews, reports of updates, failures, a stack that somebody else holds."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from cli.pulumi_stacks import PulumiStacks, StackError, changes_done, changes_in
from migration.ports import Change

URN = "urn:pulumi:downtown.servers::incline::incline:hybrid:Server$vsphere:index/virtualMachine:VirtualMachine::permits-db-01-vm"


def stacks(folder: Path, script: str, *, waits: list[float] | None = None) -> PulumiStacks:
    """The adapter over a `pulumi` that is this shell script."""
    tools = folder / "bin"
    tools.mkdir()
    pulumi = tools / "pulumi"
    pulumi.write_text(f"#!/bin/sh\n{script}\n")
    pulumi.chmod(pulumi.stat().st_mode | stat.S_IXUSR)
    slept = waits if waits is not None else []
    return PulumiStacks(folder, folder / "estate", {"PATH": f"{tools}:/usr/bin:/bin"}, sleep=slept.append)


def test_preview_lists_what_would_change_and_nothing_that_stays() -> None:
    document = {
        "steps": [
            {"op": "same", "urn": "urn:a::same"},
            {"op": "read", "urn": "urn:a::read"},
            {"op": "update", "urn": URN, "detailedDiff": {"memory": {"kind": "update"}, "annotation": {"kind": "update"}}},
            {"op": "create-replacement", "urn": "urn:a::x", "diffReasons": ["ami"]},
            {"op": "replace", "urn": "urn:a::x"},
        ]
    }

    assert changes_in(document) == (
        Change(URN, "update", ("annotation", "memory")),
        Change("urn:a::x", "replace", ("ami",)),
    )


def test_report_of_an_update_names_what_was_done() -> None:
    text = """
 +  aws:ec2:Instance permits-db-01-instance creating (0s)
 +  aws:ec2:Instance permits-db-01-instance created (1s)
 =  aws:ebs:Volume permits-db-01-disk-data imported (0.3s)
    pulumi:pulumi:Stack incline-aws-east.servers
"""

    assert [(c.operation, c.name) for c in changes_done(text)] == [
        ("create", "permits-db-01-instance"),
        ("import", "permits-db-01-disk-data"),
    ]


def test_failure_says_pulumis_own_words_once_and_what_to_do(tmp_path: Path) -> None:
    script = """
cat <<'TEXT'
 -  aws:ec2:SecurityGroup permits-db-01-sg **deleting failed** error: deleting 'permits-db-01-sg': DependencyViolation
Diagnostics:
  aws:ec2:SecurityGroup (permits-db-01-sg):
    error: deleting 'permits-db-01-sg': DependencyViolation
  pulumi:pulumi:Stack (incline-aws-east.servers):
    error: update failed
TEXT
exit 255"""

    with pytest.raises(StackError, match=r"pulumi up of stack aws-east\.servers failed") as failed:
        stacks(tmp_path, script).up("aws-east.servers")

    assert failed.value.details == ("error: deleting 'permits-db-01-sg': DependencyViolation",)


def test_stack_that_another_update_holds_is_waited_for(tmp_path: Path) -> None:
    script = f"""
if [ -e {tmp_path}/once ]; then echo '{json.dumps({"steps": []})}'; exit 0; fi
touch {tmp_path}/once
echo 'error: the stack is currently locked by 1 lock(s).' >&2
exit 255"""
    waits: list[float] = []

    assert stacks(tmp_path, script, waits=waits).preview("downtown.servers") == ()
    assert len(waits) == 1


def test_stack_that_was_never_made_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StackError) as failed:
        stacks(tmp_path, "echo \"error: no stack named 'x.servers' found\" >&2; exit 255").resources("x.servers")

    assert "pulumi stack init x.servers" in failed.value.next_step


def test_protection_of_what_is_gone_already_needs_no_lifting(tmp_path: Path) -> None:
    stacks(tmp_path, 'echo "error: No such resource \\"urn:x\\" exists in the current state" >&2; exit 255').unprotect("s", "urn:x")


def test_resources_come_from_the_state_with_their_protection(tmp_path: Path) -> None:
    state = {
        "deployment": {
            "resources": [{"urn": URN, "type": "vsphere:x", "id": "uuid", "protect": True}, {"urn": "u", "type": "t", "delete": True}]
        }
    }

    found = stacks(tmp_path, f"echo '{json.dumps(state)}'").resources("downtown.servers")

    assert [(r.name, r.id, r.protect) for r in found] == [("permits-db-01-vm", "uuid", True)]


def test_machine_without_pulumi_is_told_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="pulumi is not on PATH"):
        PulumiStacks(tmp_path, tmp_path, {"PATH": str(tmp_path)}).outputs("downtown.foundation")
