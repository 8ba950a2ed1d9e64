"""The typed evidence that rules judge. Readers build it; rules only read it.

A datum a reader does not have is an `Unknown` that says which datum and why, never a default that looks like knowledge. Every record
says where it came from (`source`: file:line, URN, or the system asked) and when it was observed (`as_of`; None: declared in the estate).
"""

from __future__ import annotations

from policies.evidence.cloud import DatabaseEvidence, NetworkEvidence, PriceEvidence, QuotaEvidence, ReservationEvidence, ZoneEvidence
from policies.evidence.clusters import ClusterEvidence, DatastoreEvidence, HostEvidence, PoolEvidence
from policies.evidence.datum import Unknown, known, missing, provenance
from policies.evidence.evidence import Evidence
from policies.evidence.exposure import PortEvidence
from policies.evidence.forecasts import ForecastEvidence, ForecastPoint
from policies.evidence.machines import InstanceSettings, SeenMachine, ServerEvidence, UsageEvidence, VolumeEvidence, VsphereSettings
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

__all__ = [
    "AlarmEvidence",
    "BackupEvidence",
    "ClusterEvidence",
    "DatabaseEvidence",
    "DatastoreEvidence",
    "Evidence",
    "ForecastEvidence",
    "ForecastPoint",
    "HostEvidence",
    "InstanceSettings",
    "LinkEvidence",
    "MoveEvidence",
    "NetworkEvidence",
    "PoolEvidence",
    "PortEvidence",
    "PriceEvidence",
    "PromiseEvidence",
    "QuotaEvidence",
    "RecoveryTestEvidence",
    "ReservationEvidence",
    "SeenMachine",
    "ServerEvidence",
    "ServiceEvidence",
    "SnapshotEvidence",
    "Unknown",
    "UsageEvidence",
    "VolumeEvidence",
    "VsphereSettings",
    "ZoneEvidence",
    "known",
    "missing",
    "provenance",
]
