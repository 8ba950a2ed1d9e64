"""How every command group of `incline` is made, so that all help looks alike: summary, examples, exit codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from cli.exit_codes import EPILOG


def new_app(summary: str, *, examples: Sequence[str] = ()) -> typer.Typer:
    """An empty command group. `examples` are whole command lines; they lead the help."""
    shown = "\n".join(["\b", "Examples:", *(f"  {example}" for example in examples)]) if examples else ""
    return typer.Typer(
        rich_markup_mode=None,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        epilog=EPILOG,
        help=f"{summary}\n\n{shown}",
    )


def closing_lines(*examples: str) -> str:
    """What every command gives as `epilog=`: its examples, each a whole command line, and the exit codes."""
    return "\n".join(["\b", "Examples:", *(f"  {example}" for example in examples), "", EPILOG])


def arrange_help(command: Any) -> None:
    """Put a command's examples before its options and the exit codes last, for the command and all within it."""
    examples, gap, codes = (command.epilog or EPILOG).rpartition("\n\n")
    if gap:
        command.help = f"{command.help or ''}\n\n{examples}"
    command.epilog = codes
    for inner in getattr(command, "commands", {}).values():
        arrange_help(inner)
