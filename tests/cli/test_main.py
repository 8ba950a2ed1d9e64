"""The frame of the command line: speed, suggestions, errors and exit codes."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from cli import main as command_line
from cli.exit_codes import ExitCode
from infra.errors import InclineError


def incline(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = "import sys; from cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
    )


def _refuse() -> None:
    raise InclineError("permits-db-01: refused", code="INC-2104", details=("because",), next_step="incline move status")


def _break() -> None:
    raise ZeroDivisionError("by nought")


def _interrupt() -> None:
    raise KeyboardInterrupt


@pytest.fixture
def registered(tmp_path, monkeypatch):
    """A registry with one command of the test's own."""

    def register(function):
        module = type(sys)("command_under_test")
        module.app = typer.Typer()
        module.app.command()(function)
        monkeypatch.setitem(sys.modules, "command_under_test", module)
        monkeypatch.setitem(command_line.COMMANDS, "probe", command_line.LazyCommand(module="command_under_test", summary="A probe."))
        monkeypatch.setenv("TMPDIR", str(tmp_path))

    return register


def test_exit_codes_are_a_contract_with_pipelines():
    pinned = {"OK": 0, "FINDINGS": 1, "ERROR": 2, "UNDETERMINED": 3, "INTERRUPTED": 130}

    assert {code.name: code.value for code in ExitCode} == pinned


def test_help_answers_before_a_person_notices():
    best = min(_processor_time_of_help() for _ in range(3))

    assert best < 0.3


def _processor_time_of_help() -> float:
    """Not the wall's clock: a test machine may be busy with other things."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert incline("--help").returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_names_every_command_and_imports_none():
    assert all(name in incline("--help").stdout for name in command_line.COMMANDS)
    heavy = ("pulumi", "boto3", "pydantic", "rich")
    probe = f"import sys; from cli.main import run; run(['--help']); sys.exit(any(m in sys.modules for m in {heavy}))"

    assert subprocess.run([sys.executable, "-c", probe], stdout=subprocess.DEVNULL, check=False).returncode == 0


@pytest.mark.parametrize("words", [(), ("lab",), ("lab", "up")])
def test_every_help_lists_the_exit_codes(words):
    assert "130 interrupted" in " ".join(incline(*words, "--help").stdout.split())


def test_a_shell_completes_names():
    shown = incline(_INCLINE_COMPLETE="complete_bash", COMP_WORDS="incline lab s", COMP_CWORD="2").stdout

    assert {"start", "status", "stop"} <= set(shown.split())


def test_a_mistyped_command_gets_a_suggestion():
    answer = incline("mvoe", "plan")

    assert answer.returncode == ExitCode.ERROR
    assert answer.stderr == "error INC-5003: incline: no such command 'mvoe'. Did you mean 'move'?\n  next: incline --help\n"
    assert answer.stdout == ""


def test_no_arguments_is_help_on_stderr_and_an_error():
    answer = incline()

    assert (answer.returncode, answer.stdout) == (ExitCode.ERROR, "")
    assert "Examples:" in answer.stderr


def test_an_error_for_people_is_printed_as_it_stands(registered, capsys):
    registered(_refuse)

    assert command_line.run(["probe"]) == ExitCode.ERROR
    assert capsys.readouterr().err == "error INC-2104: permits-db-01: refused\n  because\n  next: incline move status\n"


def test_json_mode_gives_the_error_as_a_document_too(registered, capsys):
    def refuse(as_json: bool = typer.Option(False, "--json")) -> None:
        _refuse()

    registered(refuse)
    command_line.run(["probe", "--json"])
    document = json.loads(capsys.readouterr().out)

    assert document["schema"] == "incline.error/1"
    assert document["error"] == {
        "code": "INC-2104",
        "what": "permits-db-01: refused",
        "details": ["because"],
        "next_step": "incline move status",
    }


def test_an_unforeseen_error_shows_no_traceback(registered, capsys):
    registered(_break)

    assert command_line.run(["probe"]) == ExitCode.ERROR
    words = capsys.readouterr().err
    assert "Traceback" not in words
    assert "INC-5000: unforeseen ZeroDivisionError: by nought" in words
    assert "--debug" in words


def test_debug_writes_the_traceback_to_a_file_and_names_it(registered, capsys):
    registered(_break)
    command_line.run(["probe", "--debug"])
    named = capsys.readouterr().err.strip().splitlines()[-1].removeprefix("traceback: ")
    text = Path(named).read_text(encoding="utf-8")
    Path(named).unlink()

    assert "ZeroDivisionError: by nought" in text


def test_an_interrupt_is_said_and_has_its_own_code(registered, capsys):
    registered(_interrupt)

    assert command_line.run(["probe"]) == ExitCode.INTERRUPTED
    assert "can be resumed" in capsys.readouterr().err


def test_output_to_a_pipe_has_no_colour_even_when_asked():
    assert "\x1b[" not in incline("move", TERM="xterm-256color").stderr
