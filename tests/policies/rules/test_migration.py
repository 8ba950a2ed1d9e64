"""Rules of moves: hand-checked numbers, both sides of every threshold, bounds with unknowns, and what must never turn."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyVmomi import vim

from infra.estate.model import GIB, Estate, Freeze, HighAvailability
from infra.guest_systems import OLDEST, split, starts
from infra.observed.capacity import CapacitySnapshot
from policies.evaluate import evaluate
from policies.evidence import (
    ClusterEvidence,
    Evidence,
    InstanceSettings,
    LinkEvidence,
    MoveEvidence,
    ServerEvidence,
    Unknown,
    VsphereSettings,
    ZoneEvidence,
)
from policies.examples.case import NOW, TODAY
from policies.examples.ground import ESTATE
from policies.examples.migration import CASES
from policies.readers.estate import read_estate
from policies.readers.plan import read_plan
from policies.readers.snapshot import overlay_snapshot
from policies.rule import Parameters, Rule
from policies.rules import RULES
from policies.rules.migration import MIGRATION
from policies.rules.migration.double_running import DOUBLE_RUNNING
from policies.rules.migration.downtime import DOWNTIME, nightly_hours, speed
from policies.rules.migration.guest_support import GUEST_SUPPORT
from policies.rules.migration.move_approved import MOVE_APPROVED
from policies.rules.migration.one_side import ONE_SIDE
from policies.rules.migration.placing import fit, overfull
from policies.rules.migration.rollback_capacity import ROLLBACK_CAPACITY
from policies.rules.migration.source_held import SOURCE_HELD
from policies.verdict import Outcome, Verdict
from tests.policies.builders import city, host, server
from tests.policies.rules.aws_town import instance, promise, quota

LACK = Unknown("a datum", "the reader lacks it")
AWAY = "aws-east"
SINCE = datetime(2026, 11, 20, 22, tzinfo=UTC)
BY_ID = {rule.id: rule for rule in RULES}
TIB = 1024 * GIB


def source(**changes: Any) -> ServerEvidence:
    plain = server("permits-db-01", os="debian-12", firmware="efi", drift=(), vsphere=VsphereSettings(firmware="efi"))
    return replace(plain, **changes)


def landing(**changes: Any) -> ServerEvidence:
    plain = instance("permits-db-01", service="permits", os="debian-12", firmware="efi", disks=(100 * GIB,))
    return replace(plain, **changes)


def move(**changes: Any) -> MoveEvidence:
    plain = MoveEvidence(
        server="permits-db-01",
        source_site="downtown",
        target_site=AWAY,
        state="pending",
        on=date(2026, 12, 5),
        window_minutes=120,
        approved_by="owner",
        ticket="CHG-1",
        hold_days=14,
        disks=100 * GIB,
        machine=landing(),
    )
    return replace(plain, **changes)


def on_trial(**changes: Any) -> MoveEvidence:
    return move(**{"state": "on trial", "held_since": SINCE, "hold_until": date(2026, 12, 4), "machine": None, **changes})


def held(**changes: Any) -> ServerEvidence:
    cut_off = VsphereSettings(nics_connected=False)
    return source(**{"held": True, "running": False, "as_of": NOW, "vsphere": cut_off, **changes})


LINK = LinkEvidence(name="line", sites=("downtown", AWAY), mbit_s=1000, latency_ms=10, paths=2)
ZONES = tuple(ZoneEvidence(site=AWAY, name=f"us-east-1{z}", offers=frozenset({"m5a.xlarge"})) for z in "abc")


def town(*servers: ServerEvidence, moves: tuple[MoveEvidence, ...] = (move(),), **changes: Any) -> Evidence:
    plain = city(servers=servers or (source(),), moves=moves, links=(LINK,), zones=ZONES, quotas=(replace(quota(), site=AWAY),), now=NOW)
    return replace(plain, **changes)


def all_of(rule: Rule, evidence: Evidence) -> list[Verdict]:
    return list(rule.check(rule, evidence, Parameters(rule, evidence.standards.rules.get(rule.id, {}))))


def judge(rule: Rule, evidence: Evidence, target: str = "move/permits-db-01") -> Verdict:
    (found,) = [v for v in all_of(rule, evidence) if v.target == target]
    return found


def freezes(evidence: Evidence, *listed: Freeze) -> Evidence:
    return replace(evidence, standards=evidence.standards.model_copy(update={"freezes": listed}))


def parameters(evidence: Evidence, rule: str, **values: Any) -> Evidence:
    return replace(evidence, standards=evidence.standards.model_copy(update={"rules": {rule: values}}))


@pytest.mark.parametrize("case", CASES, ids=[f"{c.rule}-{c.outcome}-{i}" for i, c in enumerate(CASES)])
def test_examples_hold(case: Any) -> None:
    evidence = case.evidence()
    judged = judge(BY_ID[case.rule], evidence, case.target)

    assert judged.outcome is case.outcome
    assert bool(judged.missing) == (case.outcome is Outcome.UNDETERMINED)
    assert bool(judged.remedy) == (case.outcome in {Outcome.FAIL, Outcome.UNDETERMINED})


@pytest.mark.parametrize("rule", MIGRATION, ids=[r.id for r in MIGRATION])
def test_nothing_moves_is_said_once(rule: Rule) -> None:
    (only,) = all_of(rule, town(moves=()))

    assert (only.outcome, only.target) == (Outcome.NOT_APPLICABLE, "estate")


@pytest.mark.parametrize("rule", MIGRATION, ids=[r.id for r in MIGRATION])
def test_bare_evidence_never_raises(rule: Rule) -> None:
    bare = MoveEvidence(server="gone-01", source_site="x", target_site="y", state="pending", on=LACK, window_minutes=LACK)
    for each in (bare, replace(bare, state="on trial", held_since=SINCE), replace(bare, state="open")):
        assert all_of(rule, city(moves=(each,), quotas=None))


class TestRollbackCapacity:
    """MIG-001: three hosts of 256 GiB, one of which may fail."""

    @pytest.mark.parametrize(("memory", "outcome"), [(256, Outcome.PASS), (257, Outcome.FAIL)])
    def test_the_source_must_fit_a_host_that_is_left(self, memory: int, outcome: Outcome) -> None:
        assert judge(ROLLBACK_CAPACITY, town(source(memory=memory * GIB))).outcome is outcome

    def test_a_held_source_counts_though_it_is_off(self) -> None:
        others = tuple(server(f"app-0{n}", memory=256 * GIB) for n in (1, 2))
        target = landing(as_of=NOW)

        judged = judge(ROLLBACK_CAPACITY, town(*others, held(), target, moves=(on_trial(),)))

        assert judged.outcome is Outcome.FAIL
        assert "permits-db-01 (memory)" in judged.message
        assert "544 GiB needed <= 512 GiB left without h1" in judged.formula

    def test_a_source_that_is_gone_is_no_way_back(self) -> None:
        assert "is gone" in judge(ROLLBACK_CAPACITY, town(landing(), moves=(on_trial(),))).message

    def test_unknown_memory_fails_when_the_rest_already_does(self) -> None:
        unknown = source(memory=LACK)
        assert judge(ROLLBACK_CAPACITY, town(unknown)).outcome is Outcome.UNDETERMINED
        assert judge(ROLLBACK_CAPACITY, town(unknown, server("big", memory=300 * GIB))).outcome is Outcome.FAIL

    def test_what_others_were_promised_in_the_cluster_counts(self) -> None:
        promised = replace(promise("new-01"), site="downtown", cluster="general", memory=300 * GIB, instance_type="")
        assert judge(ROLLBACK_CAPACITY, town(promises=(promised,))).outcome is Outcome.FAIL

    @pytest.mark.parametrize(("used", "outcome"), [(96.0, Outcome.PASS), (96.1, Outcome.FAIL)])
    def test_a_stopped_instance_needs_its_vcpus_again(self, used: float, outcome: Outcome) -> None:
        stopped = landing(held=True, running=False, as_of=NOW)
        back = on_trial(source_site=AWAY, target_site="downtown")

        assert judge(ROLLBACK_CAPACITY, town(stopped, source(), moves=(back,), quotas=(quota(100.0, used),))).outcome is outcome

    def test_a_running_instance_has_them(self) -> None:
        running = landing(running=True, as_of=NOW)
        leaving = move(source_site=AWAY, target_site="downtown", machine=source())

        assert judge(ROLLBACK_CAPACITY, town(running, moves=(leaving,), quotas=(quota(100.0, 100.0),))).outcome is Outcome.PASS

    def test_a_zone_that_stopped_offering_the_type_fails(self) -> None:
        zones = (replace(ZONES[0], offers=frozenset({"m7i.xlarge"})), *ZONES[1:])
        back = on_trial(source_site=AWAY, target_site="downtown")

        judged = judge(ROLLBACK_CAPACITY, town(landing(held=True, running=False), source(), moves=(back,), zones=zones))

        assert "m5a.xlarge, which us-east-1a does not offer" in judged.message

    @settings(max_examples=40, deadline=None)
    @given(memory=st.integers(1, 600), more=st.integers(0, 300))
    def test_a_bigger_cluster_never_turns_pass_into_fail(self, memory: int, more: int) -> None:
        small = town(source(memory=memory * GIB))
        (cluster,) = small.clusters
        big = replace(small, clusters=(replace(cluster, hosts=tuple(host(h.name, 32, 256 + more) for h in cluster.hosts)),))

        if judge(ROLLBACK_CAPACITY, small).outcome is Outcome.PASS:
            assert judge(ROLLBACK_CAPACITY, big).outcome is Outcome.PASS


class TestPlacing:
    """The sums that say no before anything is placed: 2 x 256 GiB and 2 x 32 x 4 vCPUs are left of three hosts."""

    @pytest.mark.parametrize(
        ("memory", "cpus", "over"), [(512 * GIB, 256, False), (512 * GIB + 1, 1, True), (GIB, 257, True), (LACK, LACK, False)]
    )
    def test_overfull(self, memory: int | Unknown, cpus: int | Unknown, over: bool) -> None:
        (cluster,) = city().clusters
        assert overfull(cluster, [source(memory=memory, cpus=cpus)], 4.0) is over

    @pytest.mark.parametrize(("count", "text"), [(3, "big-3 (memory)"), (4, "big-3 (memory) and 1 more")])
    def test_three_without_a_place_are_named(self, count: int, text: str) -> None:
        (cluster,) = city().clusters
        found = fit(cluster, [server(f"big-{n}", memory=300 * GIB) for n in range(1, count + 1)], 4.0)
        assert found.named().endswith(text)


class TestDowntime:
    """MIG-002: 1 Gbit/s at 70 % is 87.5 MB/s; 1 % of 100 GiB an hour is 12.3 s of copying; 3 + 10 + 15 minutes beside it."""

    def test_the_sum_by_hand(self) -> None:
        judged = judge(DOWNTIME, town())

        assert judged.formula.startswith("3 min power-off + 1 GiB/h assumed x 1 h / 87.5 MB/s + 10 min start + 15 min checks = 28.2 min")
        assert judged.facts[0].value == pytest.approx(28 + GIB / 87.5e6 / 60)

    @pytest.mark.parametrize(("window", "outcome"), [(29, Outcome.PASS), (28, Outcome.FAIL)])
    def test_window(self, window: int, outcome: Outcome) -> None:
        assert judge(DOWNTIME, town(moves=(move(window_minutes=window),))).outcome is outcome

    @pytest.mark.parametrize(("window", "outcome"), [(48, Outcome.PASS), (47, Outcome.FAIL)])
    def test_a_window_that_is_met_to_the_minute(self, window: int, outcome: Outcome) -> None:
        # 105 GB an hour are 20 minutes of 87.5 MB/s, with 28 beside them.
        assert judge(DOWNTIME, town(moves=(move(changed_per_hour=105e9, window_minutes=window),))).outcome is outcome

    @pytest.mark.parametrize(("rto", "outcome"), [(29, Outcome.PASS), (28, Outcome.FAIL)])
    def test_rto(self, rto: int, outcome: Outcome) -> None:
        services = {"permits": replace(city().services["permits"], rto_minutes=rto)}
        assert judge(DOWNTIME, town(services=services)).outcome is outcome

    def test_over_the_rto_it_fails_even_with_no_window_known(self) -> None:
        services = {"permits": replace(city().services["permits"], rto_minutes=28)}
        judged = judge(DOWNTIME, town(services=services, moves=(move(window_minutes=LACK),)))

        assert (judged.outcome, judged.missing) == (Outcome.FAIL, ())

    def test_what_is_not_written_is_named_with_the_place_to_write_it(self) -> None:
        judged = judge(DOWNTIME, town(moves=(move(window_minutes=LACK, on=LACK),)))
        assert judged.outcome is Outcome.UNDETERMINED

    def test_windows_starts_slower(self) -> None:
        assert "45 min start" in judge(DOWNTIME, town(source(os="windows-2022"))).formula

    def test_a_measured_rate_replaces_the_assumed_one(self) -> None:
        # 87.5 MB/s carry 315 GB in an hour: 105 GB more a third of an hour.
        judged = judge(DOWNTIME, town(moves=(move(changed_per_hour=105e9),)))

        assert "measured" in judged.formula
        assert judged.facts[0].value == pytest.approx(48)

    @pytest.mark.parametrize(("rate", "caught_up"), [(314e9, True), (315e9, False)])
    def test_changes_faster_than_the_link_never_end(self, rate: float, caught_up: bool) -> None:
        judged = judge(DOWNTIME, town(moves=(move(changed_per_hour=rate, window_minutes=500),)))
        assert ("never catches up" in judged.message) is not caught_up

    # 2,205 GB are exactly seven hours of 87.5 MB/s: one night of 22:00-05:00.
    @pytest.mark.parametrize(("size", "on", "outcome"), [(2205, 26, Outcome.PASS), (2206, 26, Outcome.FAIL), (2206, 27, Outcome.PASS)])
    def test_the_first_copy_has_the_nights_before(self, size: int, on: int, outcome: Outcome) -> None:
        narrow = (replace(LINK, window="22:00-05:00"),)
        planned = move(disks=size * 10**9, on=date(2026, 11, on), changed_per_hour=0.0)
        assert judge(DOWNTIME, town(moves=(planned,), links=narrow)).outcome is outcome

    def test_first_copies_share_the_link(self) -> None:
        narrow = (replace(LINK, window="22:00-05:00"),)
        night = date(2026, 11, 26)
        both = tuple(move(server=n, disks=1200 * 10**9, on=night, changed_per_hour=0.0) for n in ("permits-db-01", "permits-db-02"))
        second = source(name="permits-db-02")

        verdicts = {v.target: v for v in all_of(DOWNTIME, town(source(), second, moves=both, links=narrow))}

        assert verdicts["move/permits-db-01"].outcome is Outcome.PASS
        assert verdicts["move/permits-db-02"].outcome is Outcome.FAIL
        assert "with those before it" in verdicts["move/permits-db-02"].message

    def test_a_night_that_has_passed_decides_nothing(self) -> None:
        judged = judge(DOWNTIME, town(moves=(move(on=TODAY - timedelta(days=1)),)))
        assert (judged.outcome, "has passed" in judged.missing[0]) == (Outcome.UNDETERMINED, True)

    def test_tonight_leaves_no_night_for_the_first_copy(self) -> None:
        judged = judge(DOWNTIME, town(moves=(move(on=TODAY),)))
        assert (judged.outcome, "there are 0 x 24 h of the nights before" in judged.message) == (Outcome.FAIL, True)

    def test_an_open_move_is_copying_already(self) -> None:
        assert judge(DOWNTIME, town(moves=(move(state="open", on=TODAY, disks=10**15, changed_per_hour=0.0),))).outcome is Outcome.PASS

    def test_no_link_no_estimate(self) -> None:
        assert "link between" in judge(DOWNTIME, town(links=())).missing[0]

    @pytest.mark.parametrize(
        ("window", "hours"), [("", 24.0), ("22:00-05:00", 7.0), ("01:30-03:00", 1.5), ("00:00-00:00", 24.0), (" 22:00 - 23:00 ", 1.0)]
    )
    def test_hours_of_a_window(self, window: str, hours: float) -> None:
        assert nightly_hours(window) == hours

    def test_an_unreadable_window_is_unknown(self) -> None:
        assert isinstance(nightly_hours("at night"), Unknown)

    def test_a_long_line_is_limited_by_blocks_in_flight(self) -> None:
        # 64 blocks of 512 KiB in 600 ms are 55.9 MB/s, however wide the line is.
        satellite = replace(LINK, mbit_s=10_000, latency_ms=600)
        assert speed(satellite, 70, 64) == pytest.approx(64 * 524_288 / 0.6)

    @settings(max_examples=60, deadline=None)
    @given(window=st.integers(1, 300), more=st.integers(0, 300), mbit=st.integers(10, 5000), wider=st.integers(0, 5000))
    def test_more_time_or_a_wider_link_never_turns_pass_into_fail(self, window: int, more: int, mbit: int, wider: int) -> None:
        first = town(moves=(move(window_minutes=window),), links=(replace(LINK, mbit_s=mbit),))
        second = town(moves=(move(window_minutes=window + more),), links=(replace(LINK, mbit_s=mbit + wider),))

        if judge(DOWNTIME, first).outcome is Outcome.PASS:
            assert judge(DOWNTIME, second).outcome is Outcome.PASS


class TestSourceHeld:
    """MIG-003: gold asks for 14 days."""

    @pytest.mark.parametrize(("days", "outcome"), [(14, Outcome.PASS), (13, Outcome.FAIL)])
    def test_days_that_are_planned(self, days: int, outcome: Outcome) -> None:
        assert judge(SOURCE_HELD, town(moves=(move(hold_days=days),))).outcome is outcome

    @pytest.mark.parametrize(("until", "outcome"), [(date(2026, 12, 4), Outcome.PASS), (date(2026, 12, 3), Outcome.FAIL)])
    def test_days_of_a_trial(self, until: date, outcome: Outcome) -> None:
        assert judge(SOURCE_HELD, town(held(), landing(), moves=(on_trial(hold_until=until),))).outcome is outcome

    def test_no_end_is_long_enough(self) -> None:
        assert judge(SOURCE_HELD, town(held(), landing(), moves=(on_trial(hold_until=None),))).outcome is Outcome.PASS

    @pytest.mark.parametrize(
        ("changes", "outcome"),
        [
            ({}, Outcome.PASS),
            ({"running": True}, Outcome.FAIL),
            ({"running": LACK}, Outcome.UNDETERMINED),
            ({"as_of": None}, Outcome.UNDETERMINED),
            ({"running": True, "as_of": SINCE - timedelta(minutes=1)}, Outcome.UNDETERMINED),  # it ran before the cut-over, as it should
            ({"running": True, "as_of": SINCE}, Outcome.FAIL),
        ],
    )
    def test_power(self, changes: dict[str, Any], outcome: Outcome) -> None:
        assert judge(SOURCE_HELD, town(held(**changes), landing(), moves=(on_trial(),))).outcome is outcome

    def test_a_deleted_source_fails(self) -> None:
        assert "is gone" in judge(SOURCE_HELD, town(landing(), moves=(on_trial(),))).message


class TestGuestSupport:
    """MIG-004."""

    def to_aws(self, **changes: Any) -> Verdict:
        return judge(GUEST_SUPPORT, town(moves=(move(machine=landing(**changes)),)))

    def to_vsphere(self, **changes: Any) -> Verdict:
        target = replace(source(), site="northside", networks=("apps",), **changes)
        leaving = move(source_site=AWAY, target_site="northside", machine=target)
        return judge(GUEST_SUPPORT, town(landing(as_of=NOW, drift=()), moves=(leaving,)))

    @pytest.mark.parametrize(
        ("os", "outcome"),
        [
            ("debian-9", Outcome.PASS),
            ("debian-8", Outcome.FAIL),
            ("ubuntu-14-04", Outcome.PASS),
            ("ubuntu-12-04", Outcome.FAIL),
            ("rhel-7", Outcome.PASS),
            ("rhel-7-3", Outcome.FAIL),
            ("rhel-6", Outcome.FAIL),
            ("windows-2012-r2", Outcome.PASS),
            ("windows-2008-r2", Outcome.FAIL),
            ("plan9-4", Outcome.UNDETERMINED),
            ("", Outcome.UNDETERMINED),
        ],
    )
    def test_systems_on_ec2(self, os: str, outcome: Outcome) -> None:
        assert self.to_aws(os=os).outcome is outcome

    @pytest.mark.parametrize(
        ("os", "outcome"), [("rhel-6", Outcome.PASS), ("windows-2003", Outcome.FAIL), ("amazon-linux-2", Outcome.PASS)]
    )
    def test_systems_on_vsphere(self, os: str, outcome: Outcome) -> None:
        assert self.to_vsphere(os=os).outcome is outcome

    @pytest.mark.parametrize(("disks", "outcome"), [(27, Outcome.PASS), (28, Outcome.FAIL)])
    def test_attachments_of_an_instance(self, disks: int, outcome: Outcome) -> None:
        assert self.to_aws(disks=(GIB,) * disks).outcome is outcome

    @pytest.mark.parametrize(("cards", "outcome"), [(4, Outcome.PASS), (5, Outcome.FAIL)])
    def test_cards_of_an_instance(self, cards: int, outcome: Outcome) -> None:
        assert self.to_aws(networks=("app-a",) * cards).outcome is outcome

    @pytest.mark.parametrize(("size", "outcome"), [(16 * TIB, Outcome.PASS), (16 * TIB + 1, Outcome.FAIL)])
    def test_size_of_a_volume(self, size: int, outcome: Outcome) -> None:
        assert self.to_aws(disks=(GIB, size)).outcome is outcome

    @pytest.mark.parametrize(
        ("firmware", "size", "outcome"),
        [("bios", 2 * TIB, Outcome.PASS), ("bios", 2 * TIB + 1, Outcome.FAIL), ("efi", 2 * TIB + 1, Outcome.PASS)],
    )
    def test_boot_disk_of_a_bios_machine(self, firmware: str, size: int, outcome: Outcome) -> None:
        assert self.to_aws(firmware=firmware, disks=(size,)).outcome is outcome

    @pytest.mark.parametrize(
        ("kind", "firmware", "outcome"),
        [("m5a.xlarge", "bios", Outcome.PASS), ("t2.medium", "efi", Outcome.FAIL), ("m6g.xlarge", "bios", Outcome.FAIL)],
    )
    def test_boot_mode_and_architecture_of_the_type(self, kind: str, firmware: str, outcome: Outcome) -> None:
        assert self.to_aws(firmware=firmware, instance=InstanceSettings(instance_type=kind)).outcome is outcome

    @pytest.mark.parametrize(("disks", "outcome"), [(15, Outcome.PASS), (16, Outcome.FAIL)])
    def test_disks_of_a_virtual_machine(self, disks: int, outcome: Outcome) -> None:
        assert self.to_vsphere(disks=(GIB,) * disks).outcome is outcome

    @pytest.mark.parametrize(("size", "outcome"), [(62 * TIB, Outcome.PASS), (62 * TIB + 1, Outcome.FAIL)])
    def test_size_of_a_virtual_disk(self, size: int, outcome: Outcome) -> None:
        assert self.to_vsphere(disks=(size,)).outcome is outcome

    def test_sizes_in_words(self) -> None:
        assert "largest disk 1 TiB <= 16 TiB" in self.to_aws(disks=(TIB,)).formula
        assert "largest disk 1,023 GiB <= 16 TiB" in self.to_aws(disks=(TIB - GIB,)).formula

    def test_an_unknown_disk_is_undetermined_and_a_known_bad_one_fails_beside_it(self) -> None:
        assert self.to_aws(disks=(LACK, GIB)).outcome is Outcome.UNDETERMINED
        assert self.to_aws(disks=(LACK, 17 * TIB)).outcome is Outcome.FAIL

    def test_a_server_without_a_place_there_is_undetermined(self) -> None:
        assert "at: aws-east" in self.to_aws(networks=()).missing[0]

    def test_drift_fails(self) -> None:
        assert "has 8 processors" in judge(GUEST_SUPPORT, town(source(drift=("has 8 processors",)))).message

    @pytest.mark.parametrize(("on", "outcome"), [(True, Outcome.FAIL), (False, Outcome.PASS), (LACK, Outcome.UNDETERMINED)])
    def test_secure_boot_stops_a_move_where_a_city_asks_for_it(self, on: bool | Unknown, outcome: Outcome) -> None:
        evidence = town(source(vsphere=VsphereSettings(firmware="efi", secure_boot=on)))

        assert judge(GUEST_SUPPORT, evidence).outcome is Outcome.PASS
        assert judge(GUEST_SUPPORT, parameters(evidence, "MIG-004", keep_secure_boot=True)).outcome is outcome

    @settings(max_examples=60, deadline=None)
    @given(disks=st.lists(st.integers(GIB, 40 * TIB), min_size=2, max_size=40), cards=st.integers(1, 8))
    def test_one_disk_less_never_turns_pass_into_fail(self, disks: list[int], cards: int) -> None:
        if self.to_aws(disks=tuple(disks), networks=("app-a",) * cards).outcome is Outcome.PASS:
            assert self.to_aws(disks=tuple(disks[:-1]), networks=("app-a",) * cards).outcome is Outcome.PASS


class TestGuests:
    """The table of systems."""

    @pytest.mark.parametrize(
        ("os", "family", "version"),
        [
            ("ubuntu-24-04", "ubuntu", (24, 4)),
            ("windows-2012-r2", "windows", (2012,)),
            ("oracle-linux-8", "oracle-linux", (8,)),
            ("x", "x", ()),
        ],
    )
    def test_split(self, os: str, family: str, version: tuple[int, ...]) -> None:
        assert split(os) == (family, version)

    def test_every_system_of_ec2_also_starts_on_vsphere(self) -> None:
        assert set(OLDEST["aws"]) == set(OLDEST["vsphere"])

    def test_vsphere_has_an_identifier_for_every_family(self) -> None:
        names = {
            "almalinux": "almalinux",
            "amazon-linux": "amazonlinux2",
            "oracle-linux": "oracleLinux",
            "rocky": "rockylinux",
            "windows": "win",
        }
        ids = tuple(vim.vm.GuestOsDescriptor.GuestOsIdentifier.values)  # type: ignore[attr-defined]
        for family in OLDEST["vsphere"]:
            assert any(i.startswith(names.get(family, family)) for i in ids), family

    def test_a_version_never_starts_where_an_older_one_does_and_it_does_not(self) -> None:
        for kind, families in OLDEST.items():
            for family in families:
                answers = [starts(f"{family}-{n}", kind) for n in range(1, 2030)]
                assert answers == sorted(answers, key=bool)


class TestDoubleRunning:
    """MIG-005: three hosts of 256 GiB, one of which may fail."""

    def to_cluster(self, *sizes: int, nights: tuple[date | Unknown, ...] = (), inside: tuple[int, ...] = ()) -> dict[str, Verdict]:
        nights = nights or (date(2026, 12, 5),) * len(sizes)
        (general,) = city().clusters
        north = ClusterEvidence(site="northside", name="general", hosts=general.hosts, ha=HighAvailability())
        leaving, moves = [], []
        for number, (size, night) in enumerate(zip(sizes, nights, strict=True), 1):
            name = f"app-0{number}"
            machine = server(name, site="northside", memory=size * GIB)
            leaving.append(server(name, memory=GIB))
            moves.append(move(server=name, target_site="northside", on=night, machine=machine))
        there = [server(f"old-0{n}", site="northside", memory=size * GIB) for n, size in enumerate(inside, 1)]
        evidence = town(*leaving, *there, moves=tuple(moves), clusters=(general, north))
        return {v.target: v for v in all_of(DOUBLE_RUNNING, evidence)}

    @pytest.mark.parametrize(("size", "outcome"), [(256, Outcome.PASS), (257, Outcome.FAIL)])
    def test_one_machine(self, size: int, outcome: Outcome) -> None:
        assert self.to_cluster(size)["move/app-01"].outcome is outcome

    def test_moves_of_one_night_count_together(self) -> None:
        verdicts = self.to_cluster(200, 200, 200)
        assert {v.outcome for v in verdicts.values()} == {Outcome.FAIL}

    def test_a_later_night_does_not_count_for_an_earlier_one(self) -> None:
        early, late = date(2026, 12, 5), date(2026, 12, 12)
        verdicts = self.to_cluster(200, 200, 200, nights=(early, early, late))

        assert [verdicts[f"move/app-0{n}"].outcome for n in (1, 2, 3)] == [Outcome.PASS, Outcome.PASS, Outcome.FAIL]

    def test_moves_without_a_night_are_undetermined_only_where_it_matters(self) -> None:
        fits = self.to_cluster(200, 200, nights=(LACK, LACK))
        perhaps = self.to_cluster(200, 200, 200, nights=(LACK, LACK, LACK))
        surely = self.to_cluster(200, 200, nights=(LACK, LACK), inside=(200, 200))

        assert {v.outcome for v in fits.values()} == {Outcome.PASS}
        assert {v.outcome for v in perhaps.values()} == {Outcome.UNDETERMINED}
        assert {v.outcome for v in surely.values()} == {Outcome.FAIL}

    def test_other_moves_without_a_night_are_named_three_at_most(self) -> None:
        four = self.to_cluster(200, 200, 200, 1, nights=(LACK,) * 4)["move/app-04"].missing[0]
        five = self.to_cluster(200, 200, 200, 1, 1, nights=(LACK,) * 5)["move/app-05"].missing[0]

        assert "for app-01, app-02, app-03)" in four
        assert "for app-01, app-02, app-03 and 1 more)" in five

    def test_a_promise_of_the_same_move_is_not_counted_twice(self) -> None:
        (general,) = city().clusters
        north = ClusterEvidence(site="northside", name="general", hosts=general.hosts, ha=HighAvailability())
        two = [server(f"old-0{n}", site="northside", memory=200 * GIB) for n in (1, 2)]
        coming = move(target_site="northside", machine=server("permits-db-01", site="northside", memory=56 * GIB))
        promised = replace(promise("permits-db-01"), site="northside", cluster="general", memory=56 * GIB, instance_type="")
        evidence = town(source(), *two, moves=(coming,), clusters=(general, north), promises=(promised,))

        assert judge(DOUBLE_RUNNING, evidence).outcome is Outcome.PASS
        other = replace(promised, holder="new-01")
        assert judge(DOUBLE_RUNNING, replace(evidence, promises=(other, replace(other, holder="new-02")))).outcome is Outcome.FAIL

    @pytest.mark.parametrize(("used", "outcome"), [(96.0, Outcome.PASS), (96.1, Outcome.FAIL)])
    def test_quota_of_a_region(self, used: float, outcome: Outcome) -> None:
        assert judge(DOUBLE_RUNNING, town(quotas=(quota(100.0, used),))).outcome is outcome

    def test_a_machine_that_was_seen_is_in_the_used_quota(self) -> None:
        there = landing(as_of=NOW)
        assert judge(DOUBLE_RUNNING, town(held(), there, moves=(on_trial(),), quotas=(quota(100.0, 100.0),))).outcome is Outcome.PASS

    def test_another_stacks_promise_counts_against_the_quota(self) -> None:
        evidence = town(quotas=(quota(100.0, 92.0),))

        assert judge(DOUBLE_RUNNING, replace(evidence, promises=(promise("other-01"),))).outcome is Outcome.PASS
        assert judge(DOUBLE_RUNNING, replace(evidence, promises=(promise("other-01"), promise("other-02")))).outcome is Outcome.FAIL
        assert judge(DOUBLE_RUNNING, replace(evidence, promises=(promise("other-01"), promise("permits-db-01")))).outcome is Outcome.PASS

    def test_the_type_must_be_offered_in_another_zone_too(self) -> None:
        bare = tuple(replace(z, offers=frozenset[str]()) for z in ZONES[1:])
        unknown = tuple(replace(z, offers=LACK) for z in ZONES[1:])

        assert judge(DOUBLE_RUNNING, town(zones=(ZONES[0], *bare))).outcome is Outcome.FAIL
        assert judge(DOUBLE_RUNNING, town(zones=(ZONES[0], *unknown))).outcome is Outcome.UNDETERMINED
        assert judge(DOUBLE_RUNNING, town(zones=(ZONES[0], unknown[0], ZONES[2]))).outcome is Outcome.PASS

    def test_nobody_asked_for_quotas(self) -> None:
        assert "EC2 quotas" in judge(DOUBLE_RUNNING, town(quotas=None)).missing[0]

    @settings(max_examples=40, deadline=None)
    @given(sizes=st.lists(st.integers(1, 300), min_size=1, max_size=5))
    def test_a_move_less_never_turns_pass_into_fail(self, sizes: list[int]) -> None:
        if self.to_cluster(*sizes)["move/app-01"].outcome is Outcome.PASS:
            assert self.to_cluster(*sizes[:1])["move/app-01"].outcome is Outcome.PASS


class TestApproval:
    """MIG-006: the move is meant for 5 December."""

    @pytest.mark.parametrize(
        ("begins", "ends", "outcome"),
        [
            (date(2026, 12, 1), date(2026, 12, 4), Outcome.PASS),
            (date(2026, 12, 1), date(2026, 12, 5), Outcome.FAIL),
            (date(2026, 12, 5), date(2026, 12, 9), Outcome.FAIL),
            (date(2026, 12, 6), date(2026, 12, 9), Outcome.PASS),
        ],
    )
    def test_both_ends_of_a_freeze(self, begins: date, ends: date, outcome: Outcome) -> None:
        assert judge(MOVE_APPROVED, freezes(town(), Freeze(begins=begins, ends=ends, reason="elections"))).outcome is outcome

    def test_a_window_may_reach_into_the_next_day(self) -> None:
        evidence = freezes(town(), Freeze(begins=date(2026, 12, 6), ends=date(2026, 12, 6), reason="elections"))
        standards = evidence.standards.model_copy(update={"rules": {"MIG-006": {"nights": 2}}})
        assert judge(MOVE_APPROVED, replace(evidence, standards=standards)).outcome is Outcome.FAIL

    @pytest.mark.parametrize(("service", "outcome"), [("permits", Outcome.FAIL), ("taxes", Outcome.PASS)])
    def test_a_freeze_of_services(self, service: str, outcome: Outcome) -> None:
        frozen = Freeze(begins=date(2026, 12, 5), ends=date(2026, 12, 5), reason="elections", services=(service,))
        assert judge(MOVE_APPROVED, freezes(town(), frozen)).outcome is outcome

    @pytest.mark.parametrize("lacks", [{"approved_by": ""}, {"ticket": ""}])
    def test_owner_and_ticket(self, lacks: dict[str, str]) -> None:
        judged = judge(MOVE_APPROVED, town(moves=(move(**lacks),)))
        assert (judged.outcome, judged.blocks) == (Outcome.FAIL, False)

    def test_a_city_without_tickets(self) -> None:
        evidence = parameters(town(moves=(move(ticket=""),)), "MIG-006", ticket_needed=False)
        assert judge(MOVE_APPROVED, evidence).outcome is Outcome.PASS


class TestOneSide:
    """MIG-007."""

    @pytest.mark.parametrize(
        ("running", "connected", "outcome"),
        [
            (False, False, Outcome.PASS),
            (True, False, Outcome.FAIL),
            (False, True, Outcome.FAIL),
            (LACK, False, Outcome.UNDETERMINED),
            (False, LACK, Outcome.UNDETERMINED),
            (True, LACK, Outcome.FAIL),
        ],
    )
    def test_held_source_on_vsphere(self, running: Any, connected: Any, outcome: Outcome) -> None:
        stopped = held(running=running, vsphere=VsphereSettings(nics_connected=connected))
        assert judge(ONE_SIDE, town(stopped, landing(), moves=(on_trial(),))).outcome is outcome

    @pytest.mark.parametrize(("closed", "outcome"), [(True, Outcome.PASS), (False, Outcome.FAIL), (LACK, Outcome.UNDETERMINED)])
    def test_held_source_on_aws(self, closed: Any, outcome: Outcome) -> None:
        stopped = landing(held=True, running=False, as_of=NOW, instance=InstanceSettings(closed=closed))
        back = on_trial(source_site=AWAY, target_site="downtown")
        assert judge(ONE_SIDE, town(stopped, source(), moves=(back,))).outcome is outcome

    def test_an_observation_from_before_the_cut_over_says_nothing(self) -> None:
        early = held(running=True, as_of=SINCE - timedelta(seconds=1))
        assert judge(ONE_SIDE, town(early, landing(), moves=(on_trial(),))).outcome is Outcome.UNDETERMINED

    def test_an_observation_at_the_cut_over_counts(self) -> None:
        assert judge(ONE_SIDE, town(held(running=True, as_of=SINCE), landing(), moves=(on_trial(),))).outcome is Outcome.FAIL

    def test_both_running_says_so(self) -> None:
        judged = judge(ONE_SIDE, town(held(running=True), landing(running=True), moves=(on_trial(),)))
        assert "while the target runs too" in judged.message

    @pytest.mark.parametrize(("running", "outcome"), [(True, Outcome.FAIL), (False, Outcome.PASS), (LACK, Outcome.UNDETERMINED)])
    def test_a_second_machine_that_nobody_declared(self, running: Any, outcome: Outcome) -> None:
        twin = server("permits-db-01", site="northside", service="", running=running, as_of=NOW)
        assert judge(ONE_SIDE, town(source(), twin, moves=()), "server/permits-db-01").outcome is outcome

    def test_a_stranger_with_a_name_of_its_own_is_no_twin(self) -> None:
        stranger = server("test-copy", site="northside", service="", running=True, as_of=NOW)
        (only,) = all_of(ONE_SIDE, town(source(), stranger, moves=()))
        assert only.outcome is Outcome.NOT_APPLICABLE


class TestPlan:
    """A plan shows the state after the cut-over; its source still runs, and no rule may blame it for that."""

    def test_a_running_source_of_a_plan_is_no_second_copy(self) -> None:
        evidence = read_plan(Estate.model_validate(ESTATE), "records-db-01", "cloud", TODAY)
        seen = tuple(replace(s, as_of=NOW, running=True) if s.held else s for s in evidence.servers)
        verdicts = {v.rule: v for v in evaluate(replace(evidence, servers=seen), MIGRATION).verdicts}

        assert verdicts["MIG-007"].outcome is Outcome.NOT_APPLICABLE
        assert verdicts["MIG-003"].missing == (
            "hold time of the move of records-db-01 (the estate does not say; write it under `move:` of the server)",
        )
        assert not [v for v in verdicts.values() if v.outcome is Outcome.FAIL]


@pytest.mark.parametrize("rule", [ROLLBACK_CAPACITY, DOUBLE_RUNNING], ids=lambda r: r.id)
def test_the_host_that_alone_holds_the_largest_machine_is_failed_too(rule: Rule) -> None:
    """As CAP-001 does: it has neither the most memory nor the most cores."""
    hosts = (host("wide", cores=64, memory_gib=64), host("tall", cores=8, memory_gib=512), host("both", cores=48, memory_gib=256))
    big = source(cpus=160, memory=200 * GIB, as_of=NOW, running=True)
    one = ClusterEvidence(site="downtown", name="general", hosts=hosts, ha=HighAvailability())

    assert "when both" in judge(rule, town(big, clusters=(one,), quotas=(quota(1000.0, 0.0),))).message


@pytest.mark.parametrize("rule", [ROLLBACK_CAPACITY, DOUBLE_RUNNING], ids=lambda r: r.id)
def test_a_machine_that_is_switched_off_asks_for_no_room_unless_it_is_held(rule: Rule) -> None:
    big = server("archive-01", memory=500 * GIB, cpus=1, as_of=NOW, running=False)

    def judged(*others: ServerEvidence) -> Outcome:
        return judge(rule, town(source(as_of=NOW, running=True), *others, quotas=(quota(100.0, 0.0),))).outcome

    assert judged(big) is judged()
    assert judged(replace(big, held=True)) is Outcome.FAIL


def test_the_growth_of_a_promise_takes_only_its_own_vcpus() -> None:
    grows = promise("web-01 (growth)", cpus=2, kind="m5a.xlarge")
    evidence = town(moves=(move(),), promises=(grows,), quotas=(quota(100.0, 94.0),))

    assert judge(DOUBLE_RUNNING, evidence).outcome is Outcome.PASS  # 94 + 4 + 2 = 100, not 102


@pytest.mark.parametrize("rule", [SOURCE_HELD, ONE_SIDE], ids=lambda r: r.id)
def test_a_hold_whose_time_names_no_zone_is_one_of_utc(rule: Rule) -> None:
    case = next(c for c in CASES if c.rule == rule.id and c.outcome is Outcome.PASS and "held" in str(c.documents()[0]["placements"]))
    estate, snapshot = case.documents()
    for placement in estate["placements"].values():
        if placement.get("held"):
            placement["held"]["since"] = placement["held"]["since"].removesuffix("Z")
    seen = overlay_snapshot(read_estate(Estate.model_validate(estate), TODAY), CapacitySnapshot.model_validate(snapshot), "capacity.json")

    assert [v.outcome for v in evaluate(seen).verdicts if v.rule == rule.id and v.target == case.target] == [Outcome.PASS]
