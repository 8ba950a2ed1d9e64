"""A datum that a reader lacks, and where a datum came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Unknown:
    """A datum that the reader lacks: its name and why."""

    datum: str
    why: str

    def __str__(self) -> str:
        """As printed behind an undetermined verdict."""
        return f"{self.datum} ({self.why})"


def known(value: float | Unknown) -> float:
    """A number, or nothing where it is unknown: a sum of these is a lower bound, and a failure under it is certain."""
    return 0.0 if isinstance(value, Unknown) else float(value)


def missing(values: Iterable[object]) -> tuple[str, ...]:
    """The texts of those values that are unknown, without repeats, in order."""
    return tuple(dict.fromkeys(str(v) for v in values if isinstance(v, Unknown)))


def provenance(as_of: datetime | None) -> str:
    """How a datum came to be known: declared by people, or observed at a time."""
    return f"observed {as_of:%Y-%m-%d %H:%M} UTC" if as_of else "declared"
