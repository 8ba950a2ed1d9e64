"""CAP-002: vSphere HA admission control is on and keeps free what the hosts that may fail hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from infra.wording import counted
from policies.admission import DEFAULT_CPU_MHZ, Capacity, Failover, largest_share, percentage, slots
from policies.evidence import ClusterEvidence, Evidence, ServerEvidence, Unknown, missing
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.demand import claims, clock, placed_in
from policies.verdict import Fact, Outcome, Severity, Verdict

MIB = 1 << 20
FEWEST_HOSTS = 3


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every cluster."""
    if not evidence.clusters:
        yield rule.not_applicable("there is no vSphere cluster")
    settings = _Settings.of(parameters)
    for cluster in evidence.clusters:
        yield _judge(rule, cluster, evidence, settings)


@dataclass(frozen=True, slots=True)
class _Settings:
    """VMware's advanced options: what a machine without a reservation requires, and the most a slot may be (0: no limit)."""

    cpu: int
    overhead: int
    slot_cpu: int
    slot_memory: int

    @classmethod
    def of(cls, parameters: Parameters) -> _Settings:
        """From the rule's parameters."""
        return cls(
            int(parameters.number("vm_cpu_min_mhz")),
            int(parameters.number("vm_memory_overhead_mib") * MIB),
            int(parameters.number("slot_cpu_mhz")),
            int(parameters.number("slot_memory_mib") * MIB),
        )


def _judge(rule: Rule, cluster: ClusterEvidence, evidence: Evidence, settings: _Settings) -> Verdict:
    why = _useless(cluster)
    if why:
        return rule.verdict(Outcome.FAIL, cluster.target, f"{why}{_few(cluster)}", source=cluster.source, facts=(_hosts_fact(cluster),))
    if cluster.ha.admission == "failover-hosts":
        return _by_dedicated(rule, cluster)
    asked = claims(evidence, cluster)
    machines = (*asked.servers, *asked.unplaced)
    least = [_required(s, settings, cluster, worst=False) for s in asked.servers]
    lacks = missing(v for s in machines for v in (s.cpu_reservation_mhz, s.memory_reservation))
    lacks += tuple(f"cluster of {s.name} (it may come to {cluster.name})" for s in asked.unplaced)
    by = _by_slots if cluster.ha.admission == "slots" else _by_percentage
    verdict = by(rule, cluster, least, settings, ())
    if not lacks or verdict.outcome is Outcome.FAIL:
        return verdict
    most = _most(machines, settings, cluster)
    return verdict if most and by(rule, cluster, most, settings, ()).outcome is Outcome.PASS else by(rule, cluster, least, settings, lacks)


def _useless(cluster: ClusterEvidence) -> str:
    """Why there is nothing to reserve or nobody who would."""
    if not cluster.ha.enabled:
        return f"vSphere HA of cluster {cluster.name} is off"
    if cluster.ha.admission == "disabled":
        return f"HA admission control of cluster {cluster.name} is off"
    if len(cluster.hosts) < 2:
        return f"{placed_in(cluster)} has {counted(len(cluster.hosts), 'usable host')}: no other can take over"
    if not sum(h.cpu_mhz for h in cluster.hosts) or not sum(h.memory for h in cluster.hosts):
        return f"{placed_in(cluster)} has hosts without capacity"
    return ""


def _by_percentage(
    rule: Rule, cluster: ClusterEvidence, required: Sequence[Capacity], _settings: _Settings, lacks: tuple[str, ...]
) -> Verdict:
    hosts = [Capacity(h.cpu_mhz, h.memory) for h in cluster.hosts]
    part = Fraction(max(1, cluster.ha.host_failures), len(hosts))
    share = Failover(part, part).percent()[0]
    free_cpu, free_memory = percentage(hosts, required).percent()
    want_cpu = share if cluster.ha.cpu_percent is None else cluster.ha.cpu_percent
    want_memory = share if cluster.ha.memory_percent is None else cluster.ha.memory_percent
    both = (("CPU", free_cpu, want_cpu), ("memory", free_memory, want_memory))
    short = [
        f"{what} reserve {want} % is under the {share} % that {max(1, cluster.ha.host_failures)} of {len(hosts)} hosts are"
        for what, _, want in both
        if want < share
    ] + [f"{what}: {free} % are free of reservations and {want} % must be" for what, free, want in both if free < want]
    formula = "; ".join(f"{what} {free} % free >= {want} % reserved >= {share} % for failures" for what, free, want in both)
    facts = _percentage_facts(cluster, both, share, largest_share(hosts, max(1, cluster.ha.host_failures)).percent())
    outcome = Outcome.FAIL if short else Outcome.UNDETERMINED if lacks else Outcome.PASS
    message = f"{placed_in(cluster)}: {'; '.join(short) or formula + _as_known(lacks)}{_few(cluster)}"
    return rule.verdict(outcome, cluster.target, message, facts=facts, formula=formula, source=cluster.source, missing=lacks)


def _percentage_facts(
    cluster: ClusterEvidence, both: tuple[tuple[str, int, int], ...], share: int, largest: tuple[int, int]
) -> tuple[Fact, ...]:
    source, as_of = cluster.source, cluster.as_of
    return (
        *(Fact(name=f"current failover capacity, {what}", value=free, unit="%") for what, free, _ in both),
        *(Fact(name=f"configured reserve, {what}", value=want, unit="%", source=source, as_of=as_of) for what, _, want in both),
        Fact(name="share of the hosts that may fail", value=share, unit="%", source=source, as_of=as_of),
        *(Fact(name=f"share of the largest hosts, {what}", value=held, unit="%") for (what, _, _), held in zip(both, largest, strict=True)),
        _hosts_fact(cluster),
    )


