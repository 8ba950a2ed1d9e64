"""MIG-001: the place of a moving server stays free on its old side until the trial is over."""

from __future__ import annotations

from collections.abc import Iterator

from infra.estate.model import GIB
from policies.evidence import ClusterEvidence, Evidence, MoveEvidence, PromiseEvidence, ServerEvidence, Unknown
from policies.rule import Parameter, Parameters, Rule
from policies.rules.decide import Grounds, decide
from policies.rules.migration.placing import Fit, demands, fit
from policies.rules.migration.quotas import judge_offers, judge_quota, promised
from policies.rules.migration.sides import NO_MOVES, held, source_of, standing
from policies.verdict import Fact, Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every move."""
    if not evidence.moves:
        yield rule.not_applicable(NO_MOVES)
        return
    machines, places = standing(evidence), _Places(evidence, parameters.number("vcpu_per_core"))
    for move in evidence.moves:
        source = source_of(move, machines)
        grounds = _gone(move) if source is None else places.judge(move, source)
        yield decide(rule, move, f"the way back of {move.server} to {move.source_site}", grounds, "is kept free")


class _Places:
    """The places on the old sides. A cluster is packed once, whatever number of servers leave it."""

    def __init__(self, evidence: Evidence, ratio: float) -> None:
        self._evidence = evidence
        self._ratio = ratio
        self._clusters = {(c.site, c.name): c for c in evidence.clusters}
        self._fits: dict[str, Fit] = {}

    def judge(self, move: MoveEvidence, source: ServerEvidence) -> Grounds:
        """Whether the source could run again where it was."""
        if source.kind == "aws":
            return self._region(move, source)
        cluster = self._clusters.get((source.site, source.cluster))
        if cluster is None:
            lack = Unknown(f"cluster of {source.name} on {source.site}", "the reader shows none")
            return Grounds(missing=[str(lack)])
        return self._cluster(source, cluster)

    def _cluster(self, source: ServerEvidence, cluster: ClusterEvidence) -> Grounds:
        found = self._fits.get(cluster.target)
        if found is None:
            found = self._fits[cluster.target] = fit(cluster, demands(self._evidence, cluster), self._ratio)
        grounds = Grounds(missing=list(found.unknown), formulas=[found.formula()], facts=_facts(source, found, cluster))
        if found.surely_fails:
            lost = ", ".join(found.failed) or "no host"
            grounds.problems.append(
                f"is not free: when {lost} of cluster {cluster.name} fails, no place is left for {found.named()}: {found.sums()}"
            )
        return grounds

    def _region(self, move: MoveEvidence, source: ServerEvidence) -> Grounds:
        grounds = judge_offers(self._evidence, source, elsewhere=False)
        # What runs is in the used quota already; a stopped instance is not, and has to get in again.
        back = [source] if held(move) and source.running is not True else []
        wanted: list[ServerEvidence | PromiseEvidence] = [*back]
        if back:
            wanted += promised(self._evidence, source.site, frozenset({(source.name, source.site)}))
        grounds.add(judge_quota(self._evidence, source.site, wanted, f"has no quota to start {source.name} again"))
        if not back:
            grounds.formulas.append(f"{source.name} runs: its vCPUs are in use and stay its own")
        return grounds


def _gone(move: MoveEvidence) -> Grounds:
    return Grounds(problems=[f"is gone: {move.source_site} has no machine of {move.server} that could run again"])


def _facts(source: ServerEvidence, found: Fit, cluster: ClusterEvidence) -> list[Fact]:
    memory = "not known" if isinstance(source.memory, Unknown) else source.memory / GIB
    return [
        Fact(name=f"memory of {source.name}", value=memory, unit="GiB", source=source.source, as_of=source.as_of),
        Fact(name=f"memory needed in cluster {cluster.name}", value=found.memory_needed / GIB, unit="GiB", source=cluster.source),
        Fact(name="memory left after the failure", value=found.memory_left / GIB, unit="GiB", source=cluster.source, as_of=cluster.as_of),
    ]


ROLLBACK_CAPACITY = Rule(
    id="MIG-001",
    name="rollback-capacity",
    title="Every move keeps the place it came from until the trial is over",
    severity=Severity.CRITICAL,
    side="move",
    controls=("NIST 800-53 CP-10",),
    needs=(
        "moves and their sources",
        "hosts and machines of the source's cluster",
        "EC2 quotas and zone offers where the source is in a region",
    ),
    formula=(
        "on vSphere: all machines of the source's cluster, the held source among them, find a place "
        "without the largest hosts that may fail; on AWS: used vCPUs + vCPUs of the stopped source <= quota, and its zone offers its type"
    ),
    source="NIST 800-53 CP-10 (recovery to a known state); VMware vSphere Availability; EC2 on-demand quotas count running vCPUs",
    remedy="leave the place free: stop or move another machine of that cluster, add a host, or ask for the quota before the move",
    check=check,
    parameters={
        "vcpu_per_core": Parameter(default=4.0, reason="the same ratio as CAP-001, so that rollback needs no more than daily operation")
    },
)
