"""Where forges show a verdict: a file and a line of the estate. Every format that needs one asks here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from policies.evidence import Evidence
from policies.verdict import Verdict

_FILE_LINE = re.compile(r"^(?P<file>[^:]+\.(?:ya?ml|json|py)):(?P<line>[1-9]\d*)$")


class _Declared(Protocol):
    @property
    def target(self) -> str: ...

    @property
    def source(self) -> str: ...


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file, relative to the root of the repository, and a line of it. `exact`: the verdict's own entry, not the estate's first line."""

    file: str
    line: int
    exact: bool = True


class Places:
    """Answers the place of a verdict: what it says itself, else where its object is declared, else the estate's first line.

    Args:
        evidence: knows where objects are declared.
        prefix: put before file names, when the estate lies in a folder of the repository.
    """

    def __init__(self, evidence: Evidence | None = None, prefix: str = "") -> None:
        self._sources = _sources(evidence) if evidence else {}
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/.") else ""
        self._root = next((found.file.partition("/")[0] for s in self._sources.values() if (found := file_line(s))), "estate")

    def of(self, verdict: Verdict) -> FileLine:
        """The place of a verdict."""
        for source in (verdict.source, self._sources.get(verdict.target, "")):
            if found := file_line(source):
                return FileLine(self._prefix + found.file, found.line)
        return FileLine(f"{self._prefix}{self._root}/estate.yaml", 1, exact=False)


def file_line(source: str) -> FileLine | None:
    """A source as file and line; None for a URN, a system's name, or a file outside of the repository."""
    found = _FILE_LINE.match(source)
    if found is None or found["file"].startswith(("/", "..", "~")):
        return None
    return FileLine(found["file"].replace("\\", "/"), int(found["line"]))


def _sources(evidence: Evidence) -> Mapping[str, str]:
    found: dict[str, str] = {}
    listed: tuple[tuple[_Declared, ...], ...] = (
        evidence.clusters,
        evidence.pools,
        evidence.datastores,
        evidence.networks,
        evidence.links,
        evidence.servers,
        evidence.moves,
        tuple(evidence.services.values()),
    )
    for records in listed:
        for each in records:
            found.setdefault(each.target, each.source)
    for group, members in evidence.by_group.items():
        found[f"group/{group}"] = members[0].source
    return found
