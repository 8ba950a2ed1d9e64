"""A small city as evidence; tests change one field of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from infra.estate.model import GIB, Backup, HighAvailability, Standards, Tier, TierStandard, Waiver
from policies.evidence import (
    BackupEvidence,
    ClusterEvidence,
    DatastoreEvidence,
    Evidence,
    HostEvidence,
    ServerEvidence,
    ServiceEvidence,
    Unknown,
)

TODAY = date(2026, 11, 25)
TAGS = {"owner": "Permits", "service": "permits", "tier": "gold"}


def host(name: str, cores: int = 32, memory_gib: int = 256) -> HostEvidence:
    return HostEvidence(name=name, cores=cores, mhz=2600, memory=memory_gib * GIB)


def server(name: str, **changes: object) -> ServerEvidence:
    plain = ServerEvidence(
        name=name,
        site="downtown",
        kind="vsphere",
        service="permits",
        cpus=4,
        memory=32 * GIB,
        disks=(100 * GIB,),
        cluster="general",
        datastore="general-01",
        tags=TAGS,
        source=f"estate/servers/permits.yaml:{len(name)}",
    )
    return replace(plain, **changes)


def waiver(**changes: object) -> Waiver:
    fields: dict[str, object] = {
        "id": "W-1",
        "rules": ("CAP-001",),
        "target": "cluster/downtown/*",
        "reason": "the new host arrives next week",
        "requested_by": "a",
        "approved_by": "b",
        "ticket": "CHG-1",
        "created": "2026-11-20",
        "expires": "2026-12-01",
    }
    return Waiver.model_validate({**fields, **changes})


def city(**changes: object) -> Evidence:
    standard = TierStandard(rto_minutes=60, rpo_minutes=60, backup=Backup(interval_minutes=60, retention_days=30, copies=("aws-east",)))
    plain = Evidence(
        reader="estate",
        today=TODAY,
        standards=Standards(required_tags=("owner", "service", "tier"), tiers=dict.fromkeys(Tier, standard)),
        services={"permits": ServiceEvidence(name="permits", owner="Permits", tier=Tier.GOLD, rto_minutes=60, rpo_minutes=60)},
        clusters=(ClusterEvidence(site="downtown", name="general", hosts=(host("h1"), host("h2"), host("h3")), ha=HighAvailability()),),
        datastores=(
            DatastoreEvidence(
                site="downtown", name="general-01", capacity=1000 * GIB, used=Unknown("used space of general-01", "declared only")
            ),
        ),
        servers=(server("permits-app-01"), server("permits-app-02")),
        backups=tuple(
            BackupEvidence(server=name, interval_minutes=60, copies=("downtown", "aws-east"), declared_in="standard", retention_days=30)
            for name in ("permits-app-01", "permits-app-02")
        ),
    )
    return replace(plain, **changes)
