"""AWS capacity by quotas, offerings and addresses: hand-checked numbers, both sides of every threshold, bounds, what must never turn."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.ec2_quotas import quota_group
from infra.estate.model import GIB
from policies.evidence import SeenMachine, ZoneEvidence
from policies.rules.capacity.ec2_quota import EC2_QUOTA
from policies.rules.capacity.subnet_addresses import SUBNET_ADDRESSES
from policies.rules.capacity.zone_offering import ZONE_OFFERING
from policies.verdict import Outcome, Severity
from tests.policies.rules.aws_town import LACK, SITE, coming, instance, judge, promise, quota, seen, subnet, town, zone


class TestQuota:
    """CAP-011."""

    @pytest.mark.parametrize(
        ("limit", "outcome", "severity"),
        [
            (10.0, Outcome.PASS, Severity.CRITICAL),  # 8 <= 10 x 80 %
            (9.9, Outcome.FAIL, Severity.HIGH),
            (8.0, Outcome.FAIL, Severity.HIGH),  # 8 of 8: the launch still works
            (7.9, Outcome.FAIL, Severity.CRITICAL),
        ],
    )
    def test_both_thresholds(self, limit: float, outcome: Outcome, severity: Severity) -> None:
        judged = judge(EC2_QUOTA, town(instance("a-01"), seen("a-02"), quotas=(quota(limit, used=4.0),)))

        assert (judged.outcome, judged.severity) == (outcome, severity)
        assert "4 running + 4 planned = 8 vCPUs" in judged.formula

    def test_share_is_a_parameter(self) -> None:
        rules = {"CAP-011": {"percent": 50}}
        machines = (instance("a-01"), instance("a-02"))

        assert judge(EC2_QUOTA, town(*machines, rules=rules, quotas=(quota(16.0),))).outcome is Outcome.PASS
        assert judge(EC2_QUOTA, town(*machines, rules=rules, quotas=(quota(15.9),))).outcome is Outcome.FAIL

    def test_what_runs_is_not_counted_twice_and_a_held_one_counts(self) -> None:
        machines = (seen("a-01"), seen("old-01", held=True, running=False))

        assert "4 running + 4 planned" in judge(EC2_QUOTA, town(*machines, quotas=(quota(used=4.0),))).formula

    @pytest.mark.parametrize(
        ("now", "then", "sum_of"),
        [
            ("m5a.xlarge", "m5a.4xlarge", "20 running + 12 planned = 32"),  # 4 of the 20 are its own; 12 more come
            ("m5a.4xlarge", "m5a.xlarge", "20 running + 0 planned = 20"),  # what gets smaller frees nothing before it is done
            ("m5a.xlarge", "m5a.xlarge", "20 running + 0 planned = 20"),
        ],
    )
    def test_what_runs_as_another_type_is_in_the_use_with_that_one_only(self, now: str, then: str, sum_of: str) -> None:
        resized = seen("a-01", kind=then, seen=SeenMachine(memory=16 * GIB, disks=0, instance_type=now))

        assert sum_of in judge(EC2_QUOTA, town(resized, quotas=(quota(used=20.0),))).formula

    def test_a_type_of_another_quota_is_planned_in_full(self) -> None:
        resized = seen("a-01", kind="x1e.xlarge", seen=SeenMachine(memory=16 * GIB, disks=0, instance_type="m5a.xlarge"))
        judged = judge(EC2_QUOTA, town(resized, quotas=(quota(used=20.0, code="L-7295265B", families=("x",)),)))

        assert "20 running + 4 planned = 24" in judged.formula

    def test_somebody_elses_stopped_instance_asks_for_nothing(self) -> None:
        strange = seen("theirs-01", service="", running=False)

        assert "4 running + 0 planned" in judge(EC2_QUOTA, town(seen("a-01"), strange, quotas=(quota(used=4.0),))).formula

    def test_moves_and_promises_count_once(self) -> None:
        moving = instance("db-01")
        evidence = town(
            seen("a-01"),
            moves=(coming(moving),),
            promises=(promise("db-01"), promise("other-01"), promise("a-01 (growth)", cpus=2)),
            quotas=(quota(used=4.0),),
        )

        assert "4 running + 10 planned = 14" in judge(EC2_QUOTA, evidence).formula

    @pytest.mark.parametrize(("limit", "outcome"), [(9.0, Outcome.FAIL), (100.0, Outcome.UNDETERMINED)])
    def test_unknown_type_leaves_a_bound(self, limit: float, outcome: Outcome) -> None:
        machines = (instance("a-01"), instance("a-02"), instance("x-01", kind=LACK))
        judged = judge(EC2_QUOTA, town(*machines, quotas=(quota(limit),)))

        assert judged.outcome is outcome
        assert bool(judged.missing) == (outcome is Outcome.UNDETERMINED)

    def test_unknown_use_counts_our_own(self) -> None:
        machines = (seen("a-01"), instance("a-02"))

        assert judge(EC2_QUOTA, town(*machines, quotas=(quota(9.0, LACK),))).outcome is Outcome.FAIL
        assert judge(EC2_QUOTA, town(*machines, quotas=(quota(90.0, LACK),))).outcome is Outcome.UNDETERMINED

    def test_target_is_the_same_with_and_without_a_quota(self) -> None:
        asked, unasked = (judge(EC2_QUOTA, town(instance("a-01"), quotas=quotas)) for quotas in ((quota(),), None))

        assert asked.target == unasked.target == f"quota/{SITE}/L-1216C47A"
        assert unasked.outcome is Outcome.UNDETERMINED
        assert "L-1216C47A" in unasked.missing[0]

    @pytest.mark.parametrize(
        ("kind", "code"),
        [("m5a.xlarge", "L-1216C47A"), ("im4gn.large", "L-1216C47A"), ("inf2.xlarge", "L-1945791B"), ("gr6.4xlarge", "L-DB2E81BA"),
         ("u-6tb1.metal", "L-43DA4232"), ("hpc6a.48xlarge", "L-F7808C92"), ("dl1.24xlarge", "L-6E869C2A"), ("d3.xlarge", "L-1216C47A")],
    )  # fmt: skip
    def test_families(self, kind: str, code: str) -> None:
        group = quota_group(kind)

        assert group is not None
        assert group.code == code

    def test_dedicated_hosts_have_quotas_of_their_own(self) -> None:
        assert quota_group("mac2.metal") is None

    @given(limit=st.floats(0, 1000), more=st.floats(0, 1000), used=st.floats(0, 500), planned=st.integers(1, 20))
    @settings(max_examples=60, deadline=None)
    def test_a_higher_quota_never_turns_pass_into_fail(self, limit: float, more: float, used: float, planned: int) -> None:
        machines = [instance(f"a-{n:02}") for n in range(planned)]
        low, high = (judge(EC2_QUOTA, town(*machines, quotas=(quota(each, used),))) for each in (limit, limit + more))

        assert not (low.outcome is Outcome.PASS and high.outcome is Outcome.FAIL)


class TestOffering:
    """CAP-012."""

    def test_the_zones_of_the_group_are_asked_too(self) -> None:
        machines = (instance("a-01", zone="a", group="g"), instance("a-02", zone="b", group="g"))
        evidence = town(*machines, zones=(zone("a"), zone("b", "m7i.xlarge"), zone("c")))

        assert judge(ZONE_OFFERING, evidence, "server/a-01").outcome is Outcome.FAIL
        alone = town(machines[0], zones=evidence.zones)
        assert judge(ZONE_OFFERING, alone).outcome is Outcome.PASS
        assert "us-east-1a or us-east-1c" in judge(ZONE_OFFERING, evidence, "server/a-02").remedy

    @pytest.mark.parametrize(
        ("zones", "outcome"),
        [
            ((zone("a"), zone("b")), Outcome.PASS),
            ((zone("a", "t3.nano"), zone("b", "t3.nano")), Outcome.FAIL),
            ((zone("a"), zone("b", "t3.nano")), Outcome.UNDETERMINED),
        ],
    )
    def test_unknown_zone_is_bounded_by_all_zones(self, zones: tuple[ZoneEvidence, ...], outcome: Outcome) -> None:
        assert judge(ZONE_OFFERING, town(instance("a-01", zone=""), zones=zones)).outcome is outcome

    def test_unknown_type_and_unknown_offers(self) -> None:
        assert judge(ZONE_OFFERING, town(instance("a-01", kind=LACK), zones=(zone("a"),))).missing == (str(LACK),)
        unknown = replace(zone("a"), offers=LACK)
        assert judge(ZONE_OFFERING, town(instance("a-01"), zones=(unknown,))).outcome is Outcome.UNDETERMINED

    def test_a_stranger_is_not_judged(self) -> None:
        assert judge(ZONE_OFFERING, town(seen("theirs", service=""), zones=(zone("b"),))).outcome is Outcome.NOT_APPLICABLE

    @given(offered=st.sets(st.sampled_from("abc")), more=st.sets(st.sampled_from("abc")))
    @settings(max_examples=40, deadline=None)
    def test_more_offers_never_turn_pass_into_fail(self, offered: set[str], more: set[str]) -> None:
        machines = (instance("a-01", group="g"), instance("a-02", zone="b", group="g"))
        few, many = (
            judge(ZONE_OFFERING, town(*machines, zones=tuple(zone(z, "m5a.xlarge" if z in each else "t3.nano") for z in "abc")))
            for each in (offered, offered | more)
        )

        assert not (few.outcome is Outcome.PASS and many.outcome is Outcome.FAIL)


class TestAddresses:
    """CAP-013."""

    def test_a_machine_that_was_seen_in_another_subnet_holds_no_address_here_yet(self) -> None:
        moving = seen("a-01", seen=SeenMachine(memory=16 * GIB, disks=0, network="app-b"))
        staying = seen("a-02", seen=SeenMachine(memory=16 * GIB, disks=0, network="app-a"))
        evidence = town(moving, staying, networks=(subnet("a", 8),))

        assert judge(SUBNET_ADDRESSES, evidence).outcome is Outcome.FAIL
        assert judge(SUBNET_ADDRESSES, replace(evidence, servers=(staying,))).outcome is Outcome.PASS

    @pytest.mark.parametrize(("free", "outcome"), [(9, Outcome.PASS), (8, Outcome.FAIL)])
    def test_spare(self, free: int, outcome: Outcome) -> None:
        evidence = town(instance("a-01"), networks=(subnet("a", free), subnet("b")))

        assert judge(SUBNET_ADDRESSES, evidence).outcome is outcome

    def test_spare_is_a_parameter(self) -> None:
        evidence = town(instance("a-01"), networks=(subnet("a", 1),), rules={"CAP-013": {"spare": 0}})

        assert judge(SUBNET_ADDRESSES, evidence).outcome is Outcome.PASS

    @pytest.mark.parametrize(("elsewhere", "outcome"), [(3, Outcome.PASS), (2, Outcome.FAIL)])
    def test_failover_of_a_zone(self, elsewhere: int, outcome: Outcome) -> None:
        machines = [seen(f"a-{n}") for n in range(3)]
        networks = (subnet("a"), subnet("b", elsewhere), subnet("c", 0), subnet("b", name="data"))

        assert judge(SUBNET_ADDRESSES, town(*machines, networks=networks), f"network/{SITE}/app-a").outcome is outcome

    def test_a_held_machine_does_not_restart_elsewhere(self) -> None:
        machines = (seen("a-01"), seen("old-01", held=True, running=False))

        assert "1 machine restarts" in judge(SUBNET_ADDRESSES, town(*machines, networks=(subnet("a"), subnet("b")))).formula

    def test_unknown_free_is_bounded_by_the_size(self) -> None:
        machines = [instance(f"a-{n}") for n in range(4)]

        assert judge(SUBNET_ADDRESSES, town(*machines, networks=(subnet("a", LACK, size=11),))).outcome is Outcome.FAIL
        assert judge(SUBNET_ADDRESSES, town(*machines, networks=(subnet("a", LACK, size=12),))).outcome is Outcome.UNDETERMINED

    @pytest.mark.parametrize(("known", "outcome"), [(1, Outcome.PASS), (0, Outcome.UNDETERMINED)])
    def test_known_room_may_just_be_enough(self, known: int, outcome: Outcome) -> None:
        networks = (subnet("a"), subnet("b", known), subnet("c", LACK))

        assert judge(SUBNET_ADDRESSES, town(instance("a-01"), networks=networks)).outcome is outcome

    @pytest.mark.parametrize(("elsewhere", "outcome"), [(3, Outcome.PASS), (2, Outcome.UNDETERMINED)])
    def test_a_machine_without_a_subnet_may_have_to_restart_too(self, elsewhere: int, outcome: Outcome) -> None:
        lost = instance("x-01", zone="")  # it may come to a, or take one of b's addresses
        networks = (subnet("a"), subnet("b", elsewhere))

        assert judge(SUBNET_ADDRESSES, town(instance("a-01"), lost, networks=networks)).outcome is outcome

    def test_known_room_is_enough_whatever_the_unknown_subnet_has(self) -> None:
        networks = (subnet("a"), subnet("b"), subnet("c", LACK))

        assert judge(SUBNET_ADDRESSES, town(instance("a-01"), networks=networks)).outcome is Outcome.PASS

    def test_a_machine_without_a_subnet_may_come_anywhere(self) -> None:
        lost = instance("x-01", zone="")

        assert judge(SUBNET_ADDRESSES, town(instance("a-01"), lost, networks=(subnet("a", 9),))).outcome is Outcome.UNDETERMINED
        assert judge(SUBNET_ADDRESSES, town(instance("a-01"), lost, networks=(subnet("a", 10),))).outcome is Outcome.PASS

    @given(free=st.integers(0, 40), more=st.integers(0, 40), other=st.integers(0, 40), machines=st.integers(1, 20))
    @settings(max_examples=60, deadline=None)
    def test_more_free_addresses_never_turn_pass_into_fail(self, free: int, more: int, other: int, machines: int) -> None:
        servers = [instance(f"a-{n}") for n in range(machines)]
        few, many = (
            judge(SUBNET_ADDRESSES, town(*servers, networks=(subnet("a", each), subnet("b", other)))) for each in (free, free + more)
        )

        assert not (few.outcome is Outcome.PASS and many.outcome is Outcome.FAIL)
