"""Whether something starts a machine again when its hardware fails: vSphere HA, or EC2's automatic recovery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policies.evidence import ClusterEvidence, Evidence, ServerEvidence, Unknown

_FOLLOWS_CLUSTER = {"", "clusterrestartpriority"}
"""What a machine's own setting says when it leaves the answer to its cluster."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Whether something starts a machine again on other hardware: at best, at worst, and what would tell them apart.

    Args:
        how: what does it, or why nothing does.
        spare: whether there is other hardware at its site at all.
    """

    best: bool
    worst: bool
    how: str
    lacks: tuple[str, ...] = ()
    spare: bool = True


def clusters_by_place(evidence: Evidence) -> dict[tuple[str, str], ClusterEvidence]:
    """The clusters by site and name."""
    return {(c.site, c.name): c for c in evidence.clusters}


def restart_of(server: ServerEvidence, clusters: Mapping[tuple[str, str], ClusterEvidence]) -> Restart:
    """What starts this machine again."""
    if server.kind == "aws":
        return _recovery(server)
    cluster = clusters.get((server.site, server.cluster))
    if cluster is None:
        return Restart(True, False, "its cluster is not known", (f"cluster of {server.name} (the reader found none)",))
    if len(cluster.hosts) < 2:
        return Restart(False, False, f"cluster {cluster.name} has no other host", spare=False)
    if not cluster.ha.enabled:
        return Restart(False, False, f"vSphere HA of cluster {cluster.name} is off")
    return _priority(server, cluster)


def _recovery(server: ServerEvidence) -> Restart:
    setting = server.instance.auto_recovery if server.instance else None
    if setting is True:
        return Restart(True, True, "EC2 automatic recovery is on")
    if setting is False:
        return Restart(False, False, "EC2 automatic recovery is off")
    return Restart(True, False, "automatic recovery is not known", (f"automatic recovery of {server.name} (only a look at EC2 tells)",))


def _priority(server: ServerEvidence, cluster: ClusterEvidence) -> Restart:
    own = server.vsphere.restart_priority if server.vsphere else ""
    said = cluster.ha.restart_priority if isinstance(own, Unknown) or own.lower() in _FOLLOWS_CLUSTER else own
    if said is None:
        lacks = (f"HA restart priority of {server.name} (neither the machine nor `ha.restart_priority` of cluster {cluster.name} tells)",)
        return Restart(True, False, "its HA restart priority is not known", lacks)
    if said.lower() == "disabled":
        return Restart(False, False, "its HA restart priority is disabled")
    return Restart(True, True, f"vSphere HA restarts it with priority {said}")
