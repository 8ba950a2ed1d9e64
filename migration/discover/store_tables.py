"""The tables of the store, the same in SQLite and PostgreSQL.

What people ask for in SQL stands in columns; the rest of a record is one JSON text beside them. Moments are kept in UTC.

    sqlite3 out/inventory.sqlite "select cluster, count(*), sum(cpus) from machines where gone_at is null group by cluster"
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

SCHEMA = 1
"""Raise it with every change of a table that an older Incline cannot read."""


class Moment(TypeDecorator[datetime]):
    """A moment with its time zone; SQLite has none, so that it keeps UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """UTC, without the zone where the database knows none."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """With its zone again."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

about = Table("about", metadata, Column("name", String, primary_key=True), Column("value", String, nullable=False))

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", String, nullable=False, index=True),
    Column("source", String, nullable=False),
    Column("started", Moment, nullable=False),
    Column("ended", Moment, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("counts", Text, nullable=False),
)

machines = Table(
    "machines",
    metadata,
    Column("key", String, primary_key=True),
    Column("site", String, nullable=False, index=True),
    Column("name", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("server", String, nullable=False),
    Column("cluster", String, nullable=False),
    Column("host", String, nullable=False),
    Column("cpus", Integer, nullable=False),
    Column("memory", BigInteger, nullable=False),
    Column("provisioned", BigInteger, nullable=False),
    Column("power", String, nullable=False),
    Column("template", Boolean, nullable=False),
    Column("os", String, nullable=False),
    Column("instance_type", String, nullable=False),
    Column("version", String, nullable=False),
    Column("as_of", Moment, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("gone_at", Moment),
    Column("fingerprint", String, nullable=False),
    Column("detail", Text, nullable=False),
)


def _part(name: str, *columns: Column[Any]) -> Table:
    """Something of a site that is replaced whole with each discovery."""
    return Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("site", String, nullable=False, index=True),
        Column("name", String, nullable=False),
        *columns,
        Column("detail", Text, nullable=False),
    )


hosts = _part(
    "hosts",
    Column("cluster", String, nullable=False),
    Column("cores", Integer, nullable=False),
    Column("mhz", Integer, nullable=False),
    Column("memory", BigInteger, nullable=False),
)
clusters = _part("clusters")
datastores = _part("datastores", Column("capacity", BigInteger, nullable=False), Column("free", BigInteger))
networks = _part("networks", Column("cidr", String, nullable=False))
quotas = _part("quotas", Column("code", String, nullable=False), Column("limit", Float, nullable=False), Column("used", Float))

findings = Table(
    "findings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", String, nullable=False),
    Column("part", String, nullable=False),
    Column("code", String, nullable=False),
    Column("gravity", String, nullable=False),
    Column("where", String, nullable=False),
    Column("what", String, nullable=False),
    Column("taken", String, nullable=False),
    Column("remedy", String, nullable=False),
    Index("findings_of", "site", "part"),
)

percentiles = Table(
    "percentiles",
    metadata,
    Column("machine", String, nullable=False),
    Column("site", String, nullable=False, index=True),
    Column("metric", String, nullable=False),
    Column("interval_s", Integer, nullable=False),
    Column("month", String, nullable=False),
    Column("samples", BigInteger, nullable=False),
    Column("expected", BigInteger, nullable=False),
    Column("first", Moment, nullable=False),
    Column("last", Moment, nullable=False),
    Column("mean", Float, nullable=False),
    Column("p50", Float, nullable=False),
    Column("p90", Float, nullable=False),
    Column("p95", Float, nullable=False),
    Column("p99", Float, nullable=False),
    Column("maximum", Float, nullable=False),
    Column("peaks", Boolean, nullable=False),
    Column("source", String, nullable=False),
    PrimaryKeyConstraint("machine", "metric", "interval_s", "month"),
)
"""Kept for ever: the last picture of each calendar month stays, also after its raw samples were pruned."""

edges = Table(
    "edges",
    metadata,
    Column("source", String, nullable=False),
    Column("target", String, nullable=False),
    Column("port", Integer, nullable=False),
    Column("protocol", String, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("once", Boolean, nullable=False),
    Column("detail", Text, nullable=False),
    PrimaryKeyConstraint("source", "target", "port", "protocol"),
)

series = Table(
    "series",
    metadata,
    Column("machine", String, nullable=False),
    Column("metric", String, nullable=False),
    Column("interval_s", Integer, nullable=False),
    Column("last", Moment, nullable=False),
    PrimaryKeyConstraint("machine", "metric", "interval_s"),
)
"""Which raw series there are, and where each ends."""

samples = Table(
    "samples",
    metadata,
    Column("machine", String, nullable=False),
    Column("metric", String, nullable=False),
    Column("interval_s", Integer, nullable=False),
    Column("chunk", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("machine", "metric", "interval_s", "chunk"),
    Index("samples_chunk", "interval_s", "chunk"),
    sqlite_with_rowid=False,
)
"""Raw samples, a row for each chunk of a series (a day of 5-minute ones): moments and values packed, see samples.py."""
