"""Datastores, clusters, zones, links and sites that fail, and what that means for services: checked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.estate.model import GIB, HighAvailability, Tier
from policies.evidence import (
    BackupEvidence,
    ClusterEvidence,
    DatastoreEvidence,
    Evidence,
    InstanceSettings,
    LinkEvidence,
    NetworkEvidence,
    QuotaEvidence,
    ReservationEvidence,
    ServerEvidence,
    ServiceEvidence,
    Unknown,
    ZoneEvidence,
)
from policies.simulate import Failure, Kind, Outcome, State, Way, recovery, simulate
from tests.policies.builders import city, host, server

SITE = Failure(Kind.SITE, "downtown")
KINDS = {"downtown": "vsphere", "northside": "vsphere", "aws-east": "aws"}


def cluster(site: str, name: str = "general", gib: int = 256) -> ClusterEvidence:
    return ClusterEvidence(site=site, name=name, hosts=(host(f"{site}-1", 32, gib), host(f"{site}-2", 32, gib)), ha=HighAvailability())


def store(site: str, name: str = "general-01", gib: int = 1000) -> DatastoreEvidence:
    return DatastoreEvidence(site=site, name=name, capacity=gib * GIB, used=0)


def job(name: str, *copies: str, every: int = 60) -> BackupEvidence:
    return BackupEvidence(server=name, interval_minutes=every, copies=copies, declared_in="here")


def link(one: str, two: str, mbit: int = 1000) -> LinkEvidence:
    return LinkEvidence(name=f"{one}-{two}", sites=(one, two), mbit_s=mbit, latency_ms=1.0, paths=1)


def service(name: str, **changes: object) -> ServiceEvidence:
    return replace(ServiceEvidence(name=name, owner=f"owner of {name}", tier=Tier.SILVER, rto_minutes=60, rpo_minutes=60), **changes)


def world(**changes: object) -> Evidence:
    plain = {
        "kinds": KINDS,
        "clusters": (cluster("downtown"), cluster("northside")),
        "datastores": (store("downtown"), store("northside")),
        "servers": (server("db"),),
        "backups": (job("db", "northside"),),
        "links": (link("downtown", "northside"),),
    }
    return city(**{**plain, **changes})


def fate(outcome: Outcome, name: str) -> tuple[State, float | None]:
    found = next(s for s in outcome.services if s.name == name)
    return found.state, found.minutes


def test_a_lost_site_comes_back_from_the_copy_that_lies_elsewhere() -> None:
    evidence = world()

    outcome = simulate(evidence, SITE)

    (back,) = outcome.restarted
    assert (back.where, back.way, back.copy) == ("northside/general", Way.BACKUP, "northside")
    # 30 min to decide, 100 GiB at 200 MB/s, 10 min to boot.
    assert recovery(evidence, outcome)["db"].minutes == pytest.approx(30 + 100 * GIB / 200e6 / 60 + 10)
    assert fate(outcome, "permits")[0] is State.INTERRUPTED
    assert outcome.services[0].loses_minutes == 60


def test_restores_over_one_way_wait_for_one_another_and_the_graver_tier_goes_first() -> None:
    evidence = world(
        servers=(server("a", service="silver"), server("z", service="gold")),
        backups=(job("a", "northside"), job("z", "northside")),
        services={"silver": service("silver"), "gold": service("gold", tier=Tier.GOLD)},
    )

    outcome = simulate(evidence, SITE)

    times = recovery(evidence, outcome)
    one = 100 * GIB / 200e6 / 60
    assert times["z"].minutes == pytest.approx(40 + one)
    assert times["a"].minutes == pytest.approx(40 + 2 * one)


def test_what_a_gold_service_needs_goes_as_early_as_gold() -> None:
    evidence = world(
        servers=(server("a", service="silver"), server("z", service="base")),
        backups=(job("a", "northside"), job("z", "northside")),
        services={
            "silver": service("silver"),
            "base": service("base", tier=Tier.BRONZE),
            "gold": service("gold", tier=Tier.GOLD, depends_on=("base",)),
        },
    )

    assert [r.name for r in simulate(evidence, SITE).restarted] == ["z", "a"]


def test_a_copy_from_afar_comes_at_the_width_of_the_link() -> None:
    evidence = world(
        clusters=(cluster("downtown"), cluster("northside")),
        servers=(server("db", places=("downtown", "northside")),),
        backups=(job("db", "aws-east"),),
        links=(link("northside", "aws-east", mbit=100),),
    )

    outcome = simulate(evidence, SITE)

    assert (outcome.restarted[0].where, outcome.restarted[0].copy) == ("northside/general", "aws-east")
    # 100 Mbit/s are 12.5 MB/s, of which four fifths.
    assert recovery(evidence, outcome)["db"].minutes == pytest.approx(30 + 100 * GIB / 10e6 / 60 + 10)


def test_a_site_without_an_address_for_it_has_to_be_prepared() -> None:
    evidence = world(servers=(server("db", places=("downtown",)),))

    outcome = simulate(evidence, SITE)

    assert outcome.restarted[0].unprepared
    assert recovery(evidence, outcome)["db"].minutes == pytest.approx(30 + 120 + 100 * GIB / 200e6 / 60 + 10)


@pytest.mark.parametrize(
    ("changes", "binding"),
    [
        ({"backups": ()}, "backup"),
        ({"backups": (job("db", "downtown"),)}, "copy"),
        ({"datastores": (store("downtown"), store("northside", gib=99))}, "space"),
        ({"clusters": (cluster("downtown"), cluster("northside", gib=31))}, "memory"),
    ],
)
def test_what_binds_after_a_lost_site(changes: dict[str, object], binding: str) -> None:
    outcome = simulate(world(**changes), SITE)

    assert [(w.name, w.binding) for w in outcome.without_place] == [("db", binding)]
    assert fate(outcome, "permits") == (State.DOWN, None)


def test_the_held_copy_is_the_last_resort() -> None:
    moved = server("db", site="northside")
    held = server("db", held=True, running=False)
    evidence = world(servers=(moved, held), backups=())

    outcome = simulate(evidence, Failure(Kind.SITE, "northside"))

    assert [(r.name, r.way, r.where) for r in outcome.restarted] == [("db", Way.HELD, "downtown/general")]


def test_the_way_back_is_lost_with_the_site_of_the_held_machine() -> None:
    evidence = world(servers=(server("db", site="northside"), server("db", held=True, running=False)))

    outcome = simulate(evidence, SITE)

    assert outcome.stopped == ()
    assert outcome.fates.rollback_lost == ("db",)


def test_a_lost_datastore_is_restored_beside_it_and_its_machines_keep_their_hosts() -> None:
    evidence = world(
        datastores=(store("downtown"), store("downtown", "general-02")),
        servers=(server("db"), server("other", datastore="general-02")),
        backups=(job("db", "downtown"),),
    )

    outcome = simulate(evidence, Failure(Kind.DATASTORE, "downtown/general-01"))

    assert outcome.stopped == ("db",)
    assert [(r.name, r.where, r.copy) for r in outcome.restarted] == [("db", "downtown/general", "downtown")]


def test_a_lost_cluster_finds_room_in_the_other_one_of_the_site() -> None:
    evidence = world(clusters=(cluster("downtown"), cluster("downtown", "spare")), backups=(job("db", "downtown"),))

    outcome = simulate(evidence, Failure(Kind.CLUSTER, "downtown/general"))

    assert [r.where for r in outcome.restarted] == ["downtown/spare"]


def instance(name: str, zone: str = "a", **changes: object) -> ServerEvidence:
    return server(
        name,
        site="aws-east",
        kind="aws",
        cluster="",
        datastore="",
        zone=zone,
        networks=(f"app-{zone}",),
        instance=InstanceSettings(instance_type="m5a.xlarge"),
        **changes,
    )


def region(**changes: object) -> Evidence:
    plain = {
        "kinds": KINDS,
        "zones": tuple(ZoneEvidence(site="aws-east", name=z, offers=frozenset({"m5a.xlarge"})) for z in "abc"),
        "networks": tuple(
            NetworkEvidence(site="aws-east", name=f"{kind}-{z}", cidr="10.0.0.0/24", zone=z, size=251, free=9)
            for z in "abc"
            for kind in ("app", "dmz")
        ),
        "quotas": (QuotaEvidence(site="aws-east", code="L", name="Standard", families=("m",), limit=16.0, used=8.0),),
        "reservations": (),
        "servers": (instance("w"),),
        "backups": (job("w", "downtown"),),
    }
    return city(**{**plain, **changes})


ZONE = Failure(Kind.ZONE, "aws-east/a")


def test_a_lost_zone_starts_elsewhere_from_snapshots() -> None:
    outcome = simulate(region(), ZONE)

    (back,) = outcome.restarted
    assert (back.where, back.way) == ("aws-east/b", Way.SNAPSHOT)
    assert "AWS does not promise" in back.note
    assert outcome.certain


def test_a_reservation_is_taken_first_and_once() -> None:
    kept = ReservationEvidence(site="aws-east", zone="c", instance_type="m5a.xlarge", total=1, free=1)
    evidence = region(reservations=(kept,), servers=(instance("v"), instance("w")), backups=(job("v", "x"), job("w", "x")))

    outcome = simulate(evidence, ZONE)

    assert {r.name: r.where for r in outcome.restarted} == {"v": "aws-east/c", "w": "aws-east/b"}
    assert outcome.restarted[0].note == "on a capacity reservation"


@pytest.mark.parametrize(("limit", "finds"), [(12.0, True), (11.0, False)])
def test_the_quota_counts_what_still_counts_as_running(limit: float, finds: bool) -> None:
    quota = QuotaEvidence(site="aws-east", code="L", name="Standard", families=("m",), limit=limit, used=8.0)

    outcome = simulate(region(quotas=(quota,)), ZONE)

    assert (outcome.without_place == ()) is finds
    assert finds or outcome.without_place[0].binding == "quota"


def test_only_subnets_of_the_same_kind_count() -> None:
    full = tuple(replace(n, free=0) if n.name.startswith("app-") else n for n in region().networks)

    outcome = simulate(region(networks=full), ZONE)

    assert [(w.name, w.binding) for w in outcome.without_place] == [("w", "addresses")]


def test_a_zone_that_does_not_offer_the_type_takes_none() -> None:
    zones = tuple(replace(z, offers=frozenset()) if z.name != "a" else z for z in region().zones)

    assert simulate(region(zones=zones), ZONE).without_place[0].binding == "offer"


def test_without_a_backup_the_volumes_are_gone_with_the_zone() -> None:
    assert simulate(region(backups=()), ZONE).without_place[0].binding == "backup"


def test_what_nobody_asked_leaves_bounds() -> None:
    zones = tuple(replace(z, offers=Unknown("offers", "nobody asked")) for z in region().zones)

    outcome = simulate(region(zones=zones), ZONE)

    assert (len(outcome.without_place), outcome.fates.at_most) == (0, 1)
    assert any("offers" in each for each in outcome.fates.missing)
    unasked = simulate(region(quotas=None), ZONE)
    assert any("quotas" in each for each in unasked.fates.missing)


def test_a_member_goes_where_its_group_is_not() -> None:
    evidence = region(servers=(instance("w", group="g"), instance("v", "b", group="g")))

    assert simulate(evidence, ZONE).restarted[0].where == "aws-east/c"


def test_a_cut_link_takes_what_is_needed_beyond_it() -> None:
    services = {"app": service("app", depends_on=("base",)), "base": service("base")}
    machines = (server("a", service="app"), server("b", service="base", site="northside"))

    outcome = simulate(world(services=services, servers=machines), Failure(Kind.LINK, "downtown-northside"))

    assert outcome.stopped == ()
    assert [(s.name, s.state) for s in outcome.services] == [("app", State.DOWN)]


def test_a_detour_serves_and_is_said_to_be_assumed() -> None:
    services = {"app": service("app", depends_on=("base",)), "base": service("base")}
    machines = (server("a", service="app"), server("b", service="base", site="northside"))
    links = (link("downtown", "northside"), link("downtown", "aws-east"), link("northside", "aws-east"))

    outcome = simulate(world(services=services, servers=machines, links=links), Failure(Kind.LINK, "downtown-northside"))

    assert fate(outcome, "app") == (State.DEGRADED, 0.0)
    assert "through aws-east" in outcome.fates.assumptions[0]


def test_a_service_on_both_sides_goes_on_with_less() -> None:
    machines = (server("p-1", group="p"), server("p-2", group="p", site="northside"))

    outcome = simulate(world(servers=machines), Failure(Kind.LINK, "downtown-northside"))

    assert fate(outcome, "permits")[0] is State.DEGRADED


def test_a_group_works_while_one_member_runs() -> None:
    machines = (server("p-1", group="p", host="downtown-1"), server("p-2", group="p", host="downtown-2"))

    outcome = simulate(world(servers=machines), Failure(Kind.HOST, "downtown/general/downtown-1"))

    assert fate(outcome, "permits") == (State.DEGRADED, 5)
    assert outcome.degraded == ("permits",)
    assert outcome.affected == ()


def test_the_member_on_the_other_site_takes_over_later_and_lags() -> None:
    machines = (server("p-1", group="p"), server("p-2", group="p", site="northside"))

    outcome = simulate(world(servers=machines, backups=()), SITE)

    (found,) = outcome.services
    assert (found.state, found.minutes, found.loses_minutes) == (State.DEGRADED, 30, 5)


def test_a_service_is_no_better_than_what_it_needs_and_goes_on_without_what_it_uses() -> None:
    services = {
        "base": service("base"),
        "needs": service("needs", depends_on=("base",)),
        "far": service("far", depends_on=("needs",)),
        "uses": service("uses", uses=("base",)),
        "apart": service("apart"),
    }
    evidence = world(services=services, servers=(server("b", service="base"),), backups=())

    outcome = simulate(evidence, SITE)

    assert {s.name: s.state for s in outcome.services} == {
        "base": State.DOWN,
        "needs": State.DOWN,
        "far": State.DOWN,
        "uses": State.DEGRADED,
    }


def test_services_that_need_each_other_in_a_circle_end_somewhere() -> None:
    services = {"one": service("one", depends_on=("two",)), "two": service("two", depends_on=("one",))}
    evidence = world(services=services, servers=(server("b", service="one"),), backups=(job("b", "northside"),))

    outcome = simulate(evidence, SITE)

    assert {s.name for s in outcome.services} == {"one", "two"}


def test_waves_of_restart_wait_for_one_another() -> None:
    from policies.evidence import VsphereSettings

    first, last = VsphereSettings(restart_priority="high"), VsphereSettings(restart_priority="low")
    machines = (server("a", host="downtown-1", vsphere=first), server("z", host="downtown-1", vsphere=last))
    evidence = world(servers=machines)

    outcome = simulate(evidence, Failure(Kind.HOST, "downtown/general/downtown-1"))

    times = recovery(evidence, outcome)
    assert (times["a"].minutes, times["z"].minutes) == (10, 20)
    assert times["z"].formula == "HA restart 10 + 1 x boot 10 = 20 min"


def test_a_host_starts_so_many_at_a_time() -> None:
    machines = tuple(server(f"m{n:02}", host="downtown-1", memory=GIB, cpus=1) for n in range(33))
    evidence = world(servers=machines)

    outcome = simulate(evidence, Failure(Kind.HOST, "downtown/general/downtown-1"))

    assert {recovery(evidence, outcome)[m.name].minutes for m in machines} == {20}


def test_the_citys_own_times_count() -> None:
    standards = city().standards.model_copy(update={"rules": {"REL-003": {"ha_restart_minutes": 4}}})
    evidence = world(standards=standards, servers=(server("a", host="downtown-1"),))

    outcome = simulate(evidence, Failure(Kind.HOST, "downtown/general/downtown-1"))

    assert fate(outcome, "permits") == (State.INTERRUPTED, 4)


@pytest.mark.parametrize(("promise", "minutes"), [("service", 30), ("tier", 60)])
def test_after_a_lost_site_the_promise_counts_that_the_standards_name(promise: str, minutes: int) -> None:
    standards = city().standards.model_copy(update={"rules": {"REL-003": {"disaster_promise": promise}}})
    evidence = world(standards=standards, services={"permits": service("permits", rto_minutes=30)})

    assert simulate(evidence, SITE).services[0].rto_minutes == minutes
    assert simulate(evidence, Failure(Kind.CLUSTER, "downtown/general")).services[0].rto_minutes == 30


@pytest.mark.parametrize(
    "failure",
    [
        Failure(Kind.SITE, "nowhere"),
        Failure(Kind.CLUSTER, "downtown/none"),
        Failure(Kind.DATASTORE, "downtown/none"),
        Failure(Kind.ZONE, "aws-east/z"),
        Failure(Kind.LINK, "none"),
    ],
)
def test_what_does_not_exist_cannot_fail(failure: Failure) -> None:
    with pytest.raises(KeyError):
        simulate(world(), failure)
