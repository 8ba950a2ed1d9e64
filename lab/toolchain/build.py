"""Puts the toolchain together: what is missing is built, what is there is linked, a second run only looks.

A real `pulumi` of the machine, with its own Python language host beside it, is used as it is; the lab then adds nothing but its plugins.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.progress import Progress
from lab.toolchain.gobuild import build_part
from lab.toolchain.golang import find_go
from lab.toolchain.parts import GoPart, all_parts, toolchain_key
from lab.toolchain.store import Store, link_all

EXECUTOR = "pulumi-language-python-exec"
_OLDEST_PULUMI = (3, 250)


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """Where the programs are. `executor` is None when the machine's own pulumi brings its own language host."""

    bin: Path
    pulumi: Path
    executor: Path | None

    @property
    def vcenter(self) -> Path:
        """The lab vCenter's program."""
        return self.bin / "lab-vcenter"


def cache_root(environ: Mapping[str, str]) -> Path:
    """The cache folder: INCLINE_CACHE, else the user's cache folder."""
    named = environ.get("INCLINE_CACHE")
    if named:
        return Path(named).absolute()
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "incline"


def ensure_toolchain(progress: Progress, *, environ: Mapping[str, str] | None = None, parts: Sequence[GoPart] | None = None) -> Toolchain:
    """The toolchain, built as far as it is missing. Safe to call from several processes at once and to interrupt at any time.

    Raises:
        ToolchainError: a part cannot be built; the parts that are finished stay finished.
    """
    environ = os.environ if environ is None else environ
    root = cache_root(environ) / "toolchain"
    own_pulumi = find_own_pulumi(environ, root)
    wanted = [part for part in (all_parts() if parts is None else parts) if not (own_pulumi and part.name == "pulumi")]
    store = Store(root / "parts")
    places = {part.name: _ensure(part, store, progress) for part in wanted}
    links = {program: place / program for part in wanted for place in (places[part.name],) for program in _programs(part)}
    folder = root / toolchain_key(wanted) / "bin"
    link_all(links, folder)
    if own_pulumi:
        return Toolchain(bin=folder, pulumi=own_pulumi, executor=None)
    return Toolchain(bin=folder, pulumi=folder / "pulumi", executor=folder / EXECUTOR)


def find_own_pulumi(environ: Mapping[str, str], cache: Path) -> Path | None:
    """A real pulumi on PATH that is new enough and has a Python language host beside it; ours in the cache does not count."""
    found = shutil.which("pulumi", path=environ.get("PATH"))
    if not found or Path(found).resolve().is_relative_to(cache.resolve()):
        return None
    if not (Path(found).resolve().parent / "pulumi-language-python").exists():
        return None
    answer = subprocess.run(
        [found, "version"], capture_output=True, text=True, check=False, env={**environ, "PULUMI_SKIP_UPDATE_CHECK": "1"}
    )
    match = re.match(r"v?(\d+)\.(\d+)", answer.stdout.strip())
    new_enough = match is not None and (int(match[1]), int(match[2])) >= _OLDEST_PULUMI
    return Path(found) if new_enough else None


def _programs(part: GoPart) -> list[str]:
    return [part.program, *(extra.name for extra in part.extras)]


def _ensure(part: GoPart, store: Store, progress: Progress) -> Path:
    key = part.key()
    if store.has(part.name, key):
        return store.use(part.name, key)
    with progress.step(f"build {part.program} {part.version}") as step:

        def make(folder: Path) -> None:
            step.note("looking for Go")
            go = find_go(store)
            build_part(part, folder, go=go, note=step.note)

        return store.build(part.name, key, make, waiting=lambda: step.note("another process is building it, waiting"))
