"""Rooms of a site whose look is older than the last wave: what came meanwhile takes its room, once."""

from __future__ import annotations

from datetime import UTC, datetime

from infra.catalogue import instance_type
from infra.estate.model import Estate, HighAvailability
from infra.observed.capacity import (
    AwsCapacity,
    CapacitySnapshot,
    ObservedCluster,
    ObservedDatastore,
    ObservedHost,
    ObservedMachine,
    ObservedQuota,
    VsphereCapacity,
)
from migration.waves.build_capacity import rooms
from tests.fakes.estates import GIB, estate, moved

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def _used(city: Estate, site: str, seen: VsphereCapacity | AwsCapacity) -> dict[str, float]:
    snapshot = CapacitySnapshot(estate="small-city", taken_at=NOON, sites={site: seen})
    return {room.key: room.used for room in rooms(city, None, snapshot, [site])}


def _downtown(*machines: ObservedMachine) -> VsphereCapacity:
    host = ObservedHost(name="esx-1", cores=32, mhz=2600, memory=256 * GIB)
    cluster = ObservedCluster(name="data", ha=HighAvailability(host_failures=0), drs=True, hosts=(host,))
    store = ObservedDatastore(name="fast", capacity=1024 * GIB, free=1000 * GIB)
    return VsphereCapacity(taken_at=NOON, source="test", clusters=(cluster,), datastores=(store,), machines=machines)


def test_what_came_since_the_look_is_counted_and_what_was_seen_is_not_counted_twice() -> None:
    found = _used(estate(), "downtown", _downtown())
    assert (found["memory/downtown/data"], found["cpu/downtown/data"], found["space/downtown/fast"]) == (8.0, 2.0, 24.0 + 48.5)

    there = ObservedMachine(
        name="vm-1", server="permits-db-01", uuid="", cluster="data", host="esx-1", datastore="fast", running=True,
        cpus=2, memory=8 * GIB, disks=(),
    )  # fmt: skip
    found = _used(estate(), "downtown", _downtown(there))
    assert (found["memory/downtown/data"], found["cpu/downtown/data"], found["space/downtown/fast"]) == (8.0, 2.0, 24.0)


def test_a_region_too() -> None:
    quota = ObservedQuota(code="L-1216C47A", name="Standard", families=("m",), limit=100, used=30)
    seen = AwsCapacity(taken_at=NOON, source="test", region="us-east-1", quotas=(quota,))

    assert _used(estate(moved()), "aws-east", seen)["quota/aws-east/L-1216C47A"] == 30 + instance_type("m6a.large").cpus
