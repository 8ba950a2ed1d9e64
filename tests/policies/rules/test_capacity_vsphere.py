"""Failover, admission control, demand after a failure: numbers checked by hand, thresholds just under and just over, bounds."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import pytest

from infra.estate.model import GIB, HighAvailability
from policies.evidence import ClusterEvidence, ServerEvidence, Unknown
from policies.rules.capacity.admission_control import ADMISSION_CONTROL
from policies.rules.capacity.demand_after_failure import DEMAND_AFTER_FAILURE
from policies.rules.capacity.failover_capacity import FAILOVER_CAPACITY
from policies.verdict import Outcome, Severity, Verdict
from tests.policies.builders import city, host, server
from tests.policies.rules.vsphere_town import FAIL, LACK, NOW, PASS, UNDETERMINED, cluster, ha, promise, town, used, verdict


class TestFailoverCapacity:
    """CAP-001."""

    @pytest.mark.parametrize(("memory", "outcome"), [(256 * GIB, PASS), (256 * GIB + 1, FAIL)])
    def test_two_machines_on_two_hosts_left_fit_to_the_last_byte(self, memory: int, outcome: Outcome) -> None:
        evidence = town(server("a", memory=memory), server("b", memory=256 * GIB))

        assert verdict(FAILOVER_CAPACITY, evidence).outcome is outcome

    @pytest.mark.parametrize(("cpus", "outcome"), [(128, PASS), (129, FAIL)])
    def test_32_cores_carry_128_vcpus(self, cpus: int, outcome: Outcome) -> None:
        evidence = town(server("a", cpus=cpus), server("b", cpus=128))

        assert verdict(FAILOVER_CAPACITY, evidence).outcome is outcome

    def test_a_promise_takes_room_once(self) -> None:
        machines = (server("a", memory=256 * GIB), server("b", memory=200 * GIB))
        promised = promise(memory=60 * GIB)
        twice = (promised, replace(promised, since=NOW))

        assert verdict(FAILOVER_CAPACITY, town(*machines)).outcome is PASS
        failed = verdict(FAILOVER_CAPACITY, town(*machines, promises=(promised,)))
        assert failed.outcome is FAIL
        assert "other-01 promised to stack aws-east.servers (memory)" in failed.message
        assert verdict(FAILOVER_CAPACITY, town(*machines, promises=(promise("a", memory=60 * GIB),))).outcome is PASS
        assert verdict(FAILOVER_CAPACITY, town(server("a"), promises=twice)).message.startswith("all 1 machine and 1 promised")

    def test_a_promise_to_another_cluster_takes_nothing(self) -> None:
        machines = (server("a", memory=256 * GIB), server("b", memory=256 * GIB))

        assert verdict(FAILOVER_CAPACITY, town(*machines, promises=(promise(memory=GIB, cluster="data"),))).outcome is PASS

    def test_a_machine_that_is_off_takes_nothing_and_a_held_one_does(self) -> None:
        machines = [server("a", memory=256 * GIB), server("b", memory=256 * GIB)]

        assert verdict(FAILOVER_CAPACITY, town(*machines, server("off", running=False))).outcome is PASS
        assert verdict(FAILOVER_CAPACITY, town(*machines, server("off", running=False, held=True))).outcome is FAIL

    def test_members_of_a_group_need_as_many_hosts_and_beside_one_another_is_milder(self) -> None:
        group = [server(name, group="g") for name in ("a", "b", "c")]
        failed = verdict(FAILOVER_CAPACITY, town(*group))
        strict = verdict(FAILOVER_CAPACITY, town(*group, on=cluster(ha=ha(respects_anti_affinity=True))))

        assert (failed.outcome, failed.severity) == (FAIL, Severity.HIGH)
        assert "beside a member of its redundancy group it would fit" in failed.message
        assert (strict.outcome, strict.severity) == (FAIL, Severity.CRITICAL)

    def test_a_failure_that_leaves_one_without_any_place_is_worse_than_one_that_only_parts_no_group(self) -> None:
        hosts = (host("tall", cores=4, memory_gib=512), host("wide", cores=64, memory_gib=256))
        group = [server(name, cpus=2, memory=GIB, group="g") for name in ("a", "b", "c")]
        two = cluster(*hosts)

        assert verdict(FAILOVER_CAPACITY, town(*group, on=two)).severity is Severity.HIGH
        failed = verdict(FAILOVER_CAPACITY, town(*group, server("wide-01", cpus=100, memory=GIB), on=two))
        assert (failed.outcome, failed.severity) == (FAIL, Severity.CRITICAL)
        assert "when wide fails" in failed.message

    def test_the_host_that_alone_holds_the_largest_machine_is_failed_too(self) -> None:
        wide, tall, both = (
            host("wide", cores=64, memory_gib=64),
            host("tall", cores=8, memory_gib=512),
            host("both", cores=48, memory_gib=256),
        )
        evidence = town(server("big", cpus=160, memory=200 * GIB), on=cluster(wide, tall, both))

        assert "when both fails" in verdict(FAILOVER_CAPACITY, evidence).message

    def test_hosts_away_are_named_and_do_not_count(self) -> None:
        evidence = town(server("a"), on=cluster(host("h1"), host("h2"), away=("h3",)))

        assert verdict(FAILOVER_CAPACITY, evidence).message.endswith("; h3 is away (maintenance or lost) and not counted")

    def test_no_host_at_all_fails_and_raises_nothing(self) -> None:
        away = ClusterEvidence(site="downtown", name="general", hosts=(), ha=HighAvailability(), away=("h1",))

        assert verdict(FAILOVER_CAPACITY, town(server("a"), on=away)).outcome is FAIL
        assert verdict(FAILOVER_CAPACITY, town(on=away)).outcome is PASS

    def test_what_is_left_for_an_unknown_machine_is_told(self) -> None:
        judged = verdict(FAILOVER_CAPACITY, town(server("a", memory=156 * GIB), server("b", memory=LACK)))

        assert judged.missing == (str(LACK),)
        assert "one host has 256 GiB and" in judged.message

    def test_a_machine_without_a_cluster_is_bounded(self) -> None:
        lost = server("lost", cluster="", memory=100 * GIB)
        two = (cluster(), cluster(name="data"))
        full = [server(name, memory=200 * GIB) for name in ("a", "b")]

        assert verdict(FAILOVER_CAPACITY, city(servers=(server("a"), lost), clusters=two)).outcome is PASS
        assert verdict(FAILOVER_CAPACITY, city(servers=(*full, lost), clusters=two), "cluster/downtown/general").outcome is UNDETERMINED
        assert verdict(FAILOVER_CAPACITY, city(servers=(*full, lost), clusters=two[:1])).outcome is FAIL

    def test_64_hosts_and_2000_machines_are_placed_quickly(self) -> None:
        hosts = tuple(host(f"h{n:02}", cores=64, memory_gib=1024) for n in range(64))
        machines = tuple(
            server(f"m{n:04}", cpus=(2, 4, 8)[n % 3], memory=(8, 16, 32, 64)[n % 4] * GIB, group=f"g{n // 9}" if n % 3 == 0 else "")
            for n in range(2000)
        )
        evidence = town(*machines, on=cluster(*hosts))

        def seconds() -> float:
            begun = perf_counter()
            assert verdict(FAILOVER_CAPACITY, evidence).outcome is PASS
            return perf_counter() - begun

        assert min(seconds() for _ in range(3)) < 0.3


class TestAdmissionControl:
    """CAP-002; VMware's worked example stands in test_admission.py."""

    def judged(self, *servers: ServerEvidence, hosts: int = 3, **settings: object) -> Verdict:
        on = cluster(*(host(f"h{n}") for n in range(hosts)), ha=ha(**settings))
        return verdict(ADMISSION_CONTROL, town(*servers, on=on))

    @pytest.mark.parametrize(("percent", "outcome"), [(33, PASS), (32, FAIL)])
    def test_the_reserve_is_at_least_the_share_of_the_hosts_that_may_fail(self, percent: int, outcome: Outcome) -> None:
        assert self.judged(memory_percent=percent, cpu_percent=33).outcome is outcome
        assert self.judged(cpu_percent=percent, memory_percent=33).outcome is outcome

    @pytest.mark.parametrize(("reserved", "outcome"), [(514, PASS), (515, FAIL)])
    def test_reservations_leave_the_reserve_free(self, reserved: int, outcome: Outcome) -> None:
        # 768 GiB in all: 254 free are 33.07 %, 253 are 32.9 %, and 33 % must be.
        assert self.judged(server("a", memory=600 * GIB, memory_reservation=reserved * GIB)).outcome is outcome

    def test_no_failure_to_survive_reserves_nothing_and_fails(self) -> None:
        assert self.judged(host_failures=0, cpu_percent=0, memory_percent=0).outcome is FAIL

    def test_two_hosts_are_noted_and_one_fails(self) -> None:
        assert "at least 3 hosts, here are 2" in self.judged(hosts=2).message
        assert "at least 3 hosts" not in self.judged(hosts=3).message
        assert (self.judged(hosts=1).outcome, self.judged(hosts=2).outcome) == (FAIL, PASS)

    def test_dedicated_hosts_are_at_least_one_and_not_all(self) -> None:
        found = [self.judged(admission="failover-hosts", host_failures=n).outcome for n in range(4)]

        assert found == [FAIL, PASS, PASS, FAIL]

    def test_slots_of_half_a_host_let_one_of_three_fail_with_four_machines(self) -> None:
        four = [server(f"m{n}", memory_reservation=128 * GIB, memory=128 * GIB) for n in range(4)]

        assert self.judged(*four, admission="slots").outcome is PASS
        assert self.judged(*four, server("m5"), admission="slots").outcome is FAIL

    def test_a_smaller_slot_counts_a_large_machine_as_several(self) -> None:
        machines = [server("large", memory_reservation=128 * GIB), *(server(f"m{n}", memory_reservation=GIB) for n in range(20))]
        on = cluster(ha=ha(admission="slots"))

        assert verdict(ADMISSION_CONTROL, town(*machines, on=on)).outcome is FAIL
        capped = verdict(ADMISSION_CONTROL, town(*machines, on=on), slot_memory_mib=8 * 1024)
        assert capped.outcome is PASS
        assert next(f.value for f in capped.facts if f.name == "slots needed") == 16 + 20

    @pytest.mark.parametrize(("memory", "outcome"), [(514, PASS), (515, UNDETERMINED)])
    def test_an_unknown_reservation_lies_between_nothing_and_all_memory(self, memory: int, outcome: Outcome) -> None:
        judged = self.judged(server("a", memory=memory * GIB, memory_reservation=Unknown("reservation of a", "computed")))

        assert judged.outcome is outcome
        assert judged.missing == (("reservation of a (computed)",) if outcome is UNDETERMINED else ())

    def test_the_cpu_of_a_machine_without_reservation_is_a_setting(self) -> None:
        facts = [
            verdict(ADMISSION_CONTROL, town(*(server(f"m{n}") for n in range(100))), vm_cpu_min_mhz=mhz).facts[0].value for mhz in (32, 256)
        ]

        assert facts == [98, 89]  # of 249,600 MHz: 3,200 and 25,600 are required


