"""Templates of NetFlow 9 (RFC 3954) and IPFIX (RFC 7011), and records read with them. Both number their fields alike."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from migration.discover.flows_collect import Collector
from migration.discover.flows_model import Flow
from migration.discover.flows_oddities import CUT_SHORT, LATE_TEMPLATE, NO_TEMPLATE

VARIABLE = 0xFFFF
REVERSE = 29305
"""The enterprise number under which RFC 5103 tells the way back of a conversation in the same record."""

OCTETS, PACKETS, PROTOCOL, SOURCE_PORT, SOURCE, TARGET_PORT, TARGET = 1, 2, 4, 7, 8, 11, 12
END_UPTIME, START_UPTIME, OUT_OCTETS, OUT_PACKETS, SOURCE_6, TARGET_6 = 21, 22, 23, 24, 27, 28
OCTETS_TOTAL, PACKETS_TOTAL, STARTED_AT = 85, 86, 160
START_S, END_S, START_MS, END_MS, START_US, END_US, START_NS, END_NS, START_DELTA, END_DELTA = range(150, 160)
_WAY_BACK = 1 << 16
_WANTED = frozenset(
    {OCTETS, PACKETS, PROTOCOL, SOURCE_PORT, SOURCE, TARGET_PORT, TARGET, END_UPTIME, START_UPTIME, OUT_OCTETS, OUT_PACKETS}
    | {SOURCE_6, TARGET_6, OCTETS_TOTAL, PACKETS_TOTAL, STARTED_AT, *range(150, 160), _WAY_BACK | OCTETS, _WAY_BACK | PACKETS}
)
_WAITING = 1000  # sets of data that are kept until their template comes
_WRAP = 1 << 32
_NTP = 2_208_988_800  # seconds from 1900 to 1970
_UPTIME_MS = 7 * 86_400_000  # no exporter holds a flow back for longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The exporter's clocks when it sent a packet.

    Attributes:
        now: epoch seconds.
        uptime: milliseconds since it started; None: it did not say.
        started: epoch milliseconds of its start, where a record about the exporter told it.
    """

    now: float
    uptime: int | None = None
    started: int | None = None

    def at_uptime(self, moment: int) -> float | None:
        """A time counted since the exporter's start. The counter wraps after 49 days."""
        if self.started is not None:
            wraps = max(0, round((self.now * 1000 - self.started - moment) / _WRAP))
            return (self.started + moment + wraps * _WRAP) / 1000
        if self.uptime is None:
            return None
        ago = (self.uptime - moment) % _WRAP
        if ago > _UPTIME_MS:
            ahead = (moment - self.uptime) % _WRAP
            return self.now if ahead <= 60_000 else None
        return self.now - ago / 1000


@dataclass(frozen=True, slots=True)
class Template:
    """Fields of a record by number and length, in order. `size`: bytes of a record; 0 when it varies."""

    fields: tuple[tuple[int, int], ...]
    size: int
    picks: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, fields: tuple[tuple[int, int], ...]) -> Template:
        """Where each wanted field lies is worked out once."""
        picks, offset, varies = [], 0, False
        for number, length in fields:
            if length == VARIABLE:
                varies = True
            if number in _WANTED:
                picks.append((number, offset, offset + length))
            offset += length
        return cls(fields, 0 if varies else offset, tuple(picks))

    def records(self, data: bytes) -> Iterator[dict[int, bytes]]:
        """The records of a set of data. What is left at its end and too short for one is padding."""
        if self.size:
            for begin in range(0, len(data) - self.size + 1, self.size):
                yield {number: data[begin + start : begin + end] for number, start, end in self.picks}
        elif self.fields and any(length for _, length in self.fields):
            yield from self._varying(data)

    def _varying(self, data: bytes) -> Iterator[dict[int, bytes]]:
        at = 0
        while at < len(data):
            record: dict[int, bytes] = {}
            for number, told in self.fields:
                length = told
                if told == VARIABLE:
                    if at >= len(data):
                        return
                    length, at = data[at], at + 1
                    if length == 255:
                        length, at = int.from_bytes(data[at : at + 2]), at + 2
                if at + length > len(data):
                    return
                if number in _WANTED:
                    record[number] = data[at : at + length]
                at += length
            yield record


