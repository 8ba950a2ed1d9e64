"""VPC flow logs as text: the default format of version 2, or any other that its first line names.

A real address (`pkt-srcaddr`) counts before that of a card through which it was passed on. Refused flows are no dependency. `tcp-flags`
say who opened a connection: SYN alone is the client's, SYN with ACK the server's answer.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from migration.discover.flows_collect import Collector
from migration.discover.flows_model import Flow
from migration.discover.flows_oddities import REJECTED, SKIPPED, UNREAD

DEFAULT = (
    *("version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport"),
    *("protocol", "packets", "bytes", "start", "end", "action", "log-status"),
)
_SYN, _ACK = 2, 16
_LAST_PORT = 65_535
_NONE = frozenset({"-", ""})


def is_vpc(lines: Sequence[str]) -> bool:
    """Whether these first lines are of a flow log."""
    return any(_header(line) is not None or _is_default(_cells(line)) for line in lines)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the fields are that are read: for each the columns that may hold it, the better one first."""

    width: int
    status: tuple[int, ...]
    action: tuple[int, ...]
    card: tuple[int, ...]
    ends: tuple[tuple[int, ...], tuple[int, ...]]
    numbers: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, names: Sequence[str]) -> _Columns:
        def at(*wanted: str) -> tuple[int, ...]:
            return tuple(names.index(name) for name in wanted if name in names)

        return cls(
            width=len(names),
            status=at("log-status"),
            action=at("action"),
            card=at("interface-id", "vpc-id"),
            ends=(at("pkt-srcaddr", "srcaddr"), at("pkt-dstaddr", "dstaddr")),
            numbers=tuple(at(name) for name in ("srcport", "dstport", "protocol", "packets", "bytes", "tcp-flags", "start", "end")),
        )


def read_vpc(lines: Iterable[str], collector: Collector) -> None:
    """Every line that tells of an accepted flow."""
    columns = _Columns.of(DEFAULT)
    for number, line in enumerate(lines, start=1):
        cells = _cells(line)
        if not any(cells):
            continue
        if "addr" in line:
            header = _header(line)
            if header is not None:
                columns = _Columns.of(header)
                continue
        if len(cells) == columns.width + 1 and "T" in cells[0]:
            cells = cells[1:]  # CloudWatch puts the time of its own in front
        if len(cells) != columns.width:
            collector.oddities.count(collector.file, UNREAD, f"line {number} has {len(cells)} fields and not {columns.width}")
            continue
        _line(cells, columns, number, collector)


def _line(cells: Sequence[str], columns: _Columns, number: int, collector: Collector) -> None:
    status = _told(cells, columns.status)
    if status == "NODATA":
        return
    if status == "SKIPDATA":
        collector.oddities.count(collector.file, SKIPPED)
        return
    if _told(cells, columns.action).upper() == "REJECT":
        collector.oddities.count(collector.file, REJECTED)
        return
    try:
        flow = _flow(cells, columns)
    except (ValueError, OverflowError) as error:
        collector.oddities.count(collector.file, UNREAD, f"line {number}: {error}")
        return
    collector.add(flow)


def _flow(cells: Sequence[str], columns: _Columns) -> Flow:
    source_port, target_port, protocol, packets, octets, flags, start, end = [int(_told(cells, places) or 0) for places in columns.numbers]
    if not (0 <= source_port <= _LAST_PORT and 0 <= target_port <= _LAST_PORT):
        raise ValueError(f"{max(source_port, target_port)} is no port")
    return Flow(
        exporter=_told(cells, columns.card) or "vpc",
        source=_address(_told(cells, columns.ends[0])),
        source_port=source_port,
        target=_address(_told(cells, columns.ends[1])),
        target_port=target_port,
        protocol=protocol,
        packets=packets,
        octets=octets,
        start=float(start) if start else None,
        end=float(end) if end else None,
        opener=_opener(flags),
    )


def _told(cells: Sequence[str], places: Iterable[int]) -> str:
    for place in places:
        if cells[place] not in _NONE:
            return cells[place]
    return ""


def _opener(flags: int) -> Literal["source", "target", ""]:
    if not flags & _SYN:
        return ""
    return "target" if flags & _ACK else "source"


@lru_cache(maxsize=65_536)
def _address(told: str) -> str:
    return str(ipaddress.ip_address(told))


def _header(line: str) -> tuple[str, ...] | None:
    cells = tuple(cell.strip('"${}').lower().replace("_", "-") for cell in _cells(line))
    return cells if {"srcaddr", "dstaddr"} <= set(cells) or {"pkt-srcaddr", "pkt-dstaddr"} <= set(cells) else None


def _cells(line: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.split(",")] if "," in line else line.split()


def _is_default(cells: Sequence[str]) -> bool:
    cells = cells[1:] if len(cells) == len(DEFAULT) + 1 else cells
    return len(cells) == len(DEFAULT) and cells[0] == "2" and cells[-1].upper() in {"OK", "NODATA", "SKIPDATA"}
