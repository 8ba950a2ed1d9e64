"""Every stack of the example city as a list of type, name and parent: a change of the estate's shape is a readable diff.

`INCLINE_WRITE_GOLDEN=1` writes the files again; look at the difference before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.estate.load import load_estate
from infra.stack_config import StackSettings, parse_stack_name
from stacks import foundation, servers
from tests.fakes import estates
from tests.fakes.foundations import foundation_states
from tests.fakes.pulumi_mocks import run_program

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
STACKS = [f"{site}.{layer}" for site in ("aws-east", "downtown", "northside") for layer in ("foundation", "servers")]


def listing(stack: str) -> str:
    estate = load_estate(ROOT / "estate")
    settings = StackSettings(name=parse_stack_name(stack), estate=ROOT / "estate")
    declare = (foundation if settings.name.layer == "foundation" else servers).declare
    # A foundation must not find itself in the state, or nothing would be left to adopt.
    states = {name: state for name, state in foundation_states(estate).items() if name != stack}
    lines = run_program(lambda: declare(estate, settings, estates.ENVIRON), stack=stack, states=states).listing()
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("stack", STACKS)
def test_the_stack_declares_what_its_golden_file_lists(stack: str) -> None:
    golden, found = GOLDEN / f"{stack}.txt", listing(stack)
    if os.environ.get("INCLINE_WRITE_GOLDEN"):
        golden.write_text(found)

    assert found == golden.read_text()


def test_every_stack_has_its_configuration() -> None:
    assert sorted(each.name for each in (ROOT / "stacks" / "config").iterdir()) == [f"Pulumi.{stack}.yaml" for stack in STACKS]
