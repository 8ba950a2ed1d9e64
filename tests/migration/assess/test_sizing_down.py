"""Sizes on vSphere and the host that would hold them."""

from datetime import UTC, datetime

import numpy as np

from migration.assess.sizing_down import rooms, size_down, size_fleet_down
from migration.assess.sizing_measured import Measured
from migration.discover.model import FoundHost, FoundMachine

GIB = 1 << 30
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def instance(name="i-1", cpus=8, gib=32) -> FoundMachine:
    fields = {"name": name, "site": "aws-east", "kind": "aws", "source": "test", "as_of": NOW}
    return FoundMachine(key=f"aws-east/{name}", cpus=cpus, memory=gib * GIB, **fields)


def host(name: str, gib=256, used=0, **more) -> FoundHost:
    return FoundHost(name=name, site="downtown", sockets=2, cores=32, memory=gib * GIB, memory_used=float(used * GIB), **more)


def calm(cores=0.5, gib=3.0) -> Measured:
    draw = np.random.default_rng(2)
    return Measured(series=(draw.uniform(0, cores, 900), draw.uniform(gib / 2, gib, 900)))


def test_it_becomes_smaller_and_stands_where_least_is_left():
    sizing = size_down(instance(), calm(), [host("esx-1", used=10), host("esx-2", used=240), host("esx-3", used=254)])
    assert sizing.chosen.memory < 32 * GIB
    assert sizing.chosen.host == "esx-2"
    assert sizing.chosen in sizing.frontier
    assert sizing.saving > 0.3
    assert "esx-2 holds it" in sizing.why


def test_without_measurements_it_keeps_its_size_but_still_finds_a_host():
    sizing = size_down(instance(), Measured(), [host("esx-1")])
    assert (sizing.chosen.cpus, sizing.chosen.memory, sizing.chosen.host) == (8, 32 * GIB, "esx-1")
    assert sizing.chosen == sizing.provisioned
    assert "keeps its size" in sizing.why


def test_no_room_and_no_hosts_are_told():
    full = [host("esx-1", used=255), host("esx-2", connection="disconnected"), host("esx-3", maintenance=True)]
    assert "no host has room" in size_down(instance(), Measured(), full).why
    assert "hosts of the target are not known" in size_down(instance(), Measured(), []).why


def test_what_one_takes_the_next_does_not_find():
    sized = size_fleet_down([instance("i-1"), instance("i-2", gib=24), instance("i-3")], {}, [host("a", gib=40), host("b", gib=33)])
    assert {key: s.chosen.host for key, s in sized.items()} == {"aws-east/i-1": "b", "aws-east/i-3": "a", "aws-east/i-2": ""}


def test_what_stands_there_counts_by_what_it_was_sold():
    there = FoundMachine(
        key="downtown/1", name="x", site="downtown", kind="vsphere", source="t", as_of=NOW, cpus=4, memory=200 * GIB, host="esx-1"
    )
    assert rooms([host("esx-1", used=20)], [there])[0].memory == 56 * GIB


def test_an_unknown_size_has_no_answer():
    assert size_down(instance(cpus=0), Measured(), [host("esx-1")]) is None
