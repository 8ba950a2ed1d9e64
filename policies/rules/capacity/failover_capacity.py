"""CAP-001: after the largest hosts of a cluster fail, every machine still finds a place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.estate.model import GIB
from infra.wording import counted, listed
from policies.evidence import ClusterEvidence, Evidence, PromiseEvidence, ServerEvidence, known, missing
from policies.packing import FailureCase, Load, Placement, Room, failure_cases, place
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.demand import Claims, away, claims, placed_in
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number, gib


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every cluster."""
    if not evidence.clusters:
        yield rule.not_applicable("there is no vSphere cluster")
    for cluster in evidence.clusters:
        yield _judge(rule, cluster, claims(evidence, cluster), parameters.number("vcpu_per_core"))


@dataclass(frozen=True, slots=True)
class _Worst:
    """The worst failure, with the placement of the certain loads after it."""

    case: FailureCase
    placed: Placement
    loads: tuple[Load, ...]
    ratio: float

    @property
    def failed(self) -> str:
        return ", ".join(r.name for r in self.case.failed) or "no host"

    @property
    def memory(self) -> tuple[float, float]:
        """Needed and left."""
        return sum(x.memory for x in self.loads), sum(r.memory for r in self.case.left)

    @property
    def cpus(self) -> tuple[float, float]:
        """Needed vCPUs, and the cores left."""
        return sum(x.cpus for x in self.loads), sum(r.cpus for r in self.case.left) / self.ratio


def _judge(rule: Rule, cluster: ClusterEvidence, asked: Claims, ratio: float) -> Verdict:
    rooms = [Room(h.name, h.cores * ratio, h.memory) for h in cluster.hosts]
    loads = tuple(_load(s) for s in asked.servers) + tuple(_promised(p) for p in asked.promises)
    worst = _worst(cluster, rooms, loads, ratio)
    formula = _formula(worst)
    facts = _facts(cluster, asked, worst)
    if worst.placed.without:
        beside = not cluster.ha.respects_anti_affinity and not place(worst.case.left, loads, separate=False).without
        message = _refusal(cluster, worst, beside=beside)
        severity = Severity.HIGH if beside else rule.severity
        return rule.verdict(Outcome.FAIL, cluster.target, message, facts=facts, formula=formula, source=cluster.source, severity=severity)
    lacks = missing(value for server in (*asked.servers, *asked.unplaced) for value in (server.cpus, server.memory))
    if not lacks and asked.unplaced and _worst(cluster, rooms, loads + tuple(_load(s) for s in asked.unplaced), ratio).placed.without:
        lacks = tuple(f"cluster of {s.name} (it may come to {cluster.name})" for s in asked.unplaced)
    if lacks:
        message = _partly(cluster, asked, worst)
        return rule.verdict(
            Outcome.UNDETERMINED, cluster.target, message, facts=facts, formula=formula, source=cluster.source, missing=lacks
        )
    return rule.verdict(Outcome.PASS, cluster.target, _fits(cluster, asked, worst), facts=facts, formula=formula, source=cluster.source)


def _worst(cluster: ClusterEvidence, rooms: list[Room], loads: tuple[Load, ...], ratio: float) -> _Worst:
    cases = failure_cases(rooms, cluster.ha.host_failures)
    found = [_Worst(case, place(case.left, loads), loads, ratio) for case in cases]
    failing = [each for each in found if each.placed.without]
    if len(failing) < 2:
        return failing[0] if failing else found[0]
    # One machine without any place is worse than several that would only have to stand beside a member of their group.
    return max(failing, key=lambda each: (bool(place(each.case.left, loads, separate=False).without), len(each.placed.without)))


def _load(server: ServerEvidence) -> Load:
    """A held source keeps no member of its group away: it runs only when the other does not."""
    return Load(server.name, known(server.cpus), known(server.memory), "" if server.held else server.group)


def _promised(promise: PromiseEvidence) -> Load:
    return Load(f"{promise.holder} promised to {promise.by}", promise.cpus, promise.memory)


def _formula(worst: _Worst) -> str:
    (memory, memory_left), (cpus, cores) = worst.memory, worst.cpus
    return (
        f"memory: {gib(memory)} needed <= {gib(memory_left)} left without {worst.failed}; "
        f"vCPUs: {format_number(cpus)} needed <= {format_number(cores)} cores x {format_number(worst.ratio)}"
    )


