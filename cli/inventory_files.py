"""Other tools' files into the inventory and out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.discover_look import counts_in_words
from cli.project import estate_path, near
from infra.errors import InclineError
from migration.discover import exchange
from migration.discover.model import Inventory
from migration.discover.store import Saved, Store
from migration.discover.store_join import with_servers

if TYPE_CHECKING:
    from infra.estate.model import Estate

_IMPORTED = "file "
_SAME = {"aws": "rvtools"}
"""AWS Transform reads RVTools workbooks."""


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What an import brought."""

    file: Path
    site: str
    inventory: Inventory
    saved: Saved
    first: bool


def bring_in(store: Store, file: Path, site: str, estate: Path | None, *, replace: bool) -> Brought:
    """Read a file and keep it as the picture of a site.

    Raises:
        InclineError: nothing in the file can be used; or the site was discovered live and `replace` is not given (INC-7180).
    """
    runs = store.runs(site)
    live = runs[-1] if runs and not runs[-1].source.startswith(_IMPORTED) else None
    if live is not None and not replace:
        raise InclineError(
            f"{site} was discovered live ({live.source}, {live.ended:%Y-%m-%d %H:%M} UTC): a file would take its place",
            code="INC-7180",
            next_step=f"import it --as another name   or   incline inventory import {near(file)} --as {site} --replace",
        )
    now = datetime.now(UTC)
    inventory = exchange.read_file(file, site, now)
    declared = declared_estate(estate)
    if declared is not None and site in declared.sites:
        inventory = with_servers(inventory, declared, site)
    saved = store.save(site, inventory, started=now, source=f"{_IMPORTED}{file.name}")
    return Brought(file=file, site=site, inventory=inventory, saved=saved, first=not runs)


def declared_estate(folder: Path | None) -> Estate | None:
    """The estate where there is one: a team without any may import too."""
    from infra.estate.load import load_estate  # noqa: PLC0415 - only when the command runs

    try:
        found = estate_path(folder)
    except InclineError:
        return None
    return load_estate(found, settled=False)


def import_document(store: str, done: Brought) -> dict[str, Any]:
    """For programs."""
    saved = done.saved
    return {
        "schema": "incline.inventory-import/1",
        "store": store,
        "file": str(done.file),
        "site": done.site,
        "machines": saved.machines,
        "added": saved.added,
        "changed": saved.changed,
        "gone": saved.gone,
        "measured": len(done.inventory.usage_of()),
        "findings": len(done.inventory.findings),
    }


def import_text(done: Brought) -> str:
    """For people."""
    saved = done.saved
    lines = [f"{done.site}: {counts_in_words(done.inventory)}"]
    if not done.first:
        lines.append(f"{saved.added:,} new, {saved.changed:,} changed, {saved.gone:,} gone")
    if done.inventory.usage:
        lines.append(f"usage of {len(done.inventory.usage_of()):,} machines")
    if done.inventory.findings:
        lines.append(f"{len(done.inventory.findings):,} findings: incline inventory findings --site {done.site}")
    return "\n".join(lines)


def may_write(file: Path, *, force: bool) -> None:
    """Refuse to write over a file.

    Raises:
        InclineError: it is there (INC-7181).
    """
    if file.exists() and not force:
        raise InclineError(f"{near(file)} is there already", code="INC-7181", next_step="name another file, or add --force")


def send_out(inventory: Inventory, file: Path, form: str | None) -> exchange.Written:
    """Write the inventory in a format, by default the one that the ending says.

    Raises:
        InclineError: the ending is not the format's (INC-7183).
    """
    chosen = form or exchange.format_of(file)
    kind = chosen if chosen in exchange.FORMATS else _SAME.get(chosen, chosen)
    ending = exchange.FORMATS.get(kind, file.suffix)
    if file.suffix.casefold() != ending:
        raise InclineError(
            f"{near(file)}: {chosen} files end in {ending}", code="INC-7183", next_step=f"name it {file.with_suffix(ending).name}"
        )
    file.resolve().parent.mkdir(parents=True, exist_ok=True)
    return exchange.write_file(inventory, file, kind)


def export_document(written: exchange.Written) -> dict[str, Any]:
    """For programs."""
    return {
        "schema": "incline.inventory-export/1",
        "file": str(written.path),
        "format": written.format,
        "machines": written.machines,
        "left_out": list(written.left_out),
    }


def export_text(written: exchange.Written) -> str:
    """For people."""
    return "\n".join([f"{written.machines:,} machines as {written.format}", *(f"left out: {words}" for words in written.left_out)])
