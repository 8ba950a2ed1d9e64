"""Capacity as bars and fans: what is needed before and after the change, the line it must stay under, and where demand is going."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

from infra.estate.model import GIB
from infra.observed.capacity import UNITS
from policies.evaluate import Result
from policies.evidence import ClusterEvidence, DatastoreEvidence, Evidence, ForecastEvidence, HostEvidence, QuotaEvidence, Unknown, known
from policies.reports.model import Bound, CapacityBar, FanPoint, ForecastFan
from policies.reports.rows import age
from policies.rules import RULES
from policies.rules.capacity.demand import claims

Numbers = Mapping[str, Mapping[str, float]]


def capacity_bars(evidence: Evidence, result: Result, before: Evidence | None = None) -> tuple[CapacityBar, ...]:
    """A bar for the memory and the vCPUs of every cluster, for every datastore and for every quota.

    `before` is the evidence without the change; left out, what runs now is compared with what runs, is held and is promised. What is
    planned on datastores and quotas is taken from the verdicts about them, so that bar and verdict cannot differ.
    """
    numbers = {
        v.target: {f.name: float(f.value) for f in v.facts if not isinstance(f.value, str)}
        for v in result.verdicts
        if v.rule in {"CAP-006", "CAP-011"}
    }
    return (
        *(bar for cluster in evidence.clusters for bar in _cluster(evidence, before, cluster)),
        *(bar for datastore in evidence.datastores if (bar := _datastore(evidence, before, datastore, numbers)) is not None),
        *(bar for quota in evidence.quotas or () if (bar := _quota(evidence, quota, numbers)) is not None),
    )


@dataclass(frozen=True, slots=True)
class _Need:
    cpus: float
    memory: float
    known: bool


def _need(evidence: Evidence, cluster: ClusterEvidence, *, all_of_it: bool) -> _Need:
    """What a cluster is asked for: by machines that run, or by them, the held ones and what was promised."""
    asked = claims(evidence, cluster)
    servers = [s for s in asked.servers if all_of_it or not s.held]
    promised = asked.promises if all_of_it else ()
    return _Need(
        sum(known(s.cpus) for s in servers) + sum(p.cpus for p in promised),
        sum(known(s.memory) for s in servers) + sum(p.memory for p in promised),
        not any(isinstance(s.cpus, Unknown) or isinstance(s.memory, Unknown) for s in servers),
    )


def _cluster(evidence: Evidence, before: Evidence | None, cluster: ClusterEvidence) -> Iterator[CapacityBar]:
    old = _need(before or evidence, cluster, all_of_it=before is not None)
    new = _need(evidence, cluster, all_of_it=True)
    ratio = parameter(evidence, "CAP-001", "vcpu_per_core", 4.0)
    bound: Bound = "" if new.known else "at least"
    name, seen = f"{cluster.site}/{cluster.name}", _age(evidence, cluster)
    left, gone = without_largest(cluster, "memory")
    yield CapacityBar(
        kind="memory",
        unit="GiB",
        before=old.memory / GIB,
        after=new.memory / GIB,
        line=sum(h.memory for h in left) / GIB,
        total=sum(h.memory for h in cluster.hosts) / GIB,
        line_means=_without(gone),
        name=name,
        bound=bound,
        source=cluster.source,
        age=seen,
    )
    left, gone = without_largest(cluster, "cores")
    yield CapacityBar(
        kind="vCPU",
        unit="vCPUs",
        before=old.cpus,
        after=new.cpus,
        line=sum(h.cores for h in left) * ratio,
        total=sum(h.cores for h in cluster.hosts) * ratio,
        line_means=f"{_without(gone)}, {ratio:g} vCPUs a core",
        name=name,
        bound=bound,
        source=cluster.source,
        age=seen,
    )


def without_largest(cluster: ClusterEvidence, by: str) -> tuple[tuple[HostEvidence, ...], tuple[HostEvidence, ...]]:
    """The hosts left and those gone when as many of the largest fail as the cluster's HA settings allow for."""
    ranked = sorted(cluster.hosts, key=lambda h: (-getattr(h, by), h.name))
    failures = cluster.ha.host_failures
    return tuple(ranked[failures:]), tuple(ranked[:failures])


def _without(gone: Iterable[HostEvidence]) -> str:
    names = ", ".join(h.name for h in gone)
    return f"left without {names} (N+{len(names.split(', '))})" if names else "all hosts: no failure is allowed for"


