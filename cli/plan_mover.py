"""The mover of a wave: the `incline move` commands as they stand, each in a process of its own, their progress passed on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from cli.exit_codes import ExitCode
from cli.move_state import state_folder
from infra.estate.load import load_estate
from migration.waves.run import Answer, Position


class CommandMover:
    """Starts `incline move ... --yes --json`. stderr goes where this command's goes; stdout is the answer."""

    def __init__(self, estate: Path) -> None:
        self._estate = estate

    def position(self, server: str, to: str) -> Position:
        """From the estate's placement and the journal, as they are on disk now."""
        placement = load_estate(self._estate).placements.get(server)
        record = state_folder(self._estate).latest(server)
        mine = record is not None and record.target == to
        return Position(
            site=placement.site if placement else "",
            state=record.state.value if record is not None and mine else "",
            move=record.id if record is not None and mine else "",
        )

    def start(self, server: str, to: str) -> Answer:
        """`incline move start`."""
        return self._run("start", server, "--to", to)

    def cutover(self, server: str) -> Answer:
        """`incline move cutover`."""
        return self._run("cutover", server)

    def rollback(self, server: str) -> Answer:
        """`incline move rollback`. Never with --discard-writes: what serves already is not thrown away by a wave."""
        return self._run("rollback", server)

    def _run(self, word: str, server: str, *more: str) -> Answer:
        command = [sys.executable, "-m", "cli.main", "move", word, server, *more, "--estate", str(self._estate), "--yes", "--json"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
            try:
                out, _ = process.communicate()
            except KeyboardInterrupt:
                # Ctrl-C reached the command too: it stops after the step in hand and says where things stand.
                out, _ = process.communicate()
                return Answer(ok=False, what=_what(out), interrupted=True)
        if process.returncode == ExitCode.OK:
            return Answer(ok=True)
        return Answer(ok=False, what=_what(out), interrupted=process.returncode == ExitCode.INTERRUPTED)


def _what(out: str) -> str:
    """What the command said went wrong, with its code."""
    try:
        error: dict[str, Any] = json.loads(out)["error"]
    except (json.JSONDecodeError, KeyError, TypeError):
        return out.strip().splitlines()[-1] if out.strip() else "it said nothing"
    return f"{error['code']}: {error['what']}"
