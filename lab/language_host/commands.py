"""The command lines that a language host starts: a Pulumi program, a policy pack, a plugin written in Python. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pulumi.runtime.proto import language_pb2 as proto

from lab.language_host.interpreter import Interpreter

SHOWN_TO_USER = 32
"""The exit code by which the SDK's executor says that it has printed the program's error itself."""


def program_command(interpreter: Interpreter, executor: Path, engine: str, request: proto.RunRequest) -> list[str]:
    """How the SDK's executor is started for a program."""
    info = request.info
    values = {
        "monitor": request.monitor_address,
        "engine": engine,
        "project": request.project,
        "stack": request.stack,
        "organization": request.organization,
        "root_directory": info.root_directory,
        "pwd": request.pwd or info.program_directory,
        "dry_run": "true" if request.dryRun else "false",
        "parallel": str(request.parallel),
    }
    flags = [word for name, value in values.items() if value for word in (f"--{name}", value)]
    program = str(Path(info.program_directory) / info.entry_point)
    return [interpreter.executable, "-u", str(executor), *flags, program, *request.args]


def program_environment(interpreter: Interpreter, request: proto.RunRequest, base: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program: its virtual environment activated, its configuration as the SDK reads it."""
    env = interpreter.environment(base)
    env["PULUMI_CONFIG"] = json.dumps(dict(request.config))
    env["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
    return env


def plugin_command(interpreter: Interpreter, request: proto.RunPluginRequest) -> list[str]:
    """How a plugin is started: a policy pack through the SDK's runner, anything else by running its folder."""
    folder = request.info.program_directory
    if request.kind == "analyzer":
        return [interpreter.executable, "-u", "-m", "pulumi.policy", *request.args, folder]
    return [interpreter.executable, "-u", folder, *request.args]


def plugin_environment(interpreter: Interpreter, pairs: Iterable[str], base: Mapping[str, str]) -> dict[str, str]:
    """The environment of a plugin: what the engine sent, else our own, with the virtual environment activated."""
    sent = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    return interpreter.environment(sent or base)


def outcome(code: int, *, stopped: bool) -> proto.RunResponse:
    """What the engine is told about a program's end. A program that showed its own error, or that we stopped, adds no words."""
    if code == 0:
        return proto.RunResponse()
    if stopped or code == SHOWN_TO_USER:
        return proto.RunResponse(bail=True)
    if code < 0:
        return proto.RunResponse(error=f"Program was killed by signal {-code}")
    return proto.RunResponse(error=f"Program exited with non-zero exit code: {code}")
