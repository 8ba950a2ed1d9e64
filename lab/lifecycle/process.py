"""Starting and stopping a server that outlives the command that started it.

A server prints one line of JSON when it is ready. A process is known by its number and its birth, so that a number which the
system has given to another process is never signalled.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lab.lifecycle.errors import did_not_start

_POLL_S = 0.05
_TAIL_LINES = 12
_KILL_S = 5.0  # the kernel needs a moment to take a killed process away


@dataclass(frozen=True, kw_only=True)
class Command:
    """How a server is started, and where its words go. `ready` receives its stdout, `log` its stderr."""

    name: str
    words: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    ready: Path
    log: Path
    within_s: float = 30.0


@dataclass(frozen=True, kw_only=True)
class Started:
    """A process that is on its way up."""

    command: Command
    pid: int
    born: str


def spawn(command: Command) -> Started:
    """Start a server in a session of its own, so that Ctrl-C in the terminal does not reach it."""
    command.log.parent.mkdir(parents=True, exist_ok=True)
    with command.ready.open("wb") as out, command.log.open("ab") as err:
        err.write(f"--- {time.strftime('%Y-%m-%dT%H:%M:%S%z')} start\n".encode())
        err.flush()
        process = subprocess.Popen(
            list(command.words),
            cwd=command.cwd,
            env=dict(command.env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    return Started(command=command, pid=process.pid, born=birth(process.pid))


@contextmanager
def undisturbed() -> Iterator[None]:
    """Puts off Ctrl-C and SIGTERM to the end of the block: a process that is started must also come on record, or nobody could stop it."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread only
        return
    arrived: list[int] = []
    before = {each: signal.signal(each, lambda number, _frame: arrived.append(number)) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    for number in arrived:
        signal.raise_signal(number)


def wait_ready(started: Started, *, note: Callable[[str], None] = lambda _: None) -> dict[str, str]:
    """The addresses a server prints when it is ready.

    Raises:
        LabError: it ended, or said nothing in time; it is not left running then.
    """
    command = started.command
    deadline = time.monotonic() + command.within_s
    while time.monotonic() < deadline:
        line, _, rest = command.ready.read_text(encoding="utf-8", errors="replace").partition("\n")
        if line and (rest or command.ready.read_bytes().endswith(b"\n")):
            return _parse_ready(started, line)
        if not is_alive(started.pid, started.born):
            raise did_not_start(command.name, "ended before it was ready", tail(command.log), command.log)
        note(f"waiting for {command.name}")
        time.sleep(_POLL_S)
    stop(started.pid, started.born, within_s=2.0)
    raise did_not_start(command.name, f"was not ready within {command.within_s:.0f} s", tail(command.log), command.log)


def stop(pid: int, born: str, *, within_s: float = 20.0) -> bool:
    """Ask a process to end and wait; kill it when it does not. Returns whether it went by itself. A process that is gone is no error."""
    if not is_alive(pid, born):
        return True
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    if _gone(pid, born, within_s=within_s):
        return True
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    _gone(pid, born, within_s=_KILL_S)
    return False


def _gone(pid: int, born: str, *, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while is_alive(pid, born):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def is_alive(pid: int, born: str) -> bool:
    """Whether the process of this number and birth runs. One that has ended and waits to be collected does not."""
    if pid <= 0:
        return False
    _reap(pid)
    return bool(born) and birth(pid) == born


def birth(pid: int) -> str:
    """When a process was born, as the system tells it: "" when there is none or it is a zombie."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return "" if fields[0] in "ZX" else fields[19]
    answer = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = answer.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()


def tail(log: Path) -> tuple[str, ...]:
    """The last lines of a log since the server's last start."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    last_start = max((number for number, line in enumerate(lines) if line.startswith("--- ")), default=-1)
    return tuple(lines[last_start + 1 :][-_TAIL_LINES:])


def _parse_ready(started: Started, line: str) -> dict[str, str]:
    try:
        return {str(key): str(value) for key, value in json.loads(line).items()}
    except (json.JSONDecodeError, AttributeError):
        stop(started.pid, started.born, within_s=2.0)
        raise did_not_start(started.command.name, "printed something else than its addresses", (line[:200],), started.command.log) from None


def _reap(pid: int) -> None:
    """Collect the process if it is our own child; somebody else's is collected by init."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
