"""Usage from tables: a row for each machine and moment, columns found by what their headers say, whatever their order and unit.

    time, machine, CPU usage [%], memory usage [MB]
    Timestamp [ms];	CPU cores;	CPU capacity provisioned [MHZ];	CPU usage [MHZ]; ...      one machine, named by the file

Nothing is judged here; usage_capacity.py and usage_clean.py do that.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infra.errors import InclineError, why_unreadable
from migration.discover.model import Metric

_UNIT = re.compile(r"^(?P<words>.*?)\s*[\[(](?P<unit>[^\])]*)[\])]\s*$")
_SIZES = {"b": 1, "byte": 1, "bytes": 1, "kb": 1 << 10, "kib": 1 << 10, "mb": 1 << 20, "mib": 1 << 20, "gb": 1 << 30, "gib": 1 << 30}
_SEPARATORS = ";\t,|"
_NAMES = frozenset({"vm", "machine", "server", "name", "instance", "vm name", "server name", "host name"})
CORES, CPU_WHOLE, MEMORY_WHOLE, MEMORY_PERCENT = "cores", "cpu whole", "memory whole", "memory percent"
_MAX = 512 << 20


class UsageFileError(InclineError):
    """A file holds no usage that can be read."""


@dataclass(frozen=True, slots=True)
class Column:
    """What a column is: `time`, `machine`, a metric, or a capacity; and its unit in ours."""

    role: str
    factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSeries:
    """One machine's rows. Columns of one role are added up; what could not be read is not a number. `said_ms`: the header says so."""

    machine: str
    file: str
    times: NDArray[np.int64]
    columns: dict[str, NDArray[np.float64]]
    unread: int
    said_ms: bool


def read_usage(path: Path) -> tuple[FileSeries, ...]:
    """All machines of a file.

    Raises:
        UsageFileError: INC-7182 when it cannot be read or has no time and no values.
    """
    try:
        if path.stat().st_size > _MAX:
            raise _unusable(path, "it is larger than 512 MiB: split it")
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, why_unreadable(error)) from error
    lines = content.splitlines()
    header = lines[0] if lines else ""
    separator = max(_SEPARATORS, key=header.count)
    rows = csv.reader(lines, delimiter=separator)
    columns = [column_of(cell) for cell in next(rows, [])]
    roles = {column.role for column in columns if column}
    if "time" not in roles or not roles & {metric.value for metric in Metric} | (roles & {MEMORY_PERCENT}):
        raise _unusable(path, "it has no column of time, or none of usage")
    return tuple(_grouped(path, columns, rows, said_ms=bool(re.search(r"time\w*\s*[\[(]ms", header, re.IGNORECASE))))


def column_of(header: str) -> Column | None:
    """What a header means; None for one that has nothing to do with usage."""
    matched = _UNIT.match(header.strip())
    words = (matched["words"] if matched else header).strip().lower().replace("_", " ")
    unit = (matched["unit"] if matched else "%" if "percent" in words or "%" in words else "").strip().lower()
    if words.startswith(("time", "date", "moment")):
        return Column("time")
    if words in _NAMES:
        return Column("machine")
    if "core" in words or words in {"cpus", "vcpus", "vcpu"}:
        return Column(CORES)
    rate, whole = _SIZES.get(unit.removesuffix("/s").removesuffix("ps"), 1), "capacity" in words or "provisioned" in words
    if "cpu" in words or "processor" in words:
        return _processor(unit, whole=whole)
    if "mem" in words:
        return _memory(unit, rate, whole=whole)
    if "disk" in words or "iops" in words:
        return Column(Metric.IOPS.value) if "iops" in words or "iops" in unit or "ops" in words else Column(Metric.DISK_BYTES.value, rate)
    return Column(Metric.NET_BYTES.value, rate) if "net" in words else None


def _processor(unit: str, *, whole: bool) -> Column | None:
    factor = 1000.0 if unit == "ghz" else 1.0
    if whole:
        return Column(CPU_WHOLE, factor)
    return Column(Metric.CPU_PERCENT.value) if unit == "%" else Column(Metric.CPU_MHZ.value, factor) if unit in {"mhz", "ghz"} else None


def _memory(unit: str, size: int, *, whole: bool) -> Column | None:
    if whole:
        return Column(MEMORY_WHOLE, size)
    return Column(MEMORY_PERCENT) if unit == "%" else Column(Metric.MEMORY.value, size)


def _grouped(path: Path, columns: Sequence[Column | None], rows: Iterator[list[str]], *, said_ms: bool) -> Iterator[FileSeries]:
    """By machine, in the order of the file."""
    found: dict[str, list[list[float]]] = {}
    bad: dict[str, int] = {}
    roles = list(dict.fromkeys(c.role for c in columns if c and c.role not in {"time", "machine"}))
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        machine, values = _row(columns, roles, row)
        name = machine or path.stem
        if np.isnan(values[0]):
            bad[name] = bad.get(name, 0) + 1
            found.setdefault(name, [])
            continue
        found.setdefault(name, []).append(values)
    for machine, told in found.items():
        table = np.array(told, dtype=np.float64).reshape(len(told), len(roles) + 1)
        yield FileSeries(
            machine=machine,
            file=path.name,
            times=table[:, 0].astype(np.int64),
            columns={role: table[:, n] for n, role in enumerate(roles, start=1)},
            unread=bad.get(machine, 0),
            said_ms=said_ms,
        )


def _row(columns: Sequence[Column | None], roles: Sequence[str], row: Sequence[str]) -> tuple[str, list[float]]:
    """The machine, the time and the values by role; columns of one role are added up."""
    machine, time, values = "", float("nan"), dict.fromkeys(roles, float("nan"))
    for column, cell in zip(columns, row, strict=False):
        if column is None:
            continue
        if column.role == "machine":
            machine = cell.strip()
        elif column.role == "time":
            time = moment_of(cell)
        else:
            told = number_of(cell) * column.factor
            values[column.role] = told if np.isnan(values[column.role]) else values[column.role] + (0.0 if np.isnan(told) else told)
    return machine, [time, *values.values()]


def number_of(cell: str) -> float:
    """A number, or none."""
    text = cell.strip().removesuffix("%").strip()
    try:
        return float(text if "." in text else text.replace(",", "."))
    except ValueError:
        return float("nan")


def moment_of(cell: str) -> float:
    """Seconds since 1970 (or whatever unit the number has) of a number or an ISO date; without a zone it is UTC."""
    text = cell.strip()
    number = number_of(text)
    if not np.isnan(number):
        return number
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return float("nan")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _unusable(path: Path, why: str) -> UsageFileError:
    return UsageFileError(
        f"{path.name}: no usage can be read: {why}",
        code="INC-7182",
        next_step="give it a header such as: time, machine, CPU usage [%], memory usage [MB]",
    )
