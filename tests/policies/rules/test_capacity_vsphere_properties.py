"""What holds for every cluster: more hosts never hurt, larger machines never help, and what is not known never decides wrongly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.estate.model import GIB, HighAvailability
from policies.evidence import ClusterEvidence, Evidence, HostEvidence, ServerEvidence, Unknown, UsageEvidence
from policies.rule import Rule
from policies.rules.capacity.admission_control import ADMISSION_CONTROL
from policies.rules.capacity.cpu_overcommit import CPU_OVERCOMMIT
from policies.rules.capacity.datastore_space import DATASTORE_SPACE
from policies.rules.capacity.demand_after_failure import DEMAND_AFTER_FAILURE
from policies.rules.capacity.failover_capacity import FAILOVER_CAPACITY
from policies.rules.capacity.machine_size import MACHINE_SIZE
from policies.rules.capacity.tier_memory import TIER_MEMORY
from policies.verdict import Outcome
from tests.policies.builders import city, server
from tests.policies.rules.vsphere_town import FAIL, PASS, UNDETERMINED, used, verdicts

OF_CLUSTERS = (FAILOVER_CAPACITY, ADMISSION_CONTROL, DEMAND_AFTER_FAILURE, CPU_OVERCOMMIT, TIER_MEMORY)
OF_MACHINES = (*OF_CLUSTERS, DATASTORE_SPACE, MACHINE_SIZE)
LACK = Unknown("a datum", "known only after the update")

hosts = st.builds(
    lambda name, cores, memory: HostEvidence(name=f"h{name}", cores=cores, mhz=2000, memory=memory * GIB, numa_nodes=1),
    st.integers(0, 99),
    st.integers(1, 8),
    st.integers(1, 32),
)
machines = st.builds(
    lambda cpus, memory, reserved, cpu, group, held: server(
        "m",
        cpus=cpus,
        memory=memory * GIB,
        memory_reservation=memory * GIB * reserved // 4,
        cpu_reservation_mhz=cpus * 2000 * reserved // 4,
        usage=used(cpus * 2000 * cpu / 4, memory * GIB * cpu / 4),
        group=group,
        held=held,
        disks=(memory * 8 * GIB,),
    ),
    st.integers(1, 16),
    st.integers(1, 24),
    st.integers(0, 4),
    st.integers(0, 4),
    st.sampled_from(["", "", "g"]),
    st.booleans(),
)
admission = st.builds(
    lambda kind, failures, percent: HighAvailability.model_validate(
        {"admission": kind, "host_failures": failures, "cpu_percent": percent, "memory_percent": percent}
    ),
    st.sampled_from(["percentage", "slots"]),
    st.integers(0, 2),
    st.sampled_from([None, 25, 50]),
)


@st.composite
def clusters(draw: st.DrawFn) -> Evidence:
    of = draw(st.lists(hosts, min_size=1, max_size=4, unique_by=lambda h: h.name))
    listed = draw(st.lists(machines, min_size=1, max_size=5))
    named = tuple(replace(m, name=f"m{n}") for n, m in enumerate(listed))
    return around(ClusterEvidence(site="downtown", name="general", hosts=tuple(of), ha=draw(admission)), named)


def around(cluster: ClusterEvidence, servers: tuple[ServerEvidence, ...]) -> Evidence:
    return city(clusters=(cluster,), servers=servers)


def outcomes(rule: Rule, evidence: Evidence) -> dict[str, Outcome]:
    return {v.target: v.outcome for v in verdicts(rule, evidence)}


def with_hosts(evidence: Evidence, of: tuple[HostEvidence, ...]) -> Evidence:
    return replace(evidence, clusters=(replace(evidence.clusters[0], hosts=of),))


def with_machine(evidence: Evidence, which: int, **changes: object) -> Evidence:
    listed = list(evidence.servers)
    listed[which] = replace(listed[which], **changes)
    return replace(evidence, servers=tuple(listed))


@pytest.mark.parametrize("rule", [*OF_CLUSTERS, MACHINE_SIZE], ids=lambda r: r.id)
@settings(max_examples=60)
@given(evidence=clusters(), which=st.integers(0, 9), cores=st.integers(0, 8), memory=st.integers(0, 32))
def test_a_bigger_host_never_turns_a_pass_into_a_failure(rule: Rule, evidence: Evidence, which: int, cores: int, memory: int) -> None:
    of = list(evidence.clusters[0].hosts)
    old = of[which % len(of)]
    of[which % len(of)] = replace(old, cores=old.cores + cores, memory=old.memory + memory * GIB)
    before, after = outcomes(rule, evidence), outcomes(rule, with_hosts(evidence, tuple(of)))

    assert all(after[target] is PASS for target, outcome in before.items() if outcome is PASS)


@pytest.mark.parametrize("rule", OF_CLUSTERS, ids=lambda r: r.id)
@settings(max_examples=60)
@given(evidence=clusters(), cores=st.integers(1, 8), memory=st.integers(1, 32))
def test_another_host_never_turns_a_pass_into_a_failure(rule: Rule, evidence: Evidence, cores: int, memory: int) -> None:
    another = HostEvidence(name="new", cores=cores, mhz=2000, memory=memory * GIB, numa_nodes=1)
    before, after = outcomes(rule, evidence), outcomes(rule, with_hosts(evidence, (*evidence.clusters[0].hosts, another)))

    assert all(after[target] is PASS for target, outcome in before.items() if outcome is PASS)


@pytest.mark.parametrize("rule", OF_MACHINES, ids=lambda r: r.id)
@settings(max_examples=60)
@given(evidence=clusters(), which=st.integers(0, 9), factor=st.integers(1, 3))
def test_a_bigger_machine_never_turns_a_failure_into_a_pass(rule: Rule, evidence: Evidence, which: int, factor: int) -> None:
    old = evidence.servers[which % len(evidence.servers)]
    bigger = with_machine(evidence, which % len(evidence.servers), **grown(old, factor))
    before, after = outcomes(rule, evidence), outcomes(rule, bigger)

    assert all(after[target] is FAIL for target, outcome in before.items() if outcome is FAIL)


def grown(old: ServerEvidence, factor: int) -> dict[str, object]:
    known = {name: getattr(old, name) * factor for name in ("cpus", "memory", "memory_reservation", "cpu_reservation_mhz")}
    disks = tuple(disk * factor for disk in old.disks if isinstance(disk, int))
    assert isinstance(old.usage, UsageEvidence)
    cpu, memory = old.usage.cpu_mhz_p95, old.usage.memory_p95
    assert isinstance(cpu, float)
    assert isinstance(memory, float)
    return {**known, "disks": disks, "usage": used(cpu * factor, memory * factor)}


BLINDED: dict[str, Callable[[ServerEvidence], dict[str, object]]] = {
    "cpus": lambda _: {"cpus": LACK},
    "memory": lambda _: {"memory": LACK},
    "cpu reservation": lambda _: {"cpu_reservation_mhz": LACK},
    "memory reservation": lambda _: {"memory_reservation": LACK},
    "use": lambda _: {"usage": LACK},
    "disks": lambda _: {"disks": (LACK,)},
    "service": lambda _: {"service": ""},
    "all": lambda _: {"cpus": LACK, "memory": LACK, "memory_reservation": LACK, "usage": LACK, "disks": (LACK,)},
}


@pytest.mark.parametrize("blind", BLINDED, ids=str)
@pytest.mark.parametrize("rule", OF_MACHINES, ids=lambda r: r.id)
@settings(max_examples=25)
@given(evidence=clusters(), which=st.integers(0, 9))
def test_what_is_not_known_changes_an_answer_to_undetermined_at_most(rule: Rule, blind: str, evidence: Evidence, which: int) -> None:
    old = evidence.servers[which % len(evidence.servers)]
    known = outcomes(rule, evidence)
    blinded = verdicts(rule, with_machine(evidence, which % len(evidence.servers), **BLINDED[blind](old)))

    for judged in blinded:
        assert judged.outcome in {known[judged.target], UNDETERMINED}
        assert bool(judged.missing) == (judged.outcome is UNDETERMINED)


@pytest.mark.parametrize("rule", OF_CLUSTERS, ids=lambda r: r.id)
@settings(max_examples=60)
@given(evidence=clusters(), which=st.integers(0, 9))
def test_a_machine_of_unknown_cluster_is_judged_between_here_and_elsewhere(rule: Rule, evidence: Evidence, which: int) -> None:
    number = which % len(evidence.servers)
    other = replace(evidence.clusters[0], name="other")
    two = replace(evidence, clusters=(*evidence.clusters, other))
    target = evidence.clusters[0].target
    here = outcomes(rule, two).get(target, PASS)
    elsewhere = outcomes(rule, with_machine(two, number, cluster="other")).get(target, PASS)
    unknown = outcomes(rule, with_machine(two, number, cluster="")).get(target, PASS)

    assert unknown is UNDETERMINED or (unknown is here and unknown is elsewhere)
