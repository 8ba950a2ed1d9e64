"""What runs machines on premises: hosts, clusters, resource pools, datastores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from infra.estate.model import HighAvailability
from policies.evidence.datum import Unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class HostEvidence:
    """An ESXi host that can run machines. `mhz` is the clock of one core, `memory` is in bytes.

    Args:
        fault_domain: the half of a stretched cluster, or the rack, that it shares its fate with; empty where there is none.
    """

    name: str
    cores: int
    mhz: int
    memory: int
    numa_nodes: int | Unknown = Unknown("NUMA nodes of the host", "only a capacity snapshot tells")
    fault_domain: str = ""

    @property
    def cpu_mhz(self) -> int:
        """All cores together."""
        return self.cores * self.mhz


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterEvidence:
    """A vSphere cluster. `hosts` are those connected and not in maintenance; `away` names the others.

    Args:
        role: general or database, which decides the vCPU ratio that is usual for it.
        stretched: its hosts stand in two fault domains, so that pairs of hosts may fail together.
    """

    site: str
    name: str
    hosts: tuple[HostEvidence, ...]
    ha: HighAvailability
    away: tuple[str, ...] = ()
    drs: bool | Unknown = True
    role: str = "general"
    stretched: bool = False
    source: str = ""
    as_of: datetime | None = None

    @property
    def target(self) -> str:
        """The name that verdicts and waivers use."""
        return f"cluster/{self.site}/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolEvidence:
    """A resource pool. `parent` is another pool of the cluster, or empty for the cluster's root."""

    site: str
    cluster: str
    name: str
    parent: str = ""
    cpu_reservation_mhz: int = 0
    memory_reservation: int = 0
    expandable: bool = False
    source: str = ""
    as_of: datetime | None = None

    @property
    def target(self) -> str:
        """The name that verdicts and waivers use."""
        return f"pool/{self.site}/{self.cluster}/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class DatastoreEvidence:
    """A datastore; `used` in bytes as vCenter counts it, thin disks with what they occupy."""

    site: str
    name: str
    capacity: int
    used: int | Unknown
    source: str = ""
    as_of: datetime | None = None

    @property
    def target(self) -> str:
        """The name that verdicts and waivers use."""
        return f"datastore/{self.site}/{self.name}"
