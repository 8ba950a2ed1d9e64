"""What grouping makes: parts that move in one night, and the order between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from migration.discover.model import Finding
from migration.waves.build_candidates import Candidate, LeftOut
from migration.waves.model import Before


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Servers that move in one night. `base` is the group that it is a part of."""

    name: str
    base: str
    servers: tuple[Candidate, ...]


@dataclass(slots=True)
class Grouped:
    """All groups, what must come before what, and what was odd."""

    parts: list[Part] = field(default_factory=list)
    order: list[Before] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    left: list[LeftOut] = field(default_factory=list)
