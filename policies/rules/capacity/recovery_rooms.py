"""What a site has left for machines that restart there: clusters beyond N+1, reservations, or headroom under a quota."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from infra.catalogue import CatalogueError, InstanceType, choose_instance_type, instance_types
from infra.ec2_quotas import STANDARD
from infra.estate.model import Size
from policies.evidence import ClusterEvidence, Evidence, ReservationEvidence, ServerEvidence, Unknown, missing
from policies.rules.capacity.aws_machines import aws_machines, is_strange, promised, promised_cpus, type_of
from policies.rules.capacity.demand import claims
from policies.verdict import format_number, gib


class Room(Protocol):
    """Something a machine can restart on."""

    def fits(self, machine: ServerEvidence) -> bool:
        """Whether it fits at best."""
        ...

    def doubts(self, machine: ServerEvidence) -> tuple[str, ...]:
        """What is not known, so that a fit is not certain."""
        ...

    def take(self, machine: ServerEvidence) -> str:
        """Take the room, and say so with the numbers before."""
        ...


@dataclass(slots=True)
class ClusterRoom:
    """What a cluster has free with its largest hosts failed; a single machine must fit the largest host left."""

    name: str
    failed: str
    cpus: float
    memory: float
    host_cpus: float
    host_memory: float
    lacks: tuple[str, ...] = ()

    def fits(self, machine: ServerEvidence) -> bool:
        """Whether both are free at best, and one host can hold it."""
        cpus, memory = _known(machine.cpus), _known(machine.memory)
        return cpus <= min(self.cpus, self.host_cpus) and memory <= min(self.memory, self.host_memory)

    def doubts(self, machine: ServerEvidence) -> tuple[str, ...]:
        """Sizes of machines that nobody knows."""
        return self.lacks + missing((machine.cpus, machine.memory))

    def take(self, machine: ServerEvidence) -> str:
        """Take vCPUs and memory."""
        cpus, memory = _known(machine.cpus), _known(machine.memory)
        told = (
            f"{machine.name}: {format_number(cpus)} vCPUs and {gib(memory)} of {format_number(self.cpus)} vCPUs and {gib(self.memory)} "
            f"free on {self.name} without {self.failed}"
        )
        self.cpus -= cpus
        self.memory -= memory
        return told


@dataclass(slots=True)
class ReservedRoom:
    """A capacity reservation."""

    reservation: ReservationEvidence
    kind: InstanceType
    free: int

    def fits(self, machine: ServerEvidence) -> bool:
        """Whether an instance of the reserved type holds the machine, and one is free."""
        right = self.kind.cpus >= _known(machine.cpus) and self.kind.memory >= _known(machine.memory)
        return self.free > 0 and right and "x86_64" in self.kind.architectures and _boot_mode(machine) in self.kind.boot_modes

    def doubts(self, machine: ServerEvidence) -> tuple[str, ...]:
        """Its own size."""
        return missing((machine.cpus, machine.memory))

    def take(self, machine: ServerEvidence) -> str:
        """Take one instance."""
        told = f"{machine.name}: 1 of {self.free} free reserved {self.kind.name} in {self.reservation.zone}"
        self.free -= 1
        return told


@dataclass(slots=True)
class QuotaRoom:
    """Headroom under the vCPU quota of a region, where the city's standards accept it."""

    site: str
    cpus: float
    lacks: tuple[str, ...] = ()

    def fits(self, machine: ServerEvidence) -> bool:
        """Whether the type that would be started fits under the quota at best."""
        return self.cpus >= _wanted(_known(machine.cpus), _known(machine.memory), machine.firmware)

    def doubts(self, machine: ServerEvidence) -> tuple[str, ...]:
        """Quota and use, where nobody told them, and its own size."""
        return self.lacks + missing((machine.cpus, machine.memory))

    def take(self, machine: ServerEvidence) -> str:
        """Take vCPUs."""
        cpus = _wanted(_known(machine.cpus), _known(machine.memory), machine.firmware)
        known = "" if self.cpus == float("inf") else f" of {format_number(self.cpus)} that are free"
        told = f"{machine.name}: {format_number(cpus)} vCPUs{known} under the quota of {self.site}"
        self.cpus -= cpus
        return told


@dataclass(slots=True)
class UnaskedRoom:
    """Reservations of a region that nobody was asked for: there may be one."""

    site: str
    names: list[str] = field(default_factory=list)

    def fits(self, machine: ServerEvidence) -> bool:  # noqa: ARG002 - one shape for all rooms
        """At best there is one."""
        return True

    def doubts(self, machine: ServerEvidence) -> tuple[str, ...]:  # noqa: ARG002 - one shape for all rooms
        """The reservations."""
        return (f"capacity reservations of {self.site} (nobody asked EC2 for them)",)

    def take(self, machine: ServerEvidence) -> str:
        """Nothing is taken from what nobody knows."""
        self.names.append(machine.name)
        return f"{machine.name}: if a reservation at {self.site} holds it"


