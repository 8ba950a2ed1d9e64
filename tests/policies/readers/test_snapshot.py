"""The capacity snapshot over the estate: what it wins, what it leaves, what it finds."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from infra.estate.model import GIB, Estate
from infra.observed.capacity import CapacitySnapshot
from policies.evidence import Evidence, ServerEvidence, Unknown
from policies.examples.case import TODAY
from policies.examples.ground import ESTATE, SNAPSHOT
from policies.readers.estate import read_estate
from policies.readers.snapshot import SnapshotError, overlay_snapshot, read_snapshot

Edit = Callable[[dict[str, Any]], None]


def nothing(document: dict[str, Any]) -> None:
    """As it is."""


def seen(edit: Edit = nothing, estate: Edit = nothing, *, live: bool = False) -> Evidence:
    """The ground's estate under its snapshot, both edited."""
    declared, observed = deepcopy(ESTATE), deepcopy(SNAPSHOT)
    estate(declared)
    edit(observed)
    evidence = read_estate(Estate.model_validate(declared), TODAY)
    return overlay_snapshot(evidence, CapacitySnapshot.model_validate(observed), "capacity.json", observed_wins=live)


def machine(document: dict[str, Any], name: str = "records-db-01") -> dict[str, Any]:
    """A machine of the snapshot's data centre."""
    found: dict[str, Any] = next(m for m in document["sites"]["hill"]["machines"] if m["name"] == name)
    return found


def server(evidence: Evidence, name: str = "records-db-01") -> ServerEvidence:
    """One server."""
    return next(s for s in evidence.servers if s.name == name)


@pytest.mark.parametrize("live", [False, True])
def test_the_ground_agrees_with_its_snapshot(live: bool) -> None:
    evidence = seen(live=live)

    assert evidence.findings == ()
    assert len(evidence.servers) == len(ESTATE["servers"])
    assert all(s.as_of and not isinstance(s.usage, Unknown) for s in evidence.servers)
    assert evidence.snapshot is not None
    assert evidence.snapshot.sites == ("cloud", "dale", "hill")


def test_a_host_in_maintenance_is_away() -> None:
    def edit(document: dict[str, Any]) -> None:
        document["sites"]["hill"]["clusters"][0]["hosts"][0]["maintenance"] = True

    cluster = next(c for c in seen(edit).clusters if c.site == "hill")

    assert cluster.away == ("hill-esx-1",)
    assert [h.name for h in cluster.hosts] == ["hill-esx-2", "hill-esx-3"]


def test_settings_that_vcenter_does_not_tell_stay_as_declared_and_the_others_win() -> None:
    def edit(document: dict[str, Any]) -> None:
        document["sites"]["hill"]["clusters"][0]["ha"].update(isolation_response=None, admission="disabled")

    evidence = seen(edit)
    cluster = next(c for c in evidence.clusters if c.site == "hill")

    assert (cluster.ha.isolation_response, cluster.ha.admission) == ("powerOff", "disabled")
    assert any("HA setting admission is disabled" in f for f in evidence.findings)


def test_used_space_is_capacity_less_free() -> None:
    store = next(d for d in seen().datastores if d.site == "hill")
    observed = SNAPSHOT["sites"]["hill"]["datastores"][0]

    assert store.used == observed["capacity"] - observed["free"]


def test_an_unreachable_datastore_has_no_known_use() -> None:
    def edit(document: dict[str, Any]) -> None:
        document["sites"]["hill"]["datastores"][0]["accessible"] = False

    assert isinstance(next(d for d in seen(edit).datastores if d.site == "hill").used, Unknown)


def test_a_size_that_differs_wins_live_and_is_a_finding() -> None:
    def edit(document: dict[str, Any]) -> None:
        machine(document)["memory"] = 32 * GIB

    live, declared = seen(edit, live=True), seen(edit)

    assert server(live).memory == 32 * GIB
    assert any("has 32 GiB of memory" in f and "declares 16 GiB" in f for f in live.findings)
    assert server(declared).memory == 16 * GIB
    assert declared.findings == ()


def test_what_a_machine_was_when_seen_stays_known_beside_what_it_will_be() -> None:
    def edit(document: dict[str, Any]) -> None:
        machine(document)["memory"] = 4 * GIB
        machine(document)["datastore"] = "elsewhere"

    found = server(seen(edit))

    assert found.seen is not None
    assert (found.seen.memory, found.seen.datastore) == (4 * GIB, "elsewhere")
    assert found.datastore != "elsewhere"
    assert found.memory != 4 * GIB


