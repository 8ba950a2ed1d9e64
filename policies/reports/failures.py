"""What fails and what it does, as a heat map of host by failure and a table of the larger failures."""

from __future__ import annotations

from collections.abc import Iterator

from policies.evidence import ClusterEvidence, Evidence
from policies.reports.model import FailureCase, FailureCell
from policies.simulate import Failure, Kind, Outcome, State, every_failure, shared_fates, simulate
from policies.simulate.failure import host_failures
from policies.simulate.ground import Ground, lay_out
from policies.simulate.hosts import fail_hosts
from policies.simulate.outcome import Fates

_LARGER = {Kind.DATASTORE, Kind.CLUSTER, Kind.ZONE, Kind.LINK, Kind.SITE}
LARGER = "datastores, clusters, zones, links and sites"


def failure_cases(evidence: Evidence) -> tuple[FailureCase, ...]:
    """Every host alone, hosts that share their fate, then everything larger."""
    hosts = [case for cluster in evidence.clusters for case in _of_cluster(evidence, cluster)]
    larger = [_larger(simulate(evidence, failure)) for failure in every_failure(evidence) if failure.kind in _LARGER]
    return tuple(hosts + [case for case in larger if case.stopped or case.services])


def _of_cluster(evidence: Evidence, cluster: ClusterEvidence) -> Iterator[FailureCase]:
    ground = lay_out(evidence, cluster)
    carried = [sum(ground.machines[n].memory for n in those) for those in ground.on]
    for host, failure in zip(cluster.hosts, host_failures(cluster), strict=True):
        fates = fail_hosts(ground, (host.name,))
        yield _case(ground, failure, (host.name,), fates, carried)
    for failure in shared_fates(cluster):
        gone = _together(cluster, failure)
        yield _case(ground, failure, gone, fail_hosts(ground, gone), carried)


def _together(cluster: ClusterEvidence, failure: Failure) -> tuple[str, ...]:
    if failure.kind is Kind.FAULT_DOMAIN:
        return tuple(h.name for h in cluster.hosts if h.fault_domain == failure.short)
    return tuple(failure.short.split("+"))


def _case(ground: Ground, failure: Failure, gone: tuple[str, ...], fates: Fates, carried: list[float]) -> FailureCase:
    added: dict[str, float] = {}
    memory = {m.name: m.memory for m in ground.machines}
    for restart in fates.restarted:
        added[restart.where] = added.get(restart.where, 0.0) + memory[restart.name]
    cells = tuple(
        FailureCell(host=h.name, percent=100 * (now + added.get(h.name, 0.0)) / h.memory, failed=h.name in gone)
        for h, now in zip(ground.cluster.hosts, carried, strict=True)
    )
    what = f"fault domain {failure.short}" if failure.kind is Kind.FAULT_DOMAIN else ", ".join(gone)
    return FailureCase(
        scope=f"hosts of {ground.cluster.site}/{ground.cluster.name}",
        failed=what,
        stopped=len(fates.stopped),
        restarted=len(fates.restarted),
        without=tuple(s.name for s in fates.without_place),
        cells=cells,
        note=_note(fates),
    )


def _larger(outcome: Outcome) -> FailureCase:
    late = [s for s in outcome.services if s.state is not State.DEGRADED and not (s.keeps_time and s.keeps_data)]
    return FailureCase(
        scope=LARGER,
        failed=f"{outcome.failure.kind} {outcome.failure.name}",
        stopped=len(outcome.stopped),
        restarted=len(outcome.restarted),
        without=tuple(s.name for s in outcome.without_place),
        services=outcome.affected,
        breaks=tuple(s.name for s in late),
        note="; ".join(sorted({s.why for s in outcome.without_place})[:2]),
    )


def _note(fates: Fates) -> str:
    """Which resource binds, and how much of the answer hangs on sizes that nobody knows."""
    binding = sorted({s.binding for s in fates.without_place})
    parts = [f"{' and '.join(binding)} {'bind' if len(binding) > 1 else 'binds'}"] if binding else []
    if fates.at_most > len(fates.without_place):
        parts.append(f"up to {fates.at_most:,} if unknown sizes are as bad as they can be")
    return "; ".join(parts)
