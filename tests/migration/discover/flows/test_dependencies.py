"""Conversations to edges: whose addresses, how sure, what people declared, what talks to everything."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from infra.estate.load import load_estate
from infra.estate.model import Estate
from migration.assess.declared import inventory_of
from migration.discover.dependencies import edges
from migration.discover.dependencies_hubs import hubs_of
from migration.discover.flows import read_flows
from migration.discover.flows_model import Conversation, Flows
from migration.discover.model import Edge, Finding, FoundMachine, Inventory
from tests.migration.discover.flows.packets import APP, DB, NOW, WEB

PROJECT = Path(__file__).parents[4]
SAMPLE = PROJECT / "tests" / "data" / "flows"
DAY = int(NOW.timestamp()) // 86_400


@pytest.fixture(scope="module")
def estate() -> Estate:
    return load_estate(PROJECT / "estate")


def machine(name: str, *addresses: str, power: str = "on", server: str = "") -> FoundMachine:
    made = FoundMachine(
        key=f"hill/{name}", name=name, site="hill", kind="vsphere", source="test", as_of=NOW, addresses=addresses, server=server
    )
    return replace(made, power=power)  # type: ignore[arg-type]


def talk(
    client: str, server: str, port: int = 5432, *, days: int = 7, connections: int = 100, ago: int = 0, **fields: object
) -> Conversation:
    made = Conversation(
        client=client,
        server=server,
        port=port,
        protocol="tcp",
        connections=connections,
        sightings=connections,
        octets=1000 * connections,
        first=NOW - timedelta(days=ago + days - 1),
        last=NOW - timedelta(days=ago),
        on=frozenset(range(DAY - ago - days + 1, DAY - ago + 1)),
        answered=True,
        both=False,
        certain=True,
        basis=("flows",),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def seen(*talks: Conversation) -> Flows:
    return Flows(conversations=talks, days=len({day for each in talks for day in each.on}))


def judged(machines: tuple[FoundMachine, ...], flows: Flows, before: tuple[Edge, ...] = ()) -> tuple[list[Edge], tuple[Finding, ...]]:
    found, about = edges(Inventory(taken_at=NOW, machines=machines), flows, before=before)
    return list(found), about


HERE = (machine("app", APP), machine("db", DB))


def test_machines_are_found_by_their_addresses_and_strangers_stay() -> None:
    found, about = judged(
        HERE, seen(talk(APP, DB), talk("10.9.9.9", DB), talk(APP, "8.8.8.8", 443), talk(APP, "1.1.1.1", 443), talk("10.9.9.9", WEB))
    )

    assert {(e.source, e.target, e.port, e.connections) for e in found} == {
        ("hill/app", "hill/db", 5432, 100),
        ("address/10.9.9.9", "hill/db", 5432, 100),
        ("hill/app", "address/internet", 443, 200),
    }
    assert [finding.code for finding in about] == ["DSC-071"]


def test_many_unknown_clients_of_one_network_are_one_crowd() -> None:
    found, _ = judged(HERE, seen(*(talk(f"10.9.9.{n}", DB, connections=2) for n in range(1, 40)), talk("10.9.8.1", DB)))

    assert {(e.source, e.connections) for e in found} == {("address/10.9.9.0/24", 78), ("address/10.9.8.1", 100)}


@pytest.mark.parametrize(("power", "owner"), [("on", "address/10.0.2.9"), ("off", "hill/db")])
def test_an_address_of_two_machines_is_the_running_ones_else_nobodys(power: str, owner: str) -> None:
    found, about = judged((*HERE, machine("db-copy", DB, power=power)), seen(talk(APP, DB)))

    assert [e.target for e in found] == [owner]
    assert [finding.code for finding in about] == ["DSC-070"]


def test_a_guest_knows_addresses_that_nobody_else_does() -> None:
    flows = replace(seen(talk(APP, "172.16.0.4")), guests={"172.16.0.4": "DB", "172.16.0.5": "nobody"})

    found, about = judged(HERE, flows)

    assert [e.target for e in found] == ["hill/db"]
    assert [finding.code for finding in about] == ["DSC-077"]


def test_what_was_seen_once_is_marked_and_never_sure() -> None:
    found, _ = judged(HERE, seen(talk(APP, DB, days=1, connections=1)))

    assert (found[0].once, found[0].confidence) == (True, 0.25)
    assert found[0].why == "seen on 1 day, 1 connection, 1000 B"


def test_an_edge_is_surer_the_more_speaks_for_it() -> None:
    kinds = [
        talk(APP, DB, answered=False),
        talk(APP, DB, days=2, connections=5),
        talk(APP, DB),
        talk(APP, DB, both=True),
        talk(APP, DB, both=True, process="postgres"),
    ]

    values = [judged(HERE, seen(kind))[0][0].confidence for kind in kinds]

    assert values == sorted(values)
    assert (values[0], values[1] < 0.5 < values[2], values[-1] <= 0.99) == (0.15, True, True)
    assert judged(HERE, seen(talk(APP, DB, certain=False)))[0][0].confidence < values[2]


def test_another_week_makes_it_surer_and_the_same_week_again_does_not() -> None:
    first, _ = judged(HERE, seen(talk(APP, DB, days=3, ago=10)))
    again, _ = judged(HERE, seen(talk(APP, DB, days=3, ago=10)), tuple(first))
    later, _ = judged(HERE, seen(talk(APP, DB, days=3)), tuple(first))

    assert again == first
    assert (later[0].days, later[0].connections) == (6, 200)
    assert later[0].confidence > first[0].confidence


def test_an_edge_that_new_files_do_not_tell_of_stays() -> None:
    first, _ = judged(HERE, seen(talk(APP, DB)))

    kept, _ = judged(HERE, Flows(), tuple(first))

    assert kept == first


def test_a_server_that_talks_to_everything_is_named() -> None:
    others = [machine(f"m{n:02}", f"10.0.5.{n}") for n in range(30)]
    dns, busy = machine("dns", "10.0.6.1"), machine("bus", "10.0.6.2")
    talks = [talk(f"10.0.5.{n}", "10.0.6.1", 53) for n in range(30)] + [talk("10.0.6.2", f"10.0.5.{n}", 8443) for n in range(20)]
    talks += [talk(f"10.0.5.{n}", f"10.0.5.{n + 1}", 5432) for n in range(0, 30, 2)]

    found, about = judged((*others, dns, busy), seen(*talks))

    hubs = hubs_of((*others, dns, busy), found)
    assert {key: hub.looks_like for key, hub in hubs.items()} == {"hill/dns": "names (DNS)", "hill/bus": ""}
    assert [(finding.code, finding.where) for finding in about] == [("DSC-075", "bus"), ("DSC-075", "dns")]


def test_the_example_estate(estate: Estate) -> None:
    inventory = inventory_of(estate, NOW)
    flows = read_flows([SAMPLE / "vpc-flow-log.txt", SAMPLE / "downtown-netflow5.bin.gz", SAMPLE / "ss"], now=NOW)

    found, about = edges(inventory, flows, estate)

    by_ends = {(e.source.partition("/")[2], e.target.partition("/")[2], e.port): e for e in found}
    database = by_ends["permits-app-01", "permits-db-01", 5432]
    assert (database.basis, database.both, database.process) == (("flows", "ss"), True, "postgres")
    assert "declared" in by_ends["permits-app-01", "gis-app-01", 6443].basis
    assert by_ends["permits-db-01", "courts-app-01", 8080].once
    assert by_ends["permits", "gis", 0].basis == ("declared",)
    told = {(finding.code, finding.where) for finding in about}
    assert {("DSC-073", "service public-safety"), ("DSC-073", "service water"), ("DSC-074", "service courts")} <= told
    assert {where for code, where in told if code == "DSC-075"} == {"identity-dc-01", "identity-dns-01", "ops-monitor-01"}
    assert edges(inventory, flows, estate, before=found)[0] == found


def test_before_a_week_has_passed_nothing_is_said_to_be_missing(estate: Estate) -> None:
    inventory = inventory_of(estate, NOW)
    flows = replace(read_flows([SAMPLE / "downtown-netflow5.bin.gz"], now=NOW), days=6)

    _, about = edges(inventory, flows, estate)

    assert "DSC-073" not in {finding.code for finding in about}
