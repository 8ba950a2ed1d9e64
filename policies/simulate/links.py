"""A link between two sites is cut: nothing stops, but what stands apart can no longer talk.

Traffic may go through a third site where links lead there; whether routing does so is not in evidence, and is said.
"""

from __future__ import annotations

from collections.abc import Iterable

from policies.evidence import Evidence, LinkEvidence
from policies.simulate.outcome import Fates, ServiceFate, State
from policies.simulate.services import fate_of, spread


def cut_link(evidence: Evidence, name: str) -> tuple[Fates, tuple[ServiceFate, ...]]:
    """What a cut link does: machines go on, services that need something beyond it do not."""
    cut = next(link for link in evidence.links if link.name == name)
    others = [link for link in evidence.links if link.name != name]
    parts = _parts(evidence.kinds, others)
    detour = _detour(cut, others)
    own = {}
    for service in evidence.services.values():
        sites = _sites(evidence, service.name)
        blocked = [n for n in service.depends_on if _apart(parts, sites, _sites(evidence, n))]
        split = _split(parts, sites)
        if blocked:
            own[service.name] = fate_of(service, State.DOWN, [f"needs {n} beyond the link" for n in blocked])
        elif split:
            own[service.name] = fate_of(service, State.DEGRADED, [f"its machines stand on both sides: {', '.join(sorted(sites))}"], 0.0)
        elif detour and _crosses(evidence, cut, service.name, sites):
            own[service.name] = fate_of(service, State.DEGRADED, [f"what it needs is reached through {detour}"], 0.0)
    assumed = (f"traffic between {cut.sites[0]} and {cut.sites[1]} is routed through {detour} when the link is gone",) if detour else ()
    return Fates(assumptions=assumed), spread(evidence, own)


def copies_over(evidence: Evidence, link: LinkEvidence) -> tuple[str, ...]:
    """The servers whose backup copies cross a link."""
    crossing = []
    for server in evidence.servers:
        if not server.held and server.site in link.sites:
            other = link.sites[1] if server.site == link.sites[0] else link.sites[0]
            if any(other in job.copies for job in evidence.backups_of.get(server.name, ())):
                crossing.append(server.name)
    return tuple(sorted(crossing))


def _parts(sites: Iterable[str], links: Iterable[LinkEvidence]) -> dict[str, str]:
    """For each site the name of the part of the network it is in."""
    part = {site: site for site in sites}
    for link in links:
        one, two = (part.get(site, site) for site in link.sites)
        for site, name in part.items():
            if name == two:
                part[site] = one
    return part


def _sites(evidence: Evidence, service: str) -> frozenset[str]:
    return frozenset(s.site for s in evidence.by_service.get(service, ()) if not s.held)


def _apart(parts: dict[str, str], mine: frozenset[str], theirs: frozenset[str]) -> bool:
    """Whether none of the needed machines is in a part of the network where some of mine are."""
    return bool(mine and theirs) and not {parts.get(s, s) for s in mine} & {parts.get(s, s) for s in theirs}


def _split(parts: dict[str, str], mine: frozenset[str]) -> bool:
    return len({parts.get(s, s) for s in mine}) > 1


def _crosses(evidence: Evidence, cut: LinkEvidence, name: str, mine: frozenset[str]) -> bool:
    """Whether a service stands on both ends of the link, or something that it needs stands on the other end only."""
    if frozenset(cut.sites) <= mine:
        return True
    needed = (_sites(evidence, each) for each in evidence.services[name].depends_on)
    return any(not mine & theirs and any(a in mine and b in theirs for a, b in (cut.sites, cut.sites[::-1])) for theirs in needed)


def _detour(cut: LinkEvidence, others: Iterable[LinkEvidence]) -> str:
    """A third site that both ends are linked to."""
    near = [{other for link in others if end in link.sites for other in link.sites if other != end} for end in cut.sites]
    return min(near[0] & near[1], default="")
