"""Opens the store's database: a file by default, a PostgreSQL by its URL; refuses what it cannot read and says why.

One writer at a time: SQLite locks the file for a transaction that writes, PostgreSQL gives an advisory lock. Readers never wait, as
SQLite writes ahead (WAL).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError, SQLAlchemyError

from infra.errors import InclineError
from migration.discover.store_tables import SCHEMA, about, metadata

WAIT_S = 10.0
_LOCK = 0x1C11_4E05  # the number of PostgreSQL's advisory lock: any, as long as no one else takes it
_WRITES = "incline_writes"


class StoreError(InclineError):
    """The store cannot be opened, read or written."""


class Database:
    """An open database of a known schema."""

    def __init__(self, engine: Engine, name: str, *, wait_s: float = WAIT_S) -> None:
        self._engine, self.name, self._wait_s = engine, name, wait_s

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent picture."""
        with self._worded(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that alone writes: all of it is kept, or nothing."""
        with self._worded(), self._engine.connect() as plain:
            connection = plain.execution_options(**{_WRITES: True})
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.execute(text(f"SET LOCAL lock_timeout = '{int(self._wait_s)}s'"))
                    connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
                yield connection

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return str(self._engine.dialect.name)

    @contextmanager
    def _worded(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise _worded(error, self.name, self._wait_s) from error


def open_database(url: str, *, must_exist: bool, wait_s: float = WAIT_S) -> Database:
    """The database at a path or URL, made when there is none.

    Raises:
        StoreError: it cannot be opened (INC-7091), is no store (INC-7092), is newer than this Incline (INC-7093), is not there (INC-7090).
    """
    file = _file(url)
    if file is not None:
        _prepare(file, must_exist=must_exist)
    engine, name = _engine(url, file, wait_s), str(file) if file is not None else _hidden(url)
    database = Database(engine, name, wait_s=wait_s)
    try:
        _check(database, must_exist=must_exist)
    except BaseException:
        database.close()
        raise
    return database


def _file(url: str) -> Path | None:
    """The file of a path or a SQLite URL; None for a server."""
    if url.startswith("sqlite:///"):
        return Path(url.removeprefix("sqlite:///"))
    return None if "://" in url else Path(url)


def _prepare(file: Path, *, must_exist: bool) -> None:
    if file.is_file():
        return
    if must_exist:
        raise StoreError(
            f"{file}: there is no inventory yet", code="INC-7090", next_step="incline discover --all   or   incline inventory import FILE"
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Names, addresses and sizes of a whole city are nobody else's business.
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")  # the file remembers it
    except (OSError, sqlite3.Error) as error:
        raise _unopened(str(file), getattr(error, "strerror", None) or str(error)) from error


def _engine(url: str, file: Path | None, wait_s: float) -> Engine:
    if file is not None:
        engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": wait_s})
        event.listen(engine, "connect", _prepared)
        event.listen(engine, "begin", _begun)
        return engine
    try:
        parsed = make_url(url)
        if parsed.drivername in {"postgresql", "postgres"}:
            parsed = parsed.set(drivername="postgresql+psycopg")
        if not parsed.drivername.startswith("postgresql"):
            raise _unopened(_hidden(url), f"it is kept in SQLite or PostgreSQL, not in {parsed.drivername}")
        return create_engine(parsed, connect_args={"connect_timeout": int(wait_s)})
    except (ArgumentError, ImportError) as error:
        raise _unopened(_hidden(url), str(error)) from error


def _prepared(connection: Any, record: Any) -> None:
    """SQLite's own transactions, begun by us: Python's wrapper would begin them too late for a lock."""
    del record
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.close()


def _begun(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITES) else "BEGIN")


def _check(database: Database, *, must_exist: bool) -> None:
    with database.reading() as connection:
        tables = set(inspect(connection).get_table_names())
        told = connection.execute(select(about.c.value).where(about.c.name == "schema")).scalar() if "about" in tables else None
    if told is None:
        if tables if database.dialect == "sqlite" else tables & set(metadata.tables):
            raise StoreError(f"{database.name} is no inventory of Incline", code="INC-7092", next_step="name another with --store")
        if must_exist:
            raise StoreError(f"{database.name}: there is no inventory yet", code="INC-7090", next_step="incline discover --all")
        with database.writing() as connection:
            metadata.create_all(connection)
            if connection.execute(select(about.c.value).where(about.c.name == "schema")).scalar() is None:
                connection.execute(insert(about), {"name": "schema", "value": str(SCHEMA)})
        return
    if told == str(SCHEMA):
        _completed(database, tables)
        return
    if not told.isdigit() or int(told) > SCHEMA:
        raise StoreError(
            f"{database.name} was written by a newer Incline: its schema is {told}, this one knows {SCHEMA}",
            code="INC-7093",
            next_step="update Incline, or name another with --store",
        )


def _completed(database: Database, tables: set[str]) -> None:
    """A table that came without changing what an older Incline reads."""
    if not set(metadata.tables) <= tables:
        with database.writing() as connection:
            metadata.create_all(connection)


def _worded(error: SQLAlchemyError, name: str, wait_s: float) -> StoreError:
    original = getattr(error, "orig", None)
    said = str(original or error).splitlines()[0] if str(original or error) else type(error).__name__
    if "database is locked" in said or "lock timeout" in said:
        return StoreError(
            f"{name}: another command writes to the inventory, and has for {wait_s:.0f} s",
            code="INC-7094",
            next_step="wait for it, then run the same command again",
        )
    if isinstance(original, sqlite3.DatabaseError) and "not a database" in said:
        return StoreError(f"{name} is no inventory of Incline: {said}", code="INC-7092", next_step="name another with --store")
    if isinstance(error, OperationalError | DatabaseError):
        return _unopened(name, said)
    return StoreError(f"{name}: {said}", code="INC-7095", next_step="run the same command with --debug and report the file it names")


def _unopened(name: str, why: str) -> StoreError:
    return StoreError(
        f"{name} cannot be opened, read or written: {why}",
        code="INC-7091",
        next_step="see to the server, its user and the URL, or name another with --store"
        if "://" in name
        else "see to the folder's permissions and room, or name another with --store",
    )


def _hidden(url: str) -> str:
    """The URL without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "the store's URL"
