"""Messages of IPFIX (RFC 7011), with the ways back of RFC 5103."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from migration.discover.flows_collect import Collector
from migration.discover.flows_oddities import CUT_SHORT
from migration.discover.netflow_templates import Clock, Templates, enterprise_field, sets

HEAD = struct.Struct("!HHIII")
_ENTERPRISE = 0x8000


def length(packet: bytes, at: int) -> int:
    """How long a message says that it is."""
    told: int = struct.unpack_from("!H", packet, at + 2)[0]
    return max(told, HEAD.size)


def read(packet: bytes, exporter: str, templates: Templates, collector: Collector) -> None:
    """All sets of a message: templates are learned, data is read, what is about the exporter itself is passed over."""
    if len(packet) < HEAD.size:
        collector.oddities.count(collector.file, CUT_SHORT, "a head of IPFIX")
        return
    _, told, seconds, _, observed = HEAD.unpack_from(packet)
    if told > len(packet):
        collector.oddities.count(collector.file, CUT_SHORT, f"{len(packet)} of {told} bytes of a message")
    domain, clock = f"{exporter}/{observed}", Clock(now=float(seconds))
    for number, content in sets(packet[: max(told, HEAD.size)], HEAD.size, collector):
        if number == 2:
            for template, fields in _templates(content, collector):
                if fields:
                    templates.learn(domain, template, fields, collector)
                else:
                    templates.forget(domain, template)
        elif number == 3:
            for template, fields in _option_templates(content):
                templates.about_exporter(domain, template, fields)
        elif number > 255:
            templates.read(domain, number, content, clock, collector)


def _templates(content: bytes, collector: Collector) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
    at = 0
    while at + 4 <= len(content):
        number, count = struct.unpack_from("!HH", content, at)
        if number < 256:
            return  # padding
        fields, at = _fields(content, at + 4, count)
        if len(fields) < count:
            collector.oddities.count(collector.file, CUT_SHORT, f"template {number}")
            return
        yield number, fields


def _fields(content: bytes, at: int, count: int) -> tuple[tuple[tuple[int, int], ...], int]:
    """The fields of a template from here on, fewer where the content ends, and where the next one begins."""
    fields = []
    for _ in range(count):
        if at + 4 > len(content):
            break
        number, size = struct.unpack_from("!HH", content, at)
        at += 4
        if number & _ENTERPRISE:
            if at + 4 > len(content):
                break
            number = enterprise_field(number & ~_ENTERPRISE, struct.unpack_from("!I", content, at)[0])
            at += 4
        fields.append((number, size))
    return tuple(fields), at


def _option_templates(content: bytes) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
    at = 0
    while at + 6 <= len(content):
        number, count, _ = struct.unpack_from("!HHH", content, at)
        if number < 256:
            return
        fields, at = _fields(content, at + 6, count)
        yield number, fields
