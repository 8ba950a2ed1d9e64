"""The store of what was discovered: one file (SQLite) or one PostgreSQL database, for all sites.

A discovery of a site is saved in one transaction, so that one that breaks off leaves the old picture. What is no longer found is marked
gone and kept. No secret gets in: see secrets.py.

    with open_store("out/inventory.sqlite") as store:
        store.save("downtown", inventory)
        everything = store.load()
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, or_, select, update

from migration.discover import store_samples
from migration.discover.model import Edge, Finding, FoundMachine, Gravity, Inventory, Metric, Percentiles
from migration.discover.samples import Samples
from migration.discover.store_open import WAIT_S, Database, open_database
from migration.discover.store_rows import (
    PARTS,
    edge_of,
    edge_row,
    finding_of,
    finding_row,
    machine_of,
    machine_row,
    part_of,
    part_row,
    percentile_row,
    percentiles_of,
    sites_of,
)
from migration.discover.store_secrets import without_secrets
from migration.discover.store_sql import upsert
from migration.discover.store_tables import edges, findings, machines, percentiles, runs
from migration.discover.usage_choice import best_of

_NOTHING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a save made of the picture before."""

    machines: int
    added: int
    changed: int
    gone: int

    @property
    def same(self) -> int:
        """Machines that are as they were."""
        return self.machines - self.added - self.changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One discovery or import of a site."""

    site: str
    source: str
    started: datetime
    ended: datetime
    complete: bool
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneMachine:
    """A machine that was there once."""

    machine: FoundMachine
    last_seen: datetime
    gone_at: datetime


def open_store(url: str, *, must_exist: bool = False, wait_s: float = WAIT_S) -> Store:
    """The store at a path, a `sqlite:///` or a `postgresql://` URL; a new one is made unless it must exist.

    Raises:
        StoreError: INC-7090 to INC-7095, saying why and what to do.
    """
    return Store(open_database(url, must_exist=must_exist, wait_s=wait_s))


class Store:
    """An open store. Close it, or use it in a `with`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The file, or the URL without its password."""
        return self._database.name

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def save(self, site: str, inventory: Inventory, *, complete: bool = True, started: datetime | None = None, source: str = "") -> Saved:
        """Make this the picture of the site: all of it or, on an error, nothing.

        Args:
            site: every record of the inventory must be of this site.
            inventory: what was found. Its percentiles are added to the kept ones; its edges, if any, too.
            complete: without it, what is absent is not taken for gone, and parts that are empty stay as they were.
            started: when the discovery began.
            source: who told, for the list of runs.
        """
        strangers = sites_of(inventory) - {site}
        if strangers:
            raise ValueError(f"an inventory of {site} holds records of {', '.join(sorted(strangers))}")
        single, twice = _single(inventory.machines)
        clean, leaks = without_secrets(single)
        about = (*inventory.findings, *twice, *leaks)
        with self._database.writing() as connection:
            saved = _save_machines(connection, site, clean, inventory.taken_at, complete=complete)
            _save_parts(connection, site, inventory, complete=complete)
            _save_findings(connection, site, "inventory", about)
            _save_percentiles(connection, site, inventory.usage)
            _save_edges(connection, inventory.edges)
            counts = {"machines": len(clean), "added": saved.added, "changed": saved.changed, "gone": saved.gone}
            counts |= {name: len(getattr(inventory, name)) for name in PARTS} | {"findings": len(about)}
            ended = max(datetime.now(UTC), inventory.taken_at)
            connection.execute(
                insert(runs).values(
                    site=site,
                    source=source or next((m.source for m in clean), ""),
                    started=started or inventory.taken_at,
                    ended=ended,
                    complete=complete,
                    counts=json.dumps(counts),
                )
            )
        return saved

    def load(self, sites: Sequence[str] = ()) -> Inventory:
        """The newest picture of these sites, or of all, joined. `taken_at` is the oldest site's: a picture is as old as that."""
        with self._database.reading() as connection:
            found = [machine_of(row) for row in _rows(connection, machines, sites, machines.c.gone_at.is_(None))]
            usage = best_of(percentiles_of(row) for row in _newest_months(connection, sites))
            parts: dict[str, Any] = {
                name: tuple(part_of(kind, columns, row) for row in _rows(connection, table, sites))
                for name, (table, kind, columns) in PARTS.items()
            }
            present = {machine.key for machine in found}
            return Inventory(
                taken_at=_taken(connection, sites),
                machines=tuple(sorted(found, key=lambda m: (m.site, m.name, m.key))),
                usage=tuple(each for each in usage if each.machine in present),
                edges=tuple(_edges(connection, sites)),
                findings=tuple(finding_of(row) for row in _rows(connection, findings, sites)),
                **parts,
            )

    def sites(self) -> dict[str, datetime]:
        """The sites with a picture, and when it was taken."""
        with self._database.reading() as connection:
            found = connection.execute(select(runs.c.site, func.max(runs.c.ended)).group_by(runs.c.site).order_by(runs.c.site))
            return {str(site): ended for site, ended in found}

    def previous(self, site: str) -> dict[str, FoundMachine]:
        """The machines of the last picture by key, for a reader that asks only for what changed."""
        with self._database.reading() as connection:
            return {row["key"]: machine_of(row) for row in _rows(connection, machines, (site,), machines.c.gone_at.is_(None))}

    def known_versions(self, site: str) -> dict[str, str]:
        """The configuration's version of each machine of the last picture, by key."""
        wanted = select(machines.c.key, machines.c.version).where(machines.c.site == site, machines.c.gone_at.is_(None))
        with self._database.reading() as connection:
            return {str(key): str(version) for key, version in connection.execute(wanted)}

    def gone(self, sites: Sequence[str] = ()) -> tuple[GoneMachine, ...]:
        """Machines that were found once and no more."""
        with self._database.reading() as connection:
            found = _rows(connection, machines, sites, machines.c.gone_at.is_not(None))
            return tuple(GoneMachine(machine=machine_of(r), last_seen=r["last_seen"], gone_at=r["gone_at"]) for r in found)

    def runs(self, site: str = "") -> tuple[Run, ...]:
        """Discoveries and imports, oldest first."""
        with self._database.reading() as connection:
            found = _dicts(connection, select(runs).where(*([runs.c.site == site] if site else ())).order_by(runs.c.id))
            return tuple(
                Run(
                    site=row["site"],
                    source=row["source"],
                    started=row["started"],
                    ended=row["ended"],
                    complete=row["complete"],
                    counts=json.loads(row["counts"]),
                )
                for row in found
            )

    def save_usage(self, site: str, usage: Iterable[Percentiles], found: Sequence[Finding] = ()) -> None:
        """Keep percentiles, and the findings about the series that they came from, in place of the ones before."""
        with self._database.writing() as connection:
            _save_percentiles(connection, site, usage)
            _save_findings(connection, site, "usage", found)

    def save_edges(self, found: Iterable[Edge], about: Sequence[Finding] = (), *, whole: bool = False) -> None:
        """Keep edges; one with the same ends, port and protocol replaces the one before. Findings replace those of the last edges.

        `whole`: these are all edges that there are; any other goes.
        """
        with self._database.writing() as connection:
            if whole:
                connection.execute(delete(edges))
            _save_edges(connection, found)
            _save_findings(connection, "", "edges", about)

    def months(self, machine: str, metric: Metric) -> tuple[Percentiles, ...]:
        """What is kept for ever of one metric: the picture of each month, oldest first."""
        wanted = select(percentiles).where(percentiles.c.machine == machine, percentiles.c.metric == metric.value)
        with self._database.reading() as connection:
            found = _dicts(connection, wanted.order_by(percentiles.c.month, percentiles.c.interval_s))
            return tuple(percentiles_of(row) for row in found)

    def add_samples(self, series: Iterable[Samples]) -> int:
        """Keep raw samples, in one transaction; how many came in. A moment that is there already takes the new value."""
        with self._database.writing() as connection:
            return store_samples.add(connection, series)

    def samples(self, metric: Metric, *, machines_of: Sequence[str] = (), interval_s: int | None = None) -> Iterator[Samples]:
        """The raw series of a metric, by machine and interval: of these machines, or of all."""
        with self._database.reading() as connection:
            yield from store_samples.read(connection, metric, machines_of, interval_s)

    def last_samples(self, site: str) -> dict[tuple[str, Metric, int], datetime]:
        """The newest sample of each series (machine, metric, interval), so that only later ones need be asked for."""
        with self._database.reading() as connection:
            return store_samples.last(connection, site)

    def forget_samples(self, metric: Metric, machines_of: Sequence[str]) -> None:
        """Drop the raw samples of a metric of these machines: they mean something else from now on."""
        if machines_of:
            with self._database.writing() as connection:
                store_samples.forget(connection, metric, machines_of)

    def prune(self, now: datetime, *, keep_days: int = store_samples.KEEP_DAYS) -> int:
        """Drop raw samples older than their time; how many. Percentiles stay."""
        with self._database.writing() as connection:
            return store_samples.prune(connection, now, keep_days)


