"""The store that tests share: SQLite, and PostgreSQL where INCLINE_TEST_POSTGRES names a database that may be emptied."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from migration.discover.store import Store, open_store
from migration.discover.store_tables import metadata

POSTGRES = os.environ.get("INCLINE_TEST_POSTGRES", "")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.skipif(not POSTGRES, reason="no INCLINE_TEST_POSTGRES"))])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    if request.param == "postgresql":
        engine = create_engine(POSTGRES.replace("postgresql://", "postgresql+psycopg://"))
        metadata.drop_all(engine)
        engine.dispose()
    with open_store(POSTGRES if request.param == "postgresql" else str(tmp_path / "i.sqlite")) as opened:
        yield opened