def rooms(evidence: Evidence, lost: str, *, vcpu_per_core: float, accept_quota: bool) -> dict[str, list[Room]]:
    """The rooms of every site but the lost one, best first."""
    found: dict[str, list[Room]] = {}
    for cluster in evidence.clusters:
        if cluster.site != lost and cluster.hosts:
            found.setdefault(cluster.site, []).append(_cluster_room(evidence, cluster, vcpu_per_core))
    for site, kind in evidence.kinds.items():
        if kind == "aws" and site != lost:
            found[site] = _region_rooms(evidence, site, accept_quota=accept_quota)
    return found


def _cluster_room(evidence: Evidence, cluster: ClusterEvidence, ratio: float) -> ClusterRoom:
    failures = cluster.ha.host_failures
    by_memory = sorted(cluster.hosts, key=lambda h: (-h.memory, h.name))
    by_cores = sorted(cluster.hosts, key=lambda h: (-h.cores, h.name))
    asking = claims(evidence, cluster)
    counted = {m.name for m in asking.servers} | {p.holder for p in asking.promises}
    coming = [m.machine for m in evidence.moves if m.machine and (m.machine.site, m.machine.cluster) == (cluster.site, cluster.name)]
    machines = [*asking.servers, *(m for m in coming if m.name not in counted)]
    promises = asking.promises
    left_memory, left_cores = by_memory[failures:], by_cores[failures:]
    return ClusterRoom(
        name=f"{cluster.site}/{cluster.name}",
        failed=", ".join(h.name for h in by_memory[:failures]) or "no host",
        cpus=sum(h.cores for h in left_cores) * ratio - sum(_known(m.cpus) for m in machines) - sum(p.cpus for p in promises),
        memory=sum(h.memory for h in left_memory) - sum(_known(m.memory) for m in machines) - sum(p.memory for p in promises),
        host_cpus=max((h.cores for h in left_cores), default=0) * ratio,
        host_memory=max((h.memory for h in left_memory), default=0),
        lacks=missing(v for m in machines for v in (m.cpus, m.memory)) + tuple(f"cluster of {m.name}" for m in asking.unplaced),
    )


def _region_rooms(evidence: Evidence, site: str, *, accept_quota: bool) -> list[Room]:
    kinds = instance_types()
    reserved = [r for r in evidence.reservations or () if r.site == site and r.instance_type in kinds]
    # The smallest that holds a machine is taken first, so that large reservations stay for large machines.
    reserved.sort(key=lambda r: (kinds[r.instance_type].memory, kinds[r.instance_type].cpus, r.zone))
    found: list[Room] = [ReservedRoom(each, kinds[each.instance_type], each.free) for each in reserved]
    if accept_quota:
        found.append(_quota_room(evidence, site))
    if evidence.reservations is None:
        found.append(UnaskedRoom(site))
    return found


def _quota_room(evidence: Evidence, site: str) -> QuotaRoom:
    machines = aws_machines(evidence)
    runs = [m for m in machines if m.as_of is not None and m.running is True]
    seen = {(m.name, m.site) for m in (*runs, *(m for m in machines if is_strange(m)))}
    planned = [m for m in machines if m.site == site and (m.name, m.site) not in seen]
    kinds = [type_of(m) for m in planned]
    wanted = sum(k.cpus for k in kinds if not isinstance(k, Unknown)) + sum(
        promised_cpus(p) for p in promised(evidence, machines) if p.site == site
    )
    quota = next((q for q in evidence.quotas or () if q.site == site and q.code == STANDARD.code), None)
    if quota is None:
        return QuotaRoom(site, float("inf"), (f"vCPU quota {STANDARD.code} of {site} (nobody asked Service Quotas)",))
    limit = float("inf") if isinstance(quota.limit, Unknown) else quota.limit
    used = 0.0 if isinstance(quota.used, Unknown) else quota.used
    return QuotaRoom(site, limit - used - wanted, missing((quota.limit, quota.used, *kinds)))


@lru_cache(maxsize=4096)
def _wanted(cpus: int, memory: int, firmware: str) -> float:
    """The vCPUs of the type that the catalogue would choose; endless where none holds it."""
    try:
        return choose_instance_type(Size(cpus=max(1, cpus), memory=max(1, memory)), firmware=firmware or "bios").cpus
    except (CatalogueError, ValueError):
        return float("inf")


def _boot_mode(machine: ServerEvidence) -> str:
    return "uefi" if machine.firmware == "efi" else "legacy-bios"


def _known(value: int | Unknown) -> int:
    """An unknown demand counts as nothing: what does not fit then does not fit at all."""
    return 0 if isinstance(value, Unknown) else value