def _single(found: Sequence[FoundMachine]) -> tuple[tuple[FoundMachine, ...], tuple[Finding, ...]]:
    """One machine for each key: copies of a machine's files share its uuid."""
    kept: dict[str, FoundMachine] = {}
    about = []
    for machine in found:
        first = kept.setdefault(machine.key, machine)
        if first is not machine:
            about.append(
                Finding(
                    code="DSC-101",
                    gravity=Gravity.WARNING,
                    where=f"{machine.site}/{machine.name}",
                    what=f"has the identity of {first.name}: {machine.key}",
                    taken=f"{first.name} alone is kept",
                    remedy="give the copy a uuid of its own",
                )
            )
    return tuple(kept.values()), tuple(about)


def _rows(connection: Connection, table: Table, sites: Sequence[str], *also: Any) -> list[dict[str, Any]]:
    wanted = select(table).where(*also, *([table.c.site.in_(sites)] if sites else ()))
    return _dicts(connection, wanted.order_by(*table.primary_key))


def _dicts(connection: Connection, wanted: Any) -> list[dict[str, Any]]:
    found = connection.execute(wanted)
    names = tuple(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found]


def _newest_months(connection: Connection, sites: Sequence[str]) -> list[dict[str, Any]]:
    """Of all that is kept for ever, the newest month of each metric and interval."""
    key = (percentiles.c.machine, percentiles.c.metric, percentiles.c.interval_s)
    age = func.row_number().over(partition_by=key, order_by=percentiles.c.month.desc()).label("age")
    aged = select(percentiles, age).where(*([percentiles.c.site.in_(sites)] if sites else ())).subquery()
    return _dicts(connection, select(aged).where(aged.c.age == 1))


