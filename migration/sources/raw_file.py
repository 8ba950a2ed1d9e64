"""A raw disk image in a file, for reading: an exported disk, or the other end of a rehearsal."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from migration.types import Extent, PermanentError


class RawFile:
    """The image at `path`. Holes of a sparse file are known to be zeros."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDONLY)
        except OSError as exc:
            raise PermanentError(f"{path}: {exc.strerror}", code="INC-2970") from exc
        self._path = path
        self._open = True

    @property
    def size_bytes(self) -> int:
        """Length of the file."""
        return os.fstat(self._file).st_size

    def allocated(self) -> Iterator[Extent]:
        """The file's data, hole by hole."""
        at, size = 0, self.size_bytes
        while at < size:
            try:
                start = os.lseek(self._file, at, os.SEEK_DATA)
            except OSError as exc:
                if exc.errno == errno.ENXIO:
                    return  # only a hole is left
                raise
            at = os.lseek(self._file, start, os.SEEK_HOLE)
            yield Extent(start, at - start)

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes."""
        data = os.pread(self._file, length, offset)
        if len(data) != length:
            raise PermanentError(f"{self._path}: {len(data)} of {length} bytes at {offset}", code="INC-2971")
        return data

    def close(self) -> None:
        """Close the file. May be called twice."""
        if self._open:
            self._open = False
            os.close(self._file)
