"""The durable executor: what a killed process leaves in its database never runs a step of another command."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from infra.errors import InclineError
from migration.durable import DurableExecutor
from migration.executor import Call

KILLED = """
    import os, signal, sys
    from pathlib import Path
    from migration.durable import DurableExecutor
    from migration.executor import Call

    executor = DurableExecutor(Path(sys.argv[1]))
    calls = [Call("first", lambda: None), Call("second", lambda: os.kill(os.getpid(), signal.SIGKILL)), Call("third", lambda: None)]
    executor.run("mv-a:cutover", calls)
"""
ENQUEUED = """
    import sqlite3, sys
    with sqlite3.connect(sys.argv[1]) as database:
        database.execute("update workflow_status set status = 'ENQUEUED', queue_name = '_dbos_internal_queue'")
"""


def left_by_a_killed_process(database: Path) -> None:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), str(database)], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr.decode()


def test_calls_run_in_order_and_the_first_error_is_raised_unchanged(tmp_path: Path) -> None:
    seen: list[str] = []

    def refuse() -> None:
        raise InclineError("no", code="INC-6999")

    executor = DurableExecutor(tmp_path / "engine.sqlite")
    try:
        executor.run("mv-a:seed", [Call("one", lambda: seen.append("one")), Call("two", lambda: seen.append("two"))])
        with pytest.raises(InclineError, match="no") as refused:
            executor.run(
                "mv-a:sync-1", [Call("one", lambda: seen.append("again")), Call("no", refuse), Call("never", lambda: seen.append("x"))]
            )
    finally:
        executor.close()
    assert refused.value.code == "INC-6999"
    assert seen == ["one", "two", "again"]


def test_run_that_was_killed_is_begun_anew_and_looks_at_everything_again(tmp_path: Path) -> None:
    database = tmp_path / "engine.sqlite"
    left_by_a_killed_process(database)
    seen: list[str] = []
    executor = DurableExecutor(database)
    try:
        executor.run("mv-a:cutover", [Call(n, lambda n=n: seen.append(n)) for n in ("first", "second", "third")])  # type: ignore[misc]
    finally:
        executor.close()
    assert seen == ["first", "second", "third"]  # the journal, not the database, knows what is done: each call looks for itself


@pytest.mark.parametrize("enqueued", [False, True])
def test_run_that_a_dead_process_left_never_runs_the_steps_of_another_move(tmp_path: Path, enqueued: bool) -> None:
    database = tmp_path / "engine.sqlite"
    left_by_a_killed_process(database)
    if enqueued:  # killed a moment after it had asked for the run to be resumed
        subprocess.run([sys.executable, "-c", textwrap.dedent(ENQUEUED), str(database)], check=True)
    seen: list[str] = []
    executor = DurableExecutor(database)

    def slowly(name: str) -> None:
        import time

        seen.append(name)
        time.sleep(1.5)  # queues are looked at every second

    try:
        executor.run("mv-b:cutover", [Call(n, lambda n=n: slowly(n)) for n in ("first", "second", "third")])  # type: ignore[misc]
    finally:
        executor.close()
    assert seen == ["first", "second", "third"]


def test_nothing_is_launched_before_the_first_run(tmp_path: Path) -> None:
    executor = DurableExecutor(tmp_path / "engine.sqlite")
    executor.close()
    assert not (tmp_path / "engine.sqlite").exists()
