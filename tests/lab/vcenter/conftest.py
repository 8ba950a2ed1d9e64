"""A lab vCenter of the small test city: one per session for tests that leave things as they were, one per test for the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.toolchain import Toolchain
from tests.lab.vcenter.stage import Client, Stage


@pytest.fixture(scope="session")
def shared(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """For tests that only look, or work on machines of their own."""
    stage = Stage(toolchain.vcenter, tmp_path_factory.mktemp("vcenter"))
    try:
        yield stage.start()
    finally:
        stage.stop()


@pytest.fixture
def stage(toolchain: Toolchain, tmp_path: Path) -> Iterator[Stage]:
    """A data centre of the test's own."""
    stage = Stage(toolchain.vcenter, tmp_path)
    try:
        yield stage.start()
    finally:
        stage.stop()


@pytest.fixture
def client(stage: Stage) -> Client:
    return stage.login()


@pytest.fixture
def visitor(shared: Stage) -> Client:
    return shared.login()
