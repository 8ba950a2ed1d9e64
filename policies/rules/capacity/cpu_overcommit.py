"""CAP-007: vCPUs per core stay within what is usual for the cluster's machines. Advice, for no ratio is right for all."""

from __future__ import annotations

from collections.abc import Iterator

from infra.wording import listed
from policies.evidence import ClusterEvidence, Evidence
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.demand import Bounds, broken, claims, joined_lacks, placed_in, total, total_of
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number

HARD_LIMIT = 32
"""vSphere's own maximum of vCPUs per core: beyond it, machines are not powered on."""


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every cluster."""
    if not evidence.clusters:
        yield rule.not_applicable("there is no vSphere cluster")
    usual = {"general": parameters.number("general"), "database": parameters.number("database")}
    for cluster in evidence.clusters:
        yield _judge(rule, cluster, evidence, usual.get(cluster.role, usual["general"]))


def _judge(rule: Rule, cluster: ClusterEvidence, evidence: Evidence, usual: float) -> Verdict:
    asked, cores = claims(evidence, cluster), sum(h.cores for h in cluster.hosts)
    promised = float(sum(p.cpus for p in asked.promises))
    perhaps = total_of((s.cpus, s.cpus) for s in asked.unplaced).most
    lacks = tuple(f"cluster of {s.name} (it may come to {cluster.name})" for s in asked.unplaced)
    ratios = {name: _ratio(evidence, name, usual) for name in {s.service for s in asked.servers}}
    by_ratio = {r: total_of((s.cpus, s.cpus) for s in asked.servers if ratios[s.service] == r) for r in sorted({*ratios.values(), usual})}
    by_ratio[usual] += Bounds(promised, promised + perhaps, lacks)
    total_vcpus = total(by_ratio.values())
    needed = Bounds(sum(v.least / r for r, v in by_ratio.items()), sum(v.most / r for r, v in by_ratio.items()), total_vcpus.unknown)
    outcome, severity, why = _weigh(total_vcpus, needed, cores)
    ratio = f"{total_vcpus.least / cores:.2f}:1" if cores else "no core"
    allowed = listed([f"{format_number(r)}:1" for r in by_ratio])
    formula = (
        f"{format_number(total_vcpus.least)} vCPUs / {cores} cores = {ratio} (usual {allowed}): "
        f"{format_number(round(needed.least, 1))} cores needed <= {cores}"
    )
    message = f"{placed_in(cluster)}: {broken(formula) if outcome is Outcome.FAIL else formula}{why}"
    return rule.verdict(
        outcome,
        cluster.target,
        message,
        facts=_facts(cluster, total_vcpus, cores, usual),
        formula=formula,
        source=cluster.source,
        severity=severity,
        missing=joined_lacks(needed.unknown) if outcome is Outcome.UNDETERMINED else (),
    )


def _weigh(vcpus: Bounds, needed: Bounds, cores: int) -> tuple[Outcome, Severity, str]:
    if vcpus.least > HARD_LIMIT * cores:
        return Outcome.FAIL, Severity.HIGH, f"; vSphere allows at most {HARD_LIMIT} vCPUs a core"
    if needed.least > cores:
        return Outcome.FAIL, Severity.MEDIUM, "; advice: VMware names no right ratio, watch CPU ready time"
    if needed.most > cores:
        return Outcome.UNDETERMINED, Severity.MEDIUM, "; not all vCPUs are known"
    return Outcome.PASS, Severity.MEDIUM, ""


def _ratio(evidence: Evidence, name: str, usual: float) -> float:
    """The tier's own ratio where the city's standards set one, else the cluster's."""
    service = evidence.services.get(name)
    standard = evidence.standards.tiers.get(service.tier) if service else None
    return standard.vcpu_per_core if standard and standard.vcpu_per_core else usual


def _facts(cluster: ClusterEvidence, vcpus: Bounds, cores: int, usual: float) -> tuple[Fact, ...]:
    return (
        Fact(name="vCPUs, held and promised ones included", value=vcpus.least),
        Fact(name="cores", value=cores, source=cluster.source, as_of=cluster.as_of),
        Fact(name=f"vCPUs per core usual for a {cluster.role} cluster", value=usual),
        Fact(name="hard limit", value=HARD_LIMIT, unit="vCPUs per core"),
    )


CPU_OVERCOMMIT = Rule(
    id="CAP-007",
    name="cpu-overcommit",
    title="vCPUs per core stay within what is usual for the tier",
    severity=Severity.MEDIUM,
    side="vsphere",
    controls=("NIST 800-53 SC-6",),
    needs=("vCPUs of every machine and its tier", "cores and role of the cluster"),
    formula="sum of vCPUs / ratio of the tier (else of the cluster's role) <= cores; never more than 32 vCPUs a core",
    source="VMware (2015, again for VCF in 2025): no common ratio; 4:1 and 2:1 are rules of thumb; 32 is the maximum of vSphere 6.0",
    remedy="give idle machines fewer vCPUs, move one to another cluster, or set `vcpu_per_core` of the tier if CPU ready time stays low",
    check=check,
    parameters={
        "general": Parameter(default=4.0, reason="4:1 is the usual start for mixed loads; VMware names no right ratio"),
        "database": Parameter(default=2.0, reason="databases wait badly for a core; 2:1 is the usual upper end for them"),
    },
)
