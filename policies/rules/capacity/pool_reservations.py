"""CAP-010: what resource pools and their machines reserve fits the pool above, and the cluster without the hosts that may fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.estate.model import GIB
from policies.evidence import ClusterEvidence, Evidence, PoolEvidence, ServerEvidence, Unknown
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.demand import (
    NAMES,
    Bounds,
    broken,
    claims,
    clock,
    joined_lacks,
    placed_in,
    ranged,
    total,
    total_of,
    usable,
)
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every resource pool, and one for the root of every cluster that has pools."""
    pools: dict[tuple[str, str], list[PoolEvidence]] = {}
    for pool in evidence.pools:
        pools.setdefault((pool.site, pool.cluster), []).append(pool)
    judged = False
    for cluster in evidence.clusters:
        listed = pools.get((cluster.site, cluster.name), [])
        if listed:
            judged = True
            tree = _Tree(cluster, listed, claims(evidence, cluster).servers)
            yield from (_judge_pool(rule, pool, tree, parameters.number("borrowed_percent")) for pool in listed)
            yield _judge_root(rule, tree)
    if not judged:
        yield rule.not_applicable("no cluster has a resource pool")


class _Tree:
    """A cluster's pools with what each must guarantee to its machines and to the pools below it."""

    def __init__(self, cluster: ClusterEvidence, pools: list[PoolEvidence], servers: tuple[ServerEvidence, ...]) -> None:
        self.cluster = cluster
        self._pools = {pool.name: pool for pool in pools}
        self._below: dict[str, list[PoolEvidence]] = {}
        for pool in pools:
            self._below.setdefault(pool.parent if pool.parent in self._pools else "", []).append(pool)
        self._own: dict[str, list[ServerEvidence]] = {}
        for server in servers:
            self._own.setdefault(server.pool if server.pool in self._pools else "", []).append(server)
        self._fastest = clock(cluster)

    def needed(self, name: str, resource: str, above: frozenset[str] = frozenset()) -> Bounds:
        """What the machines and pools directly in a pool reserve ("" is the root). A pool below itself counts once."""
        own = total_of(self._reserved(s, resource) for s in self._own.get(name, ()))
        below = [pool for pool in self._below.get(name, ()) if pool.name not in above]
        return own + total(self.drawn(pool, resource, above | {name}) for pool in below)

    def drawn(self, pool: PoolEvidence, resource: str, above: frozenset[str] = frozenset()) -> Bounds:
        """What a pool takes from the one above: its reservation, or more where it may borrow."""
        own = reservation(pool, resource)
        if not pool.expandable:
            return Bounds(own, own)
        needed = self.needed(pool.name, resource, above | {pool.name})
        return Bounds(max(own, needed.least), max(own, needed.most), needed.unknown)

    def orphan(self, pool: PoolEvidence) -> bool:
        """Whether the pool above is not in the evidence."""
        return bool(pool.parent) and pool.parent not in self._pools

    def _reserved(self, server: ServerEvidence, resource: str) -> tuple[float | Unknown, float | Unknown]:
        if resource == "cpu":
            most = server.cpus if isinstance(server.cpus, Unknown) else server.cpus * self._fastest
            return server.cpu_reservation_mhz, most
        return server.memory_reservation, server.memory


def reservation(pool: PoolEvidence, resource: str) -> float:
    """What is reserved for a pool."""
    return float(pool.cpu_reservation_mhz if resource == "cpu" else pool.memory_reservation)


@dataclass(frozen=True, slots=True)
class _Line:
    """One resource of one pool: what is needed, its reservation, and what it may borrow."""

    name: str
    needed: Bounds
    own: float
    borrow: float
    unit: str
    scale: float

    @property
    def text(self) -> str:
        """The formula with numbers."""
        more = f" + {self._of(self.borrow)} that it may borrow" if self.borrow else ""
        return f"{self.name} {ranged(self.needed, self._of)} reserved inside <= {self._of(self.own)}{more}"

    @property
    def fails(self) -> bool:
        """Too much for certain."""
        return self.needed.least > self.own + self.borrow

    @property
    def is_open(self) -> bool:
        """Perhaps too much."""
        return self.needed.most > self.own + self.borrow

    def _of(self, size: float) -> str:
        return f"{format_number(round(size / self.scale, 1))} {self.unit}"


