"""Installs the peers that the benchmark compares with, once, into the cache: nothing of them becomes part of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from lab.toolchain.golang import find_go
from lab.toolchain.store import Store

CONFTEST = "github.com/open-policy-agent/conftest@v0.59.0"
PACKAGES = ("checkov==3.3.30", "pulumi-policy==1.21.0")


def peers_python() -> Path:
    """The interpreter of an environment that holds the stock SDK and checkov."""
    return bench_store().build("peers", "checkov-3.3.30-policy-1.21.0", _install_packages) / "bin" / "python"


def conftest_program() -> Path:
    """conftest, built from its Go module."""
    return bench_store().build("conftest", "0.59.0", _build_conftest) / "conftest"


def bench_store() -> Store:
    """Where benchmarks keep what they make once: built peers, saved models."""
    base = Path(os.environ.get("XDG_CACHE_HOME", "") or Path.home() / ".cache")
    root = base / "incline" / "bench"
    root.mkdir(parents=True, exist_ok=True)
    return Store(root)


def _install_packages(folder: Path) -> None:
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    # Relocatable, because the finished folder is renamed into its place.
    subprocess.run([uv, "venv", "--quiet", "--relocatable", "--python", sys.executable, str(folder), "--allow-existing"], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *PACKAGES], check=True)


def _build_conftest(folder: Path) -> None:
    go = find_go(bench_store())
    subprocess.run([str(go), "install", CONFTEST], check=True, env={**os.environ, "GOBIN": str(folder), "GOFLAGS": "", "CGO_ENABLED": "0"})
