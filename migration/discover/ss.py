"""What guests say of their own connections: the output of `ss -tunap` or `ss -tn`, one file for each guest, named after it.

Names of processes are kept; command lines, users and process numbers are never read.

    permits-app-01.txt, permits-app-01_2026-11-24.txt, permits-app-01.ss
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from migration.discover.flows_collect import Collector
from migration.discover.flows_model import Flow
from migration.discover.flows_oddities import UNREAD

_STATES = frozenset(
    {
        "ESTAB",
        "LISTEN",
        "UNCONN",
        "TIME-WAIT",
        "CLOSE-WAIT",
        "FIN-WAIT-1",
        "FIN-WAIT-2",
        "LAST-ACK",
        "CLOSING",
        "SYN-SENT",
        "SYN-RECV",
        "CLOSED",
    }
)
_NUMBERS = {"tcp": 6, "udp": 17, "sctp": 132}
_OTHERS = frozenset({"u_str", "u_dgr", "u_seq", "nl", "p_raw", "p_dgr", "raw", "icmp6", "icmp", "v_str", "v_dgr", "mptcp", "tipc", "xdp"})
_TALKING = frozenset({"ESTAB", "CLOSE-WAIT", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "LAST-ACK", "CLOSING"})
_PROCESS = re.compile(r'users:\(\("([^"]{1,64})"')
_DATE = re.compile(r"[_@.-](\d{4}-\d{2}-\d{2})(?:[T_-]\d{2}[-:]?\d{2}(?:[-:]?\d{2})?Z?)?$")
_ENDINGS = (".gz", ".txt", ".ss", ".log", ".out")


@dataclass(frozen=True, slots=True)
class Socket:
    """A line: the two ends, addresses empty where they are any."""

    protocol: int
    state: str
    local: str
    local_port: int
    peer: str
    peer_port: int
    process: str


def is_ss(lines: Sequence[str]) -> bool:
    """Whether these first lines are of ss."""
    return any(("Recv-Q" in line and "Local" in line) or _words(line) is not None for line in lines)


def guest_of(file: str, taken: datetime) -> tuple[str, datetime]:
    """The guest that a file is named after, and the day in its name, else when it was written."""
    name = file
    while name.lower().endswith(_ENDINGS):
        name = name.rpartition(".")[0]
    found = _DATE.search(name)
    if found is None:
        return name, taken
    try:
        return name[: found.start()], datetime.fromisoformat(found[1]).replace(hour=12, tzinfo=UTC)
    except ValueError:
        return name, taken


def read_ss(lines: Iterable[str], guest: str, taken: datetime, collector: Collector) -> None:
    """Who listens in this guest, and who talks to whom."""
    sockets = []
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or "Recv-Q" in line or words[0] in _OTHERS:
            continue
        found = _socket(line)
        if found is None:
            collector.oddities.count(collector.file, UNREAD, f"line {number}")
        else:
            sockets.append(found)
    own = {each.local for each in sockets if each.local}
    for address in own:
        collector.guest(address, guest)
    for each in sockets:
        if _listens(each):
            for address in {each.local} if each.local else own:
                collector.listens(address, each.local_port, each.protocol, each.process)
    moment = taken.timestamp()
    for each in sockets:
        if each.state in _TALKING and each.local and each.peer:
            collector.add(
                Flow(
                    exporter=f"ss of {guest}",
                    source=each.local,
                    source_port=each.local_port,
                    target=each.peer,
                    target_port=each.peer_port,
                    protocol=each.protocol,
                    start=moment,
                    end=moment,
                    basis="ss",
                )
            )


def _listens(each: Socket) -> bool:
    return each.state == "LISTEN" or (
        each.state == "UNCONN" and each.protocol != _NUMBERS["tcp"] and not each.peer_port and bool(each.local_port)
    )


def _words(line: str) -> list[str] | None:
    """Protocol, state, local and peer end; None for any other line. Without a protocol in front, it is TCP."""
    words = line.split()
    if words and words[0] in _STATES:
        words = ["tcp", *words]
    if len(words) < 6 or words[0] not in _NUMBERS or words[1] not in _STATES or not (words[2].isdigit() and words[3].isdigit()):
        return None
    return words[:2] + words[4:6]


def _socket(line: str) -> Socket | None:
    words = _words(line)
    if words is None:
        return None
    local, peer = _end(words[2]), _end(words[3])
    if local is None or peer is None:
        return None
    process = _PROCESS.search(line)
    return Socket(_NUMBERS[words[0]], words[1], *local, *peer, process[1] if process else "")


@lru_cache(maxsize=16_384)
def _end(told: str) -> tuple[str, int] | None:
    """An address without its zone and a port; a mapped address is the IPv4 one; None when it is neither."""
    address, colon, port = told.rpartition(":")
    address = address.strip("[]").partition("%")[0].strip("[]")
    numbered = port.isdecimal() and port.isascii() and len(port) <= 5 and int(port) <= 65_535
    if not colon or not (numbered or port == "*"):
        return None
    number = 0 if port == "*" else int(port)
    if address in {"*", ""}:
        return "", number
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    parsed = mapped or parsed
    return ("" if parsed.is_unspecified else str(parsed)), number
