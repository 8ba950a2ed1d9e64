"""The typed evidence that rules judge. Readers build it; rules only read it.

A datum a reader does not have is an `Unknown` that says which datum and why, never a default that looks like knowledge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from ipaddress import IPv4Network

from infra.estate.model import HighAvailability, Standards, Tier, Waiver


@dataclass(frozen=True, slots=True)
class Unknown:
    """A datum that the reader lacks: its name and why."""

    datum: str
    why: str

    def __str__(self) -> str:
        """As printed behind an undetermined verdict."""
        return f"{self.datum} ({self.why})"


@dataclass(frozen=True, kw_only=True, slots=True)
class HostEvidence:
    """An ESXi host that can run machines."""

    name: str
    cores: int
    mhz: int
    memory: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterEvidence:
    """A vSphere cluster. `hosts` are those connected and not in maintenance."""

    site: str
    name: str
    hosts: tuple[HostEvidence, ...]
    ha: HighAvailability
    source: str = ""

    @property
    def target(self) -> str:
        """The name that verdicts and waivers use."""
        return f"cluster/{self.site}/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class DatastoreEvidence:
    """A datastore; `used` in bytes as vCenter counts it, thin disks with what they occupy."""

    site: str
    name: str
    capacity: int
    used: int | Unknown
    source: str = ""

    @property
    def target(self) -> str:
        """The name that verdicts and waivers use."""
        return f"datastore/{self.site}/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerEvidence:
    """One machine on one site. A held source is a machine too: it must be able to run, or rollback is not real."""

    name: str
    site: str
    kind: str
    service: str
    cpus: int | Unknown
    memory: int | Unknown
    disks: tuple[int | Unknown, ...]
    cluster: str = ""
    datastore: str = ""
    zone: str = ""
    held: bool = False
    group: str = ""
    tags: dict[str, str] | Unknown = field(default_factory=dict)
    cpu_reservation_mhz: int = 0
    memory_reservation: int = 0
    source: str = ""
    urn: str = ""

    @property
    def target(self) -> str:
        """The name that verdicts and waivers use."""
        return f"server/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceEvidence:
    """What a service promises."""

    name: str
    owner: str
    tier: Tier
    rto_minutes: int
    rpo_minutes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupEvidence:
    """A backup job of a server: declared in the estate or observed."""

    server: str
    interval_minutes: int
    copies: tuple[str, ...]
    declared_in: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PortEvidence:
    """A range of ports that an object offers to a range of addresses."""

    target: str
    first: int | Unknown
    last: int | Unknown
    protocol: str
    cidr: str | Unknown
    purpose: str = ""
    source: str = ""
    urn: str = ""

    def network(self) -> IPv4Network | None:
        """The source range, or None where it is unknown or not IPv4."""
        if isinstance(self.cidr, Unknown) or ":" in self.cidr:
            return None
        return IPv4Network(self.cidr, strict=False)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that the rules may look at, from one reader at one time.

    Args:
        reader: estate, preview, plan or live.
        today: the date waivers and ages are judged at.
    """

    reader: str
    today: date
    standards: Standards
    services: dict[str, ServiceEvidence]
    clusters: tuple[ClusterEvidence, ...] = ()
    datastores: tuple[DatastoreEvidence, ...] = ()
    servers: tuple[ServerEvidence, ...] = ()
    backups: tuple[BackupEvidence, ...] = ()
    ports: tuple[PortEvidence, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    findings: tuple[str, ...] = ()

    def in_cluster(self, cluster: ClusterEvidence) -> tuple[ServerEvidence, ...]:
        """The machines of a cluster, held sources included, in name order."""
        return tuple(sorted((s for s in self.servers if s.site == cluster.site and s.cluster == cluster.name), key=lambda s: s.name))

    def on_datastore(self, datastore: DatastoreEvidence) -> tuple[ServerEvidence, ...]:
        """The machines whose disks lie on a datastore."""
        return tuple(s for s in self.servers if s.site == datastore.site and s.datastore == datastore.name)


def missing(values: Iterable[object]) -> tuple[str, ...]:
    """The texts of those values that are unknown, without repeats, in order."""
    return tuple(dict.fromkeys(str(v) for v in values if isinstance(v, Unknown)))
