"""Which services an object matters to: who has to know when a rule says something about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.estate.model import Tier
from policies.evidence import Evidence, ServerEvidence

_ORDER = list(Tier)


def concerns(evidence: Evidence) -> Mapping[str, tuple[str, ...]]:
    """The services of every object, the most important tier first. An object nobody's machine stands on is not listed.

    Objects are named as verdicts name them: server/permits-db-01, cluster/downtown/data, link/downtown-aws-east.
    """
    found: dict[str, set[str]] = {f"service/{name}": {name} for name in evidence.services}
    links: dict[str, list[str]] = {}
    for link in evidence.links:
        for site in link.sites:
            links.setdefault(site, []).append(link.target)
    quotas = {site: [q.target for q in evidence.quotas or () if q.site == site] for site in evidence.kinds}
    for server in evidence.servers:
        if server.service in evidence.services:
            for target in (*_objects(server), *links.get(server.site, ()), *quotas.get(server.site, ())):
                found.setdefault(target, set()).add(server.service)
    for database in evidence.databases:
        if database.service in evidence.services:
            found.setdefault(database.target, set()).add(database.service)
    return {target: tuple(sorted(names, key=lambda n: (_ORDER.index(evidence.services[n].tier), n))) for target, names in found.items()}


def _objects(server: ServerEvidence) -> Iterator[str]:
    site = server.site
    yield from (server.target, f"move/{server.name}", f"site/{site}")
    if server.group:
        yield f"group/{server.group}"
    elif server.role:
        yield f"service/{server.service}/{server.role}"
    if server.cluster:
        yield from (f"cluster/{site}/{server.cluster}", f"datastore/{site}/{server.datastore}")
    if server.pool:
        yield f"pool/{site}/{server.cluster}/{server.pool}"
    if server.zone:
        yield f"zone/{site}/{server.zone}"
    for network in server.networks:
        yield f"network/{site}/{network}"
