"""The problem, checked by hand on a tiny town: groups, nights and why not, what each takes, when the source gives back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest

from infra.estate.model import Estate, Freeze, HighAvailability, Link, Tier
from infra.observed.capacity import (
    AwsCapacity,
    CapacitySnapshot,
    Demand,
    History,
    ObservedCluster,
    ObservedHost,
    ObservedMachine,
    ObservedQuota,
    VsphereCapacity,
)
from migration.discover.model import Edge, FoundCluster, FoundHost, FoundMachine, Inventory
from migration.waves.build import Built, Inputs, build
from migration.waves.build_ledger import ledger, tightest
from migration.waves.build_order import rings
from migration.waves.build_resources import PEOPLE
from migration.waves.conflict import explain
from migration.waves.durations import History as Moves
from migration.waves.solve import solve
from tests.fakes.estates import estate as some_estate
from tests.fakes.estates import service
from tests.fakes.wave_plans import GIB, TODAY, candidate, inputs, programme

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def town(**changes: Any) -> Estate:
    services = {
        "base": service("base", tier=Tier.GOLD),
        "desk": service("desk", tier=Tier.SILVER, depends_on=("base",)),
        "shop": service("shop", tier=Tier.BRONZE),
    }
    link = Link(name="hall-cloud", sites=("hall", "cloud"), mbit_s=1000, window="22:00-05:00")
    return some_estate(servers=(), services=services, links={"hall-cloud": link}).model_copy(update=changes)


def built(*candidates: Any, **changes: Any) -> Built:
    return build(inputs(*candidates, estate=changes.pop("estate", town()), **changes))


def servers(found: Built) -> dict[str, tuple[str, ...]]:
    return {group.name: group.servers for group in found.problem.groups}


def night(day: int) -> date:
    """A night by its index: 0 is Monday, 30 November."""
    return date.fromordinal(date(2026, 11, 30).toordinal() + day)


# --- groups


def test_a_service_moves_in_one_night_and_what_it_needs_before_it() -> None:
    found = built(candidate("desk-db-01"), candidate("desk-app-01"), candidate("base-dns-01"))

    assert servers(found) == {"base": ("base-dns-01",), "desk": ("desk-app-01", "desk-db-01")}
    assert [(o.first, o.then, o.gap, o.why) for o in found.problem.order] == [("base", "desk", 0, "desk needs base")]


def test_services_that_need_each_other_are_one_group() -> None:
    both = town()
    both = both.model_copy(update={"services": {**both.services, "base": service("base", depends_on=("desk",))}})

    assert servers(built(candidate("desk-db-01"), candidate("base-dns-01"), estate=both)) == {"base+desk": ("base-dns-01", "desk-db-01")}


def test_each_server_may_be_a_group() -> None:
    found = built(candidate("desk-db-01"), candidate("desk-app-01"), programme=programme(groups={"by": "server"}))

    assert set(servers(found)) == {"desk-db-01", "desk-app-01"}


def test_groups_of_dependencies_are_taken_as_they_come() -> None:
    together = {"hall/desk-db-01": "group-1", "hall/shop-web-01": "group-1"}
    found = built(
        candidate("desk-db-01"), candidate("shop-web-01"), candidate("shop-db-01"), together=together,
        programme=programme(groups={"by": "dependencies"}),
    )  # fmt: skip

    assert servers(found) == {"group-1": ("desk-db-01", "shop-web-01"), "shop": ("shop-db-01",)}


@pytest.mark.parametrize(("members", "nights"), [(2, 2), (3, 3), (5, 3)])
def test_most_of_a_redundancy_group_stays_up(members: int, nights: int) -> None:
    ring = [candidate(f"desk-app-0{n}", redundancy="desk-app") for n in range(members)]
    found = built(*ring, candidate("desk-db-01"))

    assert len(found.problem.groups) == nights
    assert all(len([s for s in group.servers if "app" in s]) <= max(1, (members - 1) // 2) for group in found.problem.groups)
    assert [o.gap for o in found.problem.order] == [1] * (nights - 1)


@pytest.mark.parametrize("by", ["server", "dependencies"])
def test_a_redundancy_group_stays_up_however_servers_are_grouped(by: str) -> None:
    ring = [candidate(f"desk-app-0{n}", redundancy="desk-app") for n in range(3)]
    tied = {ring[0].machine: "tied/x", ring[1].machine: "tied/y", ring[2].machine: "tied/x"} if by == "dependencies" else {}
    found = built(*ring, programme=programme(groups={"by": by}), together=tied)

    assert len(set(solve(found.problem, seconds=5).at.values())) == 3


def test_redundancy_follows_the_order_that_there_is() -> None:
    """Members of one group in services of which one needs the other: the order between them has one direction."""
    pairs = [
        candidate(name, redundancy=ring) for name, ring in (("base-a-1", "x"), ("base-b-1", "y"), ("desk-a-1", "x"), ("desk-b-1", "y"))
    ]
    pinned = built(*pairs, pins={"base-a-1": night(3)})
    at = solve(pinned.problem, seconds=5).at

    assert not explain(pinned.problem)
    home = pinned.home
    assert at[home["base-a-1"]] < at[home["desk-a-1"]]
    assert at[home["base-b-1"]] < at[home["desk-b-1"]]


def test_a_redundancy_group_may_move_together_if_people_say_so() -> None:
    ring = [candidate(f"desk-app-0{n}", redundancy="desk-app") for n in range(3)]

    assert len(built(*ring, programme=programme(groups={"redundancy": "together"})).problem.groups) == 1


def test_test_servers_move_before_and_apart_from_production() -> None:
    found = built(candidate("desk-db-01"), candidate("desk-test-01", environment="test"))
    test, production = found.problem.groups

    assert (test.servers, production.servers) == (("desk-test-01",), ("desk-db-01",))
    assert not set(test.nights) & set(production.nights)
    assert [(o.first, o.then, o.gap) for o in found.problem.order] == [("desk", "desk/2", 1)]
    assert "test servers" in test.barred[0][2]


def test_a_group_that_no_night_holds_is_parted_and_said() -> None:
    many = [candidate(f"desk-app-{n:02}") for n in range(30)]
    found = built(*many, programme=programme(people={"per_night": 2, "hours": 6, "minutes_per_server": 60}))

    assert [len(group.servers) for group in found.problem.groups] == [12, 12, 6]
    assert [finding.code for finding in found.findings if finding.code == "PLN-001"] == ["PLN-001"]


def test_a_server_that_no_night_holds_is_left_out_and_the_rest_is_planned() -> None:
    huge = candidate("desk-db-01", disks=(400_000 * GIB,), rto_minutes=None)
    found = built(huge, candidate("desk-app-01"))

    assert servers(found) == {"desk": ("desk-app-01",)}
    assert [(each.server, each.kind) for each in found.left] == [("desk-db-01", "does not fit")]
    assert "a night has" in found.left[0].why


def test_a_cut_over_longer_than_the_rto_is_left_out_since_a_rule_would_stop_it() -> None:
    found = built(candidate("desk-db-01", rto_minutes=20), candidate("desk-app-01", window_minutes=10), candidate("desk-web-01"))

    assert servers(found) == {"desk": ("desk-web-01",)}
    assert ["RTO" in each.why or "window" in each.why for each in found.left] == [True, True]


def test_a_server_that_talks_to_everything_gives_no_order() -> None:
    everybody = [candidate(f"s{n:02}-app-01", service="") for n in range(20)]
    hub = candidate("monitor-01", service="")
    edges = tuple(Edge(source=hub.machine, target=each.machine, confidence=0.9) for each in everybody)
    found = built(hub, *everybody, edges=edges)

    assert len(found.problem.groups) == 21
    assert found.problem.order == ()
    assert [f.where for f in found.findings if f.code == "PLN-003"] == ["group monitor-01"]


def test_flows_give_an_order_unless_they_go_both_ways_or_were_seen_once() -> None:
    names = ("a-app-01", "b-db-01", "c-app-01", "d-app-01")
    a, b, c, d = (candidate(name, service="") for name in names)
    edges = (
        Edge(source=a.machine, target=b.machine, confidence=0.9),
        Edge(source=b.machine, target=c.machine, confidence=0.9),
        Edge(source=c.machine, target=b.machine, confidence=0.9),
        Edge(source=d.machine, target=a.machine, confidence=0.9, once=True),
        Edge(source=d.machine, target=b.machine, confidence=0.2),
    )
    found = built(a, b, c, d, edges=edges)

    assert [(o.first, o.then) for o in found.problem.order] == [("b-db-01", "a-app-01")]
    assert [f.code for f in found.findings if f.code == "PLN-004"] == ["PLN-004"]


def _edge(source: Any, target: Any, **changes: Any) -> Edge:
    return Edge(**{"source": source.machine, "target": target.machine, "port": 8443, "confidence": 0.9, **changes})


def seen(*candidates: Any) -> Inventory:
    """An inventory that shows these servers at their source."""
    machines = tuple(
        FoundMachine(key=each.machine, name=each.server, site=each.site, kind="vsphere", source="test", as_of=NOON) for each in candidates
    )
    return Inventory(taken_at=NOON, machines=machines)


def test_servers_that_talk_move_together_if_the_programme_groups_by_dependencies() -> None:
    four = [candidate(name, service="") for name in ("a-app-01", "b-db-01", "c-app-01", "d-app-01")]
    a, b, c, d = four
    edges = (_edge(a, b), _edge(c, d, once=True), _edge(b, c, confidence=0.2))
    found = built(*four, edges=edges, inventory=seen(*four), programme=programme(groups={"by": "dependencies"}))

    assert sorted(servers(found).values()) == [("a-app-01", "b-db-01"), ("c-app-01",), ("d-app-01",)]


def test_a_hub_ties_nobody_and_no_group_is_larger_than_allowed() -> None:
    everybody = [candidate(f"s{n:02}-app-01", service="") for n in range(60)]
    hub = candidate("monitor-01", service="")
    chain = tuple(_edge(one, other, bytes=100 - n) for n, (one, other) in enumerate(pairwise(everybody[:5])))
    edges = (*(_edge(hub, each) for each in everybody), *chain)
    by_dependencies = programme(groups={"by": "dependencies", "largest": 3})
    found = built(hub, *everybody, edges=edges, inventory=seen(hub, *everybody), programme=by_dependencies)
    sizes = {len(group) for group in servers(found).values()}

    assert ("monitor-01",) in servers(found).values()
    assert max(sizes) in {2, 3}
    assert any(finding.code.startswith("DSC-07") for finding in found.findings)


def test_without_any_dependency_services_group_and_that_is_said() -> None:
    found = built(candidate("desk-db-01"), candidate("desk-app-01"), programme=programme(groups={"by": "dependencies"}))

    assert set(servers(found)) == {"desk"}
    assert "PLN-007" in {finding.code for finding in found.findings}


def test_rings_are_found_without_recursion() -> None:
    chain = {f"n{n:04}": {f"n{n + 1:04}"} for n in range(3000)} | {"n3000": {"n2999"}}

    assert [ring for ring in rings(chain) if len(ring) > 1] == [("n2999", "n3000")]


# --- nights


def test_a_freeze_bars_its_services_and_says_why() -> None:
    freeze = Freeze(begins=night(2), ends=night(4), reason="elections", services=("desk",))
    standards = town().standards.model_copy(update={"freezes": (freeze,)})
    found = built(candidate("desk-db-01"), candidate("shop-web-01"), estate=town(standards=standards))
    desk, shop = found.problem.groups

    assert desk.nights == (0, 1, 5, 6, 7, 8, 9)
    assert desk.barred == ((2, 4, f"freeze {night(2)} to {night(4)}: elections"),)
    assert shop.nights == tuple(range(10))


def test_critical_and_complex_groups_stay_out_of_the_first_nights() -> None:
    early = programme(early={"nights": 2, "tiers": ["gold"], "complexity": 4})
    found = built(
        candidate("base-dns-01", tier="gold"),
        candidate("shop-db-01", complexity=5),
        candidate("desk-db-01", service="none"),
        programme=early,
    )
    nights = {group.name: group.nights[0] for group in found.problem.groups}

    assert nights == {"base": 2, "none": 0, "shop": 2}
    assert "shop-db-01 has complexity 5" in next(g for g in found.problem.groups if g.name == "shop").barred[0][2]


def test_what_easy_groups_wait_for_may_move_early() -> None:
    early = programme(early={"nights": 2, "tiers": ["gold"], "complexity": 4})
    found = built(candidate("base-dns-01", tier="gold"), candidate("desk-db-01"), programme=early)

    assert [group.nights[0] for group in found.problem.groups] == [0, 0]
    assert [f.where for f in found.findings if f.code == "PLN-014"] == ["base"]


def test_nobody_is_kept_out_where_everybody_is_critical() -> None:
    found = built(candidate(tier="gold"), programme=programme(early={"nights": 2, "tiers": ["gold"], "complexity": 4}))

    assert found.problem.groups[0].nights[0] == 0
    assert "PLN-010" in {f.code for f in found.findings}


def test_the_night_under_move_is_a_pin_and_belongs_to_the_calendar() -> None:
    weekdays = programme(weekdays=["mon"], nights=3)
    found = built(candidate(on=night(3)), candidate("desk-app-01"), programme=weekdays)
    (group,) = found.problem.groups

    assert found.problem.nights == (night(0), night(3), night(7), night(14))
    assert (group.pinned, group.nights, group.servers) == (1, (1,), ("desk-app-01", "desk-db-01"))


def test_a_pin_into_a_freeze_has_no_night_and_says_so() -> None:
    freeze = Freeze(begins=night(2), ends=night(4), reason="elections")
    standards = town().standards.model_copy(update={"freezes": (freeze,)})
    found = built(candidate("desk-db-01"), candidate("shop-web-01"), pins={"desk-db-01": night(3)}, estate=town(standards=standards))

    assert servers(found) == {"shop": ("shop-web-01",)}
    assert "elections" in next(each.why for each in found.left if each.server == "desk-db-01")


def test_a_pin_of_one_server_parts_its_group() -> None:
    found = built(candidate("desk-db-01"), candidate("desk-app-01"), pins={"desk-db-01": night(3)})

    assert servers(found) == {"desk": ("desk-db-01",), "desk/2": ("desk-app-01",)}
    assert [(g.pinned, len(g.nights)) for g in found.problem.groups] == [(3, 1), (None, 10)]
    assert "PLN-005" in {f.code for f in found.findings}


def test_pins_of_the_programme_take_servers_services_and_groups() -> None:
    pins = [{"server": "shop-web-01", "night": night(5)}, {"group": "desk", "night": night(6)}, {"group": "desc", "night": night(6)}]
    found = built(candidate("desk-db-01"), candidate("shop-web-01"), programme=programme(pins=pins))

    assert {g.name: g.pinned for g in found.problem.groups} == {"desk": 6, "shop": 5}
    assert [f.where for f in found.findings if f.code == "PLN-006"] == ["pin of group desc"]


def test_a_pin_to_a_night_that_has_passed_is_said_and_pins_nothing() -> None:
    pins = [{"server": "shop-web-01", "night": TODAY}, {"group": "desk", "night": night(-20)}]
    found = built(candidate("shop-web-01"), candidate("desk-db-01"), programme=programme(pins=pins))

    assert [group.pinned for group in found.problem.groups] == [None, None]
    assert sorted(each.where for each in found.findings if each.code == "PLN-025") == ["desk-db-01", "shop-web-01"]


def test_running_cost_is_counted_by_the_day_and_not_by_the_night_of_the_plan() -> None:
    """1 USD a day is saved; a night more of people and risk is 2 USD. Saturdays lie seven days apart."""
    every = built(candidate("shop-web-01")).problem.groups[0].per_night
    saturdays = built(candidate("shop-web-01"), programme=programme(weekdays=("sat",))).problem.groups[0].per_night

    assert saturdays - every == pytest.approx(6 * 1.0)


def test_a_line_wider_than_the_accounts_blocks_carries_no_more_than_they_take() -> None:
    wide = programme(
        links=[{"between": ["hall", "cloud"], "mbit_s": 10000, "hours": [{"begins": "22:00", "ends": "04:00", "mbit_s": 10000}]}]
    )
    found = built(candidate("shop-web-01"), programme=wide)

    # 1,000 blocks of 512 KiB a second for six hours, and five nights before 30 November
    assert capacity(found, "blocks written into cloud")[0] == pytest.approx(5 * 1000 * 524288 * 6 * 3600 / 1e9)
    assert use(found, "shop", "blocks written into cloud") == use(found, "shop", "copies over hall-cloud")
    narrow = {each.name for each in built(candidate("shop-web-01")).problem.resources}
    assert "blocks written into cloud" not in narrow


def test_a_link_that_latency_holds_gains_nothing_from_bandwidth() -> None:
    links = [{"between": ["hall", "cloud"], "mbit_s": 10000, "latency_ms": 200}]
    said = {each.name: each.relax for each in built(candidate("shop-web-01"), programme=programme(links=links)).problem.resources}

    assert said["last copies over hall-cloud"] == "twice the blocks in flight on hall-cloud"
    wide = {each.name: each.relax for each in built(candidate("shop-web-01")).problem.resources}
    assert wide["last copies over hall-cloud"] == "1 Gbit/s more on hall-cloud"
    assert wide["copies over hall-cloud"] == "1 Gbit/s more on hall-cloud for one night"


def test_a_deadline_is_a_due_night_with_a_price_or_a_hard_end() -> None:
    soft = {"service": "desk", "by": night(4), "usd_per_night": 40}
    hard = {"site": "hall", "by": night(7), "hard": True, "reason": "the lease ends"}
    found = built(candidate("desk-db-01"), candidate("desk-app-01"), candidate("shop-web-01"), programme=programme(deadlines=[soft, hard]))
    desk, shop = found.problem.groups

    assert (desk.due, desk.late_per_night, desk.hard, desk.nights[-1]) == (4, 80.0, False, 7)
    assert (shop.due, shop.hard) == (7, True)
    assert desk.barred[-1] == (8, 9, f"after {night(7)}: the lease ends")


def test_what_people_retain_is_in_no_night() -> None:
    found = built(
        candidate("desk-db-01"), candidate("desk-app-01"), candidate("shop-web-01"), retained={"desk-app-01": "vendor on site"},
        programme=programme(retained=[{"server": "shop-web-01", "reason": "ends in May"}]),
    )  # fmt: skip

    assert servers(found) == {"desk": ("desk-db-01",)}
    assert {each.server: each.why for each in found.left} == {"desk-app-01": "vendor on site", "shop-web-01": "ends in May"}


# --- what a group takes


def use(found: Built, group: str, resource: str) -> list[tuple[float, int]]:
    return [(round(u.amount, 2), u.lag) for g in found.problem.groups if g.name == group for u in g.uses if u.resource == resource]


def capacity(found: Built, resource: str) -> list[float]:
    return next([round(c, 2) for c in r.capacity] for r in found.problem.resources if r.name == resource)


def test_people_and_both_uses_of_the_link() -> None:
    """A night carries 1000 Mbit/s x 70 % x 7 h = 2205 GB; copies may begin today, five nights before the first wave."""
    found = built(candidate(disks=(100 * GIB,)))
    gb = 100 * GIB / 1e9

    assert use(found, "desk", PEOPLE) == [(60.0, 0)]
    assert use(found, "desk", "last copies over hall-cloud") == [(round(gb / 100, 2), 0)]
    assert use(found, "desk", "copies over hall-cloud") == [(round(gb * (1 + 0.15 + 0.01), 2), 0)]
    assert capacity(found, "last copies over hall-cloud")[0] == 2205.0
    assert capacity(found, "copies over hall-cloud")[:2] == [5 * 2205.0, 6 * 2205.0]


def test_snapshots_by_datastore_and_a_server_with_too_many_takes_the_night() -> None:
    found = built(candidate("desk-db-01", disks=(GIB,) * 20, datastores=(("vmfs-1", 20),)), candidate("shop-web-01"))

    assert use(found, "desk", "snapshots on hall/vmfs-1") == [(15.0, 0)]
    assert use(found, "shop", "snapshots on hall/vmfs-1") == [(2.0, 0)]


def test_waiting_costs_what_is_not_saved_yet_and_the_programme_and_the_risk() -> None:
    found = built(candidate("desk-db-01", saved_usd_month=60.875), candidate("shop-web-01", saved_usd_month=-5.0, tier="bronze"))

    assert {g.name: round(g.per_night, 2) for g in found.problem.groups} == {"desk": 2.0 + 1.0 + 1.0, "shop": 1.5}


def _quota(limit: float, used: float) -> CapacitySnapshot:
    quota = ObservedQuota(code="L-1216C47A", name="Standard", families=("m",), limit=limit, used=used)
    region = AwsCapacity(taken_at=NOON, source="test", region="us-east-1", quotas=(quota,))
    return CapacitySnapshot(estate="small-city", taken_at=NOON, sites={"cloud": region})


def test_a_region_gives_its_quota_less_a_fifth() -> None:
    found = built(candidate(then_type="m6a.2xlarge"), snapshot=_quota(limit=100, used=30))

    assert capacity(found, "quota L-1216C47A of cloud")[0] == 50.0
    assert use(found, "desk", "quota L-1216C47A of cloud") == [(8.0, 0)]


def test_a_full_region_is_said() -> None:
    found = built(candidate(then_type="m6a.2xlarge"), snapshot=_quota(limit=100, used=90))

    assert capacity(found, "quota L-1216C47A of cloud")[0] == 0.0
    assert "PLN-013" in {f.code for f in found.findings}


def _inventory(*more: FoundMachine) -> Inventory:
    hosts = tuple(FoundHost(name=f"esx-{n}", site="depot", cluster="yard", cores=16, memory=64 * GIB) for n in range(3))
    away = FoundHost(name="esx-9", site="depot", cluster="yard", cores=16, memory=64 * GIB, maintenance=True)
    there, off = (
        FoundMachine(
            key=f"depot/{power}", name=power, site="depot", kind="vsphere", source="t", as_of=NOON, cpus=4, memory=32 * GIB, cluster="yard",
            power=power,
        )
        for power in ("on", "off")
    )  # fmt: skip
    clusters = (FoundCluster(name="yard", site="depot", host_failures=1),)
    return Inventory(taken_at=NOON, machines=(there, off, *more), hosts=(*hosts, away), clusters=clusters)


def down(server: str = "shop-web-01", **changes: Any) -> Any:
    plain = {
        "site": "cloud",
        "target": "depot",
        "direction": "down",
        "cluster": "",
        "datastores": (),
        "to_cluster": "yard",
        "then_type": "",
    }
    return candidate(server, **{**plain, **changes})


def test_a_cluster_gives_what_is_left_without_its_largest_host_and_less_with_growth() -> None:
    """3 hosts of 64 GiB, one may fail, 32 GiB run: 96 GiB; 10 % a month of 32 GiB for five days is half a GiB."""
    found = build(inputs(down(), inventory=_inventory(), programme=programme(growth={"percent_per_month": 10})))

    assert capacity(found, "memory of depot/yard")[0] == pytest.approx(96 - 32 * 0.1 * 5 / 30.4375, abs=0.01)
    assert capacity(found, "vCPUs of depot/yard")[0] == pytest.approx(2 * 16 * 4 - 4 * (1 + 0.1 * 5 / 30.4375), abs=0.01)
    assert use(found, "shop", "memory of depot/yard") == [(16.0, 0)]


def test_growth_is_forecast_where_a_history_tells() -> None:
    """Memory that has risen by 1 GiB a day for 90 days takes about five more until the first night, and ten until the sixth."""
    days = tuple(Demand(day=date.fromordinal(TODAY.toordinal() - 90 + n), value=float((20 + n) * GIB)) for n in range(90))
    host = ObservedHost(name="esx-1", cores=16, mhz=2600, memory=256 * GIB)
    history = (History(resource="memory", days=days),)
    yard = ObservedCluster(name="yard", ha=HighAvailability(host_failures=0), drs=True, hosts=(host,), history=history)
    busy = ObservedMachine(
        name="x", server="", uuid="", cluster="yard", host="esx-1", datastore="", running=True, cpus=4, memory=109 * GIB, disks=()
    )
    depot = VsphereCapacity(taken_at=NOON, source="test", clusters=(yard,), datastores=(), machines=(busy,))
    seen = CapacitySnapshot(estate="small-city", taken_at=NOON, sites={"depot": depot})
    found = build(inputs(down(), snapshot=seen, programme=programme()))
    left = capacity(found, "memory of depot/yard")

    assert left[0] == pytest.approx(256 - 109 - 5, abs=3)
    assert left[0] - left[5] == pytest.approx(5, abs=2)
    assert "growth forecast from 90 days" in next(room.source for room in found.rooms if room.key == "memory/depot/yard")


def test_a_source_gives_back_only_when_its_hold_is_over() -> None:
    """Held for three days, a night each: free in the fourth night after. What comes in must fit until then."""
    up = candidate("desk-db-01", site="depot", cluster="yard", hold_days=3)
    found = build(inputs(up, down(), inventory=_inventory(), programme=programme()))

    assert use(found, "desk", "memory of depot/yard") == [(-16.0, 4)]
    assert use(found, "shop", "memory of depot/yard") == [(16.0, 0)]


def test_a_machine_that_is_off_gives_back_only_what_it_takes() -> None:
    """What is off is in no sum of what runs, so that nothing of it comes free."""
    up = candidate("desk-db-01", site="depot", cluster="yard", hold_days=3, running=False)
    found = build(inputs(up, down(), inventory=_inventory(), programme=programme()))

    assert use(found, "desk", "memory of depot/yard") == use(found, "desk", "vCPUs of depot/yard") == []


def test_what_comes_free_where_more_runs_than_may_is_not_given_away() -> None:
    """128 GiB may run and 152 do: 16 GiB that leave make no room for 16 that come."""
    busy = FoundMachine(
        key="depot/busy",
        name="busy",
        site="depot",
        kind="vsphere",
        source="t",
        as_of=NOON,
        cpus=4,
        memory=120 * GIB,
        cluster="yard",
        power="on",
    )
    up = candidate("desk-db-01", site="depot", cluster="yard", hold_days=0)
    found = build(inputs(up, down(), inventory=_inventory(busy), programme=programme()))

    assert solve(found.problem, seconds=5).at.keys() == {"desk"}


def test_the_hold_is_counted_in_nights_of_the_plan() -> None:
    up = candidate("desk-db-01", site="depot", cluster="yard", hold_days=14)
    found = build(inputs(up, down(), inventory=_inventory(), programme=programme(weekdays=["mon", "sat"], nights=20)))

    assert use(found, "desk", "memory of depot/yard") == [(-16.0, 5)]


def test_what_is_left_after_each_night() -> None:
    up = candidate("desk-db-01", site="depot", cluster="yard", hold_days=3)
    found = build(inputs(up, down(), inventory=_inventory(), programme=programme(growth={"percent_per_month": 0})))
    memory = next(each for each in ledger(found, {"desk": 0, "shop": 1}) if each.room.key == "memory/depot/yard")

    assert [round(left) for left in memory.left] == [96, 80, 80, 80, 96, 96, 96, 96, 96, 96]
    assert tightest(ledger(found, {"desk": 0, "shop": 1}), 1)["depot"].startswith("80 GiB (62%) of memory of depot/yard")


def test_a_target_that_nobody_looked_at_is_said() -> None:
    assert "PLN-015" in {f.code for f in built(candidate()).findings}


def test_a_link_that_nobody_wrote_is_assumed_and_said() -> None:
    found = build(inputs(candidate()))

    assert "PLN-011" in {f.code for f in found.findings}
    assert found.problem.groups[0].nights


def test_a_bare_inventory_is_enough() -> None:
    """What an RVTools workbook gives: no estate, no services, no tiers, no links."""
    plain = [candidate(f"vm-{n}", service="", tier="", redundancy="", saved_usd_month=None) for n in range(9)]
    found = build(Inputs(candidates=tuple(plain), today=TODAY, history=Moves()))

    assert len(found.problem.groups) == 9
    assert all(group.per_night == 1.0 for group in found.problem.groups)


def test_an_earlier_plan_is_stayed_near() -> None:
    found = built(candidate("desk-db-01"), candidate("desk-app-01"), stay={"desk-db-01": night(3), "desk-app-01": night(3)})

    assert dict(found.problem.stay) == {"desk": 3}
    assert found.problem.stay_weight == 25.0
