"""Usage from files, for machines that the inventory has already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.discover_progress import Narrator
from cli.inventory_tables import known_sites
from infra.errors import InclineError
from infra.wording import counted
from migration.discover.store import Store
from migration.discover.usage import Refreshed, Told, refresh
from migration.discover.usage_capacity import samples_of
from migration.discover.usage_file import FileSeries, read_usage


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What files brought."""

    site: str
    files: int
    refreshed: Refreshed


def bring_usage(store: Store, paths: Sequence[Path], site: str, narrator: Narrator) -> Measured:
    """Read files and keep their samples and percentiles.

    Raises:
        InclineError: a file cannot be read (INC-7182), there is none (INC-7184); or the site is not in the inventory (INC-7097).
    """
    known_sites((site,), store.sites())
    machines = store.load((site,)).machines
    files = [file for path in paths for file in _files(path)]
    if not files:
        names = ", ".join(str(path) for path in paths)
        raise InclineError(f"{names}: no .csv file is in it", code="INC-7184", next_step="name the tables, or the folder that holds them")
    narrator.begin(f"{site}: files")
    told: list[FileSeries] = []
    for number, file in enumerate(files, start=1):
        told += read_usage(file)
        narrator.at(number, len(files), "file")
    found = samples_of(told, {machine.name: machine for machine in machines if not machine.template}, site)
    names = files[0].name if len(files) == 1 else f"{len(files)} files"
    usage = Told(series=found.series, whole=found.whole, source=f"file {names}", findings=found.findings, aged=True)
    refreshed = refresh(store, site, usage, machines, before={}, now=datetime.now(UTC))
    narrator.end(f"{refreshed.samples:,} samples of {refreshed.machines:,} machines", count=refreshed.samples, unit="samples")
    return Measured(site=site, files=len(files), refreshed=refreshed)


def _files(path: Path) -> Iterator[Path]:
    yield from sorted(path.rglob("*.csv")) if path.is_dir() else (path,)


def document(done: Measured) -> dict[str, Any]:
    """For programs."""
    told = done.refreshed
    return {
        "schema": "incline.inventory-usage/1",
        "site": done.site,
        "files": done.files,
        "samples": told.samples,
        "machines": told.machines,
        "percentiles": told.percentiles,
        "findings": len(told.findings),
    }


def text(done: Measured) -> str:
    """For people."""
    told = done.refreshed
    lines = [
        f"{done.site}: usage of {counted(told.machines, 'machine')} from {counted(done.files, 'file')}, {counted(told.samples, 'sample')}"
    ]
    if told.findings:
        lines.append(f"{counted(len(told.findings), 'finding')}: incline inventory findings --site {done.site}")
    return "\n".join(lines)
