"""What a change is: it can be applied to evidence, and said as the edit or command that a person carries out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from infra.estate.model import GIB
from policies.evidence import ClusterEvidence, Evidence, ServerEvidence, Unknown
from policies.verdict import format_number


class Change(Protocol):
    """One change of the estate or of what it stands on."""

    @property
    def subject(self) -> str:
        """What is changed; a repair changes nothing twice."""

    @property
    def size(self) -> float:
        """How much it changes, to prefer the smaller of two of its kind."""

    @property
    def words(self) -> str:
        """What it does, with names and numbers: `move permits-db-01 (64 GiB) to cluster data`."""

    @property
    def how(self) -> str:
        """The edit or the command."""

    @property
    def note(self) -> str:
        """What to know about it; often nothing."""

    def apply(self, evidence: Evidence) -> Evidence:
        """The evidence as it is after the change."""


def apply_all(evidence: Evidence, changes: Iterable[Change]) -> Evidence:
    """The evidence after several changes."""
    for change in changes:
        evidence = change.apply(evidence)
    return evidence


def gib(size: float) -> str:
    """Bytes for people."""
    return f"{format_number(size / GIB)} GiB"


def known(value: float | Unknown) -> float:
    """A number, or nothing where it is unknown."""
    return 0.0 if isinstance(value, Unknown) else float(value)


def swapped(evidence: Evidence, before: ServerEvidence, after: ServerEvidence | None) -> Evidence:
    """The evidence with a machine replaced, or without it."""
    kept = (after if _same(s, before) else s for s in evidence.servers)
    return replace(evidence, servers=tuple(s for s in kept if s is not None))


def with_cluster(evidence: Evidence, after: ClusterEvidence) -> Evidence:
    """The evidence with a cluster replaced."""
    return replace(evidence, clusters=tuple(after if c.target == after.target else c for c in evidence.clusters))


def _same(one: ServerEvidence, two: ServerEvidence) -> bool:
    return (one.name, one.site, one.held) == (two.name, two.site, two.held)
