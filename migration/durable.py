"""The durable executor: DBOS on one SQLite file in the state folder.

A run is a workflow and every call a step of it, so that a run that was killed is taken up at the call it was in. What DBOS does not do by
itself is done here: every process is an executor of its own (two processes under one id run everything twice), the application version is
pinned (else a new release strands old runs), and a run that a dead process left behind is resumed by name, never by all who launch.

Launching starts threads: only commands that change something make one of these. The journal stays the truth; calls are idempotent.
"""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID

from migration.executor import Call

# Raise it only when a phase's order of steps changes: runs under way keep to the version they began with.
VERSION = "incline-moves-1"
_DEAD = ("PENDING", "ENQUEUED")


class CallFailedError(Exception):
    """Stands in the database for the error of a call, which itself is handed to the caller in memory."""


class DurableExecutor:
    """One launch of DBOS. `close` must be called."""

    def __init__(self, database: Path) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        config: DBOSConfig = {
            "name": "incline",
            "system_database_url": f"sqlite:///{database}",
            "application_version": VERSION,
            "executor_id": f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}",
            "run_admin_server": False,
            "log_level": "CRITICAL",
            "enable_otlp": False,
        }
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        self._calls: dict[str, Call] = {}
        self._error: BaseException | None = None
        self._dbos = DBOS(config=config)
        self._workflow = DBOS.workflow(name="run_phase")(self._run_phase())
        DBOS.launch()

    def run(self, run_id: str, calls: Sequence[Call]) -> None:
        """Run all calls as one workflow; takes up the one that a dead process left under the same id."""
        self._calls = {c.name: c for c in calls}
        self._error = None
        names = [c.name for c in calls]
        earlier = DBOS.list_workflows(workflow_id_prefix=f"{run_id}#")
        open_ = [w for w in earlier if w.status in _DEAD and w.input is not None and list(w.input["args"][0]) == names]
        try:
            if open_:
                DBOS.resume_workflow(open_[-1].workflow_id).get_result()
            else:
                with SetWorkflowID(f"{run_id}#{len(earlier) + 1}"):
                    self._workflow(names)
        except CallFailedError:
            if self._error is not None:
                raise self._error from None
            raise

    def close(self) -> None:
        """Stop the threads and close the database."""
        DBOS.destroy()

    def _run_phase(self) -> Any:
        def run_phase(names: list[str]) -> None:
            for name in names:
                DBOS.run_step({"name": name}, self._call, name)

        return run_phase

    def _call(self, name: str) -> None:
        try:
            self._calls[name].run()
        except Exception as exc:  # noqa: BLE001 - whatever it is, the caller gets it unchanged
            self._error = exc
            raise CallFailedError(f"{type(exc).__name__}: {exc}") from None
