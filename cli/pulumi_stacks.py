"""Pulumi's stacks by its own command, as an engineer would type it: the move engine's `Stacks`.

Pulumi runs in a session of its own, so that Ctrl-C stops the move between steps and never an update in the middle. A stack that another
update holds is waited for; after a killed run the update that was left behind finishes by itself.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import InclineError
from migration.ports import Change, Operation, StackResource

LOCK_PATIENCE_S = 300.0  # an update of another person may take minutes; longer than that is a question for people
LOCK_POLL_S = 3.0
INTERRUPT_S = 60.0  # Pulumi's own time for an orderly end after SIGINT
SILENT = frozenset({"same", "read", "refresh", "read-replacement", "discard", "read-discard"})
DONE = {"created": "create", "updated": "update", "deleted": "delete", "imported": "import", "replaced": "replace"}
_DONE_LINE = re.compile(r"^\s*[+~=\-]+\s+(?P<type>\S+)\s+(?P<name>\S+)\s+(?P<what>created|updated|deleted|imported|replaced)\b")
_OPERATIONS: dict[str, Operation] = {
    "create": "create",
    "update": "update",
    "delete": "delete",
    "import": "import",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "import-replacement": "replace",
}


class StackError(InclineError):
    """Pulumi refused or failed; the details are its own words."""


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str


class PulumiStacks:
    """The stacks of the project at `root`, with the programs reading the estate at `estate`."""

    def __init__(self, root: Path, estate: Path, environ: Mapping[str, str], *, sleep: Callable[[float], object] = time.sleep) -> None:
        self._root, self._sleep = root, sleep
        self._environ = {**environ, "INCLINE_ESTATE": str(estate), "PULUMI_SKIP_UPDATE_CHECK": "1"}

    def preview(self, stack: str, *, refresh: bool = False) -> tuple[Change, ...]:
        """What an update would change."""
        options = ["--refresh"] if refresh else []
        answer = self._must(["preview", "--json", *options, "--stack", stack], stack)
        return changes_in(json.loads(_document(answer.out)))

    def up(self, stack: str) -> tuple[Change, ...]:
        """Bring the stack up."""
        answer = self._must(["up", "--yes", "--skip-preview", "--suppress-outputs", "--color", "never", "--stack", stack], stack)
        return changes_done(answer.out)

    def refresh(self, stack: str, urns: Sequence[str] = ()) -> None:
        """Read reality into the state."""
        targets = [word for urn in urns for word in ("--target", urn)]
        self._must(["refresh", "--yes", "--skip-preview", "--suppress-outputs", "--color", "never", *targets, "--stack", stack], stack)

    def resources(self, stack: str) -> tuple[StackResource, ...]:
        """The resources of the state."""
        state = json.loads(_document(self._must(["stack", "export", "--stack", stack], stack).out))
        found = (state.get("deployment") or {}).get("resources") or ()
        return tuple(_resource(r) for r in found if not r.get("delete"))

    def unprotect(self, stack: str, urn: str) -> None:
        """Lift the protection of one resource."""
        try:
            self._must(["state", "unprotect", urn, "--yes", "--stack", stack], stack)
        except StackError as exc:
            if not any("No such resource" in line for line in exc.details):
                raise

    def outputs(self, stack: str) -> Mapping[str, object]:
        """The stack's outputs."""
        found: dict[str, object] = json.loads(_document(self._must(["stack", "output", "--json", "--stack", stack], stack).out))
        return found

    def _must(self, words: Sequence[str], stack: str) -> Answer:
        waited = 0.0
        while True:
            answer = self._run(words)
            if answer.code == 0:
                return answer
            said = answer.err + answer.out
            if "currently locked" not in said or waited >= LOCK_PATIENCE_S:
                raise _failure(words, stack, answer)
            self._sleep(LOCK_POLL_S)
            waited += LOCK_POLL_S

    def _run(self, words: Sequence[str]) -> Answer:
        try:
            process = subprocess.Popen(
                ["pulumi", *words, "--non-interactive"],
                cwd=self._root,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        except FileNotFoundError as exc:
            raise StackError(
                "pulumi is not on PATH", code="INC-7030", next_step='eval "$(incline lab env)", or install Pulumi 3.250'
            ) from exc
        try:
            out, err = process.communicate()
        except KeyboardInterrupt:
            os.kill(process.pid, signal.SIGINT)
            process.communicate(timeout=INTERRUPT_S)
            raise
        return Answer(process.returncode, out, err)


def changes_in(document: Mapping[str, Any]) -> tuple[Change, ...]:
    """The resources that a preview's document would change, each once."""
    found: dict[str, Change] = {}
    for step in document.get("steps") or ():
        operation = str(step.get("op", ""))
        if operation in SILENT:
            continue
        fields = tuple(sorted(step.get("detailedDiff") or {})) or tuple(step.get("diffReasons") or ())
        urn = str(step["urn"])
        known = found.get(urn)
        if known is None or known.operation != "replace":
            found[urn] = Change(urn=urn, operation=_OPERATIONS.get(operation, "other"), fields=fields)
    return tuple(found.values())


def changes_done(text: str) -> tuple[Change, ...]:
    """The resources that an update's report says were changed; by name, since the report has no URNs."""
    found = []
    for line in text.splitlines():
        match = _DONE_LINE.match(line)
        if match:
            operation = _OPERATIONS[DONE[match["what"]]]
            found.append(Change(urn=f"{match['type']}::{match['name']}", operation=operation))
    return tuple(found)


def _resource(raw: Mapping[str, Any]) -> StackResource:
    return StackResource(
        urn=str(raw["urn"]),
        type=str(raw["type"]),
        id=str(raw.get("id") or ""),
        parent=str(raw.get("parent") or ""),
        protect=bool(raw.get("protect")),
    )


def _document(text: str) -> str:
    """The JSON document of an answer; a plugin's stray line before it is not part of it."""
    start = text.find("{")
    if start < 0:
        raise StackError("pulumi answered no JSON document", code="INC-7031", details=tuple(text.splitlines()[-5:]))
    return text[start:]


def _failure(words: Sequence[str], stack: str, answer: Answer) -> StackError:
    said = _diagnostics(answer)
    command = f"pulumi {words[0]}{' ' + words[1] if words[0] in {'stack', 'state'} else ''}"
    joined = " ".join(said)
    if "currently locked" in joined:
        next_step = f"wait for the other update of {stack}; if there is none:  pulumi cancel --stack {stack}"
    elif "no stack named" in joined:
        next_step = f"pulumi stack init {stack} && pulumi up --stack {stack}"
    else:
        next_step = f"pulumi preview --stack {stack}   shows the same; then run the same command again"
    return StackError(f"{command} of stack {stack} failed", code="INC-7032", details=tuple(said), next_step=next_step)


def _diagnostics(answer: Answer) -> list[str]:
    """Pulumi's own errors, shortened: from the diagnostics of a JSON answer, or from the lines that begin with error."""
    lines: list[str] = []
    if answer.out.lstrip().startswith("{"):
        try:
            found = json.loads(answer.out).get("diagnostics") or ()
            lines = [str(d["message"]) for d in found if d.get("severity") == "error"]
        except ValueError:
            lines = []
    if not lines:
        text = f"{answer.out}\n{answer.err}"
        plain = [t.strip() for t in text.partition("Diagnostics:")[2].splitlines() or text.splitlines() if t.strip()]
        lines = [t for t in plain if t.startswith("error") and t != "error: update failed"] or plain[-8:]
    cleaned = [re.sub(r"<\{%[^%]*%\}>", "", re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines]
    return list(dict.fromkeys(part.strip() for line in cleaned for part in line.splitlines() if part.strip()))[:12]
