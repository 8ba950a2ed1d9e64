"""Changes of what machines stand on: hosts, HA settings, datastores."""

from __future__ import annotations

from dataclasses import dataclass, replace

from infra.estate.model import GIB
from policies.evidence import ClusterEvidence, DatastoreEvidence, Evidence, HostEvidence, PoolEvidence
from policies.repair.change import with_cluster
from policies.verdict import format_number, gib


@dataclass(frozen=True, kw_only=True, slots=True)
class AddHosts:
    """Hosts are added to a cluster, like one that it has."""

    cluster: ClusterEvidence
    like: HostEvidence
    count: int

    @property
    def subject(self) -> str:
        """The cluster."""
        return f"hosts of {self.cluster.target}"

    @property
    def size(self) -> float:
        """The memory that is bought."""
        return float(self.count * self.like.memory)

    @property
    def words(self) -> str:
        """How many, like which."""
        plural = "s" if self.count > 1 else ""
        each = f"{self.like.cores} cores of {format_number(self.like.mhz)} MHz, {gib(self.like.memory)}"
        return f"add {self.count} host{plural} like {self.like.name} ({each}) to cluster {self.cluster.name} of {self.cluster.site}"

    @property
    def how(self) -> str:
        """An edit of the site's file once they stand there."""
        return f"{self.cluster.source}: write {'them' if self.count > 1 else 'it'} under hosts: once installed"

    @property
    def note(self) -> str:
        """Nothing more to know."""
        return ""

    def apply(self, evidence: Evidence) -> Evidence:
        """The cluster with the hosts."""
        cluster = next(c for c in evidence.clusters if c.target == self.cluster.target)
        added = tuple(replace(self.like, name=f"{self.like.name}-added-{n + 1}") for n in range(self.count))
        return with_cluster(evidence, replace(cluster, hosts=cluster.hosts + added))


@dataclass(frozen=True, kw_only=True, slots=True)
class ReturnHosts:
    """Hosts that are away (lost, or in maintenance) come back."""

    cluster: ClusterEvidence
    hosts: tuple[HostEvidence, ...]

    @property
    def subject(self) -> str:
        """The hosts."""
        return f"away hosts of {self.cluster.target}"

    @property
    def size(self) -> float:
        """Their memory."""
        return float(sum(h.memory for h in self.hosts))

    @property
    def words(self) -> str:
        """Which hosts."""
        names = ", ".join(h.name for h in self.hosts)
        return f"bring {names} back to cluster {self.cluster.name} of {self.cluster.site} ({gib(self.size)})"

    @property
    def how(self) -> str:
        """What vCenter is asked for."""
        return f"in vCenter: reconnect {', '.join(h.name for h in self.hosts)} or end its maintenance; then  incline check --live"

    @property
    def note(self) -> str:
        """Nothing more to know."""
        return ""

    def apply(self, evidence: Evidence) -> Evidence:
        """The cluster with the hosts."""
        cluster = next(c for c in evidence.clusters if c.target == self.cluster.target)
        back = {h.name for h in self.hosts}
        after = replace(cluster, hosts=cluster.hosts + self.hosts, away=tuple(n for n in cluster.away if n not in back))
        return with_cluster(evidence, after)


@dataclass(frozen=True, kw_only=True, slots=True)
class SetAvailability:
    """HA of a cluster is set otherwise."""

    cluster: ClusterEvidence
    settings: tuple[tuple[str, object], ...]

    @property
    def subject(self) -> str:
        """The cluster's HA."""
        return f"HA of {self.cluster.target}"

    @property
    def size(self) -> float:
        """How many settings change."""
        return float(len(self.settings))

    @property
    def words(self) -> str:
        """Which settings."""
        return f"set HA of cluster {self.cluster.name} of {self.cluster.site}: " + ", ".join(f"{k} {_said(v)}" for k, v in self.settings)

    @property
    def how(self) -> str:
        """An edit of the site's file, carried out by Pulumi."""
        values = ", ".join(f"{k}: {_said(v)}" for k, v in self.settings)
        return f"{self.cluster.source}: write ha: {{{values}}}, then  pulumi up  of {self.cluster.site}.foundation, or set it in vCenter"

    @property
    def note(self) -> str:
        """Nothing more to know."""
        return ""

    def apply(self, evidence: Evidence) -> Evidence:
        """The cluster with its HA as set."""
        cluster = next(c for c in evidence.clusters if c.target == self.cluster.target)
        return with_cluster(evidence, replace(cluster, ha=cluster.ha.model_copy(update=dict(self.settings))))


@dataclass(frozen=True, kw_only=True, slots=True)
class GrowDatastore:
    """A datastore gets more capacity."""

    datastore: DatastoreEvidence
    capacity: int

    @property
    def subject(self) -> str:
        """The datastore."""
        return self.datastore.target

    @property
    def size(self) -> float:
        """What is added."""
        return float(self.capacity - self.datastore.capacity)

    @property
    def words(self) -> str:
        """From how much to how much."""
        store = self.datastore
        return f"grow datastore {store.name} of {store.site} from {gib(store.capacity)} to {gib(self.capacity)}"

    @property
    def how(self) -> str:
        """An edit of the site's file once the storage gives it."""
        return f"grow its LUN and VMFS in vCenter, then {self.datastore.source}: write capacity: {self.capacity // GIB}GiB"

    @property
    def note(self) -> str:
        """Nothing more to know."""
        return ""

    def apply(self, evidence: Evidence) -> Evidence:
        """The datastore with its new capacity."""
        after = tuple(replace(d, capacity=self.capacity) if d.target == self.datastore.target else d for d in evidence.datastores)
        return replace(evidence, datastores=after)


@dataclass(frozen=True, kw_only=True, slots=True)
class SetPool:
    """A resource pool reserves more."""

    pool: PoolEvidence
    cpu_mhz: int
    memory: int

    @property
    def subject(self) -> str:
        """The pool."""
        return self.pool.target

    @property
    def size(self) -> float:
        """What it reserves more: memory, or CPU as if a GHz came with 4 GiB."""
        return self.memory - self.pool.memory_reservation + (self.cpu_mhz - self.pool.cpu_reservation_mhz) * 4 * GIB / 1000

    @property
    def words(self) -> str:
        """From how much to how much."""
        pool, parts = self.pool, []
        if self.memory != pool.memory_reservation:
            parts.append(f"memory from {gib(pool.memory_reservation)} to {gib(self.memory)}")
        if self.cpu_mhz != pool.cpu_reservation_mhz:
            parts.append(f"CPU from {format_number(pool.cpu_reservation_mhz)} to {format_number(self.cpu_mhz)} MHz")
        return f"let pool {pool.name} of cluster {pool.cluster} reserve {' and '.join(parts)}"

    @property
    def how(self) -> str:
        """An edit of the site's file."""
        memory = f"{self.memory // GIB}GiB" if self.memory % GIB == 0 else f"{self.memory // (1 << 20)}MiB"
        values = f"cpu_reservation_mhz: {self.cpu_mhz}, memory_reservation: {memory}"
        return f"{self.pool.source}: write {values} for pool {self.pool.name} under pools:, and set it in vCenter"

    @property
    def note(self) -> str:
        """Nothing more to know."""
        return ""

    def apply(self, evidence: Evidence) -> Evidence:
        """The pool with what it reserves."""
        after = replace(self.pool, cpu_reservation_mhz=self.cpu_mhz, memory_reservation=self.memory)
        return replace(evidence, pools=tuple(after if p.target == after.target else p for p in evidence.pools))


def _said(value: object) -> str:
    """A setting as YAML has it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
