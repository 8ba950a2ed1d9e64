"""UDP payloads of a capture: classic pcap files (draft-ietf-opsawg-pcap), whole IPv4 and IPv6 packets on the usual links."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator

from migration.discover.flows_collect import Collector
from migration.discover.flows_oddities import CUT_SHORT

MAGIC = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">"}
"""The first four bytes, and the byte order that they mean; the last two count nanoseconds."""

_FILE_HEAD, _PACKET_HEAD = 24, 16
_LONGEST = 262_144
_IPV4, _IPV6, _UDP = 0x0800, 0x86DD, 17
_TAGS = frozenset({0x8100, 0x88A8, 0x9100})
_ETHERNET, _COOKED, _COOKED_2 = 1, 113, 276


def payloads(content: bytes, collector: Collector) -> Iterator[tuple[str, bytes]]:
    """Who sent, and what, for every UDP packet that was captured whole."""
    order = MAGIC[content[:4]]
    if len(content) < _FILE_HEAD:
        collector.oddities.count(collector.file, CUT_SHORT, "the capture's head")
        return
    link = struct.unpack_from(order + "I", content, 20)[0] & 0xFFFF
    at = _FILE_HEAD
    while at < len(content):
        if at + _PACKET_HEAD > len(content):
            collector.oddities.count(collector.file, CUT_SHORT, "a captured packet's head")
            return
        kept, long = struct.unpack_from(order + "II", content, at + 8)
        at += _PACKET_HEAD
        if kept > _LONGEST or at + kept > len(content):
            collector.oddities.count(collector.file, CUT_SHORT, f"a captured packet of {kept} bytes")
            return
        if kept < long:
            collector.oddities.count(collector.file, CUT_SHORT, f"{kept} of {long} bytes were captured")
        found = _udp(content[at : at + kept], link)
        at += kept
        if found:
            yield found


def _udp(frame: bytes, link: int) -> tuple[str, bytes] | None:
    packet = _packet(frame, link)
    if not packet:
        return None
    if packet[0] >> 4 == 4 and len(packet) >= 20:
        head = (packet[0] & 15) * 4
        fragment = int.from_bytes(packet[6:8]) & 0x3FFF
        if packet[9] == _UDP and not fragment and head >= 20:
            return _datagram(str(ipaddress.IPv4Address(packet[12:16])), packet[head:])
    elif packet[0] >> 4 == 6 and len(packet) >= 40 and packet[6] == _UDP:
        return _datagram(str(ipaddress.IPv6Address(packet[8:24])), packet[40:])
    return None


def _datagram(sender: str, segment: bytes) -> tuple[str, bytes] | None:
    if len(segment) <= 8:
        return None
    length = int.from_bytes(segment[4:6])
    return sender, segment[8 : max(length, 8)] if length else segment[8:]


def _packet(frame: bytes, link: int) -> bytes:
    """The IP packet of a frame; nothing when it holds none."""
    if link in {12, 14, 101, 228, 229}:
        return frame
    if link in {0, 108}:
        return frame[4:]
    if link == _COOKED:
        return _typed(frame, 14)
    if link == _COOKED_2:
        return frame[20:] if int.from_bytes(frame[:2]) in {_IPV4, _IPV6} else b""
    return _typed(frame, 12) if link == _ETHERNET else b""


def _typed(frame: bytes, at: int) -> bytes:
    kind = int.from_bytes(frame[at : at + 2])
    while kind in _TAGS:
        at += 4
        kind = int.from_bytes(frame[at : at + 2])
    return frame[at + 2 :] if kind in {_IPV4, _IPV6} else b""
