"""What the two halves of the snapshot reader share: the layer that a site gives, and how absent values are named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from infra.estate.model import GIB
from infra.observed.capacity import Usage
from infra.tags import KEYS, tag_category
from infra.wording import listed
from policies.evidence import (
    AlarmEvidence,
    ClusterEvidence,
    DatabaseEvidence,
    DatastoreEvidence,
    ForecastEvidence,
    NetworkEvidence,
    PoolEvidence,
    PortEvidence,
    QuotaEvidence,
    ReservationEvidence,
    ServerEvidence,
    Unknown,
    UsageEvidence,
    ZoneEvidence,
)

V = TypeVar("V")
_NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """How a snapshot is read: its name, and whether it or the declaration says what a machine is."""

    source: str
    wins: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """What one site of a snapshot says. None: nobody was asked. `opens`: it knows what is open to whom."""

    site: str
    taken_at: datetime
    opens: bool = False
    clusters: tuple[ClusterEvidence, ...] = ()
    pools: tuple[PoolEvidence, ...] = ()
    datastores: tuple[DatastoreEvidence, ...] = ()
    networks: tuple[NetworkEvidence, ...] = ()
    zones: tuple[ZoneEvidence, ...] = ()
    servers: tuple[ServerEvidence, ...] = ()
    databases: tuple[DatabaseEvidence, ...] = ()
    quotas: tuple[QuotaEvidence, ...] | None = None
    reservations: tuple[ReservationEvidence, ...] | None = None
    alarms: tuple[AlarmEvidence, ...] | None = None
    ports: tuple[PortEvidence, ...] = ()
    forecasts: tuple[ForecastEvidence, ...] = ()
    findings: tuple[str, ...] = ()


def told(value: V | None, datum: str, why: str = "the capacity snapshot does not tell") -> V | Unknown:
    """A value of a snapshot, where None means that the system asked does not tell."""
    return Unknown(datum, why) if value is None else value


def prefer(observed: V | None, declared: V | Unknown) -> V | Unknown:
    """What was observed, else what is declared."""
    return declared if observed is None else observed


def fill(observed: V | None, declared: V | Unknown, *, wins: bool) -> V | Unknown:
    """What was observed where it wins or nothing is declared, else the declaration."""
    return declared if observed is None or not (wins or isinstance(declared, Unknown)) else observed


def usage_of(usage: Usage | None, server: str, source: str, as_of: datetime) -> UsageEvidence | None:
    """The measured use of a machine."""
    if usage is None:
        return None
    return UsageEvidence(
        cpu_mhz_p95=told(usage.cpu_mhz_p95, f"CPU use of {server}"),
        memory_p95=told(usage.memory_p95, f"memory use of {server}"),
        iops_p95=told(usage.iops_p95, f"disk operations of {server}"),
        throughput_p95=told(usage.throughput_p95, f"disk throughput of {server}"),
        days=usage.days,
        source=source,
        as_of=as_of,
    )


def plain_tags(tags: Mapping[str, V]) -> dict[str, V]:
    """The required tags by their own names, whatever the side's prefix; others as they are."""
    names = {f"incline:{key}": key for key in KEYS} | {tag_category(key): key for key in KEYS}
    return {names.get(key, key): value for key, value in tags.items()}


def same_disks(declared: Iterable[int | Unknown], observed: Iterable[int]) -> bool:
    """Whether disks are those declared: AWS and the vSphere plugin make whole GiB, so a declared size may have been rounded up."""
    sizes = list(declared)
    known = [size for size in sizes if not isinstance(size, Unknown)]
    whole = sorted(-(-size // GIB) for size in known)
    return len(known) == len(sizes) and whole == sorted(-(-size // GIB) for size in observed)


def in_gib(size: int | Unknown) -> str:
    """A size for people."""
    return "an unknown size" if isinstance(size, Unknown) else f"{size / GIB:,.4g} GiB"


def named(names: Iterable[str]) -> str:
    """Names for a finding: the first few by name, and how many more."""
    return listed(sorted(names), _NAMES_SHOWN)
