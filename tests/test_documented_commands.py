"""Every `incline` command line in the documents and pipelines exists, with the options it is shown with."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "docs/ci").glob("*.yml"))]
PAGES += sorted((ROOT / ".github/workflows").glob("*.yml"))
LINE = re.compile(r"(?:^|[\s`(/])incline ((?:estate|move|check|lab|demo)\b[^`#;|)\n]*)")


def _shown() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for found in LINE.finditer(page.read_text(encoding="utf-8")):
            yield str(page.relative_to(ROOT)), found[1].split("   ")[0].strip()


def _command(words: list[str]) -> Any:
    command = get_command(importlib.import_module(COMMANDS[words.pop(0)].module).app)
    while inner := getattr(command, "commands", None):
        if not words or not re.fullmatch(r"[a-z]+", words[0]):
            return command
        assert words[0] in inner, f"no command {words[0]}; there are {', '.join(inner)}"
        command = inner[words.pop(0)]
    return command


@pytest.mark.parametrize(("page", "line"), sorted(set(_shown())))
def test_the_command_exists_with_these_options(page: str, line: str) -> None:
    del page
    words = line.split()
    command = _command(words)
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "--debug"}

    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known


def test_the_pages_do_show_commands() -> None:
    assert len(set(_shown())) > 20
