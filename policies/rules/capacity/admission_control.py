"""CAP-002: vSphere HA admission control is on and reserves what the largest hosts hold."""

from __future__ import annotations

from collections.abc import Iterator

from policies.admission import DEFAULT_CPU_MHZ, Capacity, Slots, largest_share, percentage, slots
from policies.evidence import ClusterEvidence, Evidence, ServerEvidence, Unknown
from policies.rule import Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:  # noqa: ARG001 - every rule has one shape
    """One verdict for every cluster."""
    for cluster in evidence.clusters:
        if not cluster.ha.enabled or cluster.ha.admission == "disabled":
            what = "vSphere HA" if not cluster.ha.enabled else "HA admission control"
            yield rule.verdict(Outcome.FAIL, cluster.target, f"{what} of cluster {cluster.name} is off", source=cluster.source)
        elif cluster.ha.admission == "slots":
            yield _by_slots(rule, cluster, evidence.in_cluster(cluster))
        else:
            yield _by_percentage(rule, cluster, evidence.in_cluster(cluster))


def _by_percentage(rule: Rule, cluster: ClusterEvidence, servers: tuple[ServerEvidence, ...]) -> Verdict:
    hosts = _hosts(cluster)
    cpu, memory = percentage(hosts, [_required(s) for s in servers]).percent()
    share_cpu, share_memory = largest_share(hosts, cluster.ha.host_failures).percent()
    want_cpu = share_cpu if cluster.ha.cpu_percent is None else cluster.ha.cpu_percent
    want_memory = share_memory if cluster.ha.memory_percent is None else cluster.ha.memory_percent
    facts = (
        Fact(name="current failover capacity, CPU", value=cpu, unit="%"),
        Fact(name="current failover capacity, memory", value=memory, unit="%"),
        Fact(name="configured reserve, CPU", value=want_cpu, unit="%", source=cluster.source),
        Fact(name="configured reserve, memory", value=want_memory, unit="%", source=cluster.source),
        Fact(name="share of the largest hosts, CPU", value=share_cpu, unit="%"),
        Fact(name="share of the largest hosts, memory", value=share_memory, unit="%"),
    )
    formula = f"CPU {cpu} % >= {want_cpu} % >= {share_cpu} %; memory {memory} % >= {want_memory} % >= {share_memory} %"
    short = [
        f"{what} reserve {want} % is under the {share} % that the largest hosts hold"
        for what, want, share in (("CPU", want_cpu, share_cpu), ("memory", want_memory, share_memory))
        if want < share
    ] + [
        f"{what}: {free} % are free of reservations and {want} % must be"
        for what, free, want in (("CPU", cpu, want_cpu), ("memory", memory, want_memory))
        if free < want
    ]
    outcome = Outcome.FAIL if short else Outcome.PASS
    message = f"cluster {cluster.name} of {cluster.site}: {'; '.join(short) or formula}"
    return rule.verdict(outcome, cluster.target, message, facts=facts, formula=formula, source=cluster.source)


def _by_slots(rule: Rule, cluster: ClusterEvidence, servers: tuple[ServerEvidence, ...]) -> Verdict:
    counted: Slots = slots(_hosts(cluster), [_required(s) for s in servers])
    facts = (
        Fact(name="slots", value=sum(counted.per_host)),
        Fact(name="machines", value=len(servers)),
        Fact(name="current failover capacity", value=counted.failover_capacity, unit="hosts"),
        Fact(name="configured failover capacity", value=cluster.ha.host_failures, unit="hosts", source=cluster.source),
    )
    formula = f"{counted.failover_capacity} hosts may fail >= {cluster.ha.host_failures} configured"
    outcome = Outcome.PASS if counted.failover_capacity >= cluster.ha.host_failures else Outcome.FAIL
    message = f"cluster {cluster.name} of {cluster.site}: by slots {formula}"
    return rule.verdict(outcome, cluster.target, message, facts=facts, formula=formula, source=cluster.source)


def _hosts(cluster: ClusterEvidence) -> list[Capacity]:
    return [Capacity(h.cores * h.mhz, h.memory) for h in cluster.hosts]


def _required(server: ServerEvidence) -> Capacity:
    return Capacity(_known(server.cpu_reservation_mhz) or DEFAULT_CPU_MHZ, _known(server.memory_reservation))


def _known(value: int | Unknown) -> int:
    """An unknown reservation counts as none: what is required is then a lower bound."""
    return 0 if isinstance(value, Unknown) else value


ADMISSION_CONTROL = Rule(
    id="CAP-002",
    name="admission-control",
    title="HA admission control is on and reserves what the largest hosts hold",
    severity=Severity.CRITICAL,
    controls=("NIST 800-53 CP-2(2)", "NIST 800-53 SI-13(5)"),
    formula="(total - required) / total >= configured >= share of the largest hosts; or slots: hosts that may fail >= configured",
    source="VMware vSphere Availability, percentage and slot policies; without a reservation a machine requires 32 MHz and 0 bytes",
    remedy="turn admission control on and let vCenter compute the percentages, or raise them to the share of the largest host",
    check=check,
)
