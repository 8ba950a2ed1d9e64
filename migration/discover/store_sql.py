"""Inserting or replacing rows, which SQLite and PostgreSQL write alike and SQL does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: frozenset[str] = frozenset()) -> None:
    """Insert, or replace by primary key, all columns but those to keep."""
    if not rows:
        return
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    made = make(table)
    key = [column.name for column in table.primary_key]
    taken = {name: made.excluded[name] for name in rows[0] if name not in keep and name not in key}
    connection.execute(made.on_conflict_do_update(index_elements=key, set_=taken), list(rows))
