"""Overcommit, memory of a tier, size of machines, pools: thresholds just under and just over, bounds of what is not known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.estate.model import GIB, Tier
from policies.evidence import HostEvidence, PoolEvidence, ServerEvidence, Unknown
from policies.rule import Scalar
from policies.rules.capacity.cpu_overcommit import CPU_OVERCOMMIT
from policies.rules.capacity.machine_size import MACHINE_SIZE
from policies.rules.capacity.pool_reservations import POOL_RESERVATIONS
from policies.rules.capacity.tier_memory import TIER_MEMORY
from policies.verdict import Outcome, Severity, Verdict
from tests.policies.builders import city, host, server
from tests.policies.rules.vsphere_town import FAIL, LACK, NONE, PASS, UNDETERMINED, cluster, town, verdict, verdicts


class TestCpuOvercommit:
    """CAP-007: 96 cores."""

    @pytest.mark.parametrize(
        ("cpus", "outcome", "severity"),
        [(384, PASS, Severity.MEDIUM), (385, FAIL, Severity.MEDIUM), (3072, FAIL, Severity.MEDIUM), (3073, FAIL, Severity.HIGH)],
    )
    def test_four_to_one_is_advice_and_thirty_two_the_limit(self, cpus: int, outcome: Outcome, severity: Severity) -> None:
        judged = verdict(CPU_OVERCOMMIT, town(server("a", cpus=cpus)))

        assert (judged.outcome, judged.severity) == (outcome, severity)
        assert not (outcome is FAIL and severity is Severity.MEDIUM) or "VMware names no right ratio" in judged.message

    @pytest.mark.parametrize(("cpus", "outcome"), [(192, PASS), (193, FAIL)])
    def test_databases_get_two_to_one(self, cpus: int, outcome: Outcome) -> None:
        assert verdict(CPU_OVERCOMMIT, town(server("a", cpus=cpus), on=cluster(role="database"))).outcome is outcome

    @pytest.mark.parametrize(("cpus", "outcome"), [(96, PASS), (97, FAIL)])
    def test_a_tier_may_have_its_own_ratio(self, cpus: int, outcome: Outcome) -> None:
        standards = city().standards
        tiers = {tier: standard.model_copy(update={"vcpu_per_core": 1.0}) for tier, standard in standards.tiers.items()}
        evidence = town(server("a", cpus=cpus), standards=standards.model_copy(update={"tiers": tiers}))

        assert verdict(CPU_OVERCOMMIT, evidence).outcome is outcome

    def test_unknown_vcpus_are_undetermined_unless_the_rest_is_too_much(self) -> None:
        assert verdict(CPU_OVERCOMMIT, town(server("a", cpus=LACK))).outcome is UNDETERMINED
        assert verdict(CPU_OVERCOMMIT, town(server("a", cpus=LACK), server("b", cpus=385))).outcome is FAIL


class TestTierMemory:
    """CAP-008: two hosts of 256 GiB are left."""

    @pytest.mark.parametrize(("memory", "outcome"), [(512 * GIB, PASS), (512 * GIB + 1, FAIL)])
    def test_gold_memory_is_there_in_full(self, memory: int, outcome: Outcome) -> None:
        assert verdict(TIER_MEMORY, town(server("a", memory=memory))).outcome is outcome

    def test_what_is_reserved_for_others_is_not_there_for_gold(self) -> None:
        silver = city().services["permits"]
        services = {**city().services, "other": replace(silver, name="other", tier=Tier.SILVER)}
        gold, other = server("a", memory=412 * GIB), server("b", service="other", memory=200 * GIB, memory_reservation=100 * GIB)

        assert verdict(TIER_MEMORY, town(gold, other, services=services)).outcome is PASS
        assert verdict(TIER_MEMORY, town(gold, replace(other, memory_reservation=101 * GIB), services=services)).outcome is FAIL
        lack = replace(other, memory_reservation=Unknown("reservation", "computed"))
        assert verdict(TIER_MEMORY, town(gold, lack, services=services)).outcome is UNDETERMINED
        assert verdict(TIER_MEMORY, town(other, services=services)).outcome is NONE

    def test_a_machine_of_unknown_tier_counts_only_at_most(self) -> None:
        stranger = server("stranger", service="", memory=100 * GIB)

        assert verdict(TIER_MEMORY, town(server("a", memory=412 * GIB), stranger)).outcome is PASS
        judged = verdict(TIER_MEMORY, town(server("a", memory=413 * GIB), stranger))
        assert judged.outcome is UNDETERMINED
        assert "tier of stranger" in judged.missing[0]


class TestMachineSize:
    """CAP-009."""

    def judged(self, changes: dict[str, object], *hosts: HostEvidence) -> Verdict:
        return verdict(MACHINE_SIZE, town(server("a", **changes), on=cluster(*hosts)))

    def nodes(self, count: int, memory_gib: int = 256) -> HostEvidence:
        return replace(host("h1", memory_gib=memory_gib), numa_nodes=count)

    @pytest.mark.parametrize(
        ("changes", "outcome", "severity"),
        [
            ({"memory": 64 * GIB, "cpus": 8}, PASS, Severity.HIGH),
            ({"memory": 64 * GIB + 1}, FAIL, Severity.MEDIUM),
            ({"cpus": 9}, FAIL, Severity.MEDIUM),
            ({"memory": 256 * GIB}, FAIL, Severity.MEDIUM),
            ({"memory": 256 * GIB + 1}, FAIL, Severity.HIGH),
            ({"cpus": 33}, FAIL, Severity.HIGH),
        ],
    )
    def test_a_quarter_of_a_host_with_four_nodes(self, changes: dict[str, object], outcome: Outcome, severity: Severity) -> None:
        judged = self.judged(changes, self.nodes(4), self.nodes(4))

        assert (judged.outcome, judged.severity) == (outcome, severity)

    @pytest.mark.parametrize(
        ("memory", "outcome"), [(128 * GIB, PASS), (128 * GIB + 1, UNDETERMINED), (256 * GIB, UNDETERMINED), (256 * GIB + 1, FAIL)]
    )
    def test_half_a_host_is_safe_where_nodes_are_not_known(self, memory: int, outcome: Outcome) -> None:
        assert self.judged({"memory": memory}).outcome is outcome

    def test_the_smallest_host_and_a_known_small_node_decide(self) -> None:
        small = self.nodes(2, memory_gib=96)

        assert self.judged({"memory": 96 * GIB}, host("big", memory_gib=512), small).severity is Severity.MEDIUM
        assert self.judged({"memory": 97 * GIB}, host("big", memory_gib=512), small).severity is Severity.HIGH

    def test_a_known_part_that_is_too_large_fails_and_else_the_unknown_part_is_missing(self) -> None:
        assert self.judged({"memory": LACK, "cpus": 33}).outcome is FAIL
        assert self.judged({"memory": LACK}).missing == (str(LACK),)

    def test_a_machine_of_unknown_cluster_passes_where_all_hold_it(self) -> None:
        clusters = (cluster(), cluster(host("s1", memory_gib=64), host("s2", memory_gib=64), name="small"))

        def found(memory: int) -> Outcome:
            return verdict(MACHINE_SIZE, city(servers=(server("a", cluster="", memory=memory * GIB),), clusters=clusters)).outcome

        assert [found(memory) for memory in (32, 65, 257)] == [PASS, UNDETERMINED, FAIL]


class TestPoolReservations:
    """CAP-010."""

    def pool(self, name: str, **changes: object) -> PoolEvidence:
        return replace(PoolEvidence(site="downtown", cluster="general", name=name), **changes)

    def judged(self, target: str, *servers: ServerEvidence, pools: tuple[PoolEvidence, ...], **parameters: Scalar) -> Verdict:
        return verdict(POOL_RESERVATIONS, town(*servers, pools=pools), target, **parameters)

    @pytest.mark.parametrize(("reserved", "outcome"), [(10 * GIB, PASS), (10 * GIB + 1, FAIL)])
    def test_children_and_machines_fit_their_parent(self, reserved: int, outcome: Outcome) -> None:
        pools = (self.pool("city", memory_reservation=30 * GIB), self.pool("dept", parent="city", memory_reservation=20 * GIB))

        judged = self.judged("pool/downtown/general/city", server("a", pool="city", memory_reservation=reserved), pools=pools)
        assert judged.outcome is outcome

    @pytest.mark.parametrize(("reserved", "outcome"), [(51, PASS), (52, FAIL)])
    def test_an_expandable_pool_borrows_a_tenth_of_512(self, reserved: int, outcome: Outcome) -> None:
        pools = (self.pool("city", expandable=True),)
        machine = server("a", pool="city", memory=60 * GIB, memory_reservation=reserved * GIB)

        assert self.judged("pool/downtown/general/city", machine, pools=pools).outcome is outcome

    @pytest.mark.parametrize(("reserved", "outcome"), [(512, PASS), (513, FAIL)])
    def test_the_root_keeps_the_largest_host_free(self, reserved: int, outcome: Outcome) -> None:
        pools = (self.pool("city", memory_reservation=reserved * GIB),)

        assert self.judged("cluster/downtown/general", pools=pools).outcome is outcome

    def test_what_an_expandable_pool_borrows_reaches_the_root(self) -> None:
        pools = (self.pool("city", expandable=True, memory_reservation=GIB), self.pool("rest", memory_reservation=500 * GIB))
        machine = server("a", pool="city", memory=60 * GIB, memory_reservation=13 * GIB)

        assert self.judged("cluster/downtown/general", machine, pools=pools, borrowed_percent=100).outcome is FAIL

    @pytest.mark.parametrize(("memory", "outcome"), [(16, PASS), (17, UNDETERMINED)])
    def test_an_unknown_reservation_is_at_most_the_memory(self, memory: int, outcome: Outcome) -> None:
        pools = (self.pool("city", memory_reservation=16 * GIB),)
        machine = server("a", pool="city", memory=memory * GIB, memory_reservation=Unknown("reservation of a", "computed"))

        assert self.judged("pool/downtown/general/city", machine, pools=pools).outcome is outcome

    def test_pools_in_a_circle_and_lost_parents_raise_nothing(self) -> None:
        circle = (self.pool("x", parent="y", expandable=True), self.pool("y", parent="x", expandable=True))

        assert {v.outcome for v in verdicts(POOL_RESERVATIONS, town(pools=circle))} == {PASS}
        assert self.judged("pool/downtown/general/z", pools=(self.pool("z", parent="gone"),)).outcome is UNDETERMINED
