"""What is installed in a program's environment: its distributions and the Pulumi plugins they name. Asked of the program's own Python."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.language_host.interpreter import Interpreter

# Both run in the program's Python, which may be any version the SDK supports, so they use nothing but the standard library.
_PLUGINS = r"""
import json, pathlib, sys
found = {}
for place in sys.path:
    for path in sorted(pathlib.Path(place or ".").glob("pulumi_*/pulumi-plugin.json")):
        entry = dict(json.loads(path.read_text()), package=path.parent.name)
        if not entry.get("version"):
            import importlib.metadata
            entry["version"] = importlib.metadata.version(path.parent.name)
        found.setdefault(path.parent.name, entry)
print(json.dumps(list(found.values())))
"""
_PACKAGES = r"""
import importlib.metadata as m, json, re, sys
norm = lambda n: re.sub(r"[-_.]+", "-", n).lower()
found = {norm(d.metadata["Name"]): d for d in m.distributions() if d.metadata["Name"]}
needed = {norm(re.match(r"[A-Za-z0-9._-]+", r).group()) for d in found.values() for r in d.requires or [] if "extra ==" not in r}
print(json.dumps([{"name": n, "version": d.version, "direct": n not in needed} for n, d in sorted(found.items())]))
"""
_VERSION = "import json, sys; print(json.dumps(sys.version.split()[0]))"


@dataclass(frozen=True, kw_only=True)
class Package:
    """A distribution; `direct` when no other one requires it."""

    name: str
    version: str
    direct: bool


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A resource plugin that an installed SDK needs."""

    name: str
    version: str
    server: str


def read_plugins(interpreter: Interpreter, environ: Mapping[str, str]) -> tuple[Plugin, ...]:
    """The plugins that the installed SDKs name. Asked before every command of the engine, so it looks at nothing else."""
    return parse_plugins(_ask(interpreter, environ, _PLUGINS))


def read_packages(interpreter: Interpreter, environ: Mapping[str, str]) -> tuple[Package, ...]:
    """Every installed distribution."""
    return tuple(Package(**entry) for entry in _ask(interpreter, environ, _PACKAGES))


def read_version(interpreter: Interpreter, environ: Mapping[str, str]) -> str:
    """The interpreter's version."""
    return str(_ask(interpreter, environ, _VERSION))


def parse_plugins(entries: list[dict[str, Any]]) -> tuple[Plugin, ...]:
    """The typed form of what the packages say; one that names no plugin stands for the plugin of its own name."""
    return tuple(
        Plugin(
            name=str(entry.get("name") or entry["package"].removeprefix("pulumi_").replace("_", "-")),
            version=str(entry["version"]).removeprefix("v"),
            server=str(entry.get("server") or ""),
        )
        for entry in entries
        if entry.get("resource")
    )


def _ask(interpreter: Interpreter, environ: Mapping[str, str], question: str) -> Any:
    """What the interpreter answers to a question in Python.

    Raises:
        subprocess.CalledProcessError: the interpreter does not run.
    """
    answer = subprocess.run(
        [interpreter.executable, "-c", question], env=interpreter.environment(environ), capture_output=True, text=True, check=True
    )
    return json.loads(answer.stdout)
