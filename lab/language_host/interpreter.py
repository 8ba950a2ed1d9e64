"""Finds the Python that a Pulumi program wants, by the rules of the official language host.

Pure but for looking whether files exist; nothing is started and nothing is installed here. One difference: with the `uv` toolchain the
official host brings the environment up to date before every run, this one takes it as it is.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class NoInterpreterError(Exception):
    """The program's Python cannot be found; the message is for the person who runs pulumi."""


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A Python to run, and the virtual environment it belongs to, if any."""

    executable: str
    virtualenv: Path | None = None
    toolchain: str = "pip"

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The environment of a process started with this Python: as if its virtual environment had been activated."""
        env = dict(base)
        if self.virtualenv is not None:
            env["PATH"] = os.pathsep.join(filter(None, [str(self.virtualenv / "bin"), env.get("PATH", "")]))
            env["VIRTUAL_ENV"] = str(self.virtualenv)
            env.pop("PYTHONHOME", None)
        return env


@dataclass(frozen=True, kw_only=True)
class Project:
    """What decides on the interpreter: where Pulumi.yaml stands, where the program stands, and `runtime.options`."""

    root: Path
    program: Path
    options: Mapping[str, Any] = field(default_factory=dict)


def find_interpreter(project: Project, environ: Mapping[str, str]) -> Interpreter:
    """The interpreter of a project: its `virtualenv` option, its toolchain's environment, the active environment, then PATH.

    Raises:
        NoInterpreterError: the project names an environment that is none, or there is no Python at all.
    """
    toolchain = _toolchain(project)
    named = str(project.options.get("virtualenv") or "")
    if named:
        return _from_option(project.root / named, named, toolchain)
    if toolchain in {"uv", "poetry"}:
        place = default_environment(project, toolchain)
        if is_virtualenv(place):
            return _of(place, toolchain)
        raise NoInterpreterError(f"the {toolchain} environment {place} does not exist: run `pulumi install` or `{toolchain} sync` first")
    active = environ.get("VIRTUAL_ENV", "")
    if active and is_virtualenv(Path(active)):
        return _of(Path(active), toolchain)
    return Interpreter(executable=_on_path(environ), toolchain=toolchain)


def is_virtualenv(place: Path) -> bool:
    """Whether a folder holds a virtual environment, judged as the official host does: by its python."""
    return (place / "bin" / "python").is_file()


def default_environment(project: Project, toolchain: str) -> Path:
    """Where a toolchain keeps the environment of a project that names none: beside its lock file, else beside pyproject.toml."""
    for name in (f"{toolchain}.lock", "pyproject.toml"):
        beside = _search_up(project.program, name)
        if beside is not None:
            return beside / ".venv"
    return project.program / ".venv"


def _toolchain(project: Project) -> str:
    """The toolchain option, else what lock file there is, else pip."""
    named = str(project.options.get("toolchain") or "")
    if named:
        if named not in {"pip", "uv", "poetry"}:
            raise NoInterpreterError(f"unknown toolchain {named!r} in runtime.options of Pulumi.yaml: write pip, uv or poetry")
        return named
    for name in ("uv", "poetry"):
        if _search_up(project.program, f"{name}.lock") is not None:
            return name
    return "pip"


def _from_option(place: Path, named: str, toolchain: str) -> Interpreter:
    if not is_virtualenv(place):
        raise NoInterpreterError(
            f"The 'virtualenv' option in Pulumi.yaml is set to {named!r}, but {str(place)!r} doesn't appear to be a virtual environment. "
            "Run `pulumi install` or create it, then run pulumi again."
        )
    return _of(place, toolchain)


def _of(place: Path, toolchain: str) -> Interpreter:
    # Not resolved: a virtual environment's python is a link, and following it would leave the environment.
    return Interpreter(executable=str(place / "bin" / "python"), virtualenv=place, toolchain=toolchain)


def _on_path(environ: Mapping[str, str]) -> str:
    wanted = environ.get("PULUMI_PYTHON_CMD", "")
    for name in [wanted] if wanted else ["python3", "python"]:
        found = shutil.which(name, path=environ.get("PATH"))
        if found:
            return found
    raise NoInterpreterError("no python3 on PATH and no virtual environment: set `virtualenv` in runtime.options of Pulumi.yaml")


def _search_up(start: Path, name: str) -> Path | None:
    return next((place for place in (start, *start.parents) if (place / name).is_file()), None)
