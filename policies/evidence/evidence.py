"""All that the rules may look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property

from infra.estate.model import Standards, Waiver
from policies.evidence.cloud import DatabaseEvidence, NetworkEvidence, PriceEvidence, QuotaEvidence, ReservationEvidence, ZoneEvidence
from policies.evidence.clusters import ClusterEvidence, DatastoreEvidence, PoolEvidence
from policies.evidence.exposure import PortEvidence
from policies.evidence.forecasts import ForecastEvidence
from policies.evidence.machines import ServerEvidence
from policies.evidence.promises import (
    AlarmEvidence,
    BackupEvidence,
    LinkEvidence,
    MoveEvidence,
    PromiseEvidence,
    RecoveryTestEvidence,
    ServiceEvidence,
    SnapshotEvidence,
)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that the rules may look at, from one reader at one time. Look-ups are built once, on first use.

    Args:
        reader: estate, preview, plan, state or live.
        today: the date waivers and forecasts are judged at.
        now: the moment ages are judged at; midnight of `today` unless given.
        kinds: vsphere or aws by site.
        asked_ports: what the estate's entries ask to be open, whatever a stack or a snapshot shows in its place in `ports`.
        seen_ports: what a capacity snapshot saw open, also where the declaration stands for what will be.
        findings: where two sources disagree, in words.
    """

    reader: str
    today: date
    standards: Standards
    services: dict[str, ServiceEvidence]
    now: datetime | None = None
    kinds: dict[str, str] = field(default_factory=dict)
    clusters: tuple[ClusterEvidence, ...] = ()
    pools: tuple[PoolEvidence, ...] = ()
    datastores: tuple[DatastoreEvidence, ...] = ()
    networks: tuple[NetworkEvidence, ...] = ()
    zones: tuple[ZoneEvidence, ...] = ()
    links: tuple[LinkEvidence, ...] = ()
    servers: tuple[ServerEvidence, ...] = ()
    databases: tuple[DatabaseEvidence, ...] = ()
    backups: tuple[BackupEvidence, ...] = ()
    alarms: tuple[AlarmEvidence, ...] | None = None
    recovery_tests: tuple[RecoveryTestEvidence, ...] = ()
    ports: tuple[PortEvidence, ...] = ()
    asked_ports: tuple[PortEvidence, ...] = ()
    seen_ports: tuple[PortEvidence, ...] = ()
    quotas: tuple[QuotaEvidence, ...] | None = None
    reservations: tuple[ReservationEvidence, ...] | None = None
    prices: dict[str, PriceEvidence] = field(default_factory=dict)
    forecasts: tuple[ForecastEvidence, ...] = ()
    moves: tuple[MoveEvidence, ...] = ()
    promises: tuple[PromiseEvidence, ...] = ()
    snapshot: SnapshotEvidence | None = None
    waivers: tuple[Waiver, ...] = ()
    findings: tuple[str, ...] = ()

    @property
    def moment(self) -> datetime:
        """When this is judged, for ages in hours."""
        return self.now or datetime.combine(self.today, time(), UTC)

    @cached_property
    def _by_cluster(self) -> dict[tuple[str, str], tuple[ServerEvidence, ...]]:
        return _grouped(self.servers, "cluster")

    @cached_property
    def _by_datastore(self) -> dict[tuple[str, str], tuple[ServerEvidence, ...]]:
        return _grouped(self.servers, "datastore")

    @cached_property
    def by_service(self) -> dict[str, tuple[ServerEvidence, ...]]:
        """The machines of each service, held sources included, in name order."""
        found: dict[str, list[ServerEvidence]] = {}
        for server in sorted(self.servers, key=lambda s: s.name):
            found.setdefault(server.service, []).append(server)
        return {name: tuple(servers) for name, servers in found.items()}

    @cached_property
    def by_group(self) -> dict[str, tuple[ServerEvidence, ...]]:
        """The machines of each redundancy group that are not held, in name order."""
        found: dict[str, list[ServerEvidence]] = {}
        for server in sorted((s for s in self.servers if s.group and not s.held), key=lambda s: s.name):
            found.setdefault(server.group, []).append(server)
        return {name: tuple(servers) for name, servers in found.items()}

    @cached_property
    def backups_of(self) -> dict[str, tuple[BackupEvidence, ...]]:
        """The backup jobs of each server."""
        found: dict[str, list[BackupEvidence]] = {}
        for job in self.backups:
            found.setdefault(job.server, []).append(job)
        return {name: tuple(jobs) for name, jobs in found.items()}

    @cached_property
    def _forecast(self) -> dict[tuple[str, str], ForecastEvidence]:
        return {(f.target, f.resource): f for f in self.forecasts}

    def forecast(self, target: str, resource: str) -> ForecastEvidence | None:
        """The projection of one resource of one object."""
        return self._forecast.get((target, resource))

    def in_cluster(self, cluster: ClusterEvidence) -> tuple[ServerEvidence, ...]:
        """The machines of a cluster, held sources included, in name order."""
        return self._by_cluster.get((cluster.site, cluster.name), ())

    def unplaced(self, site: str) -> tuple[ServerEvidence, ...]:
        """The machines of a site that no reader could put into a cluster, in name order."""
        return self._by_cluster.get((site, ""), ())

    def on_datastore(self, datastore: DatastoreEvidence) -> tuple[ServerEvidence, ...]:
        """The machines whose disks lie on a datastore, in name order."""
        return self._by_datastore.get((datastore.site, datastore.name), ())

    def promised_to(self, cluster: ClusterEvidence) -> tuple[PromiseEvidence, ...]:
        """The ledger's open promises against a cluster."""
        return tuple(p for p in self.promises if p.site == cluster.site and p.cluster == cluster.name)


def _grouped(servers: tuple[ServerEvidence, ...], by: str) -> dict[tuple[str, str], tuple[ServerEvidence, ...]]:
    found: dict[tuple[str, str], list[ServerEvidence]] = {}
    for server in sorted(servers, key=lambda s: s.name):
        found.setdefault((server.site, getattr(server, by)), []).append(server)
    return {place: tuple(listed) for place, listed in found.items()}
