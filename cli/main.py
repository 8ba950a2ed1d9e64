"""The `incline` command: finds the sub-command, imports it only then, and turns every error into words and an exit code.

A sub-command is a module with `app: typer.Typer`, named in `COMMANDS`. Nothing heavy is imported here: `incline --help`
answers before a cloud's SDK would have been read. No traceback reaches a terminal; `--debug`, anywhere on the command line,
writes it to a file and names the file.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from cli.command import arrange_help
from cli.exit_codes import EPILOG, ExitCode
from cli.output import emit, error_document, print_error, say
from infra.errors import InclineError


@dataclass(frozen=True, kw_only=True)
class LazyCommand:
    """Where a sub-command stands, and its line in the help of all."""

    module: str
    summary: str


COMMANDS: dict[str, LazyCommand] = {
    "estate": LazyCommand(module="cli.estate", summary="Validate, compare and settle the estate."),
    "assess": LazyCommand(module="cli.assess", summary="Judge every server: can it move, how, at what size, for how much."),
    "move": LazyCommand(module="cli.move", summary="Move a server between vSphere and AWS, and prove it."),
    "plan": LazyCommand(module="cli.plan", summary="Plan which servers move in which night, with a proof."),
    "check": LazyCommand(module="cli.check", summary="Judge the estate by the capacity and reliability rules."),
    "rules": LazyCommand(module="cli.rules", summary="The rules: list them, explain one."),
    "risk": LazyCommand(module="cli.risk", summary="The risk register, by service and department."),
    "capacity": LazyCommand(module="cli.capacity", summary="Record what the sites really have, in one file."),
    "discover": LazyCommand(module="cli.discover", summary="Look at sites: machines, hosts, storage, networks, usage."),
    "inventory": LazyCommand(module="cli.inventory", summary="What was discovered: show it, import and export it."),
    "where": LazyCommand(module="cli.where", summary="Where a service runs, what it needs, what it promises."),
    "impact": LazyCommand(module="cli.impact", summary="What stops when something fails, and what comes back where."),
    "ci": LazyCommand(module="cli.ci", summary="For pipelines: one comment for a pull request."),
    "report": LazyCommand(module="cli.report", summary="One page for architects: readiness, sizes, cost, waves."),
    "lab": LazyCommand(module="cli.lab", summary="The offline vCenter and AWS region, with the real Pulumi engine."),
    "demo": LazyCommand(module="cli.demo", summary="A server moves up to AWS and back, on the lab, with a report."),
}


class LazyGroup(TyperGroup):
    """A group that lists commands from the registry and imports the module of the one that is run."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in the order of the registry."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A stand-in with the summary, enough for help, suggestions and completion of names."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        return TyperCommand(cmd_name, help=entry.summary) if entry else None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The real command of the name that was typed; a mistyped one gets a suggestion from typer."""
        self.commands = dict.fromkeys(COMMANDS, TyperCommand(None))
        name, command, rest = super().resolve_command(ctx, args)
        if name is None or command is None:
            return name, command, rest
        real = get_command(importlib.import_module(COMMANDS[name].module).app)
        real.name = name
        arrange_help(real)
        return name, real, rest


app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
    context_settings={"max_content_width": 100},
    help="""Hybridize servers between vSphere data centres and AWS: declared, moved block by block, proven, judged by one rule set.

\b
Examples:
  incline demo                                      the whole road, offline
  incline lab up && eval "$(incline lab env)"       then use pulumi, govc and aws by hand
  incline move plan permits-db-01 --to aws-east     what a move would do
  incline check                                     does the estate keep its rules?
""",
)


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version  # noqa: PLC0415 - a tenth of the start-up time, for one flag

        typer.echo(f"incline {version('incline')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="On an error, write the traceback to a file and name it.")] = False,
) -> None:
    del version, debug  # both act before the command runs: see `_version` and `run`


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Every error becomes words here; nothing else prints one."""
    plain = arguments[: arguments.index("--")] if "--" in arguments else arguments
    debug = "--debug" in plain or bool(os.environ.get("INCLINE_DEBUG"))
    json_mode = "--json" in plain
    kept = [word for position, word in enumerate(arguments) if word != "--debug" or position >= len(plain)]
    try:
        code = get_command(app).main(args=kept, prog_name="incline", standalone_mode=False)
    except SystemExit as leaving:
        code = leaving.code
    except InclineError as error:
        return _report(error, json_mode=json_mode, debug=debug)
    except TyperException as error:
        return _misused(error, json_mode=json_mode)
    except Exception as error:  # noqa: BLE001 - the one place where an unforeseen error becomes words
        return _report(_unforeseen(error, debug=debug), json_mode=json_mode, debug=debug, cause=error)
    return _exit_code(code, json_mode=json_mode)


def _exit_code(code: object, *, json_mode: bool) -> int:
    """The number to leave with. Typer makes a KeyboardInterrupt a plain 130; a command that said its own words raises ExitCode's."""
    if code == ExitCode.INTERRUPTED and not isinstance(code, ExitCode):
        words = "interrupted: what was begun stays as it is and can be resumed with the same command"
        say(words, style="yellow")
        if json_mode:
            emit(error_document(InclineError(words, code="INC-5004")), str, json_mode=True)
    return code if isinstance(code, int) else ExitCode.OK


def _misused(error: Any, *, json_mode: bool) -> int:
    """A command line that cannot be understood: what is wrong with it, and the help to look at. No arguments at all is help."""
    words = error.format_message()
    if words.startswith("Usage:"):
        say(words)
        return ExitCode.ERROR
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "incline"
    wrong = InclineError(f"{path}: {words[:1].lower()}{words[1:].rstrip('.')}", code="INC-5003", next_step=f"{path} --help")
    return _report(wrong, json_mode=json_mode, debug=False)


def _report(error: InclineError, *, json_mode: bool, debug: bool, cause: Exception | None = None) -> int:
    print_error(error)
    if json_mode:
        emit(error_document(error), str, json_mode=True)
    if debug:
        say(f"traceback: {_write_traceback(cause or error)}")
    return int(getattr(error, "exit_code", ExitCode.ERROR))


def _unforeseen(error: Exception, *, debug: bool) -> InclineError:
    words = str(error).strip() or "no message"
    return InclineError(
        f"unforeseen {type(error).__name__}: {words.splitlines()[0]}",
        code="INC-5000",
        details=("this is a defect of Incline, not of your input",),
        next_step="report it with the traceback file" if debug else "run the same command with --debug and report the file it names",
    )


def _write_traceback(error: Exception) -> Path:
    text = "".join(traceback.format_exception(error))
    with tempfile.NamedTemporaryFile("w", prefix="incline-traceback-", suffix=".txt", delete=False, encoding="utf-8") as file:
        file.write(text)
    return Path(file.name)


def _stop_as_interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    """SIGTERM stops a command in the same orderly way as Ctrl-C does."""
    del signum, frame
    raise KeyboardInterrupt


def main() -> NoReturn:
    """The console script."""
    signal.signal(signal.SIGTERM, _stop_as_interrupt)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
