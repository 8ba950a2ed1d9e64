"""The recovery model: every path by hand, and what must hold for any sizes."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isinf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.estate.model import GIB
from policies.evidence import BackupEvidence, ServerEvidence, Unknown
from policies.parts import Part
from policies.recovery import Assumptions, Disruption, Estimate, Range, World, in_turn, recover
from policies.restarts import Restart
from tests.policies.builders import server

NOTHING = Restart(False, False, "nothing does")
HA = Restart(True, True, "HA does")
PERHAPS = Restart(True, False, "nobody says", ("HA restart priority",))
SIZE = 100 * GIB
READ = SIZE / 200e6 / 60  # minutes at 200 MB/s
SOFTWARE, HARDWARE, ZONE, SITE = Disruption


def on_hill(name: str = "db-01", **changes: object) -> ServerEvidence:
    return server(name, site="hill", places=("hill", "dale"), disks=(SIZE,), **changes)


def on_aws(name: str, zone: str) -> ServerEvidence:
    return server(name, site="cloud", kind="aws", zone=zone, places=("cloud",), disks=(SIZE,), cluster="")


def backup(name: str, *copies: str, interval: int = 60) -> BackupEvidence:
    return BackupEvidence(server=name, interval_minutes=interval, copies=copies, declared_in="test")


def world(*members: ServerEvidence, jobs: tuple[BackupEvidence, ...] = (), restart: Restart = HA, mbit: float = 1000) -> World:
    backups: dict[str, tuple[BackupEvidence, ...]] = {}
    for job in jobs:
        backups[job.server] = (*backups.get(job.server, ()), job)
    links = {frozenset(pair): mbit for pair in (("hill", "dale"), ("hill", "cloud"), ("dale", "cloud"))}
    return World(links=links, backups=backups, restarts={(m.name, m.site): restart for m in members})


def times(found: Range) -> tuple[float, float]:
    assert found.best == found.worst
    return found.best.rto, found.best.rpo


def test_software_restarts_in_place() -> None:
    db = on_hill()

    assert times(recover(Part("db", (db,)), SOFTWARE, world(db))) == (5, 0)


@pytest.mark.parametrize(("restart", "best", "worst"), [(HA, 10, 10), (NOTHING, 60, 60), (PERHAPS, 10, 60)])
def test_a_single_machine_whose_host_fails(restart: Restart, best: float, worst: float) -> None:
    db = on_hill()
    found = recover(Part("db", (db,)), HARDWARE, world(db, restart=restart))

    assert (found.best.rto, found.worst.rto) == (best, worst)
    assert found.lacks == restart.lacks


def test_a_cluster_without_another_host_means_a_restore_elsewhere() -> None:
    db = on_hill()
    alone = Restart(False, False, "no other host", spare=False)
    found = recover(Part("db", (db,)), HARDWARE, world(db, jobs=(backup("db-01", "hill", "dale"),), restart=alone))

    assert times(found) == pytest.approx((30 + READ + 10, 60))


def test_a_member_on_the_same_site_takes_over_at_once_and_elsewhere_later() -> None:
    one, two, far = on_hill("a-01"), on_hill("a-02"), replace(on_hill("a-03"), site="dale")

    assert times(recover(Part("a", (one, two)), HARDWARE, world(one, two, restart=NOTHING))) == (5, 0)
    assert times(recover(Part("a", (one, far)), HARDWARE, world(one, far, restart=NOTHING))) == (30, 5)
    assert times(recover(Part("a", (one, far)), HARDWARE, world(one, far))) == (10, 0)
    assert times(recover(Part("a", (one, two, far)), SITE, world(one, two, far))) == (30, 5)


def test_a_lost_site_is_restored_where_the_server_has_a_place() -> None:
    db = on_hill()

    assert times(recover(Part("db", (db,)), SITE, world(db, jobs=(backup("db-01", "dale"),)))) == pytest.approx((30 + READ + 10, 60))


def test_the_copy_that_is_lost_with_the_site_helps_nobody() -> None:
    db = on_hill()
    found = recover(Part("db", (db,)), SITE, world(db, jobs=(backup("db-01", "hill"),)))

    assert isinf(found.best.rto)
    assert "no copy" in found.best.path


def test_a_copy_at_another_site_comes_over_the_link_when_that_is_quicker_than_preparing_a_place() -> None:
    db = on_hill()
    over = SIZE * 8 / (1000e6 * 0.8) / 60  # 17.9 min: less than 120 min to prepare the cloud

    assert times(recover(Part("db", (db,)), SITE, world(db, jobs=(backup("db-01", "cloud"),)))) == pytest.approx((30 + over + 10, 60))
    slow = recover(Part("db", (db,)), SITE, world(db, jobs=(backup("db-01", "cloud"),), mbit=10))
    assert times(slow) == pytest.approx((30 + 120 + READ + 10, 60))


def test_the_quicker_of_two_jobs_is_restored() -> None:
    db = on_hill()
    jobs = (backup("db-01", "cloud", interval=15), backup("db-01", "dale", interval=240))

    assert times(recover(Part("db", (db,)), SITE, world(db, jobs=jobs)))[1] == 240


def test_an_unknown_disk_leaves_the_best_case() -> None:
    db = replace(on_hill(), disks=(SIZE, Unknown("disk 2 of db-01", "computed")))
    found = recover(Part("db", (db,)), SITE, world(db, jobs=(backup("db-01", "dale"),)))

    assert found.best.rto == pytest.approx(30 + READ + 10)
    assert isinf(found.worst.rto)
    assert found.lacks == ("disk 2 of db-01 (computed)",)


def test_a_zone_is_no_matter_on_premises() -> None:
    db = on_hill()

    assert times(recover(Part("db", (db,)), ZONE, world(db))) == (0, 0)


def test_a_zone_takes_its_members_and_a_copy_in_the_region_survives_it() -> None:
    one, two = on_aws("w-01", "a"), on_aws("w-02", "b")

    assert times(recover(Part("w", (one, two)), ZONE, world(one, two))) == (5, 0)
    alone = recover(Part("w", (one,)), ZONE, world(one, jobs=(backup("w-01", "cloud"),)))
    assert times(alone) == pytest.approx((30 + READ + 10, 60))
    region = recover(Part("w", (one, two)), SITE, world(one, two, jobs=(backup("w-01", "hill"), backup("w-02", "hill"))))
    assert times(region) == pytest.approx((30 + 120 + READ + 10, 60))


def test_an_unknown_zone_is_its_own_at_best_and_the_others_at_worst() -> None:
    one, two = on_aws("w-01", "a"), on_aws("w-02", "")
    found = recover(Part("w", (one, two)), ZONE, world(one, two))

    assert found.best.rto == 5
    assert isinf(found.worst.rto)
    assert found.lacks == ("zone of w-02 (its subnet is not known yet)",)


def test_restores_of_a_service_follow_one_another() -> None:
    estimates = [Estimate(50, 60, "a", reading=10), Estimate(70, 30, "b", reading=30), Estimate(5, 0, "c")]

    assert in_turn(estimates) == Estimate(80, 60, "b, the last of 2 restores", 40)
    assert in_turn([*estimates, Estimate(100, 0, "d")]).rto == 100
    assert in_turn([]).rto == 0


@given(st.integers(1, 64), st.integers(1, 64), st.floats(1, 100_000))
def test_a_bigger_disk_is_never_back_sooner(small: int, more: int, mbit: float) -> None:
    def back(size: int) -> float:
        db = replace(on_hill(), disks=(size * GIB,))
        return recover(Part("db", (db,)), SITE, world(db, jobs=(backup("db-01", "cloud"),), mbit=mbit)).worst.rto

    assert back(small + more) >= back(small)


@given(st.floats(1, 100_000), st.floats(1, 100_000))
def test_a_wider_link_is_never_slower(one: float, other: float) -> None:
    db = on_hill()
    back = [
        recover(Part("db", (db,)), SITE, world(db, jobs=(backup("db-01", "cloud"),), mbit=mbit)).worst.rto for mbit in sorted((one, other))
    ]

    assert back[1] <= back[0]


@given(st.sampled_from(list(Disruption)), st.sampled_from([HA, NOTHING, PERHAPS]), st.sampled_from(["hill", "dale"]))
def test_one_member_more_is_never_slower(disruption: Disruption, restart: Restart, site: str) -> None:
    db, other = on_hill(), replace(on_hill("db-02"), site=site)
    jobs = (backup("db-01", "dale", "cloud"), backup("db-02", "hill", "cloud"))
    alone = recover(Part("db", (db,)), disruption, world(db, jobs=jobs, restart=restart))
    both = recover(Part("db", (db, other)), disruption, world(db, other, jobs=jobs, restart=restart))

    assert both.worst.rto <= max(alone.worst.rto, Assumptions().site_failover_minutes)
    assert both.best.rto < inf