def test_a_disk_rounded_up_to_whole_gib_is_the_declared_one() -> None:
    def estate(document: dict[str, Any]) -> None:
        document["servers"]["records-db-01"]["disks"][1]["size"] = 99 * GIB + GIB // 2

    evidence = seen(estate=estate, live=True)

    assert evidence.findings == ()
    assert server(evidence).disks[1] == 99 * GIB + GIB // 2


def test_a_machine_that_the_estate_does_not_know_counts_and_is_found() -> None:
    def edit(document: dict[str, Any]) -> None:
        document["sites"]["hill"]["machines"].append({**machine(document), "name": "stranger", "server": "", "uuid": "u-9"})

    evidence = seen(edit)

    assert (server(evidence, "stranger").service, server(evidence, "stranger").cpus) == ("", 4)
    assert any("stranger" in f and "count as load" in f for f in evidence.findings)


def test_a_stranger_with_the_name_of_a_server_does_not_take_its_place() -> None:
    def edit(document: dict[str, Any]) -> None:
        document["sites"]["hill"]["machines"].append({**machine(document), "server": "", "uuid": "feed0000-1", "cpus": 64})

    evidence = seen(edit)

    assert server(evidence).cpus == 4
    assert server(evidence, "records-db-01@feed0000").cpus == 64


def test_a_machine_that_is_not_there_yet_has_no_time_and_the_use_of_its_source() -> None:
    def edit(document: dict[str, Any]) -> None:
        document["sites"]["hill"]["machines"] = [m for m in document["sites"]["hill"]["machines"] if m["name"] != "records-db-01"]

    evidence, live = seen(edit), seen(edit, live=True)

    assert server(evidence).as_of is None
    assert evidence.findings == ()
    assert any("does not show machines" in f and "records-db-01" in f for f in live.findings)


def test_a_site_that_the_estate_does_not_have_is_a_finding() -> None:
    def edit(document: dict[str, Any]) -> None:
        document["sites"]["mars"] = document["sites"]["hill"]

    assert any(f.startswith("site/mars: ") for f in seen(edit).findings)


def test_a_site_of_another_kind_is_a_finding_and_not_laid_over() -> None:
    def edit(document: dict[str, Any]) -> None:
        document["sites"]["dale"] = document["sites"]["cloud"]

    evidence = seen(edit)

    assert any("shows a aws site" in f or "declares it as vsphere" in f for f in evidence.findings)
    assert evidence.snapshot is not None
    assert "dale" not in evidence.snapshot.sites


def test_quotas_that_may_not_be_asked_are_none_and_not_empty() -> None:
    def edit(document: dict[str, Any]) -> None:
        document["sites"]["cloud"]["quotas"] = None

    assert seen(edit).quotas is None
    assert seen().quotas


def test_an_observed_opening_replaces_the_declared_ones_only_live() -> None:
    def edit(document: dict[str, Any]) -> None:
        rule = {"group": "sg", "protocol": "tcp", "first": 22, "last": 22, "cidr": "0.0.0.0/0", "servers": ["maps-web-01"]}
        document["sites"]["cloud"]["ingress"] = [rule]

    assert [p.first for p in seen(edit, live=True).ports if p.server == "maps-web-01"] == [22]
    assert 22 not in [p.first for p in seen(edit).ports]


def test_the_settings_of_a_machine_are_filled_in() -> None:
    settings = server(seen()).vsphere

    assert settings is not None
    assert (settings.secure_boot, settings.hardware_version, settings.encrypted) == (True, 19, True)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (None, "INC-3020", "cannot be read"),
        (b"\xff\xfe\x00", "INC-3020", "it is no text"),
        (b"not json", "INC-3021", "no capacity snapshot"),
        (b"[]", "INC-3021", "no capacity snapshot"),
        (json.dumps({**SNAPSHOT, "schema": "incline.capacity/9"}).encode(), "INC-3021", "incline.capacity/1"),
        (json.dumps({**SNAPSHOT, "taken_at": "yesterday"}).encode(), "INC-3022", "taken_at"),
    ],
)
def test_a_file_that_is_no_snapshot_says_why(tmp_path: Path, content: bytes | None, code: str, words: str) -> None:
    path = tmp_path / "capacity.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SnapshotError) as raised:
        read_snapshot(path)

    assert raised.value.code == code
    assert words in str(raised.value)
    assert "incline capacity snapshot" in raised.value.next_step


def test_histories_become_forecasts_of_the_objects_as_rules_name_them() -> None:
    projected = seen().forecast("cluster/hill/main", "memory")

    assert projected is not None
    assert projected.points[0].p90 > 0
