"""AWS capacity by load, recovery, disks and size: hand-checked numbers, both sides of every threshold, bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.estate.model import GIB
from policies.evidence import BackupEvidence, Evidence, InstanceSettings, ReservationEvidence, ServerEvidence, VolumeEvidence
from policies.examples.case import NOW
from policies.rules.capacity.disk_performance import DISK_PERFORMANCE
from policies.rules.capacity.reserved_recovery import RESERVED_RECOVERY
from policies.rules.capacity.right_size import RIGHT_SIZE
from policies.rules.capacity.static_stability import STATIC_STABILITY
from policies.verdict import Outcome, Severity
from tests.policies.builders import city, server
from tests.policies.rules.aws_town import LACK, MIB, SITE, ZONES, coming, instance, judge, quota, seen, town, usage


def spread(zones: str, cpu: float = 5000.0, memory: float = 8.0, **changes: Any) -> list[ServerEvidence]:
    """One member a zone, 10 GHz and 16 GiB each."""
    return [instance(f"web-{z}", zone=z, group="web", usage=usage(cpu=cpu, memory=memory), **changes) for z in zones]


class TestStaticStability:
    """CAP-014."""

    @pytest.mark.parametrize(
        ("zones", "cpu", "memory", "outcome"),
        [
            ("ab", 5000.0, 8.0, Outcome.PASS),  # 10 GHz / (2 - 1) = 10 GHz, 16 GiB / (2 - 1) = 16 GiB
            ("ab", 5001.0, 8.0, Outcome.FAIL),
            ("ab", 5000.0, 8.01, Outcome.FAIL),
            ("abc", 6666.0, 8.0, Outcome.PASS),  # 19.998 GHz / (3 - 1) = 9.999 GHz
            ("abc", 6667.0, 8.0, Outcome.FAIL),
            ("a", 1.0, 0.1, Outcome.FAIL),  # one zone: nothing is left
        ],
    )
    def test_share_of_a_zone(self, zones: str, cpu: float, memory: float, outcome: Outcome) -> None:
        assert judge(STATIC_STABILITY, town(*spread(zones, cpu, memory))).outcome is outcome

    def test_formula_is_checkable_by_hand(self) -> None:
        judged = judge(STATIC_STABILITY, town(*spread("abc", 6000.0)))

        assert judged.target == "group/web"
        assert "CPU: 18 GHz / (3 - 1) = 9 GHz <= 10 GHz of us-east-1a" in judged.formula
        assert "memory: 24 GiB / (3 - 1) = 12 GiB <= 16 GiB" in judged.formula
        assert "overhead factor 3/2 = 1.50" in judged.formula

    def test_a_formula_that_does_not_hold_says_so(self) -> None:
        assert "= 10.4 GHz > 10 GHz of us-east-1a; memory: 14 GiB / (2 - 1) = 14 GiB <= 16 GiB" in (
            judge(STATIC_STABILITY, town(*spread("ab", 5200.0, 7.0))).formula
        )

    def test_load_is_a_parameter(self) -> None:
        rules = {"CAP-014": {"load_percent": 101}}

        assert judge(STATIC_STABILITY, town(*spread("ab"), rules=rules)).outcome is Outcome.FAIL
        assert judge(STATIC_STABILITY, town(*spread("ab", 4900.0, 7.9), rules=rules)).outcome is Outcome.PASS

    def test_the_weakest_zone_decides(self) -> None:
        small = instance("web-b", zone="b", group="web", kind="m5a.large", usage=usage(cpu=0, memory=0))
        members = [*spread("a", 5000.0), small]  # 5 GHz, 8 GiB

        assert judge(STATIC_STABILITY, town(*members)).outcome is Outcome.PASS
        assert "us-east-1b has 5 GHz" in judge(STATIC_STABILITY, town(*spread("a", 5001.0), small)).message

    def test_a_data_centre_counts_as_one_zone(self) -> None:
        at_home = server("web-home", group="web", usage=usage(cpu=5000.0, memory=8.0))  # 4 x 2.6 GHz, 32 GiB

        assert "10 GHz of us-east-1a" in judge(STATIC_STABILITY, town(*spread("a"), at_home)).formula

    @pytest.mark.parametrize(("cpu", "outcome"), [(10_000.0, Outcome.UNDETERMINED), (10_001.0, Outcome.FAIL)])
    def test_an_unmeasured_member_leaves_a_bound(self, cpu: float, outcome: Outcome) -> None:
        assert judge(STATIC_STABILITY, town(*spread("a", cpu), instance("web-b", zone="b", group="web"))).outcome is outcome

    def test_unknown_zone_and_unknown_type(self) -> None:
        lost = instance("web-x", zone="", group="web", usage=usage())

        assert judge(STATIC_STABILITY, town(*spread("ab"), lost)).outcome is Outcome.UNDETERMINED
        assert judge(STATIC_STABILITY, town(lost)).outcome is Outcome.FAIL  # wherever it stands, it stands alone
        assert judge(STATIC_STABILITY, town(*spread("ab", kind=LACK))).outcome is Outcome.UNDETERMINED

    @given(cpu=st.floats(0, 20_000), memory=st.floats(0, 32))
    @settings(max_examples=40, deadline=None)
    def test_a_zone_more_never_turns_pass_into_fail(self, cpu: float, memory: float) -> None:
        idle = instance("web-c", zone="c", group="web", usage=usage(cpu=0, memory=0))
        two, three = (judge(STATIC_STABILITY, town(*spread("ab", cpu, memory), *more)) for more in ((), (idle,)))

        assert not (two.outcome is Outcome.PASS and three.outcome is Outcome.FAIL)


def recovering(*machines: ServerEvidence, copies: tuple[str, ...], **changes: Any) -> Evidence:
    jobs = tuple(BackupEvidence(server=m.name, interval_minutes=60, copies=copies, declared_in="x") for m in machines if m.service)
    return town(*machines, backups=jobs, **changes)


def reserved(kind: str = "m5a.xlarge", free: int = 1) -> ReservationEvidence:
    return ReservationEvidence(site=SITE, zone=ZONES[0], instance_type=kind, total=free, free=free)


class TestReservedRecovery:
    """CAP-015. The cluster at home has 3 hosts of 256 GiB and 32 cores: 512 GiB and 64 x 4 vCPUs without one."""

    @pytest.mark.parametrize(("filled", "outcome"), [(496, Outcome.PASS), (497, Outcome.FAIL)])
    def test_memory_beyond_n_plus_one(self, filled: int, outcome: Outcome) -> None:
        others = server("others", service="", memory=filled * GIB)

        assert judge(RESERVED_RECOVERY, recovering(instance("db-01"), others, copies=("downtown",))).outcome is outcome

    @pytest.mark.parametrize(("filled", "outcome"), [(252, Outcome.PASS), (253, Outcome.FAIL)])
    def test_vcpus_and_their_ratio(self, filled: int, outcome: Outcome) -> None:
        evidence = recovering(instance("db-01"), server("others", service="", cpus=filled), copies=("downtown",))
        halved = recovering(
            instance("db-01"),
            server("others", service="", cpus=filled - 128),
            copies=("downtown",),
            rules={"CAP-015": {"vcpu_per_core": 2.0}},
        )

        assert judge(RESERVED_RECOVERY, evidence).outcome is outcome
        assert judge(RESERVED_RECOVERY, halved).outcome is outcome

    def test_two_machines_do_not_take_the_same_room(self) -> None:
        others = server("others", service="", memory=496 * GIB)
        evidence = recovering(instance("db-01"), instance("db-02"), others, copies=("downtown",))

        assert "db-02 finds nothing" in judge(RESERVED_RECOVERY, evidence).message

    def test_a_machine_must_fit_one_host(self) -> None:
        wide = instance("db-01", memory=300 * GIB)

        assert judge(RESERVED_RECOVERY, recovering(wide, copies=("downtown",))).outcome is Outcome.FAIL

    @pytest.mark.parametrize(
        ("reservations", "outcome"),
        [
            ((reserved("r6a.xlarge"),), Outcome.PASS),
            ((reserved("m5a.xlarge"),), Outcome.FAIL),  # 16 GiB for 32
            ((reserved("r6a.xlarge", 0),), Outcome.FAIL),
            ((), Outcome.FAIL),
            (None, Outcome.UNDETERMINED),
        ],
    )
    def test_reservations(self, reservations: tuple[ReservationEvidence, ...] | None, outcome: Outcome) -> None:
        evidence = recovering(server("db-01"), copies=(SITE,), reservations=reservations)

        assert judge(RESERVED_RECOVERY, evidence).outcome is outcome

    @pytest.mark.parametrize(("limit", "outcome"), [(20.0, Outcome.PASS), (19.0, Outcome.FAIL)])
    def test_quota_counts_only_where_it_is_accepted(self, limit: float, outcome: Outcome) -> None:
        asked = {"reservations": (), "quotas": (quota(limit, used=16.0),)}
        accepted = {"CAP-015": {"accept_quota_headroom": True}}

        assert judge(RESERVED_RECOVERY, recovering(server("db-01"), copies=(SITE,), rules=accepted, **asked)).outcome is outcome
        assert judge(RESERVED_RECOVERY, recovering(server("db-01"), copies=(SITE,), **asked)).outcome is Outcome.FAIL

    def test_what_serves_elsewhere_needs_no_room(self) -> None:
        members = (server("db-01", group="db"), instance("db-02", group="db"))

        judged = judge(RESERVED_RECOVERY, recovering(*members, copies=(), reservations=()))
        assert judged.outcome is Outcome.PASS
        assert "serves at" in judged.message

    def test_no_copy_is_no_place(self) -> None:
        assert "no copy of its data outside downtown" in judge(RESERVED_RECOVERY, recovering(server("db-01"), copies=())).message

    def test_unknown_sizes_at_home_leave_a_bound(self) -> None:
        others = server("others", service="", memory=LACK)

        assert judge(RESERVED_RECOVERY, recovering(instance("db-01"), others, copies=("downtown",))).outcome is Outcome.UNDETERMINED

    @given(host=st.integers(0, 2), more=st.integers(0, 512), filled=st.integers(400, 600))
    @settings(max_examples=40, deadline=None)
    def test_a_bigger_host_never_turns_pass_into_fail(self, host: int, more: int, filled: int) -> None:
        cluster = city().clusters[0]
        hosts = list(cluster.hosts)
        hosts[host] = replace(hosts[host], memory=hosts[host].memory + more * GIB)
        machines = (instance("db-01"), server("others", service="", memory=filled * GIB))
        small, big = (
            judge(RESERVED_RECOVERY, recovering(*machines, copies=("downtown",), clusters=(each,)))
            for each in (cluster, replace(cluster, hosts=tuple(hosts)))
        )

        assert not (small.outcome is Outcome.PASS and big.outcome is Outcome.FAIL)


def with_volumes(*volumes: VolumeEvidence, kind: Any = "m5a.xlarge", **used: Any) -> Evidence:
    settings = InstanceSettings(instance_type=kind, volumes=volumes)
    return town(instance("db-01", instance=settings, usage=usage(**used)))


class TestDisks:
    """CAP-016. A planned disk is a gp3 volume: 3,000 IOPS and 125 MiB/s. m5a.xlarge: 6,000 IOPS and 135.625 MB/s = 129.3 MiB/s."""

    @pytest.mark.parametrize(
        ("used", "outcome"),
        [
            ({"iops": 3000.0}, Outcome.PASS),
            ({"iops": 3001.0}, Outcome.FAIL),
            ({"mib_s": 125.0}, Outcome.PASS),
            ({"mib_s": 125.1}, Outcome.FAIL),
            ({"iops": LACK}, Outcome.UNDETERMINED),
            ({"iops": LACK, "mib_s": 126.0}, Outcome.FAIL),
        ],
    )
    def test_a_planned_disk(self, used: dict[str, Any], outcome: Outcome) -> None:
        assert judge(DISK_PERFORMANCE, town(instance("db-01", usage=usage(**used)))).outcome is outcome

    @pytest.mark.parametrize(("iops", "outcome"), [(3000.0, Outcome.PASS), (6000.0, Outcome.UNDETERMINED), (6001.0, Outcome.FAIL)])
    def test_several_disks_are_certain_only_up_to_the_weakest(self, iops: float, outcome: Outcome) -> None:
        machine = instance("db-01", disks=(100 * GIB, 50 * GIB), usage=usage(iops=iops))

        assert judge(DISK_PERFORMANCE, town(machine)).outcome is outcome

    @pytest.mark.parametrize(("mib_s", "outcome"), [(129.0, Outcome.PASS), (129.5, Outcome.FAIL)])
    def test_the_instance_type_limits(self, mib_s: float, outcome: Outcome) -> None:
        fast = VolumeEvidence(name="v", size=100 * GIB, type="gp3", iops=9000.0, throughput=500.0 * MIB)
        judged = judge(DISK_PERFORMANCE, with_volumes(fast, mib_s=mib_s))

        assert judged.outcome is outcome
        assert ("choose an instance type" in judged.remedy) == (outcome is Outcome.FAIL)

    @pytest.mark.parametrize(("iops", "outcome"), [(300.0, Outcome.PASS), (301.0, Outcome.FAIL)])
    def test_gp2_grows_with_its_size(self, iops: float, outcome: Outcome) -> None:
        old = VolumeEvidence(name="v", size=100 * GIB, type="gp2")  # 3 IOPS a GiB

        assert judge(DISK_PERFORMANCE, with_volumes(old, iops=iops)).outcome is outcome

    @pytest.mark.parametrize(("size", "outcome"), [(333, Outcome.FAIL), (334, Outcome.PASS)])
    def test_gp2_is_faster_when_it_is_large(self, size: int, outcome: Outcome) -> None:
        old = VolumeEvidence(name="v", size=size * GIB, type="gp2")  # 128 MiB/s, from 334 GiB on 250

        assert judge(DISK_PERFORMANCE, with_volumes(old, mib_s=128.5)).outcome is outcome

    def test_what_nobody_knows_of_volume_or_type(self) -> None:
        plain = VolumeEvidence(name="v", size=100 * GIB, type="io2")

        assert judge(DISK_PERFORMANCE, with_volumes(plain)).outcome is Outcome.UNDETERMINED
        assert judge(DISK_PERFORMANCE, town(instance("db-01", kind=LACK, usage=usage()))).outcome is Outcome.UNDETERMINED
        assert judge(DISK_PERFORMANCE, town(instance("db-01", kind=LACK, usage=usage(iops=3001.0)))).outcome is Outcome.FAIL

    @pytest.mark.parametrize(
        ("rules", "iops"), [({"percent": 50}, 1500.0), ({"gp3_iops": 4000}, 4000.0), ({"gp3_mib_s": 40, "percent": 200}, 6000.0)]
    )
    def test_parameters(self, rules: dict[str, Any], iops: float) -> None:
        under, over = (
            judge(DISK_PERFORMANCE, town(instance("db-01", usage=usage(iops=each, mib_s=50.0)), rules={"CAP-016": rules}))
            for each in (iops, iops + 1)
        )

        assert (under.outcome, over.outcome) == (Outcome.PASS, Outcome.FAIL)

    def test_a_move_is_judged_by_its_sources_use(self) -> None:
        source = server("db-01", usage=usage(iops=3001.0))

        assert judge(DISK_PERFORMANCE, town(source, moves=(coming(instance("db-01")),))).outcome is Outcome.FAIL


class TestSize:
    """CAP-017. m5a.xlarge: 4 vCPUs of 2.5 GHz, 16 GiB."""

    @pytest.mark.parametrize(
        ("cpu", "memory", "outcome"),
        [(10_000.0, 16.0, Outcome.PASS), (10_001.0, 10.0, Outcome.FAIL), (5000.0, 16.01, Outcome.FAIL)],
    )
    def test_too_small(self, cpu: float, memory: float, outcome: Outcome) -> None:
        judged = judge(RIGHT_SIZE, town(instance("a-01", usage=usage(cpu=cpu, memory=memory))))

        assert (judged.outcome, judged.severity) == (outcome, Severity.MEDIUM)
        assert ("too small" in judged.message) == (outcome is Outcome.FAIL)

    @pytest.mark.parametrize(
        ("cpu", "outcome", "severity"), [(10_000.0, Outcome.PASS, Severity.MEDIUM), (9_999.0, Outcome.FAIL, Severity.LOW)]
    )
    def test_too_large(self, cpu: float, outcome: Outcome, severity: Severity) -> None:
        big = instance("a-01", kind="m5a.2xlarge", usage=usage(cpu=cpu, memory=16.0))  # 8 vCPUs, 32 GiB
        judged = judge(RIGHT_SIZE, town(big, rules={"CAP-017": {"headroom_percent": 0}}))

        assert (judged.outcome, judged.severity) == (outcome, severity)
        if outcome is Outcome.FAIL:
            assert "m5a.xlarge would hold it and saves 125.6 USD a month" in judged.message  # (0.344 - 0.172) x 730

    def test_factor_is_a_parameter(self) -> None:
        big = instance("a-01", kind="m5a.2xlarge", usage=usage(cpu=9_999.0, memory=15.0))

        assert judge(RIGHT_SIZE, town(big, rules={"CAP-017": {"factor": 3, "headroom_percent": 0}})).outcome is Outcome.PASS

    def test_no_cheaper_type_is_no_finding(self) -> None:
        smallest = instance("a-01", kind="t3a.nano", usage=usage(cpu=100.0, memory=0.1))

        assert judge(RIGHT_SIZE, town(smallest)).outcome is Outcome.PASS

    @pytest.mark.parametrize(("cpu", "outcome"), [(10_400.0, Outcome.PASS), (10_401.0, Outcome.FAIL), (5_199.0, Outcome.FAIL)])
    def test_a_move_home_is_judged_by_the_hosts_clock(self, cpu: float, outcome: Outcome) -> None:
        machine = server("a-01", memory=16 * GIB)  # 4 vCPUs of 2.6 GHz
        move = replace(coming(machine), target_site="downtown")
        source = seen("a-01", held=True, usage=usage(cpu=cpu))

        assert judge(RIGHT_SIZE, town(source, moves=(move,))).outcome is outcome

    def test_unknown_use_leaves_a_bound(self) -> None:
        assert judge(RIGHT_SIZE, town(instance("a-01", usage=usage(cpu=LACK)))).outcome is Outcome.UNDETERMINED
        assert judge(RIGHT_SIZE, town(instance("a-01", usage=usage(cpu=LACK, memory=17.0)))).outcome is Outcome.FAIL
        assert judge(RIGHT_SIZE, town(instance("a-01"))).outcome is Outcome.UNDETERMINED


def test_a_member_that_is_switched_off_carries_nothing() -> None:
    """Neither its zone's load (CAP-014) nor the work of a lost site (CAP-015)."""
    off = {"as_of": NOW, "running": False}
    on, stopped = spread("a"), spread("b", **off)
    judged = judge(STATIC_STABILITY, town(*on, *stopped))

    assert judged.outcome is Outcome.FAIL
    assert "nothing carries the load" in judged.message

    members = (server("db-01", group="db"), instance("db-02", group="db", **off))
    evidence = recovering(*members, copies=(), reservations=())
    assert judge(RESERVED_RECOVERY, evidence).outcome is Outcome.FAIL
