"""CAP-001: after the largest hosts of a cluster fail, every machine still finds a place."""

from __future__ import annotations

from collections.abc import Iterator

from infra.estate.model import GIB
from policies.evidence import ClusterEvidence, Evidence, HostEvidence, ServerEvidence, Unknown, missing
from policies.packing import Load, Misfit, Room, misfits
from policies.rule import Parameter, Parameters, Rule
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every cluster."""
    for cluster in evidence.clusters:
        yield _judge(rule, cluster, evidence.in_cluster(cluster), parameters)


def _judge(rule: Rule, cluster: ClusterEvidence, servers: tuple[ServerEvidence, ...], parameters: Parameters) -> Verdict:
    failures = cluster.ha.host_failures
    ratio = parameters.number("vcpu_per_core")
    worst = _worst(cluster, failures, servers, ratio)
    unknown = missing(value for server in servers for value in (server.cpus, server.memory))
    facts = _facts(cluster, servers, worst.left, ratio)
    needed, room = _sum(servers, "memory"), sum(h.memory for h in worst.left)
    formula = (
        f"memory: {_gib(needed)} needed <= {_gib(room)} left without {', '.join(worst.failed)}; "
        f"vCPUs: {format_number(_sum(servers, 'cpus'))} needed <= {sum(h.cores for h in worst.left)} cores x {format_number(ratio)}"
    )
    if worst.without:
        return rule.verdict(
            Outcome.FAIL, cluster.target, _refusal(cluster, worst, servers, ratio), facts=facts, formula=formula, source=cluster.source
        )
    if unknown:
        message = f"the {len(servers)} machines of cluster {cluster.name} fit as far as they are known"
        return rule.verdict(
            Outcome.UNDETERMINED, cluster.target, message, facts=facts, formula=formula, source=cluster.source, missing=unknown
        )
    failed = ", ".join(worst.failed)
    message = f"all {len(servers)} machines of cluster {cluster.name} fit without {failed}: {_gib(needed)} of {_gib(room)} memory"
    return rule.verdict(Outcome.PASS, cluster.target, message, facts=facts, formula=formula, source=cluster.source)


class _Failure:
    """One failure case: the hosts that fail, those left, and the machines without a place."""

    def __init__(self, failed: tuple[HostEvidence, ...], left: tuple[HostEvidence, ...], without: tuple[Misfit, ...]) -> None:
        self.failed = tuple(h.name for h in failed)
        self.left = left
        self.without = without


def _worst(cluster: ClusterEvidence, failures: int, servers: tuple[ServerEvidence, ...], ratio: float) -> _Failure:
    """The worst of the cases: the hosts with most memory fail, or those with most cores."""
    loads = [Load(s.name, _number(s.cpus), _number(s.memory), f"{s.group}" if s.group else "") for s in servers]
    cases = []
    for key in ("memory", "cores"):
        ranked = sorted(cluster.hosts, key=lambda h: (-getattr(h, key), h.name))
        failed, left = tuple(ranked[:failures]), tuple(ranked[failures:])
        rooms = [Room(h.name, h.cores * ratio, h.memory) for h in left]
        cases.append(_Failure(failed, left, misfits(rooms, loads)))
    return max(cases, key=lambda case: len(case.without))


def _refusal(cluster: ClusterEvidence, worst: _Failure, servers: tuple[ServerEvidence, ...], ratio: float) -> str:
    named = ", ".join(f"{m.name} ({m.binding})" for m in worst.without[:3])
    more = f" and {len(worst.without) - 3} more" if len(worst.without) > 3 else ""
    cores = sum(h.cores for h in worst.left)
    needed, failed = _gib(_sum(servers, "memory")), ", ".join(worst.failed)
    return (
        f"cluster {cluster.name} of {cluster.site}: when {failed} fails, {needed} of memory are needed and "
        f"{_gib(sum(h.memory for h in worst.left))} are left, {format_number(_sum(servers, 'cpus'))} vCPUs are needed and "
        f"{cores} cores x {format_number(ratio)} are left; without a place: {named}{more}"
    )


def _facts(cluster: ClusterEvidence, servers: tuple[ServerEvidence, ...], left: tuple[HostEvidence, ...], ratio: float) -> tuple[Fact, ...]:
    source = cluster.source
    return (
        Fact(name="hosts", value=len(cluster.hosts), source=source),
        Fact(name="hosts that may fail", value=cluster.ha.host_failures, source=source),
        Fact(name="machines, held ones included", value=len(servers)),
        Fact(name="held machines", value=sum(s.held for s in servers)),
        Fact(name="memory needed", value=_sum(servers, "memory") / GIB, unit="GiB"),
        Fact(name="memory left after the failure", value=sum(h.memory for h in left) / GIB, unit="GiB", source=source),
        Fact(name="memory in all", value=sum(h.memory for h in cluster.hosts) / GIB, unit="GiB", source=source),
        Fact(name="vCPUs needed", value=_sum(servers, "cpus")),
        Fact(name="cores left after the failure", value=sum(h.cores for h in left), source=source),
        Fact(name="vCPUs per core allowed", value=ratio),
    )


def _sum(servers: tuple[ServerEvidence, ...], what: str) -> float:
    return sum(_number(getattr(s, what)) for s in servers)


def _number(value: float | Unknown) -> float:
    """An unknown demand counts as nothing: the sum is then a lower bound, and a failure under it is certain."""
    return 0 if isinstance(value, Unknown) else value


def _gib(size: float) -> str:
    return f"{format_number(size / GIB)} GiB"


FAILOVER_CAPACITY = Rule(
    id="CAP-001",
    name="failover-capacity",
    title="After the largest hosts of a cluster fail, every machine still finds a place",
    severity=Severity.CRITICAL,
    controls=("NIST 800-53 CP-2(2)", "NIST 800-53 SC-5(2)"),
    formula="first-fit-decreasing placement of running and held machines on the hosts left: memory as configured, vCPUs <= cores x ratio",
    source="VMware vSphere Availability, admission control: percentages do not see fragmentation, so machines are placed one by one",
    remedy="make the machines smaller, move one to the other site, add a host, or ask for a waiver in estate/waivers.yaml",
    check=check,
    parameters={
        "vcpu_per_core": Parameter(default=4.0, reason="4:1 is the usual start for mixed city workloads; VMware names no right ratio")
    },
)
