"""The move engine's gate: the rules, asked about the estate as it will stand on trial."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path

from infra.estate.model import Server
from migration.ports import GateAnswer, GateRequest
from policies.evaluate import evaluate
from policies.readers.places import read_files
from policies.readers.plan import read_plan
from policies.readers.surroundings import Surroundings, capacity_file

_NAMED_BY_SITE = ("site", "cluster", "datastore", "pool", "network", "zone", "quota")


class PolicyGate:
    """Judges a move by the same rules that judge previews. Both machines count: rollback must stay possible.

    Args:
        estate: the estate's folder; it is read afresh for every question, and the capacity snapshot with it.
        today: answers the date that waivers are judged at.
    """

    def __init__(self, estate: Path, today: Callable[[], date]) -> None:
        self._estate = estate
        self._today = today

    def judge(self, request: GateRequest) -> GateAnswer:
        """The counts of verdicts, and a line for each that blocks this move: one about its server or about a site it touches.

        Raises:
            EstateErrors: the estate cannot be read.
            SnapshotError: there is a capacity snapshot and it cannot be used.
        """
        estate, where = read_files(self._estate)
        today = self._today()
        ledger = os.environ.get("INCLINE_LEDGER", "")
        around = Surroundings(
            now=datetime.now(UTC) if today == datetime.now(UTC).date() else datetime.combine(today, time(), UTC),
            capacity=capacity_file(self._estate, os.environ.get("INCLINE_CAPACITY", ""), Path()),
            ledger=Path(ledger) if ledger else None,
            estate=estate.name,
        )
        result = evaluate(around.over(read_plan(estate, request.server, request.target, today, where)))
        touched = [v for v in result.blocking if _touches(v.target, estate.servers[request.server], {request.source, request.target})]
        lines = [f"{v.rule} {v.severity}: {v.message}; see {v.source}; next: {v.remedy}" for v in touched]
        return GateAnswer(counts=result.counts, blocking=tuple(lines))


def _touches(target: str, server: Server, sites: set[str]) -> bool:
    """Whether an object, as verdicts name it, is the server's own or stands on a site of the move. Other servers answer for themselves."""
    kind, _, rest = target.partition("/")
    own = {"server": server.name, "move": server.name, "group": server.redundancy_group, "service": server.service}
    if kind in own:
        return rest == own[kind]
    return kind not in _NAMED_BY_SITE or rest.partition("/")[0] in sites
