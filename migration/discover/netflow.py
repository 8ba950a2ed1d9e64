"""Export packets of NetFlow 5 (Cisco's) and NetFlow 9 (RFC 3954)."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator

from migration.discover.flows_collect import Collector
from migration.discover.flows_model import Flow
from migration.discover.flows_oddities import CUT_SHORT, NO_TIME
from migration.discover.netflow_templates import Clock, Templates, sets

HEAD_5 = struct.Struct("!HHIIIIBBH")
RECORD_5 = struct.Struct("!4s4s4sHHIIIIHHBBBBHHBBH")
HEAD_9 = struct.Struct("!HHIIII")
MOST_5 = 30
"""Records that one packet of version 5 can hold."""

_VERSIONS = (5, 9, 10)
_SET_HEAD = 4


def length_5(packet: bytes, at: int) -> int:
    """How long a packet of version 5 says that it is."""
    count: int = struct.unpack_from("!H", packet, at + 2)[0]
    return HEAD_5.size + count * RECORD_5.size


def read_5(packet: bytes, exporter: str, collector: Collector) -> None:
    """All records of a packet of version 5. Where packets are sampled, bytes and packets are those of all."""
    if len(packet) < HEAD_5.size:
        collector.oddities.count(collector.file, CUT_SHORT, "a head of version 5")
        return
    _, count, uptime, seconds, nanoseconds, _, kind, engine, sampling = HEAD_5.unpack_from(packet)
    clock = Clock(now=seconds + min(nanoseconds, 999_999_999) / 1e9, uptime=uptime)
    scale = max(1, sampling & 0x3FFF)
    whole = min(count, (len(packet) - HEAD_5.size) // RECORD_5.size)
    if whole < count:
        collector.oddities.count(collector.file, CUT_SHORT, f"{whole} of {count} records of version 5", times=1)
    domain = f"{exporter}/{kind}.{engine}"
    for number in range(whole):
        record = RECORD_5.unpack_from(packet, HEAD_5.size + number * RECORD_5.size)
        start, end = clock.at_uptime(record[7]), clock.at_uptime(record[8])
        if start is None or end is None:
            collector.oddities.count(
                collector.file, NO_TIME, "times since the exporter's start do not fit its clock; the packet's time is taken"
            )
            start = end = clock.now
        collector.add(
            Flow(
                exporter=domain,
                source=str(ipaddress.IPv4Address(record[0])),
                source_port=record[9],
                target=str(ipaddress.IPv4Address(record[1])),
                target_port=record[10],
                protocol=record[13],
                packets=record[5] * scale,
                octets=record[6] * scale,
                start=start,
                end=end,
            )
        )


def length_9(packet: bytes, at: int) -> int:
    """How long a packet of version 9 is in a file of packets: no head says it, but a set cannot have a version's number."""
    end = at + HEAD_9.size
    while end + _SET_HEAD <= len(packet):
        number, length = struct.unpack_from("!HH", packet, end)
        if number in _VERSIONS or length < _SET_HEAD:
            break
        end += length
    return end - at


def read_9(packet: bytes, exporter: str, templates: Templates, collector: Collector) -> None:
    """All sets of a packet of version 9: templates are learned, data is read, what is about the exporter itself is passed over."""
    if len(packet) < HEAD_9.size:
        collector.oddities.count(collector.file, CUT_SHORT, "a head of version 9")
        return
    _, _, uptime, seconds, _, source = HEAD_9.unpack_from(packet)
    domain, clock = f"{exporter}/{source}", Clock(now=float(seconds), uptime=uptime)
    for number, content in sets(packet, HEAD_9.size, collector):
        if number == 0:
            for template, fields in _templates(content, collector):
                templates.learn(domain, template, fields, collector)
        elif number == 1:
            for template in _option_templates(content):
                templates.about_exporter(domain, template)
        elif number > 255:
            templates.read(domain, number, content, clock, collector)


def _templates(content: bytes, collector: Collector) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
    at = 0
    while at + 4 <= len(content):
        number, count = struct.unpack_from("!HH", content, at)
        at += 4
        if number < 256:
            return  # padding
        if at + 4 * count > len(content):
            collector.oddities.count(collector.file, CUT_SHORT, f"template {number}")
            return
        values = struct.unpack_from(f"!{2 * count}H", content, at)
        yield number, tuple(zip(values[::2], values[1::2], strict=True))
        at += 4 * count


def _option_templates(content: bytes) -> Iterator[int]:
    at = 0
    while at + 6 <= len(content):
        number, scope, option = struct.unpack_from("!HHH", content, at)
        if number < 256:
            return
        yield number
        at += 6 + scope + option
