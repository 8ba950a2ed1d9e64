"""CAP-009: no machine is larger than the smallest host that is left after a failure, nor than one of its NUMA nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.estate.model import GIB
from infra.wording import listed
from policies.evidence import ClusterEvidence, Evidence, HostEvidence, ServerEvidence, Unknown, missing
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.demand import claims, counts, format_size
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number, gib


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every machine of a cluster."""
    assumed = max(1, int(parameters.number("assumed_numa_nodes")))
    limits = {(c.site, c.name): _Limit.of(c, assumed) for c in evidence.clusters}
    judged = False
    for cluster in evidence.clusters:
        limit = limits[cluster.site, cluster.name]
        alike: dict[object, _Answer] = {}  # thousands of machines have a few dozen sizes
        for server in claims(evidence, cluster).servers:
            judged = True
            size = (server.cpus, server.memory)
            answer = alike.get(size) or alike.setdefault(size, _answer(server, limit))
            yield answer.verdict(rule, server)
    for site in dict.fromkeys(c.site for c in evidence.clusters):
        choices = [limit for (where, _), limit in limits.items() if where == site]
        for server in evidence.unplaced(site) if len(choices) > 1 else ():
            if counts(server):
                judged = True
                yield _anywhere(rule, server, choices)
    if not judged:
        yield rule.not_applicable("no machine runs in a vSphere cluster")


@dataclass(frozen=True, slots=True)
class _Size:
    """Processors and memory of a host or of one of its NUMA nodes."""

    cpus: float
    memory: float

    def holds(self, server: ServerEvidence) -> bool | None:
        """Whether a machine is no larger; None where what is known of it does not decide."""
        cpus, memory = server.cpus, server.memory
        if (not isinstance(cpus, Unknown) and cpus > self.cpus) or (not isinstance(memory, Unknown) and memory > self.memory):
            return False
        return None if isinstance(cpus, Unknown) or isinstance(memory, Unknown) else True

    def __str__(self) -> str:
        """For people."""
        return format_size(self.cpus, self.memory)


@dataclass(frozen=True, slots=True)
class _Limit:
    """What a machine of a cluster must fit into: the smallest host left, and its smallest node as far as nodes are known.

    Args:
        node: the smallest of the nodes that are known; None: none is.
        assumed: the smallest node if hosts that do not tell have as many as is usual.
        lacks: the hosts that do not tell.
    """

    cluster: ClusterEvidence
    host: _Size
    node: _Size | None
    assumed: _Size
    lacks: tuple[str, ...]

    @classmethod
    def of(cls, cluster: ClusterEvidence, assumed: int) -> _Limit:
        """The limits of a cluster. When the largest hosts fail, the smallest are left; without any left, CAP-001 speaks."""
        hosts = cluster.hosts
        known = [_node(h, h.numa_nodes) for h in hosts if not isinstance(h.numa_nodes, Unknown) and h.numa_nodes > 0]
        guessed = [_node(h, assumed) for h in hosts if isinstance(h.numa_nodes, Unknown)]
        lacks = missing(h.numa_nodes for h in hosts)
        size = _smallest([_Size(h.cores, h.memory) for h in hosts])
        return cls(cluster, size, _smallest(known) if known else None, _smallest(known + guessed), lacks)


def _node(host: HostEvidence, nodes: int) -> _Size:
    return _Size(host.cores / nodes, host.memory / nodes)


def _smallest(sizes: list[_Size]) -> _Size:
    return _Size(min((s.cpus for s in sizes), default=0.0), min((s.memory for s in sizes), default=0.0))


