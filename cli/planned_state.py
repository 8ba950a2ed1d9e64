"""The estate as it is planned, with a capacity snapshot over it where there is one: what `where` and `impact` answer from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cli.project import estate_path
from infra.estate.model import Estate
from policies.evidence import Evidence
from policies.readers.estate import read_estate
from policies.readers.places import read_files
from policies.readers.surroundings import Surroundings, capacity_file


def planned_state(estate: Path | None, capacity: Path | None) -> tuple[Estate, Evidence]:
    """The estate and its evidence.

    Raises:
        InclineError: the estate or the snapshot cannot be read.
    """
    folder, now = estate_path(estate), datetime.now(UTC)
    loaded, where = read_files(folder)
    snapshot = capacity_file(folder, str(capacity) if capacity else "", Path.cwd())
    return loaded, Surroundings(now=now, capacity=snapshot, estate=loaded.name).over(read_estate(loaded, now.date(), where))
