"""The cache folder of built parts. A part is there whole or not at all.

A build goes into a scratch folder; the finished folder is renamed into place; a marker is written last. Whatever lacks its marker is
rubbish of an interrupted build and is removed by the next one. One lock per part keeps two builders apart; the one that waited finds
the work done.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_MARKER = "complete"
_UNUSED_S = 30 * 86_400


class Store:
    """Built parts under one folder, each in `<name>-<key>`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def place(self, name: str, key: str) -> Path:
        """Where a part of this key stands, built or not."""
        return self.root / f"{name}-{key}"

    def has(self, name: str, key: str) -> bool:
        """Whether the part is there, whole."""
        return (self.place(name, key) / _MARKER).is_file()

    def build(self, name: str, key: str, make: Callable[[Path], None], *, waiting: Callable[[], None] = lambda: None) -> Path:
        """The part's folder, made by `make(folder)` unless it is there. `waiting` is called when another builder holds the lock.

        When `make` raises, nothing is left behind but scratch that the next build removes.
        """
        place = self.place(name, key)
        if self.has(name, key):
            return place
        self._prune(name)
        with self._lock(name, waiting):
            if self.has(name, key):
                return place
            self._sweep(name)
            scratch = Path(tempfile.mkdtemp(prefix=f".building-{name}-", dir=self.root))
            try:
                make(scratch)
                _put(scratch, place)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
        return place

    def _sweep(self, name: str) -> None:
        """Remove what interrupted builds of this part have left. The lock is held, so nobody else is at it."""
        for leftover in self.root.glob(f".building-{name}-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        for built in self.root.glob(f"{name}-*"):
            if built.is_dir() and not (built / _MARKER).is_file():
                shutil.rmtree(built)

    def use(self, name: str, key: str) -> Path:
        """The folder of a part that is there; remembers that it is in use."""
        place = self.place(name, key)
        os.utime(place / _MARKER)
        return place

    def _prune(self, name: str) -> None:
        """Remove builds of this part that no checkout has used for a month: a part is rebuilt in less time than a disk is cleaned."""
        for marker in self.root.glob(f"{name}-*/{_MARKER}"):
            if time.time() - marker.stat().st_mtime > _UNUSED_S:
                marker.unlink()
                shutil.rmtree(marker.parent)

    @contextmanager
    def _lock(self, name: str, waiting: Callable[[], None]) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / f".lock-{name}").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _put(scratch: Path, place: Path) -> None:
    scratch.chmod(0o755)
    scratch.rename(place)
    with (place / _MARKER).open("w") as marker:
        os.fsync(marker.fileno())


def link_all(links: dict[str, Path], folder: Path) -> None:
    """Make a folder that holds exactly these links, each replaced atomically, so that a concurrent reader never misses one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, target in links.items():
        link = folder / name
        if link.is_symlink() and link.readlink() == target:
            continue
        fresh = folder / f".{name}.{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(link)
