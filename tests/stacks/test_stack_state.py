"""What a program learns of its own stack before it declares anything."""

from __future__ import annotations

from typing import Any

import pytest

from infra.stack_state import ATTEMPTS, StackState, read_stack
from tests.fakes.pulumi_mocks import resource_urn, run_program, stack_outputs

VM = "vsphere:index/virtualMachine:VirtualMachine"
CHAIN = f"incline:hybrid:Server${VM}"


def read(resources: dict[str, Any]) -> StackState:
    found: list[StackState] = []
    run_program(lambda: found.append(read_stack("downtown.servers")), states={"downtown.servers": resources})
    return found[0]


def test_a_new_stack_owns_nothing() -> None:
    assert read({}) == StackState()


def test_outputs_and_resources_are_told_apart() -> None:
    vm = {"type": VM, "outputs": {"disks": [{"unitNumber": 1.0, "label": "Hard disk 2"}]}}

    state = read({**stack_outputs("downtown.servers", {"estateGeneration": 7}), resource_urn("downtown.servers", CHAIN, "a-vm"): vm})

    assert state.outputs == {"estateGeneration": 7}
    assert state.owns(VM, "a-vm")
    assert state.disk_labels(VM, "a-vm") == {1: "Hard disk 2"}


def test_only_what_is_not_owned_is_adopted() -> None:
    state = read({resource_urn("downtown.servers", CHAIN, "a-vm"): {"type": VM, "outputs": {}}})

    assert state.import_id(VM, "a-vm", "/Downtown/vm/a") is None
    assert state.import_id(VM, "b-vm", "/Downtown/vm/b") == "/Downtown/vm/b"
    assert state.import_id(VM, "b-vm", "") is None


def test_a_checkpoint_that_is_being_written_is_read_again() -> None:
    pauses: list[float] = []
    found: list[StackState] = []

    run_program(
        lambda: found.append(read_stack("downtown.servers", sleep=pauses.append)),
        states={"downtown.servers": stack_outputs("downtown.servers", {"estateGeneration": 7})},
        failures=["failed to load checkpoint: EOF", "failed to load checkpoint: unexpected end of JSON input"],
    )

    assert found[0].outputs == {"estateGeneration": 7}
    assert len(pauses) == 2


def test_a_damaged_checkpoint_stays_an_error() -> None:
    with pytest.raises(Exception, match="failed to load checkpoint"):
        run_program(lambda: read_stack("downtown.servers", sleep=lambda _: None), failures=["failed to load checkpoint: EOF"] * ATTEMPTS)


def test_any_other_failure_is_not_tried_again() -> None:
    with pytest.raises(Exception, match="wrong passphrase"):
        run_program(lambda: read_stack("downtown.servers"), failures=["wrong passphrase"])
