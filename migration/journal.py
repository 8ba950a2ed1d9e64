"""The state folder: one folder per move with its journal (JSON Lines) and its disks' manifests, one lock and one owner id for the whole.

A journal line is durable before the call that wrote it returns. A line cut short by a crash is the only damage that is mended silently:
it was never acknowledged to anyone. Reading never takes the lock and never writes.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from infra.atomic import flush_folder
from infra.errors import InclineError
from migration.moves import Event, IllegalTransitionError, MoveRecord, MoveState, apply, fold


class StateError(InclineError):
    """The state folder cannot be used."""


class Journal:
    """One move's journal, opened for writing. `record` is always the fold of what is on disk."""

    def __init__(self, path: Path, record: MoveRecord | None) -> None:
        self._path = path
        self._record = record
        self._whole: int | None = None  # bytes of the file that are whole lines; what a failed write left behind them goes

    @property
    def record(self) -> MoveRecord:
        """The move as it stands."""
        if self._record is None:
            raise IllegalTransitionError(self._path.parent.name, "the journal is empty")
        return self._record

    @property
    def folder(self) -> Path:
        """The move's own folder: journal, manifests, proofs."""
        return self._path.parent

    def append(self, now: datetime, kind: str, /, **data: Any) -> MoveRecord:
        """Write one event, durable when this returns. Refuses what the state does not allow, before anything is written."""
        event = Event(seq=(self._record.last_seq if self._record else 0) + 1, at=now.isoformat(), kind=kind, data=data)
        record = apply(self._record, event)
        line = json.dumps({"seq": event.seq, "at": event.at, "kind": kind, "data": data}, sort_keys=True) + "\n"
        try:
            self._write(line.encode())
        except OSError as exc:
            raise StateError(
                f"{self._path}: the journal cannot be written: {exc.strerror}",
                code="INC-2002",
                details=("nothing was lost: the step will be done again",),
                next_step="free space or set INCLINE_STATE to a folder with space, then run the same command again",
            ) from exc
        self._record = record
        return record

    def _write(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            if self._whole is None:
                self._whole = file.tell()
            elif file.tell() != self._whole:
                file.truncate(self._whole)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
            if self._whole == 0:  # a power cut must not forget a journal whose move stands on the machine and in the estate
                for folder in (self._path.parent, self._path.parent.parent):
                    flush_folder(folder)
            self._whole += len(line)


class StateFolder:
    """Where an engine keeps what it knows. Two engines with different state folders share nothing but the machines themselves."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def owner(self) -> str:
        """This folder's identity, made on first use: who holds a lease."""
        path = self.root / "owner"
        if not path.exists():
            self.root.mkdir(parents=True, exist_ok=True)
            fresh = self.root / f"owner.{os.getpid()}"
            fresh.write_text(uuid.uuid4().hex[:12] + "\n", encoding="utf-8")
            try:
                os.link(fresh, path)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return path.read_text(encoding="utf-8").strip()

    @property
    def pause_file(self) -> Path:
        """Its presence asks whoever drives a move from here to stop after the step in hand."""
        return self.root / "pause"

    @property
    def driven(self) -> bool:
        """Whether a process drives a move from here now. Takes no lock for longer than the look."""
        path = self.root / "lock"
        if not path.exists():
            return False
        with path.open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def create(self, move: str) -> Journal:
        """An empty journal for a new move."""
        return Journal(self._journal_path(move), None)

    def open(self, move: str) -> Journal:
        """A journal for writing; a last line that a crash cut short is removed first."""
        path = self._journal_path(move)
        _drop_torn_tail(path)
        return Journal(path, fold(_events(path)))

    def read(self, move: str) -> MoveRecord:
        """A move's record, for looking only."""
        return fold(_events(self._journal_path(move)))

    def history(self, move: str) -> tuple[Event, ...]:
        """All events of a move."""
        return tuple(_events(self._journal_path(move)))

    def moves(self) -> tuple[MoveRecord, ...]:
        """All moves, oldest first."""
        paths = sorted((self.root / "moves").glob("*/journal.jsonl"))
        begun = (events for p in paths if (events := list(_events(p))))  # one cut short in its first line never was a move
        return tuple(sorted((fold(events) for events in begun), key=lambda r: (r.created, r.id)))

    def latest(self, server: str) -> MoveRecord | None:
        """The server's newest move that is not rolled back; when all are, the newest."""
        mine = [r for r in self.moves() if r.server == server]
        standing = [r for r in mine if r.state is not MoveState.ROLLED_BACK]
        return next(reversed(standing or mine), None)

    def folder(self, move: str) -> Path:
        """A move's own folder."""
        return self.root / "moves" / move

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Only one process drives the moves of a state folder at a time.

        Raises:
            StateError: another process does.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise StateError(
                    f"another incline process ({file.read().strip() or 'unknown'}) is driving a move from {self.root}",
                    code="INC-2003",
                    next_step="wait for it, or watch it with  incline move list",
                ) from None
            file.truncate(0)
            file.write(f"process {os.getpid()}")
            file.flush()
            yield

    def _journal_path(self, move: str) -> Path:
        return self.folder(move) / "journal.jsonl"


def _events(path: Path) -> Iterator[Event]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        raise StateError(f"no journal at {path}", code="INC-2004", next_step="incline move list") from None
    for line in lines:
        if not line.endswith("\n"):
            return
        try:
            raw = json.loads(line)
            yield Event(seq=raw["seq"], at=raw["at"], kind=raw["kind"], data=raw["data"])
        except (ValueError, KeyError) as exc:
            raise StateError(f"{path}: unreadable line: {exc}", code="INC-2005", next_step="restore the file from a backup") from exc


def _drop_torn_tail(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b") as file:
        content = file.read()
        keep = content.rfind(b"\n") + 1
        if keep != len(content):
            file.truncate(keep)
            os.fsync(file.fileno())
