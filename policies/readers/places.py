"""Where an object of the estate is written, as verdicts cite it: `estate/servers/permits.yaml:12`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from infra.estate.locate import Location, load_located, locations
from infra.estate.model import Estate

Where = Callable[[str], str]
"""Answers file:line for a name such as server/permits-db-01 or cluster/downtown/general."""


def nowhere(name: str) -> str:
    """For estates that were not read from files: the name itself."""
    return name


def locator(root: Path) -> Where:
    """The places of an estate's folder; a name that no file declares is answered with itself."""
    return _answering(locations(root), root)


def read_files(root: Path) -> tuple[Estate, Where]:
    """The estate of a folder and the places of its objects, from one reading.

    Raises:
        EstateErrors: with every problem of every file.
    """
    estate, found = load_located(root)
    return estate, _answering(found, root)


def _answering(found: Mapping[str, Location], root: Path) -> Where:
    base = root.parent
    files = {file: file.relative_to(base) if file.is_relative_to(base) else file for file in {place.file for place in found.values()}}

    def where(name: str) -> str:
        place = found.get(name)
        return name if place is None else f"{files[place.file]}:{place.line}"

    return where
