"""VPC flow logs as text: the default format of version 2, or any other that its first line names.

A real address (`pkt-srcaddr`) counts before that of a card through which it was passed on. Refused flows are no dependency. `tcp-flags`
say who opened a connection: SYN alone is the client's, SYN with ACK the server's answer.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from migration.discover.flows_collect import Collector
from migration.discover.flows_model import Flow
from migration.discover.flows_oddities import FINE_TIME, REJECTED, SKIPPED, UNREAD

DEFAULT = (
    *("version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport"),
    *("protocol", "packets", "bytes", "start", "end", "action", "log-status"),
)
_SYN, _ACK = 2, 16
_FINE = 100_000_000_000.0  # the year 5138 in seconds: what is larger counts milliseconds or less
_NONE = frozenset({"-", ""})


def is_vpc(lines: Sequence[str]) -> bool:
    """Whether these first lines are of a flow log."""
    return any(_header(line) is not None or _is_default(_cells(line)) for line in lines)


def read_vpc(lines: Iterable[str], collector: Collector) -> None:
    """Every line that tells of an accepted flow."""
    names: Sequence[str] = DEFAULT
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        header = _header(line)
        if header is not None:
            names = header
            continue
        cells = _cells(line)
        if len(cells) == len(names) + 1 and "T" in cells[0]:
            cells = cells[1:]  # CloudWatch puts the time of its own in front
        if len(cells) != len(names):
            collector.oddities.count(collector.file, UNREAD, f"line {number} has {len(cells)} fields and not {len(names)}")
            continue
        _line(dict(zip(names, cells, strict=True)), number, collector)


def _line(row: Mapping[str, str], number: int, collector: Collector) -> None:
    status = row.get("log-status", "OK").upper()
    if status == "NODATA":
        return
    if status == "SKIPDATA":
        collector.oddities.count(collector.file, SKIPPED)
        return
    if row.get("action", "ACCEPT").upper() == "REJECT":
        collector.oddities.count(collector.file, REJECTED)
        return
    try:
        flow = _flow(row, collector)
    except (ValueError, OverflowError) as error:
        collector.oddities.count(collector.file, UNREAD, f"line {number}: {error}")
        return
    collector.add(flow)


def _flow(row: Mapping[str, str], collector: Collector) -> Flow:
    return Flow(
        exporter=_told(row, "interface-id", "vpc-id") or "vpc",
        source=_address(_told(row, "pkt-srcaddr", "srcaddr")),
        source_port=int(_told(row, "srcport") or 0),
        target=_address(_told(row, "pkt-dstaddr", "dstaddr")),
        target_port=int(_told(row, "dstport") or 0),
        protocol=int(_told(row, "protocol") or 0),
        packets=int(_told(row, "packets") or 0),
        octets=int(_told(row, "bytes") or 0),
        start=_time(_told(row, "start"), collector),
        end=_time(_told(row, "end"), collector),
        opener=_opener(int(_told(row, "tcp-flags") or 0)),
    )


def _told(row: Mapping[str, str], *names: str) -> str:
    return next((value for name in names if (value := row.get(name, "-")) not in _NONE), "")


def _opener(flags: int) -> Literal["source", "target", ""]:
    if not flags & _SYN:
        return ""
    return "target" if flags & _ACK else "source"


def _time(told: str, collector: Collector) -> float | None:
    if not told:
        return None
    moment = float(int(told))
    if moment >= _FINE:
        collector.oddities.count(collector.file, FINE_TIME, told)
    while moment >= _FINE:
        moment /= 1000
    return moment


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
