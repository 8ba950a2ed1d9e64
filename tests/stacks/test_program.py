"""The program that every stack runs: errors for people end it with their own text."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pulumi
import pytest

from tests.fakes.pulumi_mocks import Recording, run_program

ROOT = Path(__file__).parents[2]


def run(estate: Path, monkeypatch: pytest.MonkeyPatch, stack: str = "downtown.servers") -> Recording:
    monkeypatch.setenv("INCLINE_ESTATE", str(estate))

    def program() -> None:
        pulumi.runtime.settings.SETTINGS.root_directory = str(ROOT)
        runpy.run_path(str(ROOT / "stacks" / "__main__.py"))

    return run_program(program, stack=stack)


def test_a_server_without_a_placement_ends_it_with_the_line_and_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estate = shutil.copytree(ROOT / "estate", tmp_path / "estate")
    (estate / "placements" / "permits-db-01.yaml").unlink()

    with pytest.raises(pulumi.RunError) as ended:
        run(estate, monkeypatch)

    message = str(ended.value)
    assert "servers/permits.yaml:3: server permits-db-01 has no placement" in message
    assert "incline estate settle" in message


def test_an_error_for_people_does_not_say_error_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError, match=r"^INC-"):
        run(tmp_path / "nowhere", monkeypatch)


def test_a_stack_that_is_no_layer_of_a_site_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError, match="INC-7001"):
        run(ROOT / "estate", monkeypatch, stack="dev")
