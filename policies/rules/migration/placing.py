"""Whether the machines of a cluster still find a place after its reserve fails: what rollback and double running rest on.

Members of a redundancy group may share a host here: that they are apart is for CAP-001 and REL-001 to judge, and a cluster that is too
narrow for it must not stop moves of other machines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from infra.wording import listed
from policies.evidence import ClusterEvidence, Evidence, PromiseEvidence, ServerEvidence, Unknown, missing
from policies.packing import FailureCase, Load, Misfit, Room, failure_cases, misfits
from policies.rules.capacity.demand import counts
from policies.verdict import format_number, gib

Demand = ServerEvidence | PromiseEvidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """The worst failure of a cluster's reserve: what is left, what is needed, and who finds no place."""

    failed: tuple[str, ...]
    without: tuple[Misfit, ...]
    unknown: tuple[str, ...]
    memory_needed: float
    memory_left: float
    cpus_needed: float
    cpus_left: float

    @property
    def surely_fails(self) -> bool:
        """Somebody finds no place even if what is unknown needs nothing."""
        return bool(self.without)

    def formula(self) -> str:
        """The sums with their numbers; the placing itself is stricter."""
        lost = f"without {', '.join(self.failed)}" if self.failed else "with all hosts"
        return (
            f"memory: {gib(self.memory_needed)} needed <= {gib(self.memory_left)} left {lost}; "
            f"vCPUs: {format_number(self.cpus_needed)} needed <= {format_number(self.cpus_left)} left"
        )

    def sums(self) -> str:
        """The sums for a message."""
        return (
            f"memory {gib(self.memory_needed)} of {gib(self.memory_left)}, "
            f"vCPUs {format_number(self.cpus_needed)} of {format_number(self.cpus_left)}"
        )

    def named(self) -> str:
        """Those without a place, the first three by name."""
        return listed([f"{m.name} ({m.binding})" for m in self.without])


def demands(
    evidence: Evidence, cluster: ClusterEvidence, coming: Iterable[ServerEvidence] = (), apart: frozenset[tuple[str, str]] = frozenset()
) -> list[Demand]:
    """The machines of a cluster that ask for room, held ones included, those that are coming, and what others were promised there.

    A machine that was seen switched off and is not held asks for nothing, as in all capacity rules.

    Args:
        evidence: all that is known.
        cluster: the cluster.
        coming: machines of moves that stand there on the night in question.
        apart: holders and sites of promises that are not counted, because `coming` says which of them are.
    """
    found: dict[str, Demand] = {s.name: s for s in (*filter(counts, evidence.in_cluster(cluster)), *coming)}
    for promise in evidence.promised_to(cluster):
        if (promise.holder, promise.site) not in apart:
            found.setdefault(promise.holder, promise)
    return list(found.values())


def fit(cluster: ClusterEvidence, wanted: Sequence[Demand], ratio: float) -> Fit:
    """The worst failure of so many hosts as may fail, the same that CAP-001 looks at. Unknown demands count as nothing."""
    unknown = missing(value for item in wanted for value in (item.cpus, item.memory))
    loads = [Load(_name(item), _number(item.cpus), _number(item.memory)) for item in wanted]
    cases = failure_cases([Room(h.name, h.cores * ratio, h.memory) for h in cluster.hosts], cluster.ha.host_failures)
    return max((_failure(case, loads, unknown) for case in cases), key=lambda f: len(f.without))


def overfull(cluster: ClusterEvidence, wanted: Sequence[Demand], ratio: float) -> bool:
    """Whether already the sums say that not all can fit: cheap, and certain when it says yes."""
    memory = sorted((h.memory for h in cluster.hosts), reverse=True)[cluster.ha.host_failures :]
    cores = sorted((h.cores for h in cluster.hosts), reverse=True)[cluster.ha.host_failures :]
    return sum(_number(w.memory) for w in wanted) > sum(memory) or sum(_number(w.cpus) for w in wanted) > sum(cores) * ratio


def _failure(case: FailureCase, loads: list[Load], unknown: tuple[str, ...]) -> Fit:
    return Fit(
        failed=tuple(room.name for room in case.failed),
        without=misfits(case.left, loads),
        unknown=unknown,
        memory_needed=sum(load.memory for load in loads),
        memory_left=sum(room.memory for room in case.left),
        cpus_needed=sum(load.cpus for load in loads),
        cpus_left=sum(room.cpus for room in case.left),
    )


def _name(item: Demand) -> str:
    return item.name if isinstance(item, ServerEvidence) else item.holder


def _number(value: float | Unknown) -> float:
    return 0 if isinstance(value, Unknown) else value
