"""What a format has a place for comes back as it was."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from migration.discover.exchange import FORMATS, read_file, write_file
from migration.discover.exchange.rvtools_details import CONTROLLERS
from migration.discover.model import (
    FoundCluster,
    FoundDatastore,
    FoundDisk,
    FoundHost,
    FoundMachine,
    FoundNetwork,
    FoundNic,
    FoundPartition,
    FoundSnapshot,
    Inventory,
    Metric,
    Percentiles,
)
from migration.discover.operating_systems import os_id
from tests.migration.discover.exchange.files import NOW, SAMPLE

MIB = 2**20
SITE = "harbour"
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="\ufffe\uffff"), min_size=1, max_size=12)
WORDS = st.lists(TEXT, min_size=1, max_size=3).map(" ".join).filter(lambda each: each.casefold() not in {"nan", "null", "none"})
RISKY = st.sampled_from(["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "'=1", "''@x", "a;b=c%d", "1,024", "true"]) | WORDS
MOMENTS = st.integers(0, 9_000).map(lambda days: datetime(2001, 1, 1, 5, 6, 7, tzinfo=UTC) + timedelta(days=days))
SIZES = st.integers(64, 2_000_000).map(lambda mib: mib * MIB)
MEMORY = st.integers(64, 200_000).map(lambda mib: mib * MIB)
FLAG = st.none() | st.booleans()
SYSTEMS = st.sampled_from(["", "Debian GNU/Linux 12 (64-bit)", "Microsoft Windows Server 2022 (64-bit)", "Ubuntu Linux (64-bit)", "Plan 9"])
ADDRESS = st.ip_addresses().map(str)
PLAIN_DISKS = st.builds(FoundDisk, label=RISKY.filter(lambda each: not each.isdigit()), size=SIZES)
DISKS = st.builds(
    FoundDisk,
    label=RISKY.filter(lambda each: not each.isdigit()),
    size=SIZES,
    uuid=st.uuids().map(str),
    thin=FLAG,
    mode=st.sampled_from(["", "persistent", "independent_persistent"]),
    sharing=st.sampled_from(["", "sharingNone", "sharingMultiWriter"]),
    controller=st.sampled_from(["", *sorted(set(CONTROLLERS.values()))]),
    raw=st.booleans(),
)
CARDS = st.builds(
    FoundNic,
    label=RISKY,
    network=RISKY,
    mac=st.sampled_from(["", "00:50:56:aa:bb:cc"]),
    addresses=st.lists(ADDRESS, max_size=2, unique=True).map(lambda found: tuple(sorted(found, key=lambda each: ":" in each))),
    adapter=st.sampled_from(["", "vmxnet3", "e1000"]),
    connected=FLAG,
)


@st.composite
def machines(draw: st.DrawFn, *, plain: bool = False) -> FoundMachine:
    config, guest, uuid = draw(SYSTEMS), draw(SYSTEMS), str(draw(st.uuids()))
    cards = tuple(draw(st.lists(CARDS, max_size=3)))
    cards = (
        tuple(
            replace(each, label=f"Network adapter {n}", mac="", addresses=(), adapter="", connected=None) for n, each in enumerate(cards, 1)
        )
        if plain
        else cards
    )
    first = draw(st.lists(ADDRESS, max_size=1))
    addresses = dict.fromkeys([*first, *(each for card in cards for each in card.addresses)])
    made: dict[str, Any] = {
        "key": f"{SITE}/{uuid}",
        "name": draw(RISKY),
        "site": SITE,
        "kind": "vsphere",
        "source": "x",
        "as_of": NOW,
        "uuid": uuid,
        "moref": f"vm-{draw(st.integers(1, 10**9))}",
        "cpus": draw(st.integers(1, 256)),
        "memory": draw(MEMORY),
        "sockets": draw(st.none() | st.integers(1, 8)),
        "power": draw(st.sampled_from(["on", "off", "suspended"])),
        "template": draw(st.booleans()),
        "os_config": config,
        "os_guest": guest,
        "os": os_id(config=config, guest=guest),
        "firmware": draw(st.sampled_from(["", "bios", "efi"])),
        "secure_boot": draw(FLAG),
        "hardware_version": draw(st.none() | st.integers(4, 22)),
        "tools": draw(st.sampled_from(["", "toolsOk"])),
        "datacenter": draw(RISKY),
        "cluster": draw(RISKY),
        "host": draw(RISKY),
        "folder": draw(RISKY),
        "pool": draw(RISKY),
        "dns_name": draw(RISKY),
        "addresses": tuple(addresses),
        "nics": cards,
        "tracking": draw(FLAG),
        "consolidate": draw(FLAG),
        "cpu_reservation_mhz": draw(st.none() | st.integers(0, 9_000)),
        "memory_reservation": draw(st.none() | SIZES),
        "in_use": draw(st.none() | SIZES),
        "created": draw(st.none() | MOMENTS),
        "booted": draw(st.none() | MOMENTS),
        "version": draw(RISKY),
        "fault_tolerance": draw(FLAG),
        "connection": draw(st.sampled_from(["", "connected", "orphaned"])),
        "custom": draw(st.dictionaries(st.sampled_from(["owner", "Cost Centre", "=risk"]), RISKY, max_size=2)),
        "tags": draw(st.dictionaries(st.sampled_from(["team", "env"]), RISKY, max_size=2)),
        "disks": tuple(draw(st.lists(PLAIN_DISKS if plain else DISKS, max_size=3, unique_by=lambda each: each.uuid or each.label))),
    }
    if not plain:
        made["snapshots"] = tuple(
            draw(st.lists(st.builds(FoundSnapshot, name=RISKY, created=st.none() | MOMENTS, size=st.none() | SIZES), max_size=2))
        )
        parts = st.builds(FoundPartition, path=RISKY, capacity=SIZES, free=st.none() | st.just(MIB))
        made["partitions"] = tuple(draw(st.lists(parts, max_size=2)))
        made["devices"] = tuple(draw(st.sampled_from([(), ("cd: connected, [iso] a.iso", "usb: USB 1")])))
    return FoundMachine(**made)


def fleets(*, plain: bool = False) -> st.SearchStrategy[list[FoundMachine]]:
    return st.lists(
        machines(plain=plain), min_size=1, max_size=4, unique_by=(lambda each: each.uuid, lambda each: each.moref, lambda each: each.name)
    )


def there_and_back(inventory: Inventory, kind: str) -> Inventory:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{FORMATS[kind]}"
        write_file(inventory, path, kind)
        return read_file(path, SITE, NOW)


def without_source(found: Inventory) -> list[FoundMachine]:
    return [replace(each, source="x", tags=dict(each.tags), custom=dict(each.custom)) for each in found.machines]


SOME = settings(
    max_examples=15,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@SOME
@given(fleets())
def test_rvtools_keeps_all_that_it_has_columns_for(fleet: list[FoundMachine]) -> None:
    assert without_source(there_and_back(Inventory(taken_at=NOW, machines=tuple(fleet)), "rvtools")) == fleet


@SOME
@given(fleets(plain=True))
def test_a_plain_table_keeps_all_that_it_has_columns_for(fleet: list[FoundMachine]) -> None:
    assert without_source(there_and_back(Inventory(taken_at=NOW, machines=tuple(fleet)), "csv")) == fleet


@SOME
@given(fleets())
def test_the_document_keeps_everything(fleet: list[FoundMachine]) -> None:
    inventory = Inventory(taken_at=NOW, machines=tuple(fleet))

    assert there_and_back(inventory, "json") == inventory


@SOME
@given(fleets())
def test_azure_keeps_name_size_system_firmware_addresses_and_disks(fleet: list[FoundMachine]) -> None:
    back = there_and_back(Inventory(taken_at=NOW, machines=tuple(replace(each, template=False) for each in fleet)), "azure")

    def kept(each: FoundMachine) -> tuple[object, ...]:
        return each.name, each.cpus, each.memory, each.firmware, each.addresses, [disk.size for disk in each.disks]

    assert [kept(each) for each in back.machines] == [kept(each) for each in fleet]
    assert [each.os for each in back.machines] == [each.os for each in fleet]


def site() -> Inventory:
    found = read_file(SAMPLE, SITE, NOW)
    return replace(
        found,
        findings=(),
        hosts=(
            FoundHost(
                name="esx-1",
                site=SITE,
                cluster="c",
                datacenter="d",
                sockets=2,
                cores=32,
                threads=64,
                mhz=2400,
                memory=2**39,
                version="VMware ESXi 8.0.3",
                maintenance=True,
                as_of=NOW,
            ),
        ),
        clusters=(FoundCluster(name="c", site=SITE, datacenter="d", ha=True, drs=False, host_failures=1),),
        datastores=(
            FoundDatastore(name="ds-1", site=SITE, capacity=2**40, free=2**39, kind="VMFS"),
            FoundDatastore(name="=ds", site=SITE, capacity=2**40, accessible=False),
        ),
        networks=(FoundNetwork(name="prod", site=SITE, vlan=12, switch="dvs"), FoundNetwork(name="trunk", site=SITE)),
        machines=tuple(replace(each, cluster="c", datacenter="d", host="esx-1", nics=()) for each in found.machines),
    )


def test_rvtools_keeps_hosts_clusters_datastores_and_networks() -> None:
    inventory = site()
    back = there_and_back(inventory, "rvtools")

    assert back.hosts == inventory.hosts
    assert back.clusters == inventory.clusters
    assert back.datastores == inventory.datastores
    assert sorted(back.networks, key=lambda each: each.name) == sorted(inventory.networks, key=lambda each: each.name)
    assert back.taken_at == inventory.taken_at


def usage(metric: Metric, machine: str) -> Percentiles:
    span = {"first": NOW - timedelta(days=30), "last": NOW, "samples": 8000, "expected": 8640, "interval_s": 300}
    return Percentiles(
        machine=machine, metric=metric, mean=1.5, p50=1.25, p90=2.0, p95=3.125, p99=4.0, maximum=1234.567, source="x", **span
    )  # type: ignore[arg-type]


def test_a_plain_table_keeps_usage() -> None:
    inventory = site()
    told = tuple(usage(metric, inventory.machines[0].key) for metric in (Metric.CPU_MHZ, Metric.MEMORY))
    back = there_and_back(replace(inventory, usage=told), "csv")

    assert tuple(replace(each, source="x") for each in back.usage) == told


@pytest.mark.parametrize("kind", FORMATS)
def test_writing_the_sample_twice_gives_the_same_machines(kind: str) -> None:
    once = there_and_back(read_file(SAMPLE, SITE, NOW), kind)
    twice = there_and_back(once, kind)

    assert without_source(twice) == without_source(once)
