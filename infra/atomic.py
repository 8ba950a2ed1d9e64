"""Writing a file so that a crash leaves the old one or the new one, never a part.

A temporary file in the same folder, flushed to the disk, renamed over the old one, and the folder flushed too: without the last step a
power cut may forget the rename.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.errors import InclineError

_NEW_FILE_MODE = 0o644  # estate files are read by everybody who works with the repository


class FileWriteError(InclineError):
    """A file could not be written; the one that stood there is whole."""


def replace_file(path: Path, content: str | bytes) -> None:
    """Writes a file, text as UTF-8, in one step; keeps the mode of a file that exists, makes the folders of a new one.

    Raises:
        FileWriteError: INC-1052 when the disk is full, read-only or failing. The old file is as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise FileWriteError(
            f"{path} cannot be written: {error.strerror or error}",
            code="INC-1052",
            details=("the old file is unchanged",) if path.is_file() else (),
            next_step="make room on the disk, see to its permissions or name another file, then run the same command again",
        ) from error


def _replace(path: Path, content: bytes) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else _NEW_FILE_MODE
    # The name ends in .tmp: a left-over of a crash is no *.yaml that an estate's reader would pick up.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def remove_file(path: Path) -> bool:
    """Removes a file for good; False when there was none."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    flush_folder(path.parent)
    return True


def flush_folder(folder: Path) -> None:
    """Makes renames and removals in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Keeps other writers of the folder out, in this process and in others; a crash lets go of it by itself."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