@dataclass(slots=True)
class Templates:
    """Templates by exporter, domain and number, and data that came before them."""

    known: dict[tuple[str, int], Template] = field(default_factory=dict)
    options: dict[tuple[str, int], Template | None] = field(default_factory=dict)
    started: dict[str, int] = field(default_factory=dict)
    waiting: dict[tuple[str, int], list[tuple[bytes, Clock]]] = field(default_factory=dict)

    def learn(self, domain: str, number: int, fields: tuple[tuple[int, int], ...], collector: Collector) -> None:
        """Take a template; data that waits for it is read."""
        key = domain, number
        self.options.pop(key, None)
        self.known[key] = Template.of(fields)
        held = self.waiting.pop(key, [])
        if held:
            collector.oddities.count(collector.file, LATE_TEMPLATE, f"template {number} of {domain}", times=len(held))
        for data, clock in held:
            self.read(domain, number, data, clock, collector)

    def about_exporter(self, domain: str, number: int, fields: tuple[tuple[int, int], ...] = ()) -> None:
        """Data of this number is about the exporter itself: only when it started is read of it."""
        self.known.pop((domain, number), None)
        tells = any(each == STARTED_AT for each, _ in fields)
        self.options[domain, number] = Template.of(fields) if tells else None
        self.waiting.pop((domain, number), None)

    def forget(self, domain: str, number: int) -> None:
        """The exporter withdrew it."""
        self.known.pop((domain, number), None)
        self.options.pop((domain, number), None)

    def read(self, domain: str, number: int, data: bytes, clock: Clock, collector: Collector) -> int:
        """The flows of a set of data; how many records it had."""
        key = domain, number
        if key in self.options:
            self._note_start(domain, self.options[key], data)
            return 0
        template = self.known.get(key)
        if template is None:
            held = self.waiting.setdefault(key, [])
            if len(held) < _WAITING:
                held.append((data, clock))
            else:
                collector.oddities.count(collector.file, NO_TEMPLATE, f"template {number} of {domain}")
            return 0
        count = 0
        clock = replace(clock, started=self.started[domain]) if domain in self.started else clock
        for record in template.records(data):
            count += 1
            for flow in flows_of(record, domain, clock):
                collector.add(flow)
        return count

    def _note_start(self, domain: str, template: Template | None, data: bytes) -> None:
        for record in template.records(data) if template else ():
            self.started[domain] = _number(record, STARTED_AT)

    def left_over(self, collector: Collector) -> None:
        """At the end of a file: data whose template never came."""
        for (domain, number), held in self.waiting.items():
            collector.oddities.count(collector.file, NO_TEMPLATE, f"template {number} of {domain}", times=len(held))
        self.waiting.clear()


def sets(packet: bytes, at: int, collector: Collector) -> Iterator[tuple[int, bytes]]:
    """The sets of a packet from here on: number and content. One whose length cannot be ends the packet, and is counted."""
    while at + 4 <= len(packet):
        number, length = struct.unpack_from("!HH", packet, at)
        if length < 4 or at + length > len(packet):
            collector.oddities.count(collector.file, CUT_SHORT, f"a set of {length} bytes")
            return
        yield number, packet[at + 4 : at + length]
        at += length


def flows_of(record: Mapping[int, bytes], exporter: str, clock: Clock) -> Iterator[Flow]:
    """The flow of a record, and the way back where the record tells it too."""
    source = _address(record.get(SOURCE) or record.get(SOURCE_6))
    target = _address(record.get(TARGET) or record.get(TARGET_6))
    if not source or not target:
        return
    start, end = _times(record, clock)
    coarse = any(moment is not None and _coarse(moment, clock) for moment in (start, end))
    if coarse:
        start, end = [None if moment is None else moment * 1000 for moment in (start, end)]
    there = Flow(
        exporter=exporter,
        source=source,
        source_port=_number(record, SOURCE_PORT),
        target=target,
        target_port=_number(record, TARGET_PORT),
        protocol=_number(record, PROTOCOL),
        packets=_number(record, PACKETS, OUT_PACKETS, PACKETS_TOTAL),
        octets=_number(record, OCTETS, OUT_OCTETS, OCTETS_TOTAL),
        start=start,
        end=end,
        coarse=coarse,
    )
    yield there
    back = _number(record, _WAY_BACK | PACKETS)
    if back:
        yield Flow(
            exporter=exporter,
            source=target,
            source_port=there.target_port,
            target=source,
            target_port=there.source_port,
            protocol=there.protocol,
            packets=back,
            octets=_number(record, _WAY_BACK | OCTETS),
            start=start,
            end=end,
        )


def _coarse(moment: float, clock: Clock) -> bool:
    """Whether a time is a thousandth of what it should be: its exporter's clock says so."""
    return abs(moment * 1000 - clock.now) < _UPTIME_MS / 1000 and abs(moment - clock.now) > _UPTIME_MS


def enterprise_field(number: int, enterprise: int) -> int:
    """How a field that is not of the common registry is numbered here: only the way back of RFC 5103 is read."""
    return number | _WAY_BACK if enterprise == REVERSE else -1


def _number(record: Mapping[int, bytes], *numbers: int) -> int:
    """The first of these fields that is not zero."""
    for number in numbers:
        value = int.from_bytes(record.get(number, b""))
        if value:
            return value
    return 0


def _address(told: bytes | None) -> str:
    if told is None or len(told) not in {4, 16}:
        return ""
    return str(ipaddress.ip_address(told))


def _times(record: Mapping[int, bytes], clock: Clock) -> tuple[float | None, float | None]:
    """When it began and ended, in whichever of the ways that exporters have. One that says nothing ended when it was sent."""
    start = _time(record, clock, (START_S, START_MS, START_US, START_NS, START_DELTA, START_UPTIME))
    end = _time(record, clock, (END_S, END_MS, END_US, END_NS, END_DELTA, END_UPTIME))
    if start is None and end is None:
        return clock.now, clock.now
    return start, end


def _time(record: Mapping[int, bytes], clock: Clock, fields: tuple[int, ...]) -> float | None:
    seconds, milliseconds, microseconds, nanoseconds, delta, uptime = fields
    if seconds in record:
        return float(_number(record, seconds))
    if milliseconds in record:
        return _number(record, milliseconds) / 1000
    for ntp in (microseconds, nanoseconds):
        if ntp in record:
            value = _number(record, ntp)
            return (value >> 32) - _NTP + (value & 0xFFFFFFFF) / _WRAP
    if delta in record:
        return clock.now - _number(record, delta) / 1_000_000
    if uptime not in record:
        return None
    if STARTED_AT in record:
        return _number(record, STARTED_AT) / 1000 + _number(record, uptime) / 1000
    return clock.at_uptime(_number(record, uptime))
