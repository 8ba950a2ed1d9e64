"""An estate half way between files and model: every object with the place it was written at.

The checks across objects work on a draft, so that a broken server does not hide what is wrong with the others. `known` holds every
name that was written down, also of objects that failed: a reference to one of those is no second problem.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from infra.estate.document import Document
from infra.estate.model import AwsSite, Link, Placement, Server, Service, Standards, VsphereSite, Waiver
from infra.estate.problems import Problem

T = TypeVar("T")

UNREADABLE = "INC-1001"
"""The code of a file that is no YAML."""


@dataclass(frozen=True)
class Entry(Generic[T]):
    """An object and where it was written: its document and its path in it."""

    value: T
    document: Document
    path: tuple[Hashable, ...] = ()

    def line(self, *path: Hashable) -> int:
        """The line of a part of the object."""
        return self.document.line((*self.path, *path))

    def where(self, *path: Hashable) -> str:
        """`servers/permits.yaml:12`, for messages about two places."""
        return f"{self.document.file}:{self.line(*path)}"

    def problem(self, what: str, instead: str, code: str, *path: Hashable) -> Problem:
        """A problem with a part of the object."""
        return Problem(file=self.document.file, line=self.line(*path), what=what, instead=instead, code=code)


@dataclass
class Draft:
    """What the files say, as far as it has a shape."""

    root: str
    name: str = ""
    title: str = ""
    generation: int = 0
    sites: dict[str, Entry[VsphereSite | AwsSite]] = field(default_factory=dict)
    links: dict[str, Entry[Link]] = field(default_factory=dict)
    services: dict[str, Entry[Service]] = field(default_factory=dict)
    servers: dict[str, Entry[Server]] = field(default_factory=dict)
    placements: dict[str, Entry[Placement]] = field(default_factory=dict)
    waivers: list[Entry[Waiver]] = field(default_factory=list)
    standards: Entry[Standards] | None = None
    known: dict[str, set[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def unreadable(self, kind: str) -> bool:
        """Whether a file of a kind could not be read at all, so that nobody knows which names it declares."""
        return any(problem.code == UNREADABLE and problem.file.startswith(f"{kind}/") for problem in self.problems)

    def may_declare(self, kind: str, name: str) -> bool:
        """Whether a name is declared, or may be, in a file that could not be read: then it is no second problem to name it."""
        return name in self.names(kind) or self.unreadable(kind)

    def names(self, kind: str) -> set[str]:
        """Every name of a kind (`sites`, `services`, `servers` ...) that some file declares."""
        return self.known.setdefault(kind, set())
