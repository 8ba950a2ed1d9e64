"""What is promised: by services to people, by backups and tests to services, by open moves to capacity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from infra.estate.model import Tier
from policies.evidence.datum import Unknown
from policies.evidence.machines import ServerEvidence


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceEvidence:
    """What a service promises and needs. `depends_on` are services it cannot work without, `uses` those it can.

    Args:
        availability_percent: what it promises of a year; None where neither it nor its tier promises any.
        budget_usd_month: what it may cost in a month; None where nobody set one.
    """

    name: str
    owner: str
    tier: Tier
    rto_minutes: int
    rpo_minutes: int
    title: str = ""
    data_class: str = ""
    cost_centre: str = ""
    lifecycle: str = ""
    depends_on: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    availability_percent: float | None = None
    budget_usd_month: float | None = None
    source: str = ""

    @property
    def target(self) -> str:
        """The name that verdicts and waivers use."""
        return f"service/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupEvidence:
    """A backup job of a server: declared in the estate or observed."""

    server: str
    interval_minutes: int
    copies: tuple[str, ...]
    declared_in: str
    retention_days: int = 0
    as_of: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecoveryTestEvidence:
    """The last time a restore or a failover of a service was tried, and that it worked."""

    service: str
    kind: str
    on: date
    source: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmEvidence:
    """An alarm that watches a server: cpu, memory, disk or reachability."""

    server: str
    watches: str
    source: str = ""
    as_of: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkEvidence:
    """The connection between two sites; `window` an optional nightly allowance for copies (22:00-05:00)."""

    name: str
    sites: tuple[str, str]
    mbit_s: int
    latency_ms: float
    paths: int
    window: str = ""
    encrypted: bool | Unknown = Unknown("encryption of the link", "the estate does not say")
    source: str = ""

    @property
    def target(self) -> str:
        """The name that verdicts and waivers use."""
        return f"link/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class MoveEvidence:
    """A move: pending (the estate's site differs from the placement), open (it copies), or on trial (the source is held).

    Args:
        on: the night it is meant for.
        window_minutes: how long the service may be down that night.
        disks: bytes to carry, `changed_per_hour` bytes that change meanwhile.
        held_since: when the source was switched off; None while it serves, and in a plan, where it still does.
        hold_until: until when a source on trial is kept.
        machine: what it will make on the target, which no stack declares yet; None once the machine stands there.
    """

    server: str
    source_site: str
    target_site: str
    state: str
    on: date | Unknown
    window_minutes: int | Unknown
    approved_by: str = ""
    ticket: str = ""
    hold_days: int | Unknown = Unknown("hold time of the move", "the estate does not say")
    held_since: datetime | None = None
    hold_until: date | None = None
    disks: int = 0
    changed_per_hour: float | Unknown = Unknown("bytes that change in an hour", "no round of the move was measured yet")
    machine: ServerEvidence | None = None
    source: str = ""

    @property
    def target(self) -> str:
        """The name that verdicts and waivers use."""
        return f"move/{self.server}"


@dataclass(frozen=True, kw_only=True, slots=True)
class PromiseEvidence:
    """Capacity that somebody was promised and does not use yet: an open move, or another stack's pending change.

    Args:
        by: who holds the promise, such as `move permits-db-01` or `stack aws-east.servers`.
        holder: the name of the machine it is for.
    """

    by: str
    holder: str
    site: str
    cpus: int
    memory: int
    disk: int
    cluster: str = ""
    datastore: str = ""
    zone: str = ""
    instance_type: str = ""
    since: datetime | None = None
    source: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SnapshotEvidence:
    """The capacity snapshot that was used: when it was taken of which sites.

    Args:
        unread: what it could not read of a site, each as site, part and why: where a part is empty then, nobody knows what there is.
    """

    taken_at: datetime
    sites: tuple[str, ...]
    source: str
    unread: tuple[tuple[str, str, str], ...] = ()
