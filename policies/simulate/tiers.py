"""The order in which people bring machines back: what a gold service needs first, the shorter promise first, then by name."""

from __future__ import annotations

from collections.abc import Iterable

from infra.estate.model import Tier
from policies.evidence import Evidence, ServerEvidence
from policies.parts import Parts

_RANK = {tier: number for number, tier in enumerate(Tier)}
_NOBODY = (len(_RANK), 0)


def by_tier(evidence: Evidence, servers: Iterable[ServerEvidence]) -> list[ServerEvidence]:
    """The servers in the order of the gravest service that needs them, directly or through others."""
    parts = Parts(evidence)
    promises: dict[str, tuple[int, int]] = {}
    for service in evidence.services.values():
        promise = (_RANK[service.tier], service.rto_minutes)
        for needed in parts.needs(service.name):
            promises[needed] = min(promises.get(needed, _NOBODY), promise)
    return sorted(servers, key=lambda s: (promises.get(s.service, _NOBODY), s.name))
