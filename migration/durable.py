"""The durable executor: DBOS on one SQLite file in the state folder.

A run is a workflow and every call a step of it, so that the database says who ran what and where it broke off. What DBOS does not do by
itself is done here: every process is an executor of its own (two processes under one id run everything twice), the application version is
pinned, and a run belongs to the process that began it.

A run that a killed process left behind is never resumed: it is closed and begun anew. The journal knows what is done, and each call looks
at the world again, which a remembered answer of days ago cannot. A left run that a queue hands to another process does nothing there:
calls are known by name only, and its names would call that process's steps, on another server.

It is launched with the first run, when the engine holds the state folder's lock: launching starts threads and writes the database.
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

# Raise it when the workflow's arguments or a phase's order of steps change.
VERSION = "incline-moves-2"
_LEFT = ["PENDING", "ENQUEUED"]


class CallFailedError(Exception):
    """Stands in the database for the error of a call, which itself is handed to the caller in memory."""


class DurableExecutor:
    """One launch of DBOS. `close` must be called."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._owner = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._calls: dict[str, Call] = {}
        self._error: BaseException | None = None
        self._workflow: Any = None

    def run(self, run_id: str, calls: Sequence[Call]) -> None:
        """Run all calls as one workflow."""
        if self._workflow is None:
            self._workflow = self._launch()
        self._calls = {c.name: c for c in calls}
        self._error = None
        for left in DBOS.list_workflows(status=_LEFT):
            DBOS.cancel_workflow(left.workflow_id)
        number = len(DBOS.list_workflows(workflow_id_prefix=f"{run_id}#")) + 1
        try:
            with SetWorkflowID(f"{run_id}#{number}"):
                self._workflow(self._owner, [c.name for c in calls])
        except CallFailedError:
            if self._error is not None:
                raise self._error from None
            raise

    def close(self) -> None:
        """Stop the threads and close the database."""
        if self._workflow is not None:
            DBOS.destroy()

    def _launch(self) -> Any:
        self._database.parent.mkdir(parents=True, exist_ok=True)
        config: DBOSConfig = {
            "name": "incline",
            "system_database_url": f"sqlite:///{self._database}",
            "application_version": VERSION,
            "executor_id": self._owner,
            "run_admin_server": False,
            "log_level": "CRITICAL",
            "enable_otlp": False,
        }
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        DBOS(config=config)
        workflow = DBOS.workflow(name="run_phase")(self._run_phase())
        DBOS.launch()
        return workflow

    def _run_phase(self) -> Any:
        def run_phase(owner: str, names: list[str]) -> None:
            if owner != self._owner:
                raise CallFailedError(f"begun by {owner}, which has ended")
            for name in names:
                DBOS.run_step({"name": name}, self._call, name)

        return run_phase

    def _call(self, name: str) -> None:
        try:
            self._calls[name].run()
        except Exception as exc:  # noqa: BLE001 - whatever it is, the caller gets it unchanged
            self._error = exc
            raise CallFailedError(f"{type(exc).__name__}: {exc}") from None
