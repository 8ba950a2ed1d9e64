"""Sizes within an assessment: what is measured makes machines smaller and cheaper, what the estate says is taken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from infra.estate.load import load_estate
from infra.estate.model import GIB
from infra.prices import listed_prices
from migration.assess.assess import assess
from migration.assess.declared import inventory_of
from migration.assess.sizes import sizes
from migration.discover.model import Inventory, Metric
from tests.migration.assess.machines import NOW, host, instance, measured, vm

LARGE = vm(cpus=16, memory=64 * GIB)


def test_a_machine_that_uses_little_becomes_smaller_and_its_bill_too() -> None:
    seen = (measured(Metric.CPU_PERCENT, 5, days=60), measured(Metric.MEMORY, 4.0 * GIB, days=60))
    [unknown] = assess(Inventory(taken_at=NOW, machines=(LARGE,)))
    [known] = assess(Inventory(taken_at=NOW, machines=(LARGE,), usage=seen))

    assert unknown.sizing is not None
    assert unknown.sizing.chosen == unknown.sizing.provisioned
    assert known.sizing is not None
    assert known.sizing.chosen.cpus < 16
    assert known.sizing.saving > 0.4
    assert known.cost is not None
    assert unknown.cost is not None
    assert known.cost.then_usd_month < unknown.cost.then_usd_month
    hours = next(line for line in known.cost.lines if line.unit == "hours")
    assert hours.what == f"{known.sizing.chosen.name}, running all month"
    assert hours.usd == known.sizing.chosen.usd_month


def test_what_the_estate_says_is_taken() -> None:
    estate = load_estate(Path(__file__).parents[3] / "estate")
    server = estate.servers["permits-app-01"]
    at = {**server.at, "aws-east": server.at["aws-east"].model_copy(update={"instance_type": "m6i.2xlarge"})}
    changed = estate.model_copy(update={"servers": {**estate.servers, server.name: server.model_copy(update={"at": at})}})
    inventory = inventory_of(changed, NOW)

    found = sizes(inventory, {"downtown/permits-app-01": "aws-east"}, changed, listed_prices())["downtown/permits-app-01"]
    assert (found.chosen.name, found.chosen.label) == ("m6i.2xlarge", "as the estate says")
    assert found.chosen in found.frontier
    assert found.why.startswith("m6i.2xlarge, as the estate says; else ")


def test_who_goes_down_gets_a_host_as_long_as_there_is_room() -> None:
    two = tuple(instance(key=f"there/{n}", name=f"i-{n}", cpus=4, memory=24 * GIB) for n in (1, 2))
    one_host = (host(memory=32 * GIB, site="vsphere"),)
    found = assess(Inventory(taken_at=NOW, machines=two, hosts=one_host))

    placed = [a.sizing.chosen.host for a in found if a.sizing]
    assert sorted(placed) == ["", "esx-1"]
    assert [["RDY-082" in {r.code for r in a.reasons}] for a in found if a.sizing and not a.sizing.chosen.host] == [[True]]


def test_a_machine_of_unknown_size_gets_none() -> None:
    assert sizes(Inventory(taken_at=NOW, machines=(vm(cpus=0),)), {"here/vm-1": "aws"}, None, listed_prices()) == {}


def test_a_database_keeps_its_memory_and_may_lose_processors() -> None:
    """What a vCenter measures is memory touched: a cache that is held and rarely touched would be lost."""
    seen = (measured(Metric.CPU_PERCENT, 5, days=60), measured(Metric.MEMORY, 4.0 * GIB, days=60))
    [plain] = assess(Inventory(taken_at=NOW, machines=(LARGE,), usage=seen))
    [kept] = assess(Inventory(taken_at=NOW, machines=(replace(LARGE, name="tax-db-01"),), usage=seen))

    assert plain.sizing is not None
    assert plain.sizing.chosen.memory < LARGE.memory
    assert kept.sizing is not None
    assert kept.sizing.chosen.memory >= LARGE.memory
    assert kept.sizing.chosen.usd_month <= kept.sizing.provisioned.usd_month
    assert kept.sizing.why.startswith("a database keeps its memory")