def _by_slots(rule: Rule, cluster: ClusterEvidence, required: Sequence[Capacity], settings: _Settings, lacks: tuple[str, ...]) -> Verdict:
    hosts = [Capacity(h.cpu_mhz, h.memory) for h in cluster.hosts]
    counted = slots(hosts, required, cpu_cap=settings.slot_cpu, memory_cap=settings.slot_memory)
    want = max(1, cluster.ha.host_failures)
    facts = (
        Fact(name="size of a slot, CPU", value=int(counted.cpu), unit="MHz"),
        Fact(name="size of a slot, memory", value=int(counted.memory) // MIB, unit="MiB"),
        Fact(name="slots", value=sum(counted.per_host)),
        Fact(name="slots needed", value=counted.needed),
        Fact(name="current failover capacity", value=counted.failover_capacity, unit="hosts"),
        Fact(name="configured failover capacity", value=want, unit="hosts", source=cluster.source, as_of=cluster.as_of),
        _hosts_fact(cluster),
    )
    formula = f"{counted.failover_capacity} hosts may fail >= {want} configured"
    outcome = Outcome.FAIL if counted.failover_capacity < want else Outcome.UNDETERMINED if lacks else Outcome.PASS
    message = f"{placed_in(cluster)}: by slots {formula}{_as_known(lacks)}{_few(cluster)}"
    return rule.verdict(outcome, cluster.target, message, facts=facts, formula=formula, source=cluster.source, missing=lacks)


def _by_dedicated(rule: Rule, cluster: ClusterEvidence) -> Verdict:
    kept, hosts = cluster.ha.host_failures, len(cluster.hosts)
    formula = f"1 <= {kept} dedicated failover hosts < {hosts} hosts"
    outcome = Outcome.PASS if 1 <= kept < hosts else Outcome.FAIL
    message = f"{placed_in(cluster)}: {formula}{_few(cluster)}"
    return rule.verdict(outcome, cluster.target, message, facts=(_hosts_fact(cluster),), formula=formula, source=cluster.source)


def _hosts_fact(cluster: ClusterEvidence) -> Fact:
    return Fact(name="hosts", value=len(cluster.hosts), source=cluster.source, as_of=cluster.as_of)


def _as_known(lacks: tuple[str, ...]) -> str:
    return " as far as reservations are known" if lacks else ""


def _few(cluster: ClusterEvidence) -> str:
    count = len(cluster.hosts)
    return f"; VMware asks for at least {FEWEST_HOSTS} hosts, here are {count}" if count < FEWEST_HOSTS else ""


def _required(server: ServerEvidence, settings: _Settings, cluster: ClusterEvidence, *, worst: bool) -> Capacity:
    """What a machine requires; an unknown reservation is none at least, and all that it is configured with at most."""
    cpu, memory = server.cpu_reservation_mhz, server.memory_reservation
    if isinstance(cpu, Unknown):
        cpu = int(server.cpus * clock(cluster)) if worst and not isinstance(server.cpus, Unknown) else 0
    if isinstance(memory, Unknown):
        memory = server.memory if worst and not isinstance(server.memory, Unknown) else 0
    return Capacity(cpu or settings.cpu, memory + settings.overhead)


def _most(machines: Sequence[ServerEvidence], settings: _Settings, cluster: ClusterEvidence) -> list[Capacity] | None:
    """The most that all may require; None where a machine's size is unknown too, so that there is no most."""
    boundless = any(
        (isinstance(s.cpu_reservation_mhz, Unknown) and isinstance(s.cpus, Unknown))
        or (isinstance(s.memory_reservation, Unknown) and isinstance(s.memory, Unknown))
        for s in machines
    )
    return None if boundless else [_required(s, settings, cluster, worst=True) for s in machines]


ADMISSION_CONTROL = Rule(
    id="CAP-002",
    name="admission-control",
    title="HA admission control is on and keeps free what the hosts that may fail hold",
    severity=Severity.CRITICAL,
    side="vsphere",
    controls=("NIST 800-53 CP-2(2)", "NIST 800-53 SI-13(5)"),
    needs=("HA settings and hosts of the cluster", "CPU and memory reservations of its machines"),
    formula=(
        "by percentage: (total - required) / total >= configured >= F / N for F failures of N hosts; "
        "by slots: hosts that may fail >= F; dedicated hosts: at least one"
    ),
    source="VMware vSphere Availability, percentage and slot policies; they see reservations only, CAP-001 and CAP-003 the rest",
    remedy="turn admission control on and let vCenter compute the percentages, or raise them to the share of the hosts that may fail",
    check=check,
    parameters={
        "vm_cpu_min_mhz": Parameter(
            default=DEFAULT_CPU_MHZ, reason="das.vmcpuminmhz: what a machine without a CPU reservation requires; older API text says 256"
        ),
        "vm_memory_overhead_mib": Parameter(
            default=0, reason="das.vmmemoryminmb: VMware's own default is 0 for a machine without a reservation"
        ),
        "slot_cpu_mhz": Parameter(default=0, reason="das.slotcpuinmhz: the most a slot's CPU may be; 0 for no limit, as in vCenter"),
        "slot_memory_mib": Parameter(default=0, reason="das.slotmeminmb: the most a slot's memory may be; 0 for no limit, as in vCenter"),
    },
)
