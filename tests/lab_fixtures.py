"""Fixtures over the lab: the toolchain, a lab that is up for the whole session, and a fresh one for a test that breaks things.

Each xdist worker has a lab of its own. Labs are stopped whatever happens to the tests.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.lifecycle import Lab, LabHome
from lab.progress import Progress
from lab.toolchain import Toolchain, ensure_toolchain

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """The lab's programs, built at the first use on a machine."""
    return ensure_toolchain(Progress(sys.__stderr__))


@pytest.fixture(scope="session")
def lab(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab with the example estate, shared by the session: leave it as you found it, or use `fresh_lab`."""
    yield from _running(tmp_path_factory.mktemp("lab"), toolchain)


@pytest.fixture
def fresh_lab(toolchain: Toolchain, tmp_path: Path) -> Iterator[Lab]:
    """A lab of the test's own."""
    yield from _running(tmp_path, toolchain)


def clean_environment() -> dict[str, str]:
    """This process's environment without what an engineer's shell may have set for a lab or a cloud of their own."""
    leading_away = ("AWS_", "GOVC_", "INCLINE_", "PULUMI_")
    kept = {"INCLINE_CACHE"}
    return {name: value for name, value in os.environ.items() if name in kept or not name.startswith(leading_away)}


def _running(folder: Path, toolchain: Toolchain) -> Iterator[Lab]:
    lab = Lab(LabHome(folder / "home"), project=PROJECT, progress=Progress(None), environ=clean_environment(), toolchain=lambda: toolchain)
    try:
        lab.up()
        yield lab
    finally:
        lab.down()
