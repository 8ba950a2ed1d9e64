"""`incline ci`: what a pipeline does for a pull request beside previewing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.command import closing_lines, new_app
from cli.output import emit, say, say_next
from infra.errors import InclineError

if TYPE_CHECKING:
    from cli.ci_body import StackPreview

app = new_app("For pipelines: one comment for a pull request.", examples=("incline ci comment --check out/check --previews out/preview",))


@app.callback()
def _group() -> None:
    """Keep `comment` a word of its own."""


@app.command(
    "comment",
    epilog=closing_lines(
        "incline ci comment --changes out/changes.txt --check out/check --previews out/preview          what it would say",
        "incline ci comment --changes out/changes.txt --check out/check --previews out/preview --yes    write or update it",
    ),
)
def comment_command(
    changes: Annotated[Path | None, typer.Option(metavar="FILE", help="What `incline estate diff` printed.")] = None,
    check: Annotated[Path | None, typer.Option(metavar="FOLDER", help="The folder of `incline check --report`.")] = None,
    previews: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A file STACK.txt for each preview, and STACK.failed beside one that failed.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write it; without this it is only printed.")] = False,
    json_mode: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Write the one comment of a pull request, or update it in place."""
    from cli.ci_body import MARKER, comment  # noqa: PLC0415 - help stays fast
    from cli.forge import forge_of  # noqa: PLC0415

    body = comment(_text(changes) if changes else None, _text(check / "report.md" if check else None), _previews(previews))
    done = forge_of(os.environ).put(body, MARKER) if yes else "printed"
    emit({"schema": "incline.ci-comment/1", "done": done, "bytes": len(body.encode()), "body": body}, lambda: body, json_mode)
    say(f"comment {done}, {len(body.encode()):,} bytes")
    if not yes:
        say_next("the same with --yes, in the pipeline of a pull request")


def _text(path: Path | None) -> str:
    """A file's text, or nothing when none was named.

    Raises:
        InclineError: it cannot be read (INC-5044).
    """
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InclineError(
            f"{path}: cannot be read: {error.strerror}", code="INC-5044", next_step="run the step that writes it first; see docs/ci"
        ) from error


def _previews(folder: Path | None) -> list[StackPreview]:
    from cli.ci_body import StackPreview  # noqa: PLC0415

    if folder is None:
        return []
    if not folder.is_dir():
        raise InclineError(f"{folder}: no folder of previews", code="INC-5044", next_step="run the step that writes it first; see docs/ci")
    return [StackPreview(p.stem, _text(p), not p.with_suffix(".failed").exists()) for p in sorted(folder.glob("*.txt"))]
