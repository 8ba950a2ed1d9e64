"""What flow records become: conversations of a client with a port of a server, whoever exported them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from migration.discover.model import Finding, Gravity

PROTOCOLS: Mapping[int, str] = {6: "tcp", 17: "udp", 132: "sctp"}
"""Protocols that have ports. All others (ICMP, tunnels) say nothing of who needs whom."""


@dataclass(slots=True, kw_only=True)
class Flow:
    """One direction of one conversation, as one exporter told it. Times are epoch seconds.

    Attributes:
        exporter: who told: a router, a cloud's network card, a guest. What two of them tell of one conversation counts once.
        opener: who opened the conversation, where the record says so.
        coarse: its times were told in seconds where milliseconds are due.
    """

    exporter: str
    source: str
    source_port: int
    target: str
    target_port: int
    protocol: int
    packets: int = 0
    octets: int = 0
    start: float | None = None
    end: float | None = None
    opener: Literal["source", "target", ""] = ""
    basis: Literal["flows", "ss"] = "flows"
    coarse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A client's use of one port of a server, over the whole time.

    Attributes:
        connections: different client ports, or sightings of one connection if that is all there is.
        sightings: records of one direction, of the exporter that told most.
        on: the days on which it was seen, counted from 1970.
        answered: data went both ways, or enough went one way that somebody must have answered.
        both: told by more than one exporter, such as both machines.
        certain: ports left no doubt who serves.
        process: the name of the process that listens, as the guest told.
    """

    client: str
    server: str
    port: int
    protocol: str
    connections: int
    sightings: int
    octets: int
    first: datetime | None
    last: datetime | None
    on: frozenset[int]
    answered: bool
    both: bool
    certain: bool
    basis: tuple[str, ...]
    process: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """All that files told.

    Attributes:
        days: different days on which anything was seen.
        guests: the guest's name by address, as the guests themselves told; an address that two tell is in none.
    """

    conversations: tuple[Conversation, ...] = ()
    files: int = 0
    records: int = 0
    days: int = 0
    first: datetime | None = None
    last: datetime | None = None
    guests: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """A kind of bad input. `what` has {n}, how often it was seen."""

    code: str
    what: str
    taken: str
    remedy: str = ""
    gravity: Gravity = Gravity.WARNING


@dataclass(slots=True)
class _Seen:
    count: int = 0
    example: str = ""


class Oddities:
    """Counts bad input by file and kind: a thousand broken records are one finding."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, Oddity], _Seen] = {}

    def count(self, where: str, kind: Oddity, example: str = "", times: int = 1) -> None:
        """One more of this kind in this file; the first example is kept."""
        seen = self._seen.setdefault((where, kind), _Seen(example=example))
        seen.count += times

    def findings(self) -> tuple[Finding, ...]:
        """One for each file and kind."""
        return tuple(
            Finding(
                code=kind.code,
                gravity=kind.gravity,
                where=where,
                what=kind.what.format(n=f"{seen.count:,}") + (f": {seen.example}" if seen.example else ""),
                taken=kind.taken,
                remedy=kind.remedy,
            )
            for (where, kind), seen in self._seen.items()
        )
