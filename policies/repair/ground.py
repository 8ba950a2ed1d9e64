"""What a repair may reach for beyond the evidence: sites where a server may stand, and hosts that are away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from infra.estate.model import Estate, VsphereSite
from policies.evidence import ClusterEvidence, Evidence, HostEvidence, ServerEvidence, Unknown
from policies.readers.estate import machine_evidence


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What a repair may reach for.

    Args:
        estate: for moves to another site, which need the address that the estate gives the server there.
        hosts: hosts by cluster target and name as the estate declares them, for those that are away.
    """

    estate: Estate | None = None
    hosts: Mapping[tuple[str, str], HostEvidence] = field(default_factory=dict)


def reach_of(estate: Estate) -> Reach:
    """What the estate lets a repair reach for."""
    hosts = {}
    for site in estate.sites.values():
        if isinstance(site, VsphereSite):
            for cluster in site.clusters:
                for host in cluster.hosts:
                    target = f"cluster/{site.name}/{cluster.name}"
                    hosts[target, host.name] = HostEvidence(
                        name=host.name, cores=host.cores, mhz=host.mhz, memory=host.memory, fault_domain=host.fault_domain
                    )
    return Reach(estate=estate, hosts=hosts)


def destinations(evidence: Evidence, server: ServerEvidence, reach: Reach) -> Iterator[ServerEvidence]:
    """The machine as it would stand elsewhere: in other clusters of its site, and on the sites where the estate gives it an address."""
    for cluster in evidence.clusters:
        if cluster.site == server.site and cluster.name != server.cluster:
            yield replace(
                server, cluster=cluster.name, datastore=next(iter(mounted(evidence, cluster, reach)), ""), host=_nowhere(server), as_of=None
            )
    entry = reach.estate.servers.get(server.name) if reach.estate else None
    if reach.estate is None or entry is None or server.held:
        return
    busy = {m.server for m in evidence.moves}
    for site in sorted(entry.at):
        if site != server.site and site in reach.estate.sites and server.name not in busy:
            there = machine_evidence(reach.estate, entry, site, held=False, source=server.source)
            yield replace(there, usage=server.usage, tags=server.tags, running=server.running)


def away(cluster: ClusterEvidence, reach: Reach) -> tuple[HostEvidence, ...]:
    """The hosts of a cluster that are away and that the estate declares."""
    return tuple(reach.hosts[cluster.target, name] for name in cluster.away if (cluster.target, name) in reach.hosts)


def _nowhere(server: ServerEvidence) -> Unknown:
    return Unknown(f"host of {server.name}", "it is chosen when it gets there")


def mounted(evidence: Evidence, cluster: ClusterEvidence, reach: Reach) -> list[str]:
    """The datastores of a cluster, the one with the most room first: by the estate, or by where the cluster's machines lie."""
    names: set[str] = {s.datastore for s in evidence.in_cluster(cluster)}
    site = reach.estate.sites.get(cluster.site) if reach.estate else None
    if isinstance(site, VsphereSite):
        names = {d for c in site.clusters if c.name == cluster.name for d in c.datastores}
    room = {d.name: _room(evidence, d.name, d.site, d.capacity) for d in evidence.datastores if d.site == cluster.site and d.name in names}
    return sorted(room, key=lambda name: (-room[name], name))


def _room(evidence: Evidence, name: str, site: str, capacity: int) -> float:
    return capacity - sum(
        d for s in evidence.servers if (s.site, s.datastore) == (site, name) for d in s.disks if not isinstance(d, Unknown)
    )
