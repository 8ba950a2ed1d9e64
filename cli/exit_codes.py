"""The exit codes of every `incline` command, in one place. A test pins the numbers: pipelines depend on them."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command says to the program that started it."""

    OK = 0
    FINDINGS = 1  # the command worked and the answer is no: findings, a refused change, a proof that failed
    ERROR = 2  # the tool or its input failed: nothing can be said about the estate
    UNDETERMINED = 3  # the command worked, but evidence was missing for at least one answer
    INTERRUPTED = 130  # stopped by Ctrl-C or SIGTERM; what was begun can be resumed


EPILOG = "\b\nExit codes: 0 ok, 1 findings or refused, 2 error of tool or input,\n            3 undetermined, 130 interrupted."
"""For the help of every command (`typer.Typer(epilog=EPILOG)`)."""
