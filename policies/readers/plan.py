"""A move plan as evidence: the estate as it will stand on trial, while the source is held and the target runs."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from infra.estate.model import Estate, Held, Machine, Placement
from policies.evidence import Evidence
from policies.readers.estate import PLANNED, read_estate
from policies.readers.places import Where, nowhere


def read_plan(estate: Estate, server: str, target: str, today: date, where: Where = nowhere) -> Evidence:
    """Evidence of the state after the cut-over of `server` to `target`. Both machines count, since rollback must stay possible."""
    return read_estate(after_cutover(estate, server, target, today), today, where, reader="plan")


def after_cutover(estate: Estate, server: str, target: str, today: date) -> Estate:
    """The estate with the server's placement on `target` and its former machine held.

    Raises:
        KeyError: the estate has no such server.
    """
    entry = estate.servers[server]
    now = estate.placements.get(server)
    source = now.machine if now else Machine(site=entry.site)
    moved = Placement(
        server=server,
        generation=estate.generation + 1,
        origin="moved",
        machine=Machine(site=target),
        held=Held(machine=source, since=datetime.combine(today, time(), UTC), move=PLANNED),
    )
    servers = {**estate.servers, server: entry.model_copy(update={"site": target})}
    return estate.model_copy(update={"servers": servers, "placements": {**estate.placements, server: moved}})