def _datastore(evidence: Evidence, before: Evidence | None, datastore: DatastoreEvidence, numbers: Numbers) -> CapacityBar | None:
    """Used space and what is planned; where nobody asked what is used, full disks, swap files and snapshots: the most it can be."""
    percent = parameter(evidence, "CAP-006", "warn_percent", 80.0)
    facts = numbers.get(datastore.target, {})
    if isinstance(datastore.used, Unknown):
        if not facts:
            return None
        now = facts.get("disks provisioned", 0) + facts.get("swap files", 0) + facts.get("reserve for snapshots", 0)
        then = now + facts.get("promised", 0)
        now -= _arriving(evidence, before, datastore) / GIB
    else:
        now = datastore.used / GIB
        then = now + facts.get("planned", 0)
    return CapacityBar(
        kind="space",
        name=f"{datastore.site}/{datastore.name}",
        unit="GiB",
        before=now,
        after=then,
        line=datastore.capacity * percent / 100 / GIB,
        total=datastore.capacity / GIB,
        line_means=f"{percent:g} % of the datastore",
        bound="at most" if isinstance(datastore.used, Unknown) else "",
        source=datastore.source,
        age=_age(evidence, datastore),
    )


def _arriving(evidence: Evidence, before: Evidence | None, datastore: DatastoreEvidence) -> float:
    """Disks and swap files of machines that the change brings to a datastore."""
    if before is None:
        return 0.0
    there = {(s.name, s.held) for s in before.on_datastore(datastore)}
    coming = [s for s in evidence.on_datastore(datastore) if (s.name, s.held) not in there and (s.name, not s.held) not in there]
    return sum(sum(known(d) for d in s.disks) + max(0.0, known(s.memory) - known(s.memory_reservation)) for s in coming)


def _quota(evidence: Evidence, quota: QuotaEvidence, numbers: Numbers) -> CapacityBar | None:
    if isinstance(quota.limit, Unknown) or isinstance(quota.used, Unknown) or not isfinite(quota.limit):
        return None
    percent = parameter(evidence, "CAP-011", "percent", 80.0)
    return CapacityBar(
        kind="quota",
        name=f"{quota.site}/{quota.name}",
        unit="vCPUs",
        before=quota.used,
        after=quota.used + numbers.get(quota.target, {}).get("planned and not running yet", 0),
        line=quota.limit * percent / 100,
        total=quota.limit,
        line_means=f"{percent:g} % of the quota",
        source=quota.source,
        age=_age(evidence, quota),
    )


def forecast_fans(evidence: Evidence) -> tuple[ForecastFan, ...]:
    """A fan for every projection that the evidence holds; the one that comes nearest to its usable line first."""
    usable = _usable(evidence)
    fans = [_fan(evidence, f, usable.get((f.target, f.resource))) for f in evidence.forecasts if f.points]
    return tuple(sorted(fans, key=lambda f: (-max(p.p90 for p in f.points) / f.usable if f.usable else 0.0, f.name, f.resource)))


def _usable(evidence: Evidence) -> dict[tuple[str, str], tuple[float, str]]:
    """What may be used of each resource, and what that line is: the same lines that the bars have."""
    found: dict[tuple[str, str], tuple[float, str]] = {}
    for cluster in evidence.clusters:
        left, gone = without_largest(cluster, "memory")
        found[cluster.target, "memory"] = (sum(h.memory for h in left), _without(gone))
        left, gone = without_largest(cluster, "cpu_mhz")
        found[cluster.target, "cpu"] = (sum(h.cpu_mhz for h in left), _without(gone))
    percent = parameter(evidence, "CAP-006", "warn_percent", 80.0)
    for datastore in evidence.datastores:
        found[datastore.target, "space"] = (datastore.capacity * percent / 100, f"{percent:g} % of the datastore")
    return found


def _fan(evidence: Evidence, forecast: ForecastEvidence, usable: tuple[float, str] | None) -> ForecastFan:
    unit, divisor = UNITS.get(forecast.resource, ("", 1.0))
    return ForecastFan(
        name=forecast.target.partition("/")[2],
        resource=forecast.resource,
        unit=unit,
        points=tuple(FanPoint(day=p.day, p10=p.p10 / divisor, p50=p.p50 / divisor, p90=p.p90 / divisor) for p in forecast.points),
        usable=usable[0] / divisor if usable else None,
        usable_means=usable[1] if usable else "",
        crosses=forecast.first_over(usable[0]) if usable else None,
        confidence=forecast.confidence,
        source=forecast.source,
        age=age(forecast.as_of, evidence.moment),
        full=forecast.full(usable[0]) if usable else "",
        coverage=forecast.coverage,
        shifts=forecast.shifts,
        oddities=forecast.oddities,
    )


def parameter(evidence: Evidence, rule: str, name: str, otherwise: float) -> float:
    """The number that a rule judges by: the city's own, else the rule's default."""
    found = evidence.standards.rules.get(rule, {}).get(name)
    if found is None:
        defaults = next((each.parameters for each in RULES if each.id == rule), {})
        found = defaults[name].default if name in defaults else otherwise
    return float(found)


def _age(evidence: Evidence, record: ClusterEvidence | DatastoreEvidence | QuotaEvidence) -> str:
    return age(record.as_of, evidence.moment)