def _weigh(server: ServerEvidence, limit: _Limit) -> tuple[Outcome, Severity, str, tuple[str, ...]]:
    where = f"the smallest host left of cluster {limit.cluster.name}, {limit.host}"
    fits = limit.host.holds(server)
    if fits is False:
        return Outcome.FAIL, Severity.HIGH, f"is larger than {where}", ()
    if limit.node is not None and limit.node.holds(server) is False:
        text = f"fits {where}, but no single NUMA node of {limit.node}: its memory is partly remote, and slower"
        return Outcome.FAIL, Severity.MEDIUM, text, ()
    if fits is None:
        return Outcome.UNDETERMINED, Severity.HIGH, f"fits {where}, as far as its size is known", missing((server.cpus, server.memory))
    if limit.assumed.holds(server) is False:
        return Outcome.UNDETERMINED, Severity.MEDIUM, f"fits {where}; whether also one NUMA node is not known", limit.lacks
    return Outcome.PASS, Severity.HIGH, f"fits {where}, and one NUMA node of {limit.assumed}", ()


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is said of every machine of one size."""

    outcome: Outcome
    severity: Severity
    why: str
    lacks: tuple[str, ...]
    own: str
    formula: str
    facts: tuple[Fact, ...]

    def verdict(self, rule: Rule, server: ServerEvidence) -> Verdict:
        """The answer for one machine."""
        return rule.verdict(
            self.outcome,
            server.target,
            f"{server.name} ({self.own}) {self.why}",
            formula=self.formula,
            facts=self.facts,
            source=server.source,
            urn=server.urn,
            severity=self.severity,
            missing=self.lacks,
        )


def _answer(server: ServerEvidence, limit: _Limit) -> _Answer:
    return _said(server, limit, *_weigh(server, limit))


def _anywhere(rule: Rule, server: ServerEvidence, choices: list[_Limit]) -> Verdict:
    """A machine of unknown cluster: certain only if it is so in every cluster of its site."""
    found = [_weigh(server, limit) for limit in choices]
    if len({outcome for outcome, _, _, _ in found}) == 1 and found[0][0] is not Outcome.UNDETERMINED:
        mildest = max(range(len(found)), key=lambda n: found[n][1].rank)
        outcome, severity, why, _ = found[mildest]
        return _said(server, choices[mildest], outcome, severity, f"{why}, and so in every cluster of {server.site}", ()).verdict(
            rule, server
        )
    lacks = tuple(dict.fromkeys((f"cluster of {server.name} (the reader does not know it yet)", *(t for each in found for t in each[3]))))
    names = listed([limit.cluster.name for limit in choices])
    why = f"fits some of the clusters {names} as far as is known"
    return _said(server, choices[0], Outcome.UNDETERMINED, Severity.HIGH, why, lacks).verdict(rule, server)


def _said(server: ServerEvidence, limit: _Limit, outcome: Outcome, severity: Severity, why: str, lacks: tuple[str, ...]) -> _Answer:
    own, host, node = _own(server), limit.cluster, limit.node or limit.assumed
    facts = (
        *(() if isinstance(server.cpus, Unknown) else (Fact(name="vCPUs", value=server.cpus),)),
        *(() if isinstance(server.memory, Unknown) else (Fact(name="memory", value=server.memory / GIB, unit="GiB"),)),
        Fact(name="smallest host left", value=str(limit.host), source=host.source, as_of=host.as_of),
        Fact(name="smallest NUMA node" + ("" if limit.node else ", assumed"), value=str(node), source=host.source, as_of=host.as_of),
    )
    return _Answer(outcome, severity, why, lacks, own, f"{own} <= {limit.host}; {own} <= {node} of one NUMA node", facts)


def _own(server: ServerEvidence) -> str:
    """A machine's size as far as it is known; what is unknown is never shown as nothing."""
    cpus = "CPUs not known" if isinstance(server.cpus, Unknown) else f"{format_number(server.cpus)} CPUs"
    memory = "memory not known" if isinstance(server.memory, Unknown) else gib(server.memory)
    return f"{cpus} and {memory}"


MACHINE_SIZE = Rule(
    id="CAP-009",
    name="machine-size",
    title="No machine is larger than the smallest host left after a failure, or than its NUMA node",
    severity=Severity.HIGH,
    side="vsphere",
    controls=("NIST 800-53 SI-13(5)",),
    needs=("size of every machine", "cores, memory and NUMA nodes of every host"),
    formula="vCPUs <= cores and memory <= memory of the smallest host left (blocks); the same for its smallest NUMA node (a warning)",
    source="vSphere HA restarts a machine on one host, whole; vSphere Resource Management: memory of another NUMA node is slower",
    remedy="make the machine smaller, split it over two, or move it to a cluster of larger hosts",
    check=check,
    parameters={
        "assumed_numa_nodes": Parameter(
            default=2, reason="counts for hosts that do not tell: two sockets are usual, and a machine that fits half a host is safe there"
        )
    },
)
