"""What can fail: one object, or several that share their fate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from policies.evidence import ClusterEvidence, Evidence


class Kind(StrEnum):
    """The kinds of failure, from small to large."""

    HOST = "host"
    HOSTS = "hosts"
    FAULT_DOMAIN = "fault-domain"
    DATASTORE = "datastore"
    CLUSTER = "cluster"
    ZONE = "zone"
    LINK = "link"
    SITE = "site"


@dataclass(frozen=True, slots=True, order=True)
class Failure:
    """One failure. `name` is the object's path: downtown/general/dt-esx-01, downtown/dt-data-1, aws-east/us-east-1a, a link, a site."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        """As verdicts and commands name it: host/downtown/general/dt-esx-01."""
        return f"{self.kind}/{self.name}"

    @property
    def short(self) -> str:
        """The last part of the name, as people say it."""
        return self.name.rpartition("/")[2]


def host_failures(cluster: ClusterEvidence) -> tuple[Failure, ...]:
    """Each host of a cluster alone."""
    return tuple(Failure(Kind.HOST, f"{cluster.site}/{cluster.name}/{host.name}") for host in cluster.hosts)


def failed_hosts(cluster: ClusterEvidence, failure: Failure) -> tuple[str, ...]:
    """The hosts of a cluster that a failure of the kinds host, hosts and fault-domain takes; none when it is another cluster's."""
    prefix = f"{cluster.site}/{cluster.name}/"
    if not failure.name.startswith(prefix):
        return ()
    last = failure.name.removeprefix(prefix)
    if failure.kind is Kind.FAULT_DOMAIN:
        return tuple(h.name for h in cluster.hosts if h.fault_domain == last)
    return tuple(last.split("+")) if failure.kind is Kind.HOSTS else (last,)


def shared_fates(cluster: ClusterEvidence) -> Iterator[Failure]:
    """Hosts that may fail together: every pair of a stretched cluster, and every fault domain."""
    prefix = f"{cluster.site}/{cluster.name}/"
    if cluster.stretched:
        for one, two in combinations(cluster.hosts, 2):
            yield Failure(Kind.HOSTS, f"{prefix}{one.name}+{two.name}")
    for domain in sorted({h.fault_domain for h in cluster.hosts if h.fault_domain}):
        yield Failure(Kind.FAULT_DOMAIN, f"{prefix}{domain}")


def every_failure(evidence: Evidence) -> Iterator[Failure]:
    """All failures that are simulated, kind by kind."""
    for cluster in evidence.clusters:
        yield from host_failures(cluster)
        yield from shared_fates(cluster)
    yield from (Failure(Kind.DATASTORE, f"{d.site}/{d.name}") for d in evidence.datastores)
    yield from (Failure(Kind.CLUSTER, f"{c.site}/{c.name}") for c in evidence.clusters)
    yield from (Failure(Kind.ZONE, f"{z.site}/{z.name}") for z in evidence.zones)
    yield from (Failure(Kind.LINK, link.name) for link in evidence.links)
    yield from (Failure(Kind.SITE, site) for site in evidence.kinds)