def _refusal(cluster: ClusterEvidence, worst: _Worst, *, beside: bool) -> str:
    (memory, memory_left), (cpus, cores) = worst.memory, worst.cpus
    named = listed([f"{m.name} ({m.binding})" for m in worst.placed.without])
    softer = "; beside a member of its redundancy group it would fit" if beside else ""
    return (
        f"{placed_in(cluster)}: when {worst.failed} fails, {gib(memory)} of memory are needed and {gib(memory_left)} are left, "
        f"{format_number(cpus)} vCPUs are needed and {format_number(cores)} cores x {format_number(worst.ratio)} are left; "
        f"without a place: {named}{softer}{away(cluster)}"
    )


def _fits(cluster: ClusterEvidence, asked: Claims, worst: _Worst) -> str:
    memory, left = worst.memory
    promised = f" and {len(asked.promises)} promised" if asked.promises else ""
    wherever = f", also if {listed([s.name for s in asked.unplaced])} came here" if asked.unplaced else ""
    return (
        f"all {counted(len(asked.servers), 'machine')}{promised} of cluster {cluster.name} fit without {worst.failed}: "
        f"{gib(memory)} of {gib(left)} memory{wherever}{away(cluster)}"
    )


def _partly(cluster: ClusterEvidence, asked: Claims, worst: _Worst) -> str:
    """What can be said already: the rest fits, and how large a hole remains on one host for what is not known."""
    memory, cpus = worst.placed.hole()
    return (
        f"the {counted(len(asked.servers), 'machine')} of cluster {cluster.name} fit as far as they are known; "
        f"without {worst.failed} one host has {gib(memory)} and {format_number(cpus)} vCPUs left for the others{away(cluster)}"
    )


def _facts(cluster: ClusterEvidence, asked: Claims, worst: _Worst) -> tuple[Fact, ...]:
    source, as_of = cluster.source, cluster.as_of
    (memory, memory_left), (cpus, cores) = worst.memory, worst.cpus
    in_all = sum(h.memory for h in cluster.hosts)
    optional = [
        *([Fact(name="hosts away, not counted", value=", ".join(cluster.away), source=source, as_of=as_of)] if cluster.away else []),
        *([Fact(name="kept free for failover", value=cluster.ha.host_failures, unit="hosts")] if _dedicated(cluster) else []),
        *(Fact(name=f"promised to {p.by}", value=f"{p.cpus} vCPUs, {gib(p.memory)}", source=p.source) for p in asked.promises),
    ]
    return (
        Fact(name="hosts", value=len(cluster.hosts), source=source, as_of=as_of),
        Fact(name="hosts that may fail", value=cluster.ha.host_failures, source=source, as_of=as_of),
        Fact(name="machines, held ones included", value=len(asked.servers)),
        Fact(name="held machines", value=sum(s.held for s in asked.servers)),
        Fact(name="memory needed", value=memory / GIB, unit="GiB"),
        Fact(name="memory left after the failure", value=memory_left / GIB, unit="GiB", source=source, as_of=as_of),
        Fact(name="memory in all", value=in_all / GIB, unit="GiB", source=source, as_of=as_of),
        Fact(name="vCPUs needed", value=cpus),
        Fact(name="cores left after the failure", value=cores, source=source, as_of=as_of),
        Fact(name="vCPUs per core allowed", value=worst.ratio),
        *optional,
    )


def _dedicated(cluster: ClusterEvidence) -> bool:
    """Hosts kept free for failover are the same hosts that this rule takes away: after a failure the others' number is left."""
    return cluster.ha.admission == "failover-hosts"


FAILOVER_CAPACITY = Rule(
    id="CAP-001",
    name="failover-capacity",
    title="After the largest hosts of a cluster fail, every machine still finds a place",
    severity=Severity.CRITICAL,
    side="vsphere",
    controls=("NIST 800-53 CP-2(2)", "NIST 800-53 SC-5(2)"),
    needs=(
        "hosts of the cluster and how many may fail",
        "size and redundancy group of every machine, held sources included",
        "open promises of moves and of other stacks",
    ),
    formula=(
        "every running, planned, held and promised machine is placed on the hosts left: memory as configured, vCPUs <= cores x ratio, "
        "members of a redundancy group apart"
    ),
    source="VMware vSphere Availability, admission control: percentages do not see fragmentation, so machines are placed one by one",
    remedy="make the machines smaller, move one to the other site, add a host, or ask for a waiver in estate/waivers.yaml",
    check=check,
    parameters={
        "vcpu_per_core": Parameter(default=4.0, reason="4:1 is the usual start for mixed city workloads; VMware names no right ratio")
    },
)
