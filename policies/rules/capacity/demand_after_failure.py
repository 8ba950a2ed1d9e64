"""CAP-003: what machines really use still fits after a failure, less the loss of performance that is tolerated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.wording import counted
from policies.evidence import ClusterEvidence, Evidence, PromiseEvidence, ServerEvidence, Unknown
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.demand import (
    NAMES,
    Bounds,
    Claims,
    Usable,
    away,
    broken,
    claims,
    clock,
    demand,
    demands,
    joined_lacks,
    placed_in,
    ranged,
    total,
    usable,
)
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number

OFF = 100
"""vSphere's default for the tolerated loss: no warning ever. It means that nobody decided."""


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every cluster."""
    if not evidence.clusters:
        yield rule.not_applicable("there is no vSphere cluster")
    measured = {s.name: s for s in evidence.servers if not isinstance(s.usage, Unknown)} if evidence.promises else {}
    for cluster in evidence.clusters:
        asked = claims(evidence, cluster)
        used = {r: _used(cluster, asked, r, measured) for r in NAMES}
        yield _judge(rule, cluster, asked, used, parameters.number("tolerated_percent"))


@dataclass(frozen=True, slots=True)
class _Balance:
    """One resource: what is used now, what of that must be kept up, and what is left for it."""

    room: Usable
    used: Bounds
    tolerated: float

    @property
    def needed(self) -> Bounds:
        keep = 1 - self.tolerated / 100
        return Bounds(self.used.least * keep, self.used.most * keep if keep else 0.0, self.used.unknown)

    def formula(self) -> str:
        """The rule's formula with numbers; a range where use is not measured."""
        text = self.room.text
        used, needed = ranged(self.used, text), ranged(self.needed, text)
        return f"{NAMES[self.room.resource]} {used} - {format_number(self.tolerated)} % = {needed} <= {text(self.room.left)} left"


def _judge(rule: Rule, cluster: ClusterEvidence, asked: Claims, used: dict[str, Bounds], default: float) -> Verdict:
    set_to = cluster.ha.performance_tolerance
    tolerated = default if set_to is None or set_to == OFF else float(set_to)
    balances = [_Balance(usable(cluster, r, 0), used[r], tolerated) for r in NAMES]
    formula = "; ".join(b.formula() for b in balances)
    failed = [b for b in balances if b.needed.least > b.room.left]
    open_ones = [b for b in balances if b.needed.most > b.room.left]
    lacks = joined_lacks(tuple(dict.fromkeys(text for b in open_ones for text in b.needed.unknown)))
    outcome = Outcome.FAIL if failed else Outcome.UNDETERMINED if open_ones else Outcome.PASS
    told = broken("; ".join(b.formula() for b in failed)) or formula
    message = f"{placed_in(cluster)}: after the failure of {counted(cluster.ha.host_failures, 'host')} {told}"
    return rule.verdict(
        outcome,
        cluster.target,
        message + ("; DRS is off, so nothing balances it" if cluster.drs is False else "") + away(cluster),
        facts=_facts(cluster, asked, balances, default),
        formula=formula,
        source=cluster.source,
        missing=lacks if outcome is Outcome.UNDETERMINED else (),
    )


def _used(cluster: ClusterEvidence, asked: Claims, resource: str, measured: dict[str, ServerEvidence]) -> Bounds:
    """Measured use of the machines; of a promise, what its machine uses elsewhere, else at most what was promised.

    A machine that may come here counts at most.
    """
    fastest = clock(cluster)
    here = demands(asked.servers, resource, fastest)
    perhaps = demands(asked.unplaced, resource, fastest)
    lacks = tuple(f"cluster of {s.name} (it may come to {cluster.name})" for s in asked.unplaced)
    promised = total(_promised(p, resource, fastest, measured.get(p.holder)) for p in asked.promises)
    return here + Bounds(0.0, perhaps.most, lacks) + promised


def _promised(promise: PromiseEvidence, resource: str, fastest: float, measured: ServerEvidence | None) -> Bounds:
    if measured is not None:
        return demand(measured, resource, fastest)
    at_most = promise.cpus * fastest if resource == "cpu" else float(promise.memory)
    return Bounds(0.0, at_most, (f"use of {promise.holder} (promised to {promise.by}, not there yet)",))


def _facts(cluster: ClusterEvidence, asked: Claims, balances: list[_Balance], default: float) -> tuple[Fact, ...]:
    source, as_of, set_to = cluster.source, cluster.as_of, cluster.ha.performance_tolerance
    unset = "off" if set_to == OFF else "not told"
    decided = f"{set_to} %" if set_to not in (None, OFF) else f"{unset}; the rule's {format_number(default)} % counts"
    seen = max((s.as_of for s in asked.servers if s.as_of), default=None)
    scale = {"cpu": ("MHz", 1.0), "memory": ("GiB", float(1 << 30))}
    return (
        Fact(name="loss of performance tolerated", value=decided, source=source, as_of=as_of),
        *(
            Fact(
                name=f"{NAMES[b.room.resource]} used (95th percentile)",
                value=round(b.used.least / scale[b.room.resource][1], 1),
                unit=scale[b.room.resource][0],
                as_of=seen,
            )
            for b in balances
        ),
        *(
            Fact(
                name=f"{NAMES[b.room.resource]} left after the failure",
                value=round(b.room.left / scale[b.room.resource][1], 1),
                unit=scale[b.room.resource][0],
                source=source,
                as_of=as_of,
            )
            for b in balances
        ),
        Fact(name="machines", value=len(asked.servers)),
    )


DEMAND_AFTER_FAILURE = Rule(
    id="CAP-003",
    name="demand-after-failure",
    title="What machines really use still fits after a failure",
    severity=Severity.HIGH,
    side="vsphere",
    controls=("NIST 800-53 CP-2(2)", "NIST 800-53 SC-6"),
    needs=("measured use of every machine (95th percentile)", "hosts of the cluster and how many may fail", "HA's performance tolerance"),
    formula="sum of use x (1 - tolerated loss) <= capacity without the largest hosts, for CPU and for memory",
    source="VMware vSphere Availability, performance degradation VMs tolerate: reduction = current utilization x tolerance",
    remedy="move a busy machine to the other site, add a host, or accept a loss of performance with `performance_tolerance` of the cluster",
    check=check,
    parameters={
        "tolerated_percent": Parameter(
            default=0.0, reason="counts where the cluster's HA does not say or has the warning off (100 %): 0 asks for all of today's use"
        )
    },
)
