"""Builds one Go part into a folder. The build's own process group is ended with us, so that Ctrl-C leaves no compiler running."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from lab.toolchain.errors import build_failed, no_space
from lab.toolchain.parts import GoPart

_TAIL_LINES = 12


def build_part(part: GoPart, folder: Path, *, go: Path, note: Callable[[str], None]) -> None:
    """Build a part's program, and fetch its extras, into `folder`. `note` hears what the compiler is at.

    Raises:
        ToolchainError: with the end of the compiler's words and what to do.
    """
    _require_space(part, folder)
    work = folder / "src"
    # Copied, because the go command may write beside go.mod, and the checkout must stay as it is.
    for path in part.files():
        copy = work / path.relative_to(part.source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    env = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "", "CGO_ENABLED": "0"}
    command = [str(go), "build", "-v", "-p", "2", "-ldflags", part.ldflags, "-o", str(folder / part.program), part.package]
    _run(part, command, cwd=work, env=env, note=note)
    for extra in part.extras:
        where = subprocess.run(
            [str(go), "list", "-m", "-f", "{{.Dir}}", extra.module], cwd=work, env=env, capture_output=True, text=True, check=False
        )
        if where.returncode != 0:
            raise build_failed(part.name, tuple(where.stderr.strip().splitlines()[-_TAIL_LINES:]))
        shutil.copyfile(Path(where.stdout.strip()) / extra.path, folder / extra.name)
        (folder / extra.name).chmod(0o755)
    shutil.rmtree(work)


def _run(part: GoPart, command: list[str], *, cwd: Path, env: Mapping[str, str], note: Callable[[str], None]) -> None:
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    packages = 0
    compiler = subprocess.Popen(
        command, cwd=cwd, env=dict(env), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        for line in compiler.stderr or ():
            words = line.strip()
            if words.startswith("go: downloading"):
                note(words.removeprefix("go: "))
            elif " " not in words and "/" in words:
                packages += 1
                note(f"{packages} packages, now {words}")
            else:
                tail.append(words)
        code = compiler.wait()
    finally:
        _end_group(compiler)
    if code != 0:
        raise build_failed(part.name, tuple(tail))


def _end_group(compiler: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(compiler.pid, signal.SIGKILL)
    compiler.wait()


def _require_space(part: GoPart, folder: Path) -> None:
    free_mib = shutil.disk_usage(folder).free >> 20
    if free_mib < part.space_mib:
        raise no_space(part.name, str(folder.parent), free_mib, part.space_mib)
