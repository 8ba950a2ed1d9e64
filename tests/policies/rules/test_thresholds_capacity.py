"""Capacity, at each limit and just beyond, where a changed comparison would go unseen elsewhere. All numbers are worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from infra.estate.model import GIB
from policies.evidence import Evidence, InstanceSettings, MoveEvidence, SnapshotEvidence, Unknown, VolumeEvidence
from policies.rule import Parameters
from policies.rules.capacity.admission_control import ADMISSION_CONTROL
from policies.rules.capacity.demand_after_failure import DEMAND_AFTER_FAILURE
from policies.rules.capacity.disk_performance import DISK_PERFORMANCE
from policies.rules.capacity.ec2_quota import EC2_QUOTA
from policies.rules.capacity.move_date_demand import MOVE_DATE_DEMAND
from policies.rules.capacity.reserved_recovery import RESERVED_RECOVERY
from policies.rules.capacity.right_size import RIGHT_SIZE
from policies.rules.capacity.snapshot_age import CLOCKS_APART, SNAPSHOT_AGE
from policies.rules.capacity.static_stability import STATIC_STABILITY
from policies.rules.capacity.subnet_addresses import SUBNET_ADDRESSES
from policies.rules.capacity.tier_memory import TIER_MEMORY
from policies.rules.capacity.time_remaining import TIME_REMAINING
from policies.rules.capacity.zone_offering import ZONE_OFFERING
from policies.rules.cost.monthly_budget import MONTHLY_BUDGET
from policies.verdict import Outcome, Severity
from tests.policies.builders import TODAY, city, host, server
from tests.policies.deciding_entries import returning
from tests.policies.rules import aws_town as aws
from tests.policies.rules import vsphere_town as hall
from tests.policies.rules.test_capacity_aws_load import recovering, reserved

LACK = Unknown("a datum", "the reader lacks it")
PASS, FAIL, UNDETERMINED, NONE = Outcome.PASS, Outcome.FAIL, Outcome.UNDETERMINED, Outcome.NOT_APPLICABLE


class TestAdmissionControl:
    """CAP-002: three hosts of 83,200 MHz and 256 GiB; a third must stay free of reservations."""

    @pytest.mark.parametrize("empty", [{"cores": 0}, {"memory": 0}])
    def test_hosts_that_have_nothing_of_one_resource_keep_nothing_free(self, empty: dict[str, int]) -> None:
        hosts = tuple(replace(host(name), **empty) for name in ("h1", "h2", "h3"))  # type: ignore[arg-type]
        judged = hall.verdict(ADMISSION_CONTROL, hall.town(server("a-01"), on=hall.cluster(*hosts)))

        assert judged.outcome is FAIL
        assert "hosts without capacity" in judged.message

    @pytest.mark.parametrize(
        ("sizes", "outcome"),
        [
            ({"cpus": 4, "cpu_reservation_mhz": LACK}, PASS),  # at most 10,400 of 249,600 MHz
            ({"cpus": 96, "cpu_reservation_mhz": LACK}, UNDETERMINED),  # from nothing to all 249,600
            ({"cpus": LACK, "cpu_reservation_mhz": LACK}, UNDETERMINED),  # no most
            ({"cpus": LACK, "cpu_reservation_mhz": 100}, PASS),  # the size does not matter to what is reserved
            ({"memory": LACK, "memory_reservation": LACK}, UNDETERMINED),
            ({"memory": LACK, "memory_reservation": GIB}, PASS),
        ],
    )
    def test_an_unknown_reservation_is_nothing_at_least_and_the_whole_machine_at_most(
        self, sizes: dict[str, Any], outcome: Outcome
    ) -> None:
        assert hall.verdict(ADMISSION_CONTROL, hall.town(server("a-01", **sizes))).outcome is outcome


class TestTierMemory:
    """CAP-008: 512 GiB are left after a failure."""

    @pytest.mark.parametrize(("memory", "outcome"), [(512, PASS), (513, FAIL)])
    def test_a_gold_machine_counts_once_though_it_has_a_reservation_too(self, memory: int, outcome: Outcome) -> None:
        gold = server("a-01", memory=memory * GIB, memory_reservation=memory * GIB)

        assert hall.verdict(TIER_MEMORY, hall.town(gold)).outcome is outcome

    @pytest.mark.parametrize(("memory", "outcome"), [(512, PASS), (513, FAIL)])
    def test_what_a_gold_machine_was_promised_counts_in_full(self, memory: int, outcome: Outcome) -> None:
        elsewhere = server("mover-01", site="aws-east", kind="aws", cluster="")
        town = hall.town(elsewhere, promises=(hall.promise("mover-01", memory=memory * GIB, cpus=1),))

        assert hall.verdict(TIER_MEMORY, town).outcome is outcome


class TestDemandAfterFailure:
    """CAP-003: 166,400 MHz and 512 GiB are left after a failure."""

    @pytest.mark.parametrize(
        ("cpus", "memory", "outcome"), [(64, 512, PASS), (65, 1, UNDETERMINED), (1, 513, UNDETERMINED), (0, 1, PASS), (1, 0, PASS)]
    )
    def test_a_promise_that_nobody_measured_uses_at_most_what_was_promised(self, cpus: int, memory: int, outcome: Outcome) -> None:
        """A vCPU uses one core of 2,600 MHz at most: 64 of them 166,400."""
        town = hall.town(promises=(hall.promise(cpus=cpus, memory=memory * GIB),))

        assert hall.verdict(DEMAND_AFTER_FAILURE, town).outcome is outcome


class TestMoveDateDemand:
    """CAP-004: 149,760 MHz may be used."""

    @pytest.mark.parametrize(("cluster", "outcome"), [("general", FAIL), ("other", PASS)])
    def test_only_moves_to_this_cluster_count(self, cluster: str, outcome: Outcome) -> None:
        def move(name: str, on: str, mhz: float) -> MoveEvidence:
            machine = server(name, cluster=on, usage=hall.used(mhz, GIB))
            night = TODAY + timedelta(days=50)
            return MoveEvidence(
                server=name, source_site="aws-east", target_site="downtown", state="pending", on=night, window_minutes=60, machine=machine
            )

        levels = tuple(hall.projection("cluster/downtown/general", what, [0.0] * 5) for what in ("cpu", "memory"))
        moves = (move("mover-01", "general", 49_760), move("other-01", cluster, 100_001))
        town = hall.town(moves=moves, forecasts=levels)

        assert hall.verdict(MOVE_DATE_DEMAND, town, "move/mover-01").outcome is outcome


class TestTimeRemaining:
    """CAP-005."""

    @pytest.mark.parametrize("without", [{"datastores": ()}, {"clusters": ()}])
    def test_one_kind_of_place_is_enough_to_be_judged(self, without: dict[str, Any]) -> None:
        assert NONE not in {v.outcome for v in hall.verdicts(TIME_REMAINING, replace(hall.town(), **without))}

    def test_without_any_there_is_nothing_to_judge(self) -> None:
        assert [v.outcome for v in hall.verdicts(TIME_REMAINING, replace(hall.town(), datastores=(), clusters=()))] == [NONE]


class TestSnapshotAge:
    """CAP-018: clocks may differ by some minutes."""

    @pytest.mark.parametrize(("ahead", "outcome"), [(0, PASS), (1, UNDETERMINED)])
    def test_a_snapshot_from_the_future(self, ahead: int, outcome: Outcome) -> None:
        taken = hall.NOW + CLOCKS_APART + timedelta(seconds=ahead)
        snapshot = SnapshotEvidence(taken_at=taken, sites=("downtown",), source="capacity.json")
        town = hall.town(on=hall.cluster(as_of=taken), snapshot=snapshot, now=hall.NOW)

        assert hall.verdict(SNAPSHOT_AGE, town).outcome is outcome


class TestDiskPerformance:
    """CAP-016: a gp3 volume does 3,000 operations and 125 MiB a second."""

    @staticmethod
    def judged(*volumes: VolumeEvidence, **used: Any) -> Outcome:
        measured = {"cpu": 1000.0, "memory": 1.0, "iops": 100.0, "mib_s": 10.0, **used}
        settings = InstanceSettings(instance_type="m5a.xlarge", volumes=volumes)
        return aws.judge(DISK_PERFORMANCE, aws.town(aws.seen("db-01", usage=aws.usage(**measured), instance=settings))).outcome

    @pytest.mark.parametrize("used", [2000.0, 3500.0])
    def test_one_volume_of_unknown_speed_leaves_all_open(self, used: float) -> None:
        known = VolumeEvidence(name="a", size=100 * GIB, type="gp3", iops=3000.0, throughput=125.0 * aws.MIB)
        other = VolumeEvidence(name="b", size=100 * GIB, type="io2", throughput=125.0 * aws.MIB)

        assert self.judged(known, other, iops=used) is UNDETERMINED

    @pytest.mark.parametrize(("kind", "outcome"), [("gp2", PASS), ("st1", UNDETERMINED)])
    def test_only_gp2_tells_its_throughput_by_its_size(self, kind: str, outcome: Outcome) -> None:
        assert self.judged(VolumeEvidence(name="a", size=100 * GIB, type=kind, iops=3000.0), mib_s=100.0) is outcome

    def test_held_and_strange_machines_are_not_judged(self) -> None:
        held, strange = aws.seen("db-01", held=True), aws.seen("db-02", service="")

        for machine in (held, strange):
            assert aws.judge(DISK_PERFORMANCE, aws.town(machine)).outcome is NONE

    def test_a_machine_that_moves_to_a_data_centre_is_none_of_aws(self) -> None:
        assert aws.judge(DISK_PERFORMANCE, aws.town(moves=(aws.coming(server("db-01")),))).outcome is NONE


class TestZoneOffering:
    """CAP-012."""

    ZONES = (aws.zone("a"), aws.zone("b", "t3.micro"))

    @pytest.mark.parametrize(("held", "outcome"), [(False, FAIL), (True, PASS)])
    def test_work_goes_to_the_zones_of_members_that_are_not_held(self, held: bool, outcome: Outcome) -> None:
        members = (aws.instance("web-a", group="web"), aws.instance("web-b", zone="b", group="web", held=held))

        assert aws.judge(ZONE_OFFERING, aws.town(*members, zones=self.ZONES), "server/web-a").outcome is outcome

    def test_a_zone_of_another_group_does_not_matter(self) -> None:
        others = (aws.instance("web-a", group="web"), aws.instance("db-b", zone="b"), aws.instance("app-b", zone="b", group="app"))

        assert aws.judge(ZONE_OFFERING, aws.town(*others, zones=self.ZONES), "server/web-a").outcome is PASS

    @pytest.mark.parametrize(
        ("zones", "outcome"),
        [
            ((aws.zone("a"), aws.zone("b")), PASS),
            (ZONES, UNDETERMINED),
            ((aws.zone("a", "t3.micro"), aws.zone("b", "t3.micro")), FAIL),
        ],
    )
    def test_a_machine_of_unknown_zone_may_come_to_any(self, zones: tuple[Any, ...], outcome: Outcome) -> None:
        assert aws.judge(ZONE_OFFERING, aws.town(aws.instance("db-01", zone=""), zones=zones)).outcome is outcome


class TestQuota:
    """CAP-011: four fifths of a quota may be used."""

    @staticmethod
    def judged(evidence: Evidence, target: str = "quota/aws-east/L-1216C47A") -> Outcome:
        return aws.judge(EC2_QUOTA, evidence, target).outcome

    @pytest.mark.parametrize(
        ("holder", "kind", "cpus", "limit", "outcome"),
        [
            ("db-01", "m5a.xlarge", 1, 5.0, PASS),  # its type has 4 vCPUs: 4 of 5 are 80 %
            ("db-01", "m5a.xlarge", 1, 4.99, FAIL),
            ("db-01 (growth)", "m5a.xlarge", 1, 1.25, PASS),  # it grows by 1 only
            ("db-01 (growth)", "m5a.xlarge", 1, 1.24, FAIL),
            ("db-01", "", 2, 2.5, PASS),  # no type: what was promised counts, against the standard quota
            ("db-01", "", 2, 2.49, FAIL),
        ],
    )
    def test_a_promise_counts_by_its_type(self, holder: str, kind: str, cpus: int, limit: float, outcome: Outcome) -> None:
        evidence = aws.town(promises=(aws.promise(holder, cpus=cpus, kind=kind),), quotas=(aws.quota(limit),))

        assert self.judged(evidence) is outcome

    def test_a_quota_of_another_code_counts_by_its_families(self) -> None:
        other = aws.quota(4.0, code="L-OTHER")

        assert aws.judge(EC2_QUOTA, aws.town(aws.instance("db-01"), quotas=(other,))).outcome is FAIL

    def test_a_quota_of_the_right_code_counts_before_one_of_its_families(self) -> None:
        quotas = (aws.quota(100.0), aws.quota(4.0, code="L-OTHER"))

        assert self.judged(aws.town(aws.instance("db-01"), quotas=quotas)) is PASS

    def test_a_machine_of_unknown_type_counts_at_its_own_site_only(self) -> None:
        machines = (aws.instance("db-01"), aws.instance("db-02", kind=LACK, site="aws-west"))
        kinds = {"downtown": "vsphere", "aws-east": "aws", "aws-west": "aws"}
        evidence = aws.town(*machines, quotas=(aws.quota(5.0), aws.quota(100.0, site="aws-west")), kinds=kinds)

        assert self.judged(evidence) is PASS
        assert self.judged(evidence, "quota/aws-west/L-1216C47A") is UNDETERMINED


class TestSubnets:
    """CAP-013: eight addresses must stay free."""

    def test_a_machine_of_unknown_subnet_may_come_to_its_own_site_only(self) -> None:
        wanderer = aws.instance("db-01", zone="", networks=())
        here, elsewhere = aws.subnet("a", 8), replace(aws.subnet("a", 8), site="aws-west", zone="us-west-2a")
        evidence = aws.town(wanderer, aws.seen("db-02"), networks=(here, elsewhere))
        outcomes = {v.target: v.outcome for v in SUBNET_ADDRESSES.check(SUBNET_ADDRESSES, evidence, Parameters(SUBNET_ADDRESSES, {}))}

        assert outcomes["network/aws-east/app-a"] is UNDETERMINED
        assert outcomes.get("network/aws-west/app-a", PASS) is PASS


class TestStaticStability:
    """CAP-014."""

    @pytest.mark.parametrize("lack", [{"cpus": LACK}, {"memory": LACK}])
    def test_a_member_of_a_hall_whose_size_is_half_known_decides_nothing(self, lack: dict[str, Any]) -> None:
        light = aws.usage(cpu=100.0, memory=1.0)
        at_home = server("web-h", group="web", usage=light, **lack)
        evidence = aws.town(at_home, aws.instance("web-a", group="web", usage=light))

        assert aws.judge(STATIC_STABILITY, evidence).outcome is UNDETERMINED


class TestRightSize:
    """CAP-017."""

    def test_a_machine_that_leaves_aws_is_judged_once_by_its_target(self) -> None:
        town = returning()
        targets = [v.target for v in RIGHT_SIZE.check(RIGHT_SIZE, town, Parameters(RIGHT_SIZE, {}))]

        assert sorted(targets) == sorted(set(targets))
        assert "server/records-app-02" in targets

    def test_too_small_in_one_thing_is_too_small_though_the_other_is_too_large(self) -> None:
        """x1e.xlarge has 4 vCPUs and 122 GiB; more CPU is used than it has, and little memory: a cheaper type would hold both."""
        machine = aws.seen("db-01", kind="x1e.xlarge", usage=aws.usage(cpu=4.5 * 3000.0, memory=4.0))
        judged = aws.judge(RIGHT_SIZE, aws.town(machine))

        assert (judged.outcome, judged.severity) == (FAIL, Severity.MEDIUM)
        assert "too small" in judged.message

    def test_what_is_not_known_is_named(self) -> None:
        judged = aws.judge(RIGHT_SIZE, aws.town(aws.seen("db-01", usage=aws.usage(cpu=LACK, memory=10.0))))

        assert judged.outcome is UNDETERMINED
        assert judged.missing == (str(LACK),)

    def test_held_and_strange_machines_are_not_judged(self) -> None:
        for machine in (aws.seen("db-01", held=True), aws.seen("db-02", service="")):
            assert aws.judge(RIGHT_SIZE, aws.town(machine)).outcome is NONE

    @pytest.mark.parametrize(("state", "site", "outcome"), [("on trial", "downtown", PASS), ("open", "downtown", NONE)])
    def test_a_machine_of_a_hall_is_judged_while_it_is_on_trial_there(self, state: str, site: str, outcome: Outcome) -> None:
        move = MoveEvidence(server="db-01", source_site=aws.SITE, target_site=site, state=state, on=LACK, window_minutes=LACK)
        machine = server("db-01", cpus=4, memory=16 * GIB, usage=aws.usage(cpu=8000.0, memory=10.0))

        assert aws.judge(RIGHT_SIZE, aws.town(machine, moves=(move,))).outcome is outcome
        others = (machine, replace(machine, name="other-01"), replace(machine, site=aws.SITE, held=True))
        targets = [v.target for v in RIGHT_SIZE.check(RIGHT_SIZE, aws.town(*others, moves=(move,)), Parameters(RIGHT_SIZE, {}))]
        assert targets == (["server/db-01"] if outcome is PASS else ["estate"])


class TestReservedRecovery:
    """CAP-015: the hall has 512 GiB without one of its hosts."""

    def test_what_moves_to_the_hall_takes_its_room(self) -> None:
        others = server("others", service="", memory=400 * GIB)
        move = aws.coming(server("mover-01", memory=97 * GIB))

        def judged(*moves: MoveEvidence) -> Outcome:
            return aws.judge(RESERVED_RECOVERY, recovering(aws.instance("db-01"), others, copies=("downtown",), moves=moves)).outcome

        assert judged() is PASS
        assert judged(replace(move, target_site="downtown")) is FAIL  # 400 + 97 + 16 > 512
        elsewhere = replace(move, machine=server("mover-01", memory=97 * GIB, cluster="other"))
        assert judged(elsewhere) is PASS

    @pytest.mark.parametrize(
        ("others", "outcome"),
        [
            ((aws.instance("a-01"),), FAIL),  # planned: 16 used + 4 + 4 > 20
            ((aws.seen("a-01"),), PASS),  # it runs: it is among the 16
            ((aws.seen("a-01", running=False),), FAIL),  # it stands still and will start
            ((aws.instance("a-01", site="aws-west"),), PASS),
        ],
    )
    def test_quota_headroom_is_what_neither_runs_nor_is_planned(self, others: tuple[Any, ...], outcome: Outcome) -> None:
        quotas = (aws.quota(0.0, site="aws-west"), aws.quota(0.0, code="L-OTHER"), aws.quota(20.0, used=16.0))
        evidence = recovering(
            server("db-01"),
            *(replace(o, service="other") for o in others),
            copies=(aws.SITE,),
            rules={"CAP-015": {"accept_quota_headroom": True}},
            reservations=(),
            quotas=quotas,
        )

        assert aws.judge(RESERVED_RECOVERY, evidence, "service/permits").outcome is outcome

    @pytest.mark.parametrize(
        ("reservation", "outcome"),
        [
            (reserved("r6a.xlarge"), PASS),
            (replace(reserved("r6a.xlarge"), site="aws-west"), FAIL),
            (reserved("x9z.huge"), FAIL),  # nobody knows what it holds
        ],
    )
    def test_only_known_reservations_of_the_site_hold_a_machine(self, reservation: Any, outcome: Outcome) -> None:
        evidence = recovering(server("db-01"), copies=(aws.SITE,), reservations=(reservation,))

        assert aws.judge(RESERVED_RECOVERY, evidence).outcome is outcome

    @pytest.mark.parametrize(("firmware", "outcome"), [("bios", PASS), ("efi", FAIL)])
    def test_a_reservation_must_start_the_machines_firmware(self, firmware: str, outcome: Outcome) -> None:
        """p4d.24xlarge starts legacy BIOS only."""
        evidence = recovering(server("db-01", firmware=firmware), copies=(aws.SITE,), reservations=(reserved("p4d.24xlarge"),))

        assert aws.judge(RESERVED_RECOVERY, evidence).outcome is outcome

    def test_a_copy_outside_all_sites_is_no_place(self) -> None:
        assert aws.judge(RESERVED_RECOVERY, recovering(server("db-01"), copies=("vault",), reservations=())).outcome is FAIL

    def test_a_promise_elsewhere_takes_no_headroom(self) -> None:
        def judged(site: str) -> Outcome:
            promise = replace(aws.promise("other-01"), site=site)
            evidence = recovering(
                server("db-01"),
                copies=(aws.SITE,),
                rules={"CAP-015": {"accept_quota_headroom": True}},
                reservations=(),
                quotas=(aws.quota(20.0, used=16.0),),
                promises=(promise,),
                kinds={"downtown": "vsphere", aws.SITE: "aws", "aws-west": "aws"},
            )
            return aws.judge(RESERVED_RECOVERY, evidence).outcome

        assert judged(aws.SITE) is FAIL
        assert judged("aws-west") is PASS


class TestMonthlyBudget:
    """CST-001: m5a.xlarge costs 0.172 x 730 = 125.56 USD a month, 100 GiB of gp3 8 USD."""

    @pytest.mark.parametrize(("kind", "outcome"), [("gp3", FAIL), ("gp2", PASS)])
    def test_extra_operations_and_throughput_are_paid_for_gp3_only(self, kind: str, outcome: Outcome) -> None:
        for extra in ({"iops": 3001.0}, {"throughput": 126.0 * aws.MIB}):
            volume = VolumeEvidence(name="a", size=100 * GIB, type=kind, **extra)
            machine = aws.seen("db-01", instance=InstanceSettings(instance_type="m5a.xlarge", volumes=(volume,)))

            assert aws.judge(MONTHLY_BUDGET, aws.town(machine, budget=133.561)).outcome is outcome

    @pytest.mark.parametrize(("snapshot", "new"), [(True, True), (False, False)])
    def test_without_a_snapshot_only_what_a_move_brings_is_known_to_be_new(self, snapshot: bool, new: bool) -> None:
        taken = SnapshotEvidence(taken_at=hall.NOW, sites=(aws.SITE,), source="s") if snapshot else None
        judged = aws.judge(MONTHLY_BUDGET, aws.town(aws.instance("db-01"), budget=1000.0, snapshot=taken))

        assert ("0.00 USD planned" not in judged.message) is new


def test_the_town_of_these_tests_has_the_hosts_that_the_numbers_assume() -> None:
    (cluster,) = city().clusters

    assert [(h.cpu_mhz, h.memory) for h in cluster.hosts] == [(83_200, 256 * GIB)] * 3
