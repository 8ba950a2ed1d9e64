"""What a change is: it can be applied to evidence, and said as the edit or command that a person carries out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from policies.evidence import ClusterEvidence, DatastoreEvidence, Evidence, ServerEvidence, Unknown, known


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


def swapped(evidence: Evidence, before: ServerEvidence, after: ServerEvidence | None) -> Evidence:
    """The evidence with a machine replaced, or without it; also where it is what a coming move will make."""
    kept = (after if _same(s, before) else s for s in evidence.servers)
    moves = evidence.moves
    if any(m.machine is not None and _same(m.machine, before) for m in moves):
        moves = tuple(replace(m, machine=after) if m.machine is not None and _same(m.machine, before) else m for m in moves)
    return replace(evidence, servers=tuple(s for s in kept if s is not None), moves=moves)


def with_cluster(evidence: Evidence, after: ClusterEvidence) -> Evidence:
    """The evidence with a cluster replaced."""
    return replace(evidence, clusters=tuple(after if c.target == after.target else c for c in evidence.clusters))


def _same(one: ServerEvidence, two: ServerEvidence) -> bool:
    return (one.name, one.site, one.held) == (two.name, two.site, two.held)


def left_behind(evidence: Evidence, server: ServerEvidence) -> Evidence:
    """What a machine that was seen gives back where it stood: its addresses, and of its datastore its share of what is used.

    Thin disks do not tell what each occupies, so each is taken to occupy the same part of its size.
    """
    if server.as_of is None:
        return evidence
    networks = tuple(
        replace(n, free=n.free + 1) if n.site == server.site and n.name in server.networks and not isinstance(n.free, Unknown) else n
        for n in evidence.networks
    )
    return replace(evidence, networks=networks, datastores=tuple(_without(evidence, d, server) for d in evidence.datastores))


def _without(evidence: Evidence, store: DatastoreEvidence, server: ServerEvidence) -> DatastoreEvidence:
    if (store.site, store.name) != (server.site, server.datastore) or isinstance(store.used, Unknown):
        return store
    provisioned = sum(known(d) for s in evidence.on_datastore(store) for d in s.disks) or 1.0
    share = min(1.0, store.used / provisioned)
    return replace(store, used=int(store.used - sum(known(d) for d in server.disks) * share))