def _line(resource: str, needed: Bounds, own: float, borrow: float) -> _Line:
    unit, scale = ("MHz", 1.0) if resource == "cpu" else ("GiB", float(GIB))
    return _Line(NAMES[resource], needed, own, borrow, unit, scale)


def _judge_pool(rule: Rule, pool: PoolEvidence, tree: _Tree, percent: float) -> Verdict:
    lines = [
        _line(
            resource,
            tree.needed(pool.name, resource),
            reservation(pool, resource),
            usable(tree.cluster, resource, 0).value * percent / 100 if pool.expandable else 0.0,
        )
        for resource in NAMES
    ]
    unknown = (f"pool {pool.parent} above {pool.name} (the reader does not show it)",) if tree.orphan(pool) else ()
    kind = "expandable pool" if pool.expandable else "pool"
    facts = (
        Fact(name="CPU reservation", value=pool.cpu_reservation_mhz, unit="MHz", source=pool.source, as_of=pool.as_of),
        Fact(name="memory reservation", value=pool.memory_reservation / GIB, unit="GiB", source=pool.source, as_of=pool.as_of),
        Fact(name="expandable", value="yes" if pool.expandable else "no", source=pool.source, as_of=pool.as_of),
    )
    return _verdict(rule, pool.target, f"{kind} {pool.name} of {pool.cluster}", lines, facts, pool.source, unknown)


def _judge_root(rule: Rule, tree: _Tree) -> Verdict:
    cluster = tree.cluster
    lines = [_line(resource, tree.needed("", resource), usable(cluster, resource, 0).value, 0.0) for resource in NAMES]
    facts = (Fact(name="hosts that may fail", value=cluster.ha.host_failures, unit="hosts", source=cluster.source, as_of=cluster.as_of),)
    return _verdict(rule, cluster.target, f"{placed_in(cluster)}, root less the hosts that may fail", lines, facts, cluster.source, ())


def _verdict(
    rule: Rule, target: str, name: str, lines: list[_Line], facts: tuple[Fact, ...], source: str, unknown: tuple[str, ...]
) -> Verdict:
    failed, open_ones = [x for x in lines if x.fails], [x for x in lines if x.is_open]
    outcome = Outcome.FAIL if failed else Outcome.UNDETERMINED if open_ones or unknown else Outcome.PASS
    lacks = joined_lacks(tuple(dict.fromkeys((*unknown, *(text for x in open_ones for text in x.needed.unknown)))))
    formula = "; ".join(x.text for x in lines)
    told = broken("; ".join(x.text for x in failed)) or "; ".join(x.text for x in open_ones or lines)
    missing = lacks if outcome is Outcome.UNDETERMINED else ()
    return rule.verdict(outcome, target, f"{name}: {told}", facts=facts, formula=formula, source=source, missing=missing)


POOL_RESERVATIONS = Rule(
    id="CAP-010",
    name="pool-reservations",
    title="What is reserved in a resource pool fits the pool, and all of it the cluster",
    severity=Severity.MEDIUM,
    side="vsphere",
    controls=("NIST 800-53 SC-6",),
    needs=("resource pools and their reservations", "CPU and memory reservations of machines and their pool", "hosts of the cluster"),
    formula=(
        "reservations of machines and pools inside <= reservation of the pool (+ what an expandable one may borrow); "
        "at the root <= capacity without the largest F hosts"
    ),
    source="vSphere Resource Management, resource pool admission control: an expandable pool takes from the one above what it lacks itself",
    remedy="raise the reservation of the pool, lower those inside it, or make it not expandable so that it cannot starve its neighbours",
    check=check,
    parameters={
        "borrowed_percent": Parameter(
            default=10.0, reason="an expandable pool may take this part of the cluster's capacity; with more it takes what others rely on"
        )
    },
)
