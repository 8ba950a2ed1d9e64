"""Export packets and captures, built by hand for tests."""

from __future__ import annotations

import gzip
import ipaddress
import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
T0 = int(datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp())
APP, DB, WEB = "10.0.1.5", "10.0.2.9", "10.0.0.7"

FIELDS_9 = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (2, 4), (1, 4), (22, 4), (21, 4))
FIELDS_10 = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (2, 8), (1, 8), (152, 8), (153, 8))


def raw(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def record_5(
    source: str,
    target: str,
    ports: tuple[int, int],
    *,
    packets: int = 10,
    octets: int = 4000,
    first: int = 50_000,
    last: int = 55_000,
    protocol: int = 6,
) -> bytes:
    return struct.pack(
        "!4s4s4sHHIIIIHHBBBBHHBBH",
        *(raw(source), raw(target), b"\0" * 4, 1, 2, packets, octets, first, last, *ports, 0, 24, protocol, 0, 0, 0, 24, 24, 0),
    )


def packet_5(*records: bytes, uptime: int = 60_000, seconds: int = T0, sampling: int = 0, count: int | None = None) -> bytes:
    return struct.pack("!HHIIIIBBH", 5, len(records) if count is None else count, uptime, seconds, 0, 7, 0, 1, sampling) + b"".join(records)


def set_of(number: int, content: bytes) -> bytes:
    padding = -len(content) % 4
    return struct.pack("!HH", number, 4 + len(content) + padding) + content + b"\0" * padding


def template(number: int, fields: Sequence[tuple[int, int]]) -> bytes:
    return struct.pack("!HH", number, len(fields)) + b"".join(struct.pack("!HH", *field) for field in fields)


def record_9(source: str, target: str, ports: tuple[int, int], *, octets: int = 4000, first: int = 50_000, last: int = 55_000) -> bytes:
    return raw(source) + raw(target) + struct.pack("!HHBIIII", *ports, 6, 10, octets, first, last)


def packet_9(*sets: bytes, uptime: int = 60_000, seconds: int = T0, domain: int = 1, count: int = 1) -> bytes:
    return struct.pack("!HHIIII", 9, count, uptime, seconds, 1, domain) + b"".join(sets)


def record_10(source: str, target: str, ports: tuple[int, int], *, octets: int = 4000, start: int = T0 * 1000) -> bytes:
    return raw(source) + raw(target) + struct.pack("!HHBQQQQ", *ports, 6, 10, octets, start, start + 5000)


def packet_10(*sets: bytes, seconds: int = T0, domain: int = 1) -> bytes:
    content = b"".join(sets)
    return struct.pack("!HHIII", 10, 16 + len(content), seconds, 1, domain) + content


def captured(payloads: Iterable[bytes], *, sender: str = "192.168.1.1", order: str = "<", vlan: bool = False) -> bytes:
    found = struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
    for payload in payloads:
        datagram = struct.pack("!HHHH", 5000, 2055, 8 + len(payload), 0) + payload
        packet = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 1, 0, 64, 17, 0, raw(sender), raw("192.168.1.9")) + datagram
        frame = b"\0" * 12 + (b"\x81\x00\x00\x05" if vlan else b"") + b"\x08\x00" + packet
        found += struct.pack(order + "IIII", T0, 0, len(frame), len(frame)) + frame
    return found


def vpc(*rows: str, header: str = "") -> str:
    return "\n".join([*([header] if header else []), *rows]) + "\n"


def vpc_row(
    source: str,
    target: str,
    ports: tuple[int, int],
    *,
    start: int | str = T0,
    octets: int = 4000,
    eni: str = "eni-1",
    status: str = "ACCEPT OK",
) -> str:
    end = int(start) + 30
    return f"2 123456789012 {eni} {source} {target} {ports[0]} {ports[1]} 6 10 {octets} {start} {end} {status}"


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
