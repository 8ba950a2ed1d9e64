"""MIG-005: while a server stands twice, both sides still survive the loss that they are built for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from infra.wording import listed
from policies.evidence import ClusterEvidence, Evidence, MoveEvidence, PromiseEvidence, ServerEvidence, Unknown
from policies.rule import Parameter, Parameters, Rule
from policies.rules.decide import Grounds, decide
from policies.rules.migration.placing import Demand, Fit, demands, fit, overfull
from policies.rules.migration.quotas import judge_offers, judge_quota, promised
from policies.rules.migration.sides import NO_MOVES, Standing, source_of, standing, target_of
from policies.verdict import Severity, Verdict


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for every move, about both its sides."""
    if not evidence.moves:
        yield rule.not_applicable(NO_MOVES)
        return
    machines = standing(evidence)
    sides = _Sides(evidence, machines, parameters.number("vcpu_per_core"))
    for move in evidence.moves:
        grounds = Grounds()
        for server in (source_of(move, machines), target_of(move, machines)):
            if server is not None:
                grounds.add(sides.judge(move, server))
        yield decide(
            rule, move, f"the move of {move.server} to {move.target_site}", grounds, "leaves both sides able to lose what they may lose"
        )


@dataclass(frozen=True, slots=True)
class Coming:
    """A machine that some move will make, and on which night."""

    server: ServerEvidence
    on: date | None
    open: bool


class _Sides:
    """Both sides of every move. A side is judged once with all that is coming; only if that does not fit, by night."""

    def __init__(self, evidence: Evidence, machines: Standing, ratio: float) -> None:
        self._evidence = evidence
        self._ratio = ratio
        self._clusters = {(c.site, c.name): c for c in evidence.clusters}
        self._coming: dict[tuple[str, str], list[Coming]] = {}
        for each in _coming(evidence, machines):
            self._coming.setdefault((each.server.site, each.server.cluster), []).append(each)
        self._fits: dict[tuple[str, frozenset[str]], Fit] = {}
        self._apart = frozenset((c.server.name, c.server.site) for listed in self._coming.values() for c in listed)
        self._all: dict[str, Fit] = {}
        self._quotas: dict[str, Grounds] = {}

    def judge(self, move: MoveEvidence, server: ServerEvidence) -> Grounds:
        """What one side of a move looks like on its night."""
        if server.kind == "aws":
            return self._region(move, server)
        cluster = self._clusters.get((server.site, server.cluster))
        if cluster is None:
            return Grounds(missing=[f"cluster of {server.name} on {server.site} (the estate names none)"])
        return self._cluster(move, cluster)

    def _cluster(self, move: MoveEvidence, cluster: ClusterEvidence) -> Grounds:
        everybody = self._coming.get((cluster.site, cluster.name), [])
        if cluster.target not in self._all:
            self._all[cluster.target] = self._fit(cluster, everybody)
        best = self._all[cluster.target]
        if best.surely_fails:
            surely, perhaps = _parted(move, everybody)
            best = self._fit(cluster, surely + perhaps)
            if best.surely_fails and perhaps:
                if not self._surely_fails(move, cluster, surely):
                    lack = f"nights of other moves to {cluster.site} (all at once do not fit; write `move:` for {_names(perhaps)})"
                    return Grounds(missing=[lack], formulas=[f"{cluster.site}/{cluster.name}: {best.formula()}"])
                best = self._fit(cluster, surely)
        grounds = Grounds(missing=list(best.unknown), formulas=[f"{cluster.site}/{cluster.name}: {best.formula()}"])
        if best.surely_fails:
            lost = ", ".join(best.failed) or "no host"
            grounds.problems.append(
                f"leaves cluster {cluster.name} of {cluster.site} without its reserve: when {lost} fails, "
                f"no place is left for {best.named()}: {best.sums()}"
            )
        return grounds

    def _surely_fails(self, move: MoveEvidence, cluster: ClusterEvidence, surely: list[Coming]) -> bool:
        """Whether already those that are certain find no place. Of moves without a night only the sums are asked: packing each is dear."""
        if isinstance(move.on, Unknown) and not overfull(cluster, self._demands(cluster, surely), self._ratio):
            return False
        return self._fit(cluster, surely).surely_fails

    def _fit(self, cluster: ClusterEvidence, coming: list[Coming]) -> Fit:
        key = cluster.target, frozenset(c.server.name for c in coming)
        if key not in self._fits:
            self._fits[key] = fit(cluster, self._demands(cluster, coming), self._ratio)
        return self._fits[key]

    def _demands(self, cluster: ClusterEvidence, coming: list[Coming]) -> list[Demand]:
        return demands(self._evidence, cluster, (c.server for c in coming), self._apart)

    def _quota(self, site: str, coming: list[Coming], words: str) -> Grounds:
        wanted: list[ServerEvidence | PromiseEvidence] = [c.server for c in coming]
        wanted += promised(self._evidence, site, self._apart)
        return judge_quota(self._evidence, site, wanted, words)

    def _region(self, move: MoveEvidence, server: ServerEvidence) -> Grounds:
        site, grounds = server.site, Grounds()
        everybody, words = self._coming.get((site, ""), []), f"leaves {server.site} over a quota"
        if site not in self._quotas:
            self._quotas[site] = self._quota(site, everybody, words)
        grounds.add(self._quotas[site])
        if grounds.problems:
            surely, perhaps = _parted(move, everybody)
            grounds = self._quota(site, surely, words)
            if perhaps and not grounds.problems:
                grounds.missing.append(
                    f"nights of other moves to {site} (all at once may pass a quota; write `move:` for {_names(perhaps)})"
                )
        if site == move.target_site:
            grounds.add(judge_offers(self._evidence, server, elsewhere=True))
        return grounds


