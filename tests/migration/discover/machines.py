"""Machines for tests of the store and of the commands that read it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from migration.discover.model import (
    FoundCluster,
    FoundDatastore,
    FoundDisk,
    FoundHost,
    FoundMachine,
    FoundNetwork,
    FoundNic,
    FoundPartition,
    FoundQuota,
    FoundSnapshot,
    Inventory,
    Metric,
    Percentiles,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
GIB = 1 << 30


def machine(name: str, *, site: str = "hill", **fields: Any) -> FoundMachine:
    """A machine with something in every nested part."""
    disk = FoundDisk(label="Hard disk 1", size=40 * GIB, uuid="6000C29b", path=f"[ds] {name}/{name}.vmdk", datastore="ds", thin=True)
    nic = FoundNic(label="Network adapter 1", network="office", mac="00:50:56:00:00:01", addresses=("10.0.0.9", "fe80::1"), connected=True)
    made = FoundMachine(
        key=f"{site}/{name}-uuid",
        name=name,
        site=site,
        kind="vsphere",
        source=f"vCenter {site}",
        as_of=NOW,
        cpus=4,
        memory=8 * GIB,
        cluster="office",
        host="esx-1",
        disks=(disk,),
        nics=(nic,),
        snapshots=(FoundSnapshot(name="before patch", created=NOW),),
        partitions=(FoundPartition(path="/", capacity=40 * GIB, free=10 * GIB),),
        addresses=("10.0.0.9",),
        booted=NOW,
        version="1",
        tags={"tier": "gold"},
        custom={"owner": "permits"},
        secure_boot=False,
    )
    return replace(made, **fields)


def inventory(*machines: FoundMachine, site: str = "hill", taken_at: datetime = NOW, **fields: Any) -> Inventory:
    """A site with one of everything."""
    parts: dict[str, Any] = {
        "hosts": (FoundHost(name="esx-1", site=site, cluster="office", cores=16, mhz=2600, memory=128 * GIB, as_of=NOW),),
        "clusters": (FoundCluster(name="office", site=site, ha=True, host_failures=1),),
        "datastores": (FoundDatastore(name="ds", site=site, capacity=1024 * GIB, free=100 * GIB),),
        "networks": (FoundNetwork(name="office", site=site, cidr="10.0.0.0/24", vlan=12),),
        "quotas": (FoundQuota(site=site, code="L-1", name="vCPUs", limit=64.0, used=8.0),),
    }
    return Inventory(taken_at=taken_at, machines=machines, **(parts | fields))


def percentiles(key: str, metric: Metric = Metric.CPU_MHZ, **fields: Any) -> Percentiles:
    """A week of 5-minute samples that ended now."""
    made: dict[str, Any] = {
        "interval_s": 300,
        "samples": 2016,
        "expected": 2016,
        "first": NOW.replace(day=18),
        "last": NOW,
        "mean": 10.0,
        "p50": 9.0,
        "p90": 20.0,
        "p95": 25.0,
        "p99": 40.0,
        "maximum": 80.0,
    }
    return Percentiles(machine=key, metric=metric, **(made | fields))
