"""Flow records to conversations: who serves, both directions joined, what several exporters tell of one conversation counted once."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from migration.discover.flows_model import PROTOCOLS, Conversation, Flow, Flows, Oddities
from migration.discover.flows_oddities import COARSE_TIME, FINE_TIME, NEGATIVE, NO_PORTS, NO_TIME, TWICE
from migration.discover.flows_ports import EPHEMERAL, PRIVILEGED, known
from migration.discover.model import Finding, Gravity

_DAY = 86_400
_OLDEST = 946_684_800.0  # 2000-01-01: no clock that was ever set says less
_AHEAD = 2 * _DAY
_LONGEST = 400  # days of one flow
_PORTS = 4096  # client ports told apart; beyond that each record counts
_LEAST_PACKET = 20  # an IP header
_ANSWERED = 3  # packets of one direction: a refused connection has two at most
_REMEMBERED = 2_000_000  # records, to know those told twice
_WRAPPED = 1 << 63
_OPEN = 50_000  # conversations without a known server at once; more would fill the memory
_FINE = 100_000_000_000.0  # the year 5138 in seconds: what is larger counts milliseconds or less

End = tuple[str, int]
Listening = tuple[str, int, int]


@dataclass(slots=True)
class _Told:
    """What one exporter told of a conversation: bytes and records to the server and from it."""

    octets: list[int] = field(default_factory=lambda: [0, 0])
    records: list[int] = field(default_factory=lambda: [0, 0])
    packets: list[int] = field(default_factory=lambda: [0, 0])


@dataclass(slots=True)
class _Talk:
    told: dict[str, _Told] = field(default_factory=dict)
    ports: set[int] = field(default_factory=set)
    more: int = 0
    first: float | None = None
    last: float | None = None
    days: set[int] = field(default_factory=set)
    basis: set[str] = field(default_factory=set)
    certain: bool = True

    def add(self, flow: Flow, direction: int, client_port: int) -> None:
        told = self.told.setdefault(flow.exporter, _Told())
        told.octets[direction] += flow.octets
        told.records[direction] += 1
        told.packets[direction] += flow.packets
        self.basis.add(flow.basis)
        if client_port in self.ports or len(self.ports) < _PORTS:
            self.ports.add(client_port)
        elif direction == 0:
            self.more += 1
        self._at(flow.start, flow.end)

    def _at(self, start: float | None, end: float | None) -> None:
        start, end = (end if start is None else start), (start if end is None else end)
        if start is None or end is None:
            return
        self.first = start if self.first is None else min(self.first, start)
        self.last = end if self.last is None else max(self.last, end)
        self.days.update(range(int(start // _DAY), int(end // _DAY) + 1))

    def most(self) -> _Told:
        """What the exporter told that tells most, for each direction and each figure."""
        told = [*self.told.values()]
        if len(told) == 1:
            return told[0]
        return _Told(*([max(getattr(each, name)[way] for each in told) for way in (0, 1)] for name in ("octets", "records", "packets")))

    def join(self, other: _Talk, *, turned: bool) -> None:
        """Add another look at the same conversation; `turned`: its directions are the other way about."""
        for exporter, told in other.told.items():
            mine = self.told.setdefault(exporter, _Told())
            for direction in (0, 1):
                theirs = 1 - direction if turned else direction
                mine.octets[direction] += told.octets[theirs]
                mine.records[direction] += told.records[theirs]
                mine.packets[direction] += told.packets[theirs]
        self.more += other.more
        self.days |= other.days
        self.basis |= other.basis
        self.certain = self.certain and other.certain
        self._at(other.first, other.last)


class Collector:
    """Takes flows one after the other. `file` names the one being read, for findings.

    Args:
        now: times later than this by two days cannot be.
        most_open: so many conversations wait at once for more to tell who serves in them.
    """

    def __init__(self, now: datetime, *, most_open: int = _OPEN) -> None:
        self._most_open = most_open
        self.oddities = Oddities()
        self.file = ""
        self.records = 0
        self.heard = 0
        self._newest = now.timestamp() + _AHEAD
        self._talks: dict[tuple[str, str, int, int], _Talk] = {}
        self._undecided: dict[tuple[End, End, int], _Talk] = {}
        self._servers: Counter[Listening] = Counter()
        self._settled: set[Listening] = set()
        self._processes: dict[Listening, str] = {}
        self._guests: dict[str, set[str]] = {}
        self._remembered: set[int] = set()

    def guest(self, address: str, name: str) -> None:
        """A guest's own word that this is an address of it."""
        if _single(address):
            self._guests.setdefault(address, set()).add(name)

    def listens(self, address: str, port: int, protocol: int, process: str = "") -> None:
        """Somebody serves here, by the guest's own word or by how a connection was opened."""
        self.heard += 1
        self._servers[address, port, protocol] += 1
        if process:
            self._processes[address, port, protocol] = process

    def add(self, flow: Flow) -> None:
        """One record."""
        self.records += 1
        if (
            flow.protocol not in PROTOCOLS
            or not flow.source_port
            or not flow.target_port
            or not (_single(flow.source) and _single(flow.target))
        ):
            self.oddities.count(self.file, NO_PORTS)
            return
        if flow.source == flow.target:
            return
        self._clean(flow)
        if self._again(flow):
            return
        source, target = (flow.source, flow.source_port), (flow.target, flow.target_port)
        if flow.opener:
            self.listens(*(target if flow.opener == "source" else source), flow.protocol)
        source_known, target_known = known(flow.source_port), known(flow.target_port)
        if source_known == target_known:
            source_known, target_known = (*source, flow.protocol) in self._settled, (*target, flow.protocol) in self._settled
        if source_known == target_known:
            if len(self._undecided) >= self._most_open:
                self._decide()
            first, second = (source, target) if source <= target else (target, source)
            self._undecided.setdefault((first, second, flow.protocol), _Talk()).add(flow, int(first is target), 0)
            return
        client, server = (source, target) if target_known else (target, source)
        talk = self._talks.setdefault((client[0], server[0], server[1], flow.protocol), _Talk())
        talk.add(flow, int(client is target), client[1])

    def _clean(self, flow: Flow) -> None:
        """Times and counters that cannot be are taken out, and counted."""
        negative = flow.octets < 0 or flow.packets < 0 or flow.octets >= _WRAPPED or flow.packets >= _WRAPPED
        if negative or (flow.octets and flow.octets < flow.packets * _LEAST_PACKET):
            self.oddities.count(self.file, NEGATIVE, f"{flow.octets} bytes in {flow.packets} packets")
            flow.octets = 0
            flow.packets = 0 if negative else flow.packets
        if flow.coarse:
            self.oddities.count(self.file, COARSE_TIME)
        start, end = flow.start, flow.end = self._seconds(flow.start), self._seconds(flow.end)
        if not self._possible(start) or not self._possible(end):
            self.oddities.count(self.file, NO_TIME)
            flow.start, flow.end = (start if self._possible(start) else None), (end if self._possible(end) else None)
        elif start is not None and end is not None and not 0 <= end - start <= _LONGEST * _DAY:
            self.oddities.count(self.file, NO_TIME, "it ends before it begins" if end < start else "it lasts for more than a year")
            flow.start = flow.end = min(start, end) if end < start else end

    def _seconds(self, moment: float | None) -> float | None:
        """A time that can only be in milliseconds or finer, in seconds."""
        if moment is None or moment < _FINE:
            return moment
        told = moment
        while moment >= _FINE:
            moment /= 1000
        self.oddities.count(self.file, FINE_TIME, f"{told:.0f}")
        return moment

    def _possible(self, moment: float | None) -> bool:
        return moment is None or _OLDEST <= moment <= self._newest

    def _again(self, flow: Flow) -> bool:
        """Whether this very record was told before. Without a time, equal records may be different flows."""
        if flow.start is None and flow.end is None:
            return False
        mark = hash(
            (flow.exporter, flow.source, flow.source_port, flow.target, flow.target_port, flow.protocol, flow.start, flow.end, flow.octets)
        )
        if mark in self._remembered:
            self.oddities.count(self.file, TWICE)
            return True
        if len(self._remembered) < _REMEMBERED:
            self._remembered.add(mark)
        return False

    def done(self, files: int) -> Flows:
        """The conversations, sorted."""
        self._decide()
        told = [self._conversation(key, talk) for key, talk in sorted(self._talks.items())]
        days = {day for talk in self._talks.values() for day in talk.days}
        shared = sum(len(talk.told) > 1 for talk in self._talks.values())
        return Flows(
            conversations=tuple(told),
            files=files,
            records=self.records,
            days=len(days),
            first=min((each.first for each in told if each.first), default=None),
            last=max((each.last for each in told if each.last), default=None),
            guests={address: next(iter(names)) for address, names in sorted(self._guests.items()) if len(names) == 1},
            findings=(*self.oddities.findings(), *_shared(shared)),
        )

    def _decide(self) -> None:
        """Who serves in conversations whose ports alone do not say: who listens, who has many clients, whose port is lower."""
        users: Counter[Listening] = Counter()
        for first, second, protocol in self._undecided:
            users[*first, protocol] += 1
            users[*second, protocol] += 1
        rank = self._ranking(users)
        for (first, second, protocol), talk in sorted(self._undecided.items()):
            ranks = rank(first, protocol), rank(second, protocol)
            turned = ranks[0] > ranks[1]
            client, server = (second, first) if turned else (first, second)
            talk.certain = ranks[0][:-2] != ranks[1][:-2]
            if talk.certain:
                self._settled.add((*server, protocol))
            whole = self._talks.setdefault((client[0], server[0], server[1], protocol), _Talk())
            whole.join(talk, turned=turned)
            whole.ports.add(client[1])
        self._undecided.clear()

    def _ranking(self, users: Counter[Listening]) -> Callable[[End, int], tuple[bool, bool, bool, bool, bool, int, int]]:
        def rank(end: End, protocol: int) -> tuple[bool, bool, bool, bool, bool, int, int]:
            address, port = end
            many = users[address, port, protocol]
            listens = (address, port, protocol) in self._servers or (address, port, protocol) in self._settled
            return listens, many >= 3, known(port), port < PRIVILEGED, port < EPHEMERAL, many, -port

        return rank

    def _conversation(self, key: tuple[str, str, int, int], talk: _Talk) -> Conversation:
        client, server, port, protocol = key
        most = talk.most()
        return Conversation(
            client=client,
            server=server,
            port=port,
            protocol=PROTOCOLS[protocol],
            connections=max(1, len(talk.ports) + talk.more),
            sightings=max(most.records),
            octets=sum(most.octets),
            first=_moment(talk.first),
            last=_moment(talk.last),
            on=frozenset(talk.days),
            answered="ss" in talk.basis or all(most.records) or max(most.packets) >= _ANSWERED,
            both=len(talk.told) > 1,
            certain=talk.certain,
            basis=tuple(sorted(talk.basis)),
            process=self._processes.get((server, port, protocol), ""),
        )


def _shared(count: int) -> tuple[Finding, ...]:
    if not count:
        return ()
    return (
        Finding(
            code="DSC-066",
            gravity=Gravity.NOTE,
            where="flows",
            what=f"{count:,} conversations are told by more than one exporter",
            taken="the bytes of the one that tells most; seen from both sides, they are surer",
        ),
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)


@lru_cache(maxsize=65_536)
def _single(address: str) -> bool:
    """Whether this is one machine's address that others can reach."""
    try:
        told = ipaddress.ip_address(address)
    except ValueError:
        return False
    broadcast = isinstance(told, ipaddress.IPv4Address) and int(told) == 0xFFFFFFFF
    return not (told.is_multicast or told.is_loopback or told.is_link_local or told.is_unspecified or broadcast)