class TestDemandAfterFailure:
    """CAP-003: two hosts of 83,200 MHz and 256 GiB are left."""

    @pytest.mark.parametrize(("mhz", "outcome"), [(166_400, PASS), (166_401, FAIL)])
    def test_without_tolerance_all_of_the_use_must_fit(self, mhz: float, outcome: Outcome) -> None:
        assert verdict(DEMAND_AFTER_FAILURE, town(server("a", usage=used(mhz)))).outcome is outcome

    @pytest.mark.parametrize(("gibibytes", "outcome"), [(640, PASS), (641, FAIL)])
    def test_a_fifth_of_the_performance_may_be_lost(self, gibibytes: int, outcome: Outcome) -> None:
        on = cluster(ha=ha(performance_tolerance=20))

        assert verdict(DEMAND_AFTER_FAILURE, town(server("a", usage=used(0, gibibytes * GIB)), on=on)).outcome is outcome

    @pytest.mark.parametrize("told", [None, 100])
    def test_without_a_decision_the_parameter_counts(self, told: int | None) -> None:
        evidence = town(server("a", usage=used(180_000)), on=cluster(ha=ha(performance_tolerance=told)))

        assert verdict(DEMAND_AFTER_FAILURE, evidence).outcome is FAIL
        assert verdict(DEMAND_AFTER_FAILURE, evidence, tolerated_percent=10).outcome is PASS

    @pytest.mark.parametrize(("cpus", "outcome"), [(64, PASS), (65, UNDETERMINED)])
    def test_an_unmeasured_machine_uses_at_most_its_vcpus(self, cpus: int, outcome: Outcome) -> None:
        assert verdict(DEMAND_AFTER_FAILURE, town(server("a", cpus=cpus))).outcome is outcome  # 64 x 2,600 MHz = 166,400

    def test_a_thousand_unmeasured_machines_are_a_short_list(self) -> None:
        judged = verdict(DEMAND_AFTER_FAILURE, town(*(server(f"m{n:04}", cpus=32) for n in range(1000))))

        assert len(judged.missing) == 6
        assert judged.missing[-1].startswith("and 1")

    def test_a_promise_uses_what_its_machine_uses_elsewhere(self) -> None:
        away = server("away-01", site="aws-east", cluster="", kind="aws", usage=used(10_000, GIB))
        promised = promise("away-01", cpus=100, memory=GIB)
        here = server("a", usage=used(150_000))

        assert verdict(DEMAND_AFTER_FAILURE, town(here, away, promises=(promised,))).outcome is PASS
        assert verdict(DEMAND_AFTER_FAILURE, town(here, promises=(promised,))).outcome is UNDETERMINED
