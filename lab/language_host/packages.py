"""What is installed in a program's environment: its distributions and the Pulumi plugins they name. Asked of the program's own Python."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.language_host.interpreter import Interpreter

# Runs in the program's Python, which may be any version the SDK supports, so it uses nothing but the standard library.
_PROBE = r"""
import importlib.metadata as m, json, pathlib, re, sys
norm = lambda n: re.sub(r"[-_.]+", "-", n).lower()
found = {norm(d.metadata["Name"]): d for d in m.distributions() if d.metadata["Name"]}
needed = {norm(re.match(r"[A-Za-z0-9._-]+", r).group()) for d in found.values() for r in d.requires or [] if "extra ==" not in r}
plugins = []
for place in sys.path:
    for path in sorted(pathlib.Path(place or ".").glob("pulumi_*/pulumi-plugin.json")):
        plugins.append(dict(json.loads(path.read_text()), package=path.parent.name))
print(json.dumps({
    "version": sys.version.split()[0],
    "packages": [{"name": n, "version": d.version, "direct": n not in needed} for n, d in sorted(found.items())],
    "plugins": plugins,
}))
"""


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


@dataclass(frozen=True, kw_only=True)
class Installed:
    """What a Python has to offer."""

    version: str
    packages: tuple[Package, ...]
    plugins: tuple[Plugin, ...]


def read_installed(interpreter: Interpreter, environ: Mapping[str, str]) -> Installed:
    """Ask an interpreter what is installed beside it.

    Raises:
        subprocess.CalledProcessError: the interpreter does not run.
    """
    answer = subprocess.run(
        [interpreter.executable, "-c", _PROBE], env=interpreter.environment(environ), capture_output=True, text=True, check=True
    )
    return parse_installed(json.loads(answer.stdout))


def parse_installed(document: Mapping[str, Any]) -> Installed:
    """The typed form of what the probe prints. A package without a version of its own plugin gets its distribution's."""
    versions = {entry["name"]: entry["version"] for entry in document["packages"]}
    plugins = tuple(
        Plugin(
            name=str(entry.get("name") or entry["package"].removeprefix("pulumi_").replace("_", "-")),
            version=str(entry.get("version") or versions.get(entry["package"].replace("_", "-"), "")).removeprefix("v"),
            server=str(entry.get("server") or ""),
        )
        for entry in document["plugins"]
        if entry.get("resource")
    )
    return Installed(version=document["version"], packages=tuple(Package(**entry) for entry in document["packages"]), plugins=plugins)
