"""Every command keeps the same manners: examples first, exit codes, one document with `--json`, a summary that fits its line.

A command that is not reached from `COMMANDS` does not exist.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cli.command import arrange_help
from cli.main import COMMANDS
from cli.move_progress import STEP_WORDS
from migration.steps import registry


def _leaves(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", {})
    if not inner:
        yield path, command
    for name, each in inner.items():
        yield from _leaves(each, (*path, name))


def _all() -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, entry in COMMANDS.items():
        command = get_command(importlib.import_module(entry.module).app)
        arrange_help(command)
        yield from _leaves(command, (name,))


LEAVES = dict(_all())
every_command = pytest.mark.parametrize("path", LEAVES, ids=" ".join)


@every_command
def test_help_leads_with_whole_examples_and_ends_with_the_exit_codes(path: tuple[str, ...]) -> None:
    command = LEAVES[path]

    assert "Examples:" in command.help
    assert any(f"incline {' '.join(path)}" in line for line in command.help.partition("Examples:")[2].splitlines())
    assert "130 interrupted" in command.epilog


@every_command
def test_the_summary_fits_its_line(path: tuple[str, ...]) -> None:
    first = LEAVES[path].help.split("\n\n")[0].partition(". ")[0]

    assert len(" ".join(first.split())) <= 64, first


@every_command
def test_there_is_a_form_for_programs(path: tuple[str, ...]) -> None:
    assert any("--json" in parameter.opts for parameter in LEAVES[path].params)


def test_a_command_that_cannot_be_understood_still_answers_a_document() -> None:
    words = ["move", "plan", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *words], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )

    assert done.returncode == 2
    assert '"schema": "incline.error/1"' in done.stdout
    assert "INC-5003" in done.stderr


def test_every_step_of_a_move_has_words() -> None:
    assert set(registry.ALL) <= set(STEP_WORDS)