def _edges(connection: Connection, sites: Sequence[str]) -> Iterator[Edge]:
    either = [column.like(f"{site}/%") for site in sites for column in (edges.c.source, edges.c.target)]
    wanted = select(edges).where(or_(*either)) if either else select(edges)
    for row in _dicts(connection, wanted.order_by(*edges.primary_key)):
        yield edge_of(row)


def _taken(connection: Connection, sites: Sequence[str]) -> datetime:
    newest = select(func.max(runs.c.started)).where(*([runs.c.site.in_(sites)] if sites else ())).group_by(runs.c.site)
    return min((moment for (moment,) in connection.execute(newest)), default=_NOTHING)


def _save_machines(connection: Connection, site: str, found: Sequence[FoundMachine], seen: datetime, *, complete: bool) -> Saved:
    before = {
        row.key: (row.fingerprint, row.gone_at)
        for row in connection.execute(select(machines.c.key, machines.c.fingerprint, machines.c.gone_at).where(machines.c.site == site))
    }
    rows = [machine_row(machine, seen) for machine in found]
    upsert(connection, machines, rows, keep=frozenset({"first_seen"}))
    there = {row["key"] for row in rows}
    vanished = [key for key, (_, gone_at) in before.items() if gone_at is None and key not in there] if complete else []
    if vanished:
        leave = update(machines).where(machines.c.key == bindparam("k")).values(gone_at=seen)
        connection.execute(leave, [{"k": key} for key in vanished])
    known = [row for row in rows if row["key"] in before and before[row["key"]][1] is None]
    return Saved(
        machines=len(rows),
        added=len(rows) - len(known),
        changed=sum(before[row["key"]][0] != row["fingerprint"] for row in known),
        gone=len(vanished),
    )


def _save_parts(connection: Connection, site: str, inventory: Inventory, *, complete: bool) -> None:
    for name, (table, _, columns) in PARTS.items():
        rows = [part_row(record, columns) for record in getattr(inventory, name)]
        if rows or complete:
            connection.execute(delete(table).where(table.c.site == site))
        if rows:
            connection.execute(insert(table), rows)


def _save_findings(connection: Connection, site: str, part: str, found: Sequence[Finding]) -> None:
    connection.execute(delete(findings).where(findings.c.site == site, findings.c.part == part))
    if found:
        connection.execute(insert(findings), [finding_row(each, site, part) for each in found])


def _save_percentiles(connection: Connection, site: str, usage: Iterable[Percentiles]) -> None:
    upsert(connection, percentiles, [percentile_row(each, site) for each in usage])


def _save_edges(connection: Connection, found: Iterable[Edge]) -> None:
    upsert(connection, edges, [edge_row(each) for each in found])
