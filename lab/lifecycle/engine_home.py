"""The engine's home of the lab: launchers of the language host and of the two providers, laid out as Pulumi lays out plugins.

They are installed, not put on PATH, because the engine warns about every plugin it finds there.
"""

from __future__ import annotations

import os
import shlex
import sys
from importlib.metadata import version
from pathlib import Path

from lab.language_host import ENGINE_VERSION

PROVIDERS = {"aws": "pulumi-aws", "vsphere": "pulumi-vsphere"}
"""A provider and the distribution whose version it stands in for: the engine looks for exactly the SDK's version."""


def install_plugins(pulumi_home: Path, *, executor: Path | None) -> None:
    """Write the launchers. Without an executor the machine's own pulumi brings its language host, and only the providers are written."""
    plugins = pulumi_home / "plugins"
    for provider, distribution in PROVIDERS.items():
        launcher = plugins / f"resource-{provider}-v{version(distribution)}" / f"pulumi-resource-{provider}"
        _write_launcher(launcher, "lab.providers", provider)
    if executor is not None:
        launcher = plugins / f"language-python-v{ENGINE_VERSION}" / "pulumi-language-python"
        _write_launcher(launcher, "lab.language_host", "--executor", str(executor))


def _write_launcher(path: Path, module: str, *words: str) -> None:
    """A script that becomes the module in this very environment. -P: the engine's folder must not shadow our packages."""
    command = shlex.join([sys.executable, "-P", "-m", module, *words])
    text = f'#!/bin/sh\nexec {command} "$@"\n'
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o755)
    fresh.replace(path)
