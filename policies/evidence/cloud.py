"""What AWS sets limits by: zones and what they offer, subnets, quotas, reservations, managed databases, prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from policies.evidence.datum import Unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class ZoneEvidence:
    """An availability zone and the instance types that it offers."""

    site: str
    name: str
    offers: frozenset[str] | Unknown
    source: str = ""
    as_of: datetime | None = None

    @property
    def target(self) -> str:
        """The name that verdicts and waivers use."""
        return f"zone/{self.site}/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkEvidence:
    """A port group or a subnet. `free` addresses are those nobody holds now; `size` those that a machine may ever hold."""

    site: str
    name: str
    cidr: str
    zone: str = ""
    size: int = 0
    free: int | Unknown = Unknown("free addresses of the network", "only a capacity snapshot tells")
    source: str = ""
    as_of: datetime | None = None

    @property
    def target(self) -> str:
        """The name that verdicts and waivers use."""
        return f"network/{self.site}/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotaEvidence:
    """An EC2 quota. On-demand quotas count vCPUs by group of families: `families` are the first letters, such as a c d h i m r t z.

    Args:
        used: the vCPUs that run now, ours and others'.
    """

    site: str
    code: str
    name: str
    families: tuple[str, ...]
    limit: float | Unknown
    used: float | Unknown
    source: str = ""
    as_of: datetime | None = None

    @property
    def target(self) -> str:
        """The name that verdicts and waivers use."""
        return f"quota/{self.site}/{self.code}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReservationEvidence:
    """An on-demand capacity reservation: `free` of `total` instances of a type in a zone."""

    site: str
    zone: str
    instance_type: str
    total: int
    free: int
    source: str = ""
    as_of: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseEvidence:
    """A managed database (RDS)."""

    site: str
    name: str
    service: str
    multi_az: bool | Unknown
    deletion_protection: bool | Unknown
    retention_days: int | Unknown
    public: bool | Unknown
    encrypted: bool | Unknown
    source: str = ""
    urn: str = ""
    as_of: datetime | None = None

    @property
    def target(self) -> str:
        """The name that verdicts and waivers use."""
        return f"database/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceEvidence:
    """What an instance type costs in an hour, on demand, Linux."""

    instance_type: str
    usd_per_hour: float
    source: str
    dated: date | None = None
