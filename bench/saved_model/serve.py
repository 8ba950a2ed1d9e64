"""The simulator's process with a model of a number of machines; the model is made at first use and kept in the cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.peers_install import bench_store
from bench.saved_model import grow
from infra.endpoints import Endpoint
from lab.progress import Progress
from lab.toolchain import ensure_toolchain
from lab.toolchain.golang import find_go

_SOURCE = Path(__file__).parent
_FILES = ("main.go", "go.mod", "go.sum")
USER = PASSWORD = "bench"


@contextmanager
def served(machines: int) -> Iterator[tuple[Endpoint, int]]:
    """A vCenter simulator that has loaded a saved model of so many machines, for the time of a `with`; with its process's number."""
    with _started("--load", str(_model(machines))) as started:
        yield started


def _program() -> Path:
    return bench_store().build("saved-model", _key(*_FILES), _build) / "saved-model"


def _build(folder: Path) -> None:
    work = folder / "src"
    work.mkdir()
    for name in _FILES:
        shutil.copyfile(_SOURCE / name, work / name)
    environ = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    subprocess.run([str(find_go(bench_store())), "build", "-o", str(folder / "saved-model"), "."], cwd=work, env=environ, check=True)
    shutil.rmtree(work)


def _model(machines: int) -> Path:
    key = _key(*_FILES, "grow.py")
    return bench_store().build(f"model-{machines}", key, lambda folder: _make(folder, machines)) / "model"


def _make(folder: Path, machines: int) -> None:
    """A small model is made and saved by the simulator and govc, then grown."""
    print(f"making a saved model of {machines:,} machines, once", file=sys.stderr, flush=True)
    govc = ensure_toolchain(Progress(sys.stderr)).bin / "govc"
    with _started() as (endpoint, _):
        environ = {**os.environ, "GOVC_URL": f"https://{USER}:{PASSWORD}@{endpoint.address}/sdk", "GOVC_INSECURE": "1"}
        subprocess.run([str(govc), "object.save", "-d", str(folder / "model")], env=environ, check=True, stdout=subprocess.DEVNULL)
    grow.grow(folder / "model", machines)


@contextmanager
def _started(*arguments: str) -> Iterator[tuple[Endpoint, int]]:
    with tempfile.TemporaryDirectory() as folder:
        command = [str(_program()), "--folder", folder, *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": folder})
        try:
            ready = json.loads((process.stdout or iter(())).readline())  # type: ignore[union-attr]
            yield Endpoint(site="bench", address=ready["host"], ca_file=ready["ca_file"], user=USER, password=PASSWORD), process.pid
        finally:
            process.terminate()
            process.wait(timeout=60)


def _key(*names: str) -> str:
    digest = hashlib.sha256()
    for name in names:
        digest.update((_SOURCE / name).read_bytes())
    return digest.hexdigest()[:16]
