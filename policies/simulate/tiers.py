"""The order in which people bring machines back: gold first, the shorter promise first, then by name."""

from __future__ import annotations

from collections.abc import Iterable

from infra.estate.model import Tier
from policies.evidence import Evidence, ServerEvidence

_RANK = {tier: number for number, tier in enumerate(Tier)}


def by_tier(evidence: Evidence, servers: Iterable[ServerEvidence]) -> list[ServerEvidence]:
    """The servers in the order of their services' tiers and promises."""
    return sorted(servers, key=lambda s: (*_promise(evidence, s.service), s.name))


def _promise(evidence: Evidence, name: str) -> tuple[int, int]:
    service = evidence.services.get(name)
    return (_RANK[service.tier], service.rto_minutes) if service else (len(_RANK), 0)
