"""Where an object of the estate is written: file and line, for errors, reports and plans."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from infra.errors import InclineError
from infra.estate.draft import Draft, Entry
from infra.estate.load import assemble, checked_draft, draft_estate
from infra.estate.model import AwsSite, Estate, VsphereSite
from infra.estate.problems import did_you_mean


class Location(NamedTuple):
    """A place in a file. `str()` gives what editors open: `estate/servers/permits.yaml:12`."""

    file: Path
    line: int

    def __str__(self) -> str:
        """The file and the line."""
        return f"{self.file}:{self.line}"


def where(root: Path, server: str) -> Location:
    """The place of a server's entry.

    Raises:
        InclineError: INC-1011 when no file declares the server.
    """
    draft = draft_estate(root)
    entry = draft.servers.get(server)
    if entry is None:
        hint = did_you_mean(server, draft.names("servers"))
        raise InclineError(f"no server {server} in {root}/servers", code="INC-1011", next_step=hint)
    return Location(root / entry.document.file, entry.line())


def locations(root: Path) -> dict[str, Location]:
    """The place of every object, by names such as `server/permits-db-01`, `cluster/downtown/general`, `service/permits`."""
    return _located(draft_estate(root), root)


def load_located(root: Path) -> tuple[Estate, dict[str, Location]]:
    """The settled estate and the place of every object, from one reading of the files.

    Raises:
        EstateErrors: with every problem of every file.
    """
    draft = checked_draft(root)
    return assemble(draft), _located(draft, root)


def _located(draft: Draft, root: Path) -> dict[str, Location]:
    return {name: Location(root / file, line) for name, file, line in _places(draft)}


def _places(draft: Draft) -> Iterator[tuple[str, str, int]]:
    for kind, entries in (
        ("site", draft.sites),
        ("link", draft.links),
        ("service", draft.services),
        ("server", draft.servers),
        ("placement", draft.placements),
    ):
        for name, entry in entries.items():
            yield f"{kind}/{name}", entry.document.file, entry.line()
    for entry in draft.sites.values():
        yield from _parts(entry)
    for waiver in draft.waivers:
        yield f"waiver/{waiver.value.id}", waiver.document.file, waiver.line()


def _parts(entry: Entry[VsphereSite | AwsSite]) -> Iterator[tuple[str, str, int]]:
    site, file = entry.value, entry.document.file
    for index, network in enumerate(site.networks):
        yield f"network/{site.name}/{network.name}", file, entry.line("networks", index)
    if isinstance(site, VsphereSite):
        for index, cluster in enumerate(site.clusters):
            yield f"cluster/{site.name}/{cluster.name}", file, entry.line("clusters", index)
        for index, datastore in enumerate(site.datastores):
            yield f"datastore/{site.name}/{datastore.name}", file, entry.line("datastores", index)
