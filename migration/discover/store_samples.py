"""Raw samples in the store: packed by day, added to, read as series, dropped when their time is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, groupby, islice
from typing import Any

import numpy as np
from sqlalchemy import Connection, and_, delete, func, or_, select, tuple_

from migration.discover.model import Metric
from migration.discover.samples import DAY_S, PackedDay, Samples, days_of, joined, pack, unpack
from migration.discover.store_sql import upsert
from migration.discover.store_tables import samples

KEEP_DAYS = 35
"""Of 5-minute samples: five weeks hold every weekday five times and each end of a month."""
LONGER = ((300, 1), (1800, 4), (7200, 12))
"""Up to this interval, so many times as long; longer ones are kept for ever: a value a day is nothing."""
_AT_ONCE = 2000


def add(connection: Connection, series: Iterable[Samples]) -> int:
    """Keep samples; how many came in."""
    days = chain.from_iterable(days_of(each) for each in series if len(each.times))
    count = 0
    while batch := list(islice(days, _AT_ONCE)):
        count += sum(day.count for day in batch)
        _add(connection, batch)
    return count


def _add(connection: Connection, batch: Sequence[PackedDay]) -> None:
    key = tuple_(samples.c.machine, samples.c.metric, samples.c.interval_s, samples.c.day)
    wanted = select(samples).where(key.in_([_key(day) for day in batch]))
    there = {(row.machine, row.metric, row.interval_s, row.day): row for row in connection.execute(wanted)}
    rows: dict[tuple[str, str, int, int], dict[str, Any]] = {}
    for day in batch:
        before = rows.get(_key(day)) or (there[_key(day)]._asdict() if _key(day) in there else None)
        rows[_key(day)] = _row(day) if before is None else _merged(before, day)
    upsert(connection, samples, list(rows.values()))


def _key(day: PackedDay) -> tuple[str, str, int, int]:
    return day.machine, day.metric, day.interval_s, day.day


def _row(day: PackedDay) -> dict[str, Any]:
    told = {"machine": day.machine, "metric": day.metric, "interval_s": day.interval_s, "day": day.day}
    return told | {"number": day.count, "packed": day.packed}


def _merged(before: dict[str, Any], day: PackedDay) -> dict[str, Any]:
    old = unpack(day.day, before["number"], before["packed"])
    times, values = joined(*old, *unpack(day.day, day.count, day.packed))
    return _row(day) | {"number": len(times), "packed": pack(times, values)}


def read(connection: Connection, metric: Metric, machines: Sequence[str], interval_s: int | None) -> Iterator[Samples]:
    """Series by machine and interval."""
    wanted = select(samples).where(samples.c.metric == metric.value)
    if interval_s is not None:
        wanted = wanted.where(samples.c.interval_s == interval_s)
    chunks = [machines[start : start + _AT_ONCE] for start in range(0, len(machines), _AT_ONCE)] if machines else [()]
    for chunk in chunks:
        chosen = wanted.where(samples.c.machine.in_(chunk)) if chunk else wanted
        found = connection.execute(chosen.order_by(samples.c.machine, samples.c.interval_s, samples.c.day))
        for (machine, interval), rows in groupby(found, key=lambda row: (row.machine, row.interval_s)):
            yield _series(machine, metric, interval, list(rows))


def _series(machine: str, metric: Metric, interval_s: int, rows: Sequence[Any]) -> Samples:
    parts = [unpack(row.day, row.number, row.packed) for row in rows]
    return Samples(
        machine=machine,
        metric=metric,
        interval_s=interval_s,
        times=np.concatenate([times for times, _ in parts]),
        values=np.concatenate([values for _, values in parts]),
    )


def last(connection: Connection, site: str) -> dict[tuple[str, Metric, int], datetime]:
    """The newest sample of each series of a site."""
    ends = (
        select(samples.c.machine, samples.c.metric, samples.c.interval_s, func.max(samples.c.day).label("day"))
        .where(samples.c.machine.startswith(f"{site}/", autoescape=True))
        .group_by(samples.c.machine, samples.c.metric, samples.c.interval_s)
        .subquery()
    )
    same = and_(*(samples.c[name] == ends.c[name] for name in ("machine", "metric", "interval_s", "day")))
    found = {}
    for row in connection.execute(select(samples).join(ends, same)):
        times, _ = unpack(row.day, row.number, row.packed)
        found[row.machine, Metric(row.metric), row.interval_s] = datetime.fromtimestamp(int(times[-1]), UTC)
    return found


def prune(connection: Connection, now: datetime, keep_days: int) -> int:
    """Drop whole days that are over; how many samples."""
    today = int(now.timestamp()) // DAY_S
    over, shorter = [], 0
    for interval_s, times in LONGER:
        over.append(and_(samples.c.interval_s > shorter, samples.c.interval_s <= interval_s, samples.c.day < today - keep_days * times))
        shorter = interval_s
    count = connection.execute(select(func.coalesce(func.sum(samples.c.number), 0)).where(or_(*over))).scalar_one()
    connection.execute(delete(samples).where(or_(*over)))
    return int(count)