def _coming(evidence: Evidence, machines: Standing) -> list[Coming]:
    """The machines that are not there yet: those of open and pending moves, and in a region those that nobody has seen."""
    found = []
    for move in evidence.moves:
        server = target_of(move, machines)
        if server is None or ((move.server, move.target_site) in machines and (server.kind != "aws" or server.as_of is not None)):
            continue  # a machine that stands in a cluster is counted there; one that was seen in a region is in the used quota
        found.append(Coming(server, None if isinstance(move.on, Unknown) else move.on, move.state != "pending"))
    return found


def _parted(move: MoveEvidence, everybody: Iterable[Coming]) -> tuple[list[Coming], list[Coming]]:
    """Those who stand twice on the move's night for certain, and those who may, as nobody wrote when."""
    surely, perhaps = [], []
    for each in everybody:
        if each.open or each.server.name == move.server:
            surely.append(each)
        elif each.on is None or isinstance(move.on, Unknown):
            perhaps.append(each)
        elif each.on <= move.on:
            surely.append(each)
    return surely, perhaps


def _names(coming: list[Coming]) -> str:
    return listed(sorted(c.server.name for c in coming))


DOUBLE_RUNNING = Rule(
    id="MIG-005",
    name="double-running",
    title="While a server stands twice, both sides keep their reserve",
    severity=Severity.CRITICAL,
    side="move",
    controls=("NIST 800-53 CP-2(2)",),
    needs=(
        "machines, hosts and promises of both clusters",
        "all moves to the same side and their nights",
        "quotas and zone offers of a region",
    ),
    formula=(
        "on vSphere: the cluster's machines, held ones and those of moves up to that night included, "
        "find a place without the hosts that may fail; "
        "on AWS: used vCPUs + those of the moves <= quota, and the type is offered in the zone and in another one"
    ),
    source="NIST 800-53 CP-2(2); VMware vSphere Availability, admission control; AWS Well-Architected REL11-BP05",
    remedy="move fewer servers on one night (`move: {on: ...}`), free a host's worth of capacity first, or ask for the quota",
    check=check,
    parameters={"vcpu_per_core": Parameter(default=4.0, reason="the same ratio as CAP-001: a move is no reason to ask more of the hosts")},
)
