"""Where words go: data to stdout, narration to stderr, colours only where a person looks.

Every command ends with `emit`, which prints either the one JSON document of `--json` or the text for people, never both.
Narration (`say`, `note_next`) is for stderr and stays quiet under `quiet()`.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from infra.errors import InclineError

_UNSAFE = re.compile("\x1b(?!\\[[0-9;]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What steers a terminal or turns text around: a machine's name comes from outside and may hold anything. Colours do no harm."""
_STYLES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "bold": "1", "dim": "2"}


def is_terminal(stream: TextIO) -> bool:
    """Whether a person watches this stream and it can move the cursor."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def has_colour(stream: TextIO) -> bool:
    """Whether colour may be written to this stream: a terminal, and neither NO_COLOR nor a dumb terminal."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def styled(text: str, style: str, stream: TextIO) -> str:
    """The text in a style (red, green, yellow, blue, bold, dim) if the stream takes colour, else unchanged."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if has_colour(stream) else text


def harmless(text: str) -> str:
    """Text in which no name can move the cursor, set a title, ring, or read backwards."""
    return _UNSAFE.sub("\ufffd", text)


def say(line: str, *, style: str | None = None) -> None:
    """One line of narration to stderr."""
    print(harmless(styled(line, style, sys.stderr) if style else line), file=sys.stderr, flush=True)


def say_next(command: str) -> None:
    """What ends every workflow: what to run next. Choices, parted by a wide `or`, stand on lines of their own."""
    for word, choice in zip(itertools.chain(("next:",), itertools.repeat("  or:")), command.split("   or   "), strict=False):
        print(f"{word} {styled(harmless(choice), 'bold', sys.stderr)}", file=sys.stderr, flush=True)


def emit(data: Mapping[str, Any], text: Callable[[], str], json_mode: bool) -> None:
    """Print a command's result: the document `data` (which has a `schema`) in JSON mode, else what `text` returns.

    `text` is called only when it is needed, so that a pipeline never pays for tables.
    """
    if json_mode:
        if "schema" not in data:
            raise ValueError(f"a JSON document needs a schema, got the keys {sorted(data)}")
        body = json.dumps(data, indent=2, sort_keys=False, default=str)
    else:
        body = harmless(text())
    if body:
        sys.stdout.write(body if body.endswith("\n") else body + "\n")
        sys.stdout.flush()


def error_document(error: InclineError) -> dict[str, Any]:
    """The JSON form of an error, so that a caller of `--json` need not read prose."""
    return {
        "schema": "incline.error/1",
        "error": {"code": error.code, "what": error.what, "details": list(error.details), "next_step": error.next_step},
    }


def print_error(error: InclineError) -> None:
    """An error for people on stderr: the code in red, the next step in bold, the words unchanged."""
    lines = str(error).replace("   or   ", "\n    or: ").splitlines()
    first = lines[0].replace(f"error {error.code}:", styled(f"error {error.code}:", "red", sys.stderr), 1)
    print(harmless("\n".join([first, *lines[1:]])), file=sys.stderr, flush=True)
