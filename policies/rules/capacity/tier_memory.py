"""CAP-008: the memory of the machines that matter most is there in full, also after a failure."""

from __future__ import annotations

from collections.abc import Iterator

from infra.estate.model import GIB
from policies.evidence import ClusterEvidence, Evidence, ServerEvidence
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.demand import (
    Bounds,
    Claims,
    bounded,
    broken,
    claims,
    hosts_left,
    joined_lacks,
    memory_of,
    placed_in,
    ranged,
    total,
    total_of,
)
from policies.verdict import Fact, Outcome, Severity, Verdict, gib


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every cluster that has a machine of these tiers, or one whose tier nobody knows."""
    tiers = {each.strip() for each in parameters.text("tiers").split(",")}
    holders = {s.name: s.service for s in evidence.servers}
    judged = False
    for cluster in evidence.clusters:
        asked = claims(evidence, cluster)
        sums = _Sums(evidence, asked, tiers, holders)
        if sums.machines or sums.perhaps:
            judged = True
            yield _judge(rule, cluster, sums, tiers)
    if not judged:
        yield rule.not_applicable(f"no vSphere cluster has a machine of tier {', '.join(sorted(tiers))}")


class _Sums:
    """What these tiers need in full, and what is reserved for others."""

    def __init__(self, evidence: Evidence, asked: Claims, tiers: set[str], holders: dict[str, str]) -> None:
        of = {name: _tier(evidence, name) for name in {s.service for s in asked.servers}}
        inside = [s for s in asked.servers if of[s.service] in tiers]
        strangers = [s for s in asked.servers if not of[s.service]]
        others = [s for s in asked.servers if of[s.service] and of[s.service] not in tiers]
        promised = [(p, _tier(evidence, holders.get(p.holder, ""))) for p in asked.promises]
        wandering = [s for s in asked.unplaced if _tier(evidence, s.service) in {*tiers, ""}]
        self.machines = len(inside) + sum(tier in tiers for _, tier in promised)
        self.perhaps = len(strangers) + len(wandering) + sum(not tier for _, tier in promised)
        certain = sum(float(p.memory) for p, tier in promised if tier in tiers)
        self.full = total_of((s.memory, s.memory) for s in inside) + Bounds(certain, certain)
        self.reserved = total_of((s.memory_reservation, s.memory) for s in others)
        self.unsure = (
            total(_perhaps(s, f"tier of {s.name} (the reader knows no service of it)") for s in strangers)
            + total(_perhaps(s, f"cluster of {s.name}") for s in wandering)
            + total(Bounds(0.0, float(p.memory), (f"tier of {p.holder}, promised to {p.by}",)) for p, tier in promised if not tier)
        )


def _tier(evidence: Evidence, service: str) -> str:
    found = evidence.services.get(service)
    return found.tier.value if found else ""


def _perhaps(server: ServerEvidence, lack: str) -> Bounds:
    size = bounded(server.memory, server.memory)
    return Bounds(0.0, size.most, (lack, *size.unknown))


def _judge(rule: Rule, cluster: ClusterEvidence, sums: _Sums, tiers: set[str]) -> Verdict:
    left = float(sum(h.memory for h in hosts_left(cluster, memory_of)))
    needed = sums.full + sums.reserved + sums.unsure
    outcome = Outcome.FAIL if needed.least > left else Outcome.UNDETERMINED if needed.most > left else Outcome.PASS
    name = "/".join(sorted(tiers))
    unsure = f" + {ranged(sums.unsure, gib)} of unknown tier or place" if sums.perhaps else ""
    demands = f"{ranged(sums.full, gib)} of {name} + {ranged(sums.reserved, gib)} reserved for others{unsure}"
    formula = f"{demands} <= {gib(left)} left after the failure"
    facts = (
        Fact(name=f"machines of tier {name}", value=sums.machines),
        Fact(name=f"memory of tier {name}", value=sums.full.least / GIB, unit="GiB"),
        Fact(name="memory reserved for others", value=sums.reserved.least / GIB, unit="GiB"),
        Fact(name="memory left after the failure", value=left / GIB, unit="GiB", source=cluster.source, as_of=cluster.as_of),
        Fact(name="machines of unknown tier or place", value=sums.perhaps),
    )
    return rule.verdict(
        outcome,
        cluster.target,
        f"{placed_in(cluster)}: {broken(formula) if outcome is Outcome.FAIL else formula}",
        facts=facts,
        formula=formula,
        source=cluster.source,
        missing=joined_lacks(needed.unknown) if outcome is Outcome.UNDETERMINED else (),
    )


TIER_MEMORY = Rule(
    id="CAP-008",
    name="tier-memory",
    title="The memory of gold machines is there in full, also after a failure",
    severity=Severity.HIGH,
    side="vsphere",
    controls=("NIST 800-53 SC-6",),
    needs=("memory and tier of every machine", "memory reserved for the others", "hosts of the cluster and how many may fail"),
    formula="configured memory of the tier + memory reserved for other machines <= physical memory without the largest F hosts",
    source="vSphere Resource Management: memory beyond the physical is swapped; only what is reserved for others cannot be taken back",
    remedy="move a gold machine or a reservation to another cluster, add memory, or lower the reservations of other machines",
    check=check,
    parameters={
        "tiers": Parameter(default="gold", reason="what the city depends on most must never wait for swapped memory; separate by commas")
    },
)
