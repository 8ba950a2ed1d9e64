"""Raw samples in the store: packed in chunks, added to, read as series, dropped when their time is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, islice
from typing import Any

import numpy as np
from sqlalchemy import Connection, and_, delete, func, select, tuple_

from migration.discover.model import Metric
from migration.discover.samples import DAY_S, Chunk, Samples, chunks_of, joined, pack, span_of, unpack
from migration.discover.store_sql import upsert
from migration.discover.store_tables import samples, series

KEEP_DAYS = 35
"""Of 5-minute samples: five weeks hold every weekday five times and each end of a month."""
LONGER = ((300, 1), (1800, 4), (7200, 12))
"""Up to this interval, so many times as long; longer ones are kept for ever: a value a day is nothing."""
_AT_ONCE = 2000
_SERIES_AT_ONCE = 1000
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def add(connection: Connection, told: Iterable[Samples]) -> int:
    """Keep samples; how many came in."""
    count = 0
    rest = (each for each in told if len(each.times))
    while batch := list(islice(rest, _SERIES_AT_ONCE)):
        chunks = [chunk for each in batch for chunk in chunks_of(each)]
        count += sum(chunk.count for chunk in chunks)
        for start in range(0, len(chunks), _AT_ONCE):
            _add(connection, chunks[start : start + _AT_ONCE])
        _note(connection, batch)
    return count


def _note(connection: Connection, batch: Sequence[Samples]) -> None:
    """Where each series ends now; it never goes back."""
    keys = {(each.machine, each.metric.value, each.interval_s) for each in batch}
    there = select(series).where(tuple_(series.c.machine, series.c.metric, series.c.interval_s).in_(list(keys)))
    before = {(row.machine, row.metric, row.interval_s): row.last for row in connection.execute(there)}
    for each in batch:
        key = (each.machine, each.metric.value, each.interval_s)
        before[key] = max(datetime.fromtimestamp(int(each.times[-1]), UTC), before.get(key, _NEVER))
    rows = [{"machine": machine, "metric": metric, "interval_s": step, "last": last} for (machine, metric, step), last in before.items()]
    upsert(connection, series, rows)


def _add(connection: Connection, batch: Sequence[Chunk]) -> None:
    key = tuple_(samples.c.machine, samples.c.metric, samples.c.interval_s, samples.c.chunk)
    wanted = select(samples).where(key.in_([_key(chunk) for chunk in batch]))
    there = {(row.machine, row.metric, row.interval_s, row.chunk): row for row in connection.execute(wanted)}
    rows: dict[tuple[str, str, int, int], dict[str, Any]] = {}
    for chunk in batch:
        before = rows.get(_key(chunk)) or (there[_key(chunk)]._asdict() if _key(chunk) in there else None)
        rows[_key(chunk)] = _row(chunk) if before is None else _merged(before, chunk)
    upsert(connection, samples, list(rows.values()))


def _key(chunk: Chunk) -> tuple[str, str, int, int]:
    return chunk.machine, chunk.metric, chunk.interval_s, chunk.chunk


def _row(chunk: Chunk) -> dict[str, Any]:
    told = {"machine": chunk.machine, "metric": chunk.metric, "interval_s": chunk.interval_s, "chunk": chunk.chunk}
    return told | {"number": chunk.count, "packed": chunk.packed}


def _merged(before: dict[str, Any], chunk: Chunk) -> dict[str, Any]:
    begin = chunk.chunk * span_of(chunk.interval_s)
    old = unpack(begin, before["number"], before["packed"])
    times, values = joined(*old, *unpack(begin, chunk.count, chunk.packed))
    return _row(chunk) | {"number": len(times), "packed": pack(begin, times, values)}


def read(connection: Connection, metric: Metric, machines: Sequence[str], interval_s: int | None) -> Iterator[Samples]:
    """Series by machine and interval."""
    wanted = select(samples).where(samples.c.metric == metric.value)
    if interval_s is not None:
        wanted = wanted.where(samples.c.interval_s == interval_s)
    chunks = [machines[start : start + _AT_ONCE] for start in range(0, len(machines), _AT_ONCE)] if machines else [()]
    for chunk in chunks:
        chosen = wanted.where(samples.c.machine.in_(chunk)) if chunk else wanted
        found = connection.execute(chosen.order_by(samples.c.machine, samples.c.interval_s, samples.c.chunk))
        for (machine, interval), rows in groupby(found, key=lambda row: (row.machine, row.interval_s)):
            yield _series(machine, metric, interval, list(rows))


def _series(machine: str, metric: Metric, interval_s: int, rows: Sequence[Any]) -> Samples:
    parts = [unpack(row.chunk * span_of(interval_s), row.number, row.packed) for row in rows]
    return Samples(
        machine=machine,
        metric=metric,
        interval_s=interval_s,
        times=np.concatenate([times for times, _ in parts]),
        values=np.concatenate([values for _, values in parts]),
    )


def last(connection: Connection, site: str) -> dict[tuple[str, Metric, int], datetime]:
    """The newest sample of each series of a site."""
    found = connection.execute(select(series).where(series.c.machine.startswith(f"{site}/", autoescape=True)))
    return {(row.machine, Metric(row.metric), row.interval_s): row.last for row in found}


def forget(connection: Connection, metric: Metric, machines: Sequence[str]) -> None:
    """Drop a metric of these machines."""
    for start in range(0, len(machines), _AT_ONCE):
        chosen = samples.c.machine.in_(machines[start : start + _AT_ONCE])
        connection.execute(delete(samples).where(samples.c.metric == metric.value, chosen))
        some = series.c.machine.in_(machines[start : start + _AT_ONCE])
        connection.execute(delete(series).where(series.c.metric == metric.value, some))


def prune(connection: Connection, now: datetime, keep_days: int) -> int:
    """Drop whole chunks that are over; how many samples."""
    count, today = 0, int(now.timestamp()) // DAY_S
    for (interval_s,) in connection.execute(select(series.c.interval_s).distinct()).all():
        times = next((times for longest, times in LONGER if interval_s <= longest), 0)
        if not times:
            continue
        begin = (today - keep_days * times) * DAY_S
        over = and_(samples.c.interval_s == interval_s, samples.c.chunk < begin // span_of(interval_s))
        count += int(connection.execute(select(func.coalesce(func.sum(samples.c.number), 0)).where(over)).scalar_one())
        connection.execute(delete(samples).where(over))
    return count
